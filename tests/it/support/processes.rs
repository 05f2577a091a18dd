//! Processes as the kernel lists them: who belongs to a browser, what has ended, and who was left unburied.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};

/// A process, known by its number and the moment of its start: numbers are used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Process {
    pub(crate) pid: i32,
    started: u64,
}

/// What `/proc/<pid>/stat` says.
struct Stat {
    zombie: bool,
    parent: i32,
    started: u64,
}

fn stat(pid: i32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in brackets may hold anything; what follows it is plain.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    Some(Stat {
        zombie: matches!(fields.first()?, &"Z" | &"X"),
        parent: fields.get(1)?.parse().ok()?,
        started: fields.get(19)?.parse().ok()?,
    })
}

fn all() -> HashMap<i32, Stat> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid| Some((pid, stat(pid)?))).collect()
}

impl Process {
    /// The process of that number, if there is one.
    pub(crate) fn of(pid: i32) -> Option<Process> {
        let started = stat(pid).filter(|stat| !stat.zombie)?.started;
        Some(Process { pid, started })
    }

    /// Whether it still runs.
    pub(crate) fn lives(self) -> bool {
        Process::of(self.pid) == Some(self)
    }

    /// Sends it a signal. One that has ended is fine.
    pub(crate) fn signal(self, signal: Signal) {
        if let Some(pid) = Pid::from_raw(self.pid).filter(|_| self.lives()) {
            let _ = kill_process(pid, signal);
        }
    }

    /// Its arguments as one text; Chromium's children write theirs so anyway.
    pub(crate) fn arguments(self) -> String {
        let line = fs::read(format!("/proc/{}/cmdline", self.pid)).unwrap_or_default();
        String::from_utf8_lossy(&line).replace('\0', " ")
    }

    /// Who started it.
    pub(crate) fn parent(self) -> Option<Process> {
        Process::of(stat(self.pid)?.parent)
    }
}

/// The browser on a profile: itself first, then everything below it. Empty while none runs.
pub(crate) fn browser_on(profile: &Path) -> Vec<Process> {
    let wanted = format!("--user-data-dir={}", profile.display());
    let is_root = |pid: &i32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split(|&byte| byte == 0)
            .any(|argument| argument == wanted.as_bytes())
    };
    let all = all();
    let roots = all.keys().copied().filter(is_root);
    // A child that is just being started still has its parent's arguments.
    let root = roots.min_by_key(|pid| (all[pid].started, *pid));
    root.map(below).unwrap_or_default()
}

/// A process and everything that descends from it, without those that have ended.
pub(crate) fn below(root: i32) -> Vec<Process> {
    let all = all();
    let mut found = vec![root];
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        next += 1;
        found.extend(
            all.iter()
                .filter(|(_, stat)| stat.parent == parent)
                .map(|(pid, _)| *pid),
        );
    }
    found.into_iter().filter_map(Process::of).collect()
}

/// Those below `root` that have ended and that nobody has asked after.
pub(crate) fn zombies_below(root: i32) -> Vec<i32> {
    let parents: Vec<i32> = below(root).iter().map(|process| process.pid).collect();
    let all = all();
    let dead = all
        .iter()
        .filter(|(_, stat)| stat.zombie && parents.contains(&stat.parent));
    dead.map(|(pid, _)| *pid).collect()
}
