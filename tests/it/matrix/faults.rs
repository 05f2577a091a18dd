//! The ten faults: what each does to the struck account, and what is promised after it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;

use super::cell::Moment;
use super::stage::Stage;
use crate::support::debugger::Debugger;
use crate::support::processes::{Process, browser_on};

/// How long the server keeps a page out whose connection it has dropped.
const KEPT_OUT: Duration = Duration::from_secs(3);

/// How long the network is cut: longer than it may take to notice.
const CUT_OFF: Duration = Duration::from_secs(20);

/// How long the dialog may stay open.
const LEFT_OPEN: Duration = Duration::from_secs(30);

/// Takes memory, 16 MiB at a time, and keeps it.
const HOARD: &str =
    "globalThis.hoard = []; setInterval(() => hoard.push(new Uint8Array(2 ** 24).fill(1)), 50)";

/// Where a page keeps what links it.
const DATABASE: &str = "Default/IndexedDB/https_web.whatsapp.com_0.indexeddb.leveldb";

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// SIGKILL for the browser itself.
    BrowserKilled,
    /// SIGSTOP for all processes of the browser: it hangs and is not dead.
    BrowserStopped,
    /// The page's renderer dies.
    PageCrashed,
    /// The page's main thread never comes to an end.
    PageHangs,
    /// The server drops the page's connection and keeps it out for a while.
    SocketDropped,
    /// The profile is overwritten on the disk, and the browser dies of it.
    ProfileCorrupted,
    /// Nothing comes to the browser, nothing goes out, and nothing closes, for a while.
    NetworkCut,
    /// A dialog of the site that unlinks who leaves it open.
    ModalOpen,
    /// The page takes more memory than a browser may have.
    MemoryOverLimit,
    /// SIGKILL for the chromedriver that the browser belongs to.
    ChromedriverKilled,
}

/// What was done.
pub(super) struct Struck {
    /// How long it lasts by itself; nothing can be well before.
    pub(super) lasts: Duration,
    /// Kept alive until the cell is over.
    _debugger: Option<Debugger>,
}

impl Fault {
    /// Whether something dies of it at once. A death is promised to be known within a second, all else within ten.
    pub(super) fn is_death(self) -> bool {
        !matches!(
            self,
            Fault::BrowserStopped
                | Fault::PageHangs
                | Fault::SocketDropped
                | Fault::NetworkCut
                | Fault::ModalOpen
                | Fault::MemoryOverLimit
        )
    }

    /// Whether the account must have closed in order once, so that there is a snapshot of its profile.
    pub(super) fn needs_snapshot(self) -> bool {
        self == Fault::ProfileCorrupted
    }

    /// Whether the page itself sends anew, under the same id, what it has no acknowledgement for: its connection broke
    /// and it lives. The server then hears of a message twice and passes it on once.
    pub(super) fn makes_the_page_repeat(self) -> bool {
        matches!(self, Fault::SocketDropped | Fault::NetworkCut)
    }

    /// Settings that its cells need.
    pub(super) fn settings(self) -> Vec<(&'static str, &'static str)> {
        let mut settings = Vec::new();
        // One probe or heartbeat that is late is trouble, of the account beside, too. So each is patient with a busy machine
        // where it is not what notices the fault; where it is, it is as it comes.
        if self != Fault::NetworkCut {
            settings.push(("engine.probe_timeout_ms", "12000"));
        }
        if !matches!(self, Fault::BrowserStopped | Fault::PageHangs) {
            settings.push(("engine.heartbeat_timeout_ms", "20000"));
        }
        if self == Fault::MemoryOverLimit {
            // Twice what a browser takes on the sandbox, and looked at often.
            settings.extend([
                ("resources.soft_mib", "0"),
                ("resources.hard_mib", "400"),
                ("resources.measure_interval_s", "1"),
                ("resources.measure_memory_s", "1"),
            ]);
        }
        settings
    }

    /// Strikes the account now.
    pub(super) async fn strike(self, stage: &Stage, moment: Moment) -> Struck {
        let (account, mut struck) = (
            &stage.struck,
            Struck {
                lasts: Duration::ZERO,
                _debugger: None,
            },
        );
        let browser = browser_on(&account.profile);
        let root = *browser.first().expect("a browser runs on the profile");
        match self {
            Fault::BrowserKilled => root.signal(Signal::KILL),
            Fault::BrowserStopped => browser.iter().for_each(|process| process.signal(Signal::STOP)),
            Fault::PageCrashed => renderer(&browser).signal(Signal::KILL),
            Fault::PageHangs => {
                let mut debugger = Debugger::at(&account.profile).await;
                debugger.run("for (;;);").await;
                struck._debugger = Some(debugger);
            }
            Fault::SocketDropped => {
                order(stage, moment, "socket_drop", KEPT_OUT).await;
                // Nobody is kept out who is not known yet.
                if moment != Moment::Pairing {
                    struck.lasts = KEPT_OUT;
                }
            }
            Fault::NetworkCut => {
                order(stage, moment, "network_cut", CUT_OFF).await;
                struck.lasts = CUT_OFF;
            }
            Fault::ModalOpen => order(stage, moment, "modal", LEFT_OPEN).await,
            Fault::MemoryOverLimit => {
                let mut debugger = Debugger::at(&account.profile).await;
                debugger.run(HOARD).await;
                struck._debugger = Some(debugger);
            }
            Fault::ProfileCorrupted => {
                corrupt(&account.profile, moment);
                root.signal(Signal::KILL);
            }
            Fault::ChromedriverKilled => {
                let driver = root.parent().expect("a driver has started it");
                assert!(driver.arguments().contains("chromedriver"), "{driver:?}");
                driver.signal(Signal::KILL);
            }
        }
        struck
    }
}

/// Has the sandbox do it to the account's page: that of its phone, or the one that shows its code.
async fn order(stage: &Stage, moment: Moment, kind: &str, lasts: Duration) {
    let mut fault = json!({ "kind": kind, "for_ms": lasts.as_millis() });
    if moment == Moment::Pairing {
        fault["code"] = json!(stage.pairing_code().await);
    } else {
        fault["phone"] = json!(stage.struck.phone);
    }
    stage.order(fault).await;
}

fn renderer(browser: &[Process]) -> Process {
    let is_renderer = |process: &&Process| process.arguments().contains("--type=renderer");
    *browser.iter().find(is_renderer).expect("the page has a renderer")
}

/// Overwrites what the link is kept in. Of a profile that has none, what the browser itself lives from.
fn corrupt(profile: &Path, moment: Moment) {
    const NOISE: [u8; 4_096] = [0xA5; 4_096];
    if moment == Moment::Pairing {
        fs::write(profile.join("Local State"), NOISE).unwrap();
        return;
    }
    for entry in fs::read_dir(profile.join(DATABASE)).unwrap() {
        fs::write(entry.unwrap().path(), NOISE).unwrap();
    }
}
