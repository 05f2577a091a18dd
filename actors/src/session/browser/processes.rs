//! The processes of a browser, read from `/proc`: who they are, what they cost, and how they end.

use std::{
    fs, io,
    os::fd::OwnedFd,
    os::unix::{fs::MetadataExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use rustix::{
    io::Errno,
    process::{Pid, PidfdFlags, Signal},
};
use tokio::io::unix::AsyncFd;

use super::{table::ProcessTable, temporary};
use crate::domain::Clock;

/// How soon a process that could not be watched is looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Names of the files by which Chromium marks a profile as in use.
const LOCKS: [&str; 3] = ["SingletonLock", "SingletonCookie", "SingletonSocket"];

/// The argument by which a browser of ours is known.
pub(super) fn profile_argument(profile: &Path) -> String {
    format!("--user-data-dir={}", profile.display())
}

/// The processes of this user that were started with such an argument.
fn with_argument(matches: impl Fn(&[u8]) -> bool) -> Vec<u32> {
    with_entry("cmdline", matches)
}

/// The processes of this user that have such an entry in a file of `/proc` whose entries end with a zero.
fn with_entry(file: &str, matches: impl Fn(&[u8]) -> bool) -> Vec<u32> {
    with_entries(file, |entries| entries.split(|&byte| byte == 0).any(&matches))
}

/// The same by all of its entries.
fn with_entries(file: &str, match_all: impl Fn(&[u8]) -> bool) -> Vec<u32> {
    let own = rustix::process::getuid().as_raw();
    pids()
        .filter(|pid| {
            let folder = format!("/proc/{pid}");
            fs::metadata(&folder).is_ok_and(|meta| meta.uid() == own)
                && fs::read(format!("{folder}/{file}")).is_ok_and(|entries| match_all(&entries))
        })
        .collect()
}

/// The browsers that run on a profile, with everything below them.
pub(super) fn of_profile(profile: &Path) -> Vec<u32> {
    let wanted = profile_argument(profile);
    with_trees(with_argument(|argument| argument == wanted.as_bytes()))
}

/// The browser that was started on a profile under this mark, with everything below it: no other opening's, be it on the same
/// profile, or another Zaptor's that counts alike.
pub(super) fn of_opening(profile: &Path, mark: &str) -> Vec<u32> {
    let profile = profile_argument(profile);
    let has = |line: &[u8], wanted: &str| {
        line.split(|&byte| byte == 0)
            .any(|argument| argument == wanted.as_bytes())
    };
    with_trees(with_entries("cmdline", |line| {
        has(line, &profile) && has(line, mark)
    }))
}

fn with_trees(roots: Vec<u32>) -> Vec<u32> {
    if roots.is_empty() {
        return roots;
    }
    let table = ProcessTable::read();
    let mut all: Vec<u32> = roots.into_iter().flat_map(|root| table.family(root)).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Whether this process draws a page. Chromium's children write their arguments as one text.
pub(super) fn is_renderer(pid: u32) -> bool {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&line).contains("--type=renderer")
}

/// Kills each of them, at once and for good.
pub(super) fn kill(processes: &[u32]) {
    for pid in processes.iter().filter_map(|&pid| to_pid(pid)) {
        // Gone already is what was wanted.
        let _ = rustix::process::kill_process(pid, Signal::KILL);
    }
}

/// Kills these processes of a browser that may not live on, at once. Its session then reports a death.
pub fn kill_all(processes: &[u32]) {
    kill(processes);
}

/// Kills a whole process group.
pub(super) fn kill_group(leader: u32) {
    if let Some(leader) = to_pid(leader) {
        let _ = rustix::process::kill_process_group(leader, Signal::KILL);
    }
}

/// Has the child killed when the thread that starts it ends.
#[expect(
    unsafe_code,
    reason = "only between fork and exec can a process ask to die with its parent"
)]
pub(super) fn die_with_parent(command: &mut Command) {
    // SAFETY: prctl is async-signal-safe and touches nothing of this process.
    unsafe {
        command.pre_exec(|| {
            rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).map_err(io::Error::from)
        });
    }
}

/// Completes once the process has ended.
#[expect(
    unsafe_code,
    reason = "only the caller can promise that a descriptor stays the same while it is watched"
)]
pub(super) async fn ended(pid: u32) {
    let Some(pid) = to_pid(pid) else { return };
    loop {
        match rustix::process::pidfd_open(pid, PidfdFlags::empty()) {
            Ok(descriptor) => {
                // SAFETY: an OwnedFd is one and the same descriptor until it is dropped, and the AsyncFd owns it.
                let watched = unsafe { AsyncFd::<OwnedFd>::register(descriptor) };
                if let Ok(watched) = watched {
                    // A pidfd becomes readable when its process ends.
                    let _ = watched.readable().await;
                    return;
                }
            }
            Err(Errno::SRCH) => return,
            // It cannot be watched now, for lack of descriptors: that says nothing of it.
            Err(_) => {}
        }
        Clock::system().sleep(LOOK_AGAIN).await;
    }
}

/// The memory that processes cost, in bytes: their proportional share of what they share (PSS). For metrics; takes a
/// few milliseconds per browser. Processes that have ended count nothing.
pub fn memory_bytes(processes: &[u32]) -> u64 {
    processes
        .iter()
        .filter_map(|pid| fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok())
        .filter_map(|rollup| {
            let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
            line.trim().strip_suffix(" kB")?.parse::<u64>().ok()
        })
        .map(|kib| kib * 1_024)
        .sum()
}

/// The processes of this user whose temporary folder is `room` or below it, but this one.
pub(super) fn in_room(room: &Path) -> Vec<u32> {
    let entry = format!("TMPDIR={}", room.display());
    let within = |value: &[u8]| {
        let rest = value.strip_prefix(entry.as_bytes());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
    };
    let mut found = with_entry("environ", within);
    found.retain(|&pid| pid != std::process::id());
    found
}

/// Ends what an earlier run left behind: browsers of this user on profiles below `data_dir`, whatever works in its
/// temporary folder, that folder itself, and the locks of profiles that nobody uses. Called once at start, before any
/// session is opened, by the one process that owns `data_dir`. Gives how many processes were ended.
pub fn reap_orphans(data_dir: &Path) -> io::Result<usize> {
    let data_dir = fs::canonicalize(data_dir)?;
    let base = temporary::base(&data_dir);
    let prefix = format!("{}/", profile_argument(&data_dir));
    let mut orphans = with_argument(|argument| argument.starts_with(prefix.as_bytes()));
    orphans.extend(in_room(&base));
    let orphans = with_trees(orphans);
    kill(&orphans);
    // There is none where every guard could do its work.
    let _ = fs::remove_dir_all(&base);
    for profile in folders(&data_dir).chain(folders(&data_dir).flat_map(|folder| folders(&folder))) {
        unlock(&profile);
    }
    Ok(orphans.len())
}

/// Removes the marks of a browser that is gone, unless another one runs on the profile.
pub(super) fn unlock_dead(profile: &Path) {
    if of_profile(profile).is_empty() {
        unlock(profile);
    }
}

/// Removes the marks of a browser that is gone; Chromium would refuse the profile otherwise. Only called where no
/// browser runs on the profile.
pub(super) fn unlock(profile: &Path) {
    for lock in LOCKS {
        // Most profiles have none.
        let _ = fs::remove_file(profile.join(lock));
    }
}

fn folders(of: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    fs::read_dir(of)
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
}

fn to_pid(pid: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(pid).ok()?)
}

fn pids() -> impl Iterator<Item = u32> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}
