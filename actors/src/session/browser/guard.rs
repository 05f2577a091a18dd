//! What this program is when it is started under another name: the guard of a chromedriver, or the start of a browser.
//!
//! ```text
//!  Zaptor ──stdin──▶ guard (adopts every orphan below it)
//!                      └─ chromedriver
//!                           ├─ browser  ┐ a process group, a temporary folder and,
//!                           │   └─ …    ┘ where that is allowed, a cgroup of its own
//!                           └─ browser …
//! ```
//!
//! A guard ends when its chromedriver does, and when nobody holds the other end of its standard input any more: that is
//! so after every end of Zaptor, a SIGKILL as well. It then kills and reaps everything below it, stopped processes and
//! children of dead ones too, frees the profiles of marks, and removes the temporary folder. It never ends while a
//! process below it lives. What it costs is told in `benches`: it shares the program with Zaptor and keeps no state.

use std::{
    env,
    ffi::{OsStr, OsString},
    fs, io,
    io::Read as _,
    os::unix::{
        fs::{DirBuilderExt as _, symlink},
        process::{CommandExt as _, ExitStatusExt as _},
    },
    path::{Path, PathBuf},
    process::{Command, ExitCode, ExitStatus, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use rustix::{
    io::Errno,
    process::{Pid, WaitOptions},
};

use super::{cgroup, processes, table::ProcessTable};

/// The names under which this program guards a driver and starts a browser.
pub(super) const DRIVER: &str = "zaptor-driver";
pub(super) const BROWSER: &str = "zaptor-browser";

/// What they are told, by the environment: arguments are chromedriver's and the browser's own.
pub(super) const ROOM: &str = "ZAPTOR_ROOM";
pub(super) const PROGRAM: &str = "ZAPTOR_BROWSER";

/// Exit codes as shells use them: a program that cannot be started, and what is added to the number of a signal.
const NOT_FOUND: u8 = 127;
const BY_SIGNAL: i32 = 128;

/// In a browser's folder: leads to the profile that it runs on.
const PROFILE: &str = "profile";

/// Whether this program's `main` asks first whether it stands in.
static ASKS: AtomicBool = AtomicBool::new(false);

/// Does what the program was started for if that was by one of these names; gives nothing otherwise. The first thing
/// that `main` does.
pub fn stand_in() -> Option<ExitCode> {
    ASKS.store(true, Ordering::Release);
    let mut arguments = env::args_os();
    let name = PathBuf::from(arguments.next()?);
    match name.file_name()?.to_str()? {
        DRIVER => Some(guard(arguments)),
        BROWSER => Some(start(arguments.collect())),
        _ => None,
    }
}

/// This program, as far as it can stand in: by its process, so that it is the same one even after an update of the file.
pub fn own_program() -> Option<PathBuf> {
    let asks = ASKS.load(Ordering::Acquire);
    asks.then(|| PathBuf::from(format!("/proc/{}/exe", std::process::id())))
}

/// What the argument begins with by which an opening's browser is known. Chromium does not know it.
const OPENING: &str = "--zaptor-opening=";

/// The argument that only the browser of this opening has.
pub(super) fn mark(opening: u64) -> String {
    format!("{OPENING}{}-{opening}", std::process::id())
}

/// The folder of an opening's browser within its driver's room. Named before the browser is there, so that it is found also
/// where nobody is ever told which process it was.
pub(super) fn folder(room: &Path, opening: u64) -> PathBuf {
    room.join(format!("b{opening}"))
}

/// Takes out of a command's environment what only Zaptor itself may know: its settings hold passwords.
pub(super) fn forget_settings(command: &mut Command) {
    for (name, _) in env::vars_os().filter(|(name, _)| is_ours(name)) {
        command.env_remove(name);
    }
}

fn is_ours(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b"ZAPTOR_")
}

fn guard(mut arguments: impl Iterator<Item = OsString>) -> ExitCode {
    // Orphans below come to us instead of to the machine's first process, which may be Zaptor itself in a container.
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    let room = env::var_os(ROOM).map(PathBuf::from);
    let Some(program) = arguments.next() else {
        return ExitCode::from(2);
    };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    processes::die_with_parent(&mut command);
    let code = match command.spawn() {
        Ok(driver) => wait_for(driver.id()),
        Err(_) => ExitCode::from(NOT_FOUND),
    };
    end_all_below();
    if let Some(room) = room {
        clear(&room);
    }
    code
}

/// Waits until the driver has ended, which it is made to as soon as nobody holds our standard input.
/// Gives its code, or the signal that ended it as a shell would tell it.
fn wait_for(driver: u32) -> ExitCode {
    let ended = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&ended);
    thread::spawn(move || {
        let mut byte = [0; 64];
        while matches!(io::stdin().read(&mut byte), Ok(read) if read > 0) {}
        if !seen.load(Ordering::Acquire) {
            processes::kill(&[driver]);
        }
    });
    let code = loop {
        match rustix::process::wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if number(pid) == Some(driver) => {
                let signal = status.terminating_signal().map(|signal| BY_SIGNAL + signal);
                break status.exit_status().or(signal).unwrap_or_default();
            }
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => break 0,
        }
    };
    ended.store(true, Ordering::Release);
    ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX))
}

/// How a guard, or an unguarded driver, says that its driver has ended.
pub(super) fn ending(status: ExitStatus) -> String {
    let signal = status
        .signal()
        .or_else(|| Some(status.code()?.checked_sub(BY_SIGNAL)?).filter(|&signal| signal > 0));
    match (signal, status.code()) {
        (Some(signal), _) => format!("it was ended by signal {signal}"),
        (None, Some(code)) => format!("it ended by itself with exit code {code}"),
        (None, None) => "it ended".to_owned(),
    }
}

fn number(pid: Pid) -> Option<u32> {
    u32::try_from(pid.as_raw_nonzero().get()).ok()
}

/// Kills and reaps until nothing is left.
fn end_all_below() {
    let own = std::process::id();
    loop {
        let mut below = ProcessTable::read().family(own);
        below.retain(|&pid| pid != own);
        processes::kill(&below);
        match rustix::process::wait(WaitOptions::empty()) {
            Ok(_) | Err(Errno::INTR) => {}
            // Nobody is left to wait for.
            Err(_) => return,
        }
    }
}

/// Removes a room with everything in it. No browser that was started in it lives any more.
pub(super) fn clear(room: &Path) {
    for browser in fs::read_dir(room).into_iter().flatten().flatten() {
        if let Ok(profile) = fs::read_link(browser.path().join(PROFILE)) {
            processes::unlock_dead(&profile);
        }
    }
    // Somebody else may have been quicker.
    let _ = fs::remove_dir_all(room);
}

/// Becomes the browser: with a process group and a temporary folder of its own, in a cgroup where that is allowed.
fn start(arguments: Vec<OsString>) -> ExitCode {
    let Some(program) = env::var_os(PROGRAM) else {
        return ExitCode::from(2);
    };
    // Without a group of its own it is still found by its profile and its parents.
    let _ = rustix::process::setpgid(None, None);
    let mut command = Command::new(program);
    if let (Some(room), Some(opening)) = (env::var_os(ROOM), opening_in(&arguments)) {
        let folder = folder(Path::new(&room), opening);
        if fs::DirBuilder::new().mode(0o700).create(&folder).is_ok() {
            if let Some(profile) = profile_in(&arguments) {
                let _ = symlink(profile, folder.join(PROFILE));
            }
            command.env("TMPDIR", folder);
        }
    }
    cgroup::enter();
    forget_settings(&mut command);
    // Comes back only with an error; chromedriver says that the browser has ended.
    let _ = command.args(arguments).exec();
    ExitCode::from(127)
}

fn profile_in(arguments: &[OsString]) -> Option<PathBuf> {
    value_of(arguments, &processes::profile_argument(Path::new(""))).map(PathBuf::from)
}

fn opening_in(arguments: &[OsString]) -> Option<u64> {
    value_of(arguments, OPENING)?.rsplit_once('-')?.1.parse().ok()
}

/// What stands behind `before` in the argument that begins with it.
fn value_of<'a>(arguments: &'a [OsString], before: &str) -> Option<&'a str> {
    arguments
        .iter()
        .find_map(|argument| argument.to_str()?.strip_prefix(before))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profile_and_opening_are_read_from_the_browsers_own_arguments() {
        let mark = mark(4711);
        let arguments =
            ["--headless", "--user-data-dir=/data/profiles/a", &mark, "data:,"].map(OsString::from);
        assert_eq!(profile_in(&arguments), Some(PathBuf::from("/data/profiles/a")));
        assert_eq!(opening_in(&arguments), Some(4711));
        assert_eq!(
            (profile_in(&arguments[..1]), opening_in(&arguments[..1])),
            (None, None)
        );
    }

    #[test]
    fn the_end_of_a_driver_is_told_the_same_with_and_without_a_guard() {
        for (status, told) in [
            (9, "it was ended by signal 9"),
            ((128 + 9) << 8, "it was ended by signal 9"),
            (1 << 8, "it ended by itself with exit code 1"),
            (0, "it ended by itself with exit code 0"),
        ] {
            assert_eq!(ending(ExitStatus::from_raw(status)), told);
        }
    }

    #[test]
    fn only_our_own_settings_are_kept_from_the_browser() {
        for (name, ours) in [
            ("ZAPTOR__STORE__URL", true),
            ("ZAPTOR_ROOM", true),
            ("PATH", false),
        ] {
            assert_eq!(is_ours(OsStr::new(name)), ours, "{name}");
        }
    }
}
