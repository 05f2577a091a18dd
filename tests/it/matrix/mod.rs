//! The fault matrix: ten faults, each struck at an account of the real program on a real Chromium in four situations, and
//! what must hold in each of the forty cells. README.md beside this file has the table and the measured times.
//!
//! A cell is one test, `matrix::<fault>::<situation>`. Nothing in it sleeps or is tried again: it waits for events of the
//! journal and for what processes do, each within its deadline.

mod cell;
mod crash_loop;
mod faults;
mod leftovers;
mod messages;
mod stage;

use cell::Moment;
use faults::Fault;

/// Forty tests out of a table.
macro_rules! cells {
    ($($row:ident = $fault:ident: $($moment:ident = $when:ident),+;)+) => { $(
        mod $row { $(
            #[tokio::test]
            async fn $moment() {
                super::cell::run(super::Fault::$fault, super::Moment::$when).await;
            }
        )+ }
    )+ };
}

cells! {
    browser_killed = BrowserKilled: idle = Idle, pairing = Pairing, syncing = Syncing, sending = Sending;
    page_crashed = PageCrashed: idle = Idle, pairing = Pairing, syncing = Syncing, sending = Sending;
    chromedriver_killed = ChromedriverKilled: idle = Idle, pairing = Pairing, syncing = Syncing, sending = Sending;
    browser_stopped = BrowserStopped: idle = Idle, pairing = Pairing, syncing = Syncing, sending = Sending;
    page_hangs = PageHangs: idle = Idle, pairing = Pairing, syncing = Syncing, sending = Sending;
    memory_over_limit = MemoryOverLimit: idle = Idle, pairing = Pairing, syncing = Syncing, sending = Sending;
    network_cut = NetworkCut: idle = Idle, pairing = Pairing, syncing = Syncing, sending = Sending;
    socket_dropped = SocketDropped: idle = Idle, pairing = Pairing, syncing = Syncing, sending = Sending;
    profile_corrupted = ProfileCorrupted: idle = Idle, pairing = Pairing, syncing = Syncing, sending = Sending;
    modal = ModalOpen: idle = Idle, pairing = Pairing, syncing = Syncing, sending = Sending;
}
