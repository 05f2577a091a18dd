//! What browsers cost: how the leanest set of flags was found, what an account costs beside other people's gateways, and
//! whether anything grows.

pub(crate) mod beside;
pub(crate) mod flags;
pub(crate) mod leak;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::processes::{descendants, proportional_mib};

/// Where Debian keeps the browser and what belongs to it.
const CHROMIUM: &str = "/usr/lib/chromium";

/// The browser in a folder of its own. Pages of a program are shared by all that run it, and proportional memory counts a
/// share of them: somebody else's browser on the same machine would make ours look smaller.
pub(crate) struct OwnCopy(PathBuf);

impl OwnCopy {
    /// Copies Chromium below `folder`, some half a gigabyte.
    pub(crate) fn below(folder: &Path) -> Self {
        let copy = folder.join("chromium");
        let status = Command::new("cp").args(["-r", CHROMIUM]).arg(&copy).status();
        assert!(status.unwrap().success(), "{CHROMIUM} cannot be copied");
        Self(copy)
    }

    /// The browser without a window.
    pub(crate) fn headless_shell(&self) -> PathBuf {
        self.0.join("chromium-headless-shell")
    }

    /// The whole browser, which other gateways start by default.
    pub(crate) fn full(&self) -> PathBuf {
        self.0.join("chromium")
    }
}

/// The browsers' processes below `root`, without what only drives them.
pub(crate) fn browsers_below(root: u32) -> Vec<u32> {
    let processes = descendants(root).into_iter();
    let browsers = processes.filter(|(_, line)| line.contains("chromium") && !line.contains("chromedriver"));
    browsers.map(|(pid, _)| pid).collect()
}

/// Proportional memory of all of them, in MiB.
pub(crate) fn total_mib(processes: &[u32]) -> f64 {
    processes.iter().map(|&pid| proportional_mib(pid)).sum()
}

/// Open files of all of them.
pub(crate) fn open_files(processes: &[u32]) -> usize {
    let count = |pid: &u32| fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count);
    processes.iter().map(count).sum()
}
