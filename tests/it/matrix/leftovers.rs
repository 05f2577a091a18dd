//! What must not be left behind: processes, zombies, marks on profiles, files in temporary folders.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::stage::{Account, Stage};
use crate::support::processes::{Process, below, browser_on, zombies_below};
use crate::support::wait;

/// How long the kernel and those who bury the dead may take.
const BURIED: Duration = Duration::from_secs(5);

/// Chromium's marks on a profile in use.
const MARKS: [&str; 3] = ["SingletonLock", "SingletonCookie", "SingletonSocket"];

/// Every process that a cell has seen below the program.
#[derive(Default)]
pub(super) struct Seen(HashSet<Process>);

impl Seen {
    /// Notes who is there now.
    pub(super) fn look(&mut self, stage: &Stage) {
        self.0.extend(below(root(stage)));
    }

    /// Nobody of those before is left but what is below the program now, one browser for each account, and no zombie.
    pub(super) async fn assert_tidy(&self, stage: &Stage, accounts: &[&Account]) {
        let program = root(stage);
        wait::until("the dead to be buried", BURIED, || async {
            let alive: HashSet<Process> = below(program).into_iter().collect();
            let orphans = self.0.iter().filter(|seen| seen.lives() && !alive.contains(seen));
            let mut wrong: Vec<String> = orphans
                .map(|orphan| format!("orphan {orphan:?} {}", orphan.arguments()))
                .collect();
            let zombies = zombies_below(program).into_iter();
            wrong.extend(zombies.map(|pid| format!("zombie {pid}")));
            for account in accounts {
                let browser = browser_on(&account.profile);
                let mut known: HashSet<Process> = self.0.clone();
                known.retain(|seen| seen.lives() && seen.arguments().contains(&name_of(&account.profile)));
                known.retain(|seen| !browser.contains(seen));
                wrong.extend(known.iter().map(|other| format!("a second browser {other:?}")));
            }
            if wrong.is_empty() { Ok(()) } else { Err(wrong) }
        })
        .await;
    }

    /// After the end of the program nothing is left of it: no process, no mark, no temporary file.
    pub(super) async fn assert_nothing_is_left(&self, profiles: &[PathBuf], temporary: &[PathBuf]) {
        wait::until("the end of every process", BURIED, || async {
            let left: Vec<String> = self
                .0
                .iter()
                .filter(|seen| seen.lives())
                .map(|seen| format!("{seen:?} {}", seen.arguments()))
                .collect();
            if left.is_empty() { Ok(()) } else { Err(left) }
        })
        .await;
        let marks = profiles
            .iter()
            .flat_map(|profile| MARKS.map(|mark| profile.join(mark)));
        let mut left: Vec<PathBuf> = marks.filter(|mark| mark.symlink_metadata().is_ok()).collect();
        let entries = temporary
            .iter()
            .filter_map(|folder| fs::read_dir(folder).ok())
            .flatten()
            .flatten();
        left.extend(entries.map(|entry| entry.path()));
        assert_eq!(left, Vec::<PathBuf>::new(), "left behind");
    }
}

fn root(stage: &Stage) -> i32 {
    stage.zaptor.pid().as_raw_nonzero().get()
}

fn name_of(profile: &Path) -> String {
    format!("--user-data-dir={}", profile.display())
}
