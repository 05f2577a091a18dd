//! What is left of browsers after every kind of end, looked for in `/proc` and in the folders: nothing.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::sync::mpsc;
use zaptor_actors::{
    domain::{AccountId, Clock},
    session::{
        Engine as _,
        browser::{BrowserEngine, ChannelKind, Settings},
    },
};

use super::{
    journey::linked_account,
    session_browser::{Stage, died, is_renderer, kill, parent, run, settings, settings_of_full},
    support::{
        wait::until,
        zaptor::{Plan, Zaptor},
    },
};

/// How long whatever ends may take on a busy machine.
const SOON: Duration = Duration::from_secs(10);
const FULL_BROWSER: &str = "/usr/lib/chromium/chromium";

/// Processes of this user, dead ones that nobody reaped among them, that have `folder` in their arguments or environment.
fn processes_of(folder: &Path) -> Vec<String> {
    let (own, needle) = (rustix::process::getuid().as_raw(), folder.to_str().unwrap());
    let pids = fs::read_dir("/proc").unwrap().flatten();
    pids.filter(|entry| entry.metadata().is_ok_and(|meta| meta.uid() == own))
        .filter_map(|entry| {
            let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
            let read = |file: &str| fs::read(entry.path().join(file)).unwrap_or_default();
            let text = String::from_utf8_lossy(&[read("cmdline"), read("environ")].concat()).into_owned();
            let ours = pid != std::process::id() && text.contains(needle);
            ours.then(|| format!("{pid} {}", text.chars().take(200).collect::<String>()))
        })
        .collect()
}

/// Everything below a folder of temporary files, and marks of profiles.
fn files_left(data: &Path) -> Vec<String> {
    let temporary = walk(&data.join("run/tmp")).into_iter();
    let profiles = walk(&data.join("profiles")).into_iter();
    let marks = profiles.filter(|path| path.contains("Singleton"));
    temporary.chain(marks).collect()
}

fn walk(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .flat_map(|entry| {
            let mut below = match entry.file_type() {
                Ok(kind) if kind.is_dir() => walk(&entry.path()),
                _ => Vec::new(),
            };
            below.push(entry.path().display().to_string());
            below
        })
        .collect()
}

/// A process as `/proc` tells it, dead ones that nobody reaped among them.
fn told(pid: &u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(stat.chars().take(60).collect())
}

async fn until_none(what: &str, left: impl Fn() -> Vec<String>) {
    until(what, SOON, || async {
        let left = left();
        if left.is_empty() { Ok(()) } else { Err(left) }
    })
    .await;
}

fn signal(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(pid.cast_signed()).unwrap(), signal).unwrap();
}

/// Which processes of a session are killed.
#[derive(Clone, Copy, Debug)]
enum Victim {
    Driver,
    Guard,
    GuardAndDriver,
    Browser,
    Renderer,
    /// The browser, while its children stand still and cannot notice.
    BrowserOfStopped,
    DriverOfStopped,
    /// None: it is closed in order.
    None,
}

fn strike(victim: Victim, processes: &[u32]) {
    let driver = parent(processes[0]);
    let renderer = *processes.iter().find(|pid| is_renderer(**pid)).unwrap();
    match victim {
        Victim::Driver => kill(driver),
        Victim::Guard => kill(parent(driver)),
        Victim::GuardAndDriver => {
            kill(parent(driver));
            // It may have died with its guard.
            let _ = kill_process(Pid::from_raw(driver.cast_signed()).unwrap(), Signal::KILL);
        }
        Victim::Browser => kill(processes[0]),
        Victim::Renderer => kill(renderer),
        Victim::BrowserOfStopped => {
            signal(renderer, Signal::STOP);
            kill(processes[0]);
        }
        Victim::DriverOfStopped => {
            processes.iter().for_each(|pid| signal(*pid, Signal::STOP));
            kill(driver);
        }
        Victim::None => {}
    }
}

async fn nothing_is_left(browser: Option<&str>, victims: &[Victim]) {
    let mut stage = Stage::set(ChannelKind::Cdp).await;
    let settings = Settings {
        accounts_per_driver: 1,
        ..match browser {
            Some(full) => settings_of_full(&stage.sandbox, full),
            None => settings(&stage.sandbox),
        }
    };
    stage.engine = BrowserEngine::new(settings, stage.folder.path(), Clock::system()).unwrap();
    let (mut bystander, _their_events) = stage.open(9).await;
    for &victim in victims {
        let (session, mut events) = stage.open(1).await;
        let mut processes = session.processes();
        let driver = parent(processes[0]);
        let group = rustix::process::getpgid(Pid::from_raw(processes[0].cast_signed())).unwrap();
        assert_eq!(
            group.as_raw_nonzero().get().cast_unsigned(),
            processes[0],
            "a browser leads a process group"
        );
        strike(victim, &processes);
        // A page that crashes is mended where it is: the browser lives on.
        if !matches!(victim, Victim::None | Victim::Renderer) {
            died(&mut events).await;
        }
        session.close().await;
        let folder = stage
            .folder
            .path()
            .join("profiles")
            .join(AccountId::from_bits(1).to_string());
        assert!(
            !walk(&folder).iter().any(|path| path.contains("Singleton")),
            "{victim:?}: the profile is free"
        );
        if matches!(
            victim,
            Victim::Driver | Victim::Guard | Victim::GuardAndDriver | Victim::DriverOfStopped
        ) {
            processes.push(driver);
        }
        let what = format!("every process to be gone and reaped: {victim:?}");
        until_none(&what, || processes.iter().filter_map(told).collect()).await;
        assert!(
            bystander.status().await.is_ok(),
            "{victim:?} touched another account"
        );
    }
    bystander.close().await;
    let (folder, engine) = (&stage.folder, &stage.engine);
    zaptor_actors::session::Engine::shut_down(engine).await;
    until_none("files", || files_left(folder.path())).await;
    until_none("processes", || processes_of(&folder.path().join("profiles"))).await;
    stage.strike().await;
}

#[test]
fn nothing_is_left_of_a_killed_chromium_or_its_driver_or_guard() {
    run(nothing_is_left(
        None,
        &[
            Victim::None,
            Victim::Browser,
            Victim::Renderer,
            Victim::Driver,
            Victim::Guard,
            Victim::GuardAndDriver,
            Victim::BrowserOfStopped,
            Victim::DriverOfStopped,
        ],
    ));
}

/// Browsers that never say where they listen, after they have put something into their temporary folder.
const REFUSED: [(&str, &str); 2] = [
    ("it ends at once", "exit 1"),
    (
        "it stands until its start is given up",
        "while :; do sleep 1; done",
    ),
];

#[test]
fn nothing_is_left_of_a_chromium_that_was_never_heard_of() {
    run(async {
        for (what, does) in REFUSED {
            let scripts = tempfile::tempdir().unwrap();
            let script = scripts.path().join("browser");
            let text =
                format!("#!/bin/sh\n: > \"$TMPDIR/left\"\necho \"$TMPDIR\" >> \"$0.started\"\n{does}\n");
            fs::write(&script, text).unwrap();
            fs::set_permissions(&script, fs::Permissions::from_mode(0o700)).unwrap();
            let stage = Stage::set_with(ChannelKind::Cdp, |settings| {
                settings.chromium_path.clone_from(&script);
                settings.start_timeout_ms = 2_000;
            })
            .await;
            let (sender, _events) = mpsc::channel(1);
            for _ in 0..2 {
                let opened = stage.engine.open(stage.spec(1), sender.clone()).await;
                assert!(opened.is_err(), "{what}");
            }
            let rooms = fs::read_dir(stage.folder.path().join("run/tmp")).unwrap();
            let rooms: Vec<_> = rooms.map(|room| room.unwrap().path()).collect();
            assert_eq!(rooms.len(), 1, "{what}: the driver lives");
            until_none(what, || walk(&rooms[0])).await;
            let started = fs::read_to_string(script.with_extension("started")).unwrap();
            let folders: BTreeSet<&Path> = started.lines().map(Path::new).collect();
            assert_eq!(
                folders.len(),
                2,
                "{what}: each had a folder of its own: {started}"
            );
            let inside = |folder: &&Path| folder.parent() == Some(&rooms[0]);
            assert!(folders.iter().all(inside), "{what}: {started}");
            stage.strike().await;
        }
    });
}

#[test]
fn a_close_that_is_cut_off_leaves_no_chromium_behind() {
    run(async {
        let stage = Stage::set(ChannelKind::Cdp).await;
        let (session, mut events) = stage.open(1).await;
        let processes = session.processes();
        processes.iter().for_each(|pid| signal(*pid, Signal::STOP));
        // What the page had to tell is over when its browser has been asked to close.
        let asked = async { while events.recv().await.is_some() {} };
        tokio::select! {
            ending = session.close() => panic!("{ending:?} of a browser that stands still"),
            () = asked => {}
        }
        until_none("the browser's processes", || {
            processes.iter().filter_map(told).collect()
        })
        .await;
        let (again, _events) = stage.open(1).await;
        again.close().await;
        stage.strike().await;
    });
}

#[test]
fn a_killed_full_chromium_leaves_no_mark_on_its_profile() {
    if Path::new(FULL_BROWSER).exists() {
        run(nothing_is_left(
            Some(FULL_BROWSER),
            &[Victim::Browser, Victim::Driver],
        ));
    }
}

#[tokio::test]
async fn browser_processes_end_with_a_zaptor_that_is_killed_or_stopped() {
    let zaptor = Zaptor::start_with(Plan::default()).await;
    linked_account(&zaptor).await;
    let data = zaptor.data_dir().to_owned();
    let browsers = zaptor.browser_processes();
    assert!(
        !browsers.is_empty() && !files_left(&data).is_empty(),
        "a browser runs"
    );
    // A process that stands still would not notice that its parent is gone.
    for pid in &browsers {
        kill_process(*pid, Signal::STOP).unwrap();
    }
    kill_process(zaptor.pid(), Signal::KILL).unwrap();
    until_none("processes of a killed Zaptor", || {
        let mut left = processes_of(&data);
        // Zaptor itself, until this test reaps it.
        left.retain(|process| !process.starts_with(&format!("{} ", zaptor.pid().as_raw_nonzero())));
        left
    })
    .await;
    until_none("files of a killed Zaptor", || files_left(&data)).await;

    let zaptor = zaptor.kill_and_restart().await;
    until("a browser of the next Zaptor", SOON * 3, || async {
        let count = zaptor.browser_processes().len();
        if count > 0 { Ok(()) } else { Err(count) }
    })
    .await;
    let kept = zaptor.data_folder();
    assert!(zaptor.stop().await.success());
    assert_eq!(processes_of(&data), Vec::<String>::new());
    assert_eq!(files_left(kept.path()), Vec::<String>::new());
}
