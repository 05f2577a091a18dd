//! One cell of the matrix: an account is struck at its moment; that is noticed, told and made good in time, and nobody
//! else notices anything.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;
use zaptor_actors::domain::Timestamp;

use super::faults::Fault;
use super::leftovers::Seen;
use super::messages::Messages;
use super::stage::Stage;
use crate::journal::{self, Event};
use crate::journey::{SOON, until_state};
use crate::support::processes::{Process, browser_on};
use crate::support::wait;

/// A death is known within this time.
const DEATH_KNOWN: Duration = Duration::from_secs(1);
/// Everything else is known within this time.
const TROUBLE_KNOWN: Duration = Duration::from_secs(10);
/// The account is online again, or shows a fresh code, within this time after it was known and can be.
const RECOVERED: Duration = Duration::from_secs(15);
/// What another account sends goes out within this time.
const BESIDE_SENT: Duration = Duration::from_secs(5);

/// By how much the machine of a test may be slower than one that is not busy: on the build server two cells, each with
/// two browsers, share two cores with the compiler.
const ALLOWANCE: u32 = 3;

/// The same for what is noticed by a deadline that passes, not by work.
const ALLOWANCE_OF_TIMERS: u32 = 2;

/// What the account is at when it is struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// Online, and nothing to do.
    Idle,
    /// It shows a code.
    Pairing,
    /// Linked, and its chats are loading.
    Syncing,
    /// Online, with a message on its way and others behind it.
    Sending,
}

/// How long things took.
struct Times {
    known: Duration,
    recovered: Duration,
    beside: Duration,
}

/// Runs a cell.
pub(super) async fn run(fault: Fault, moment: Moment) {
    let stage = Stage::set(fault, moment).await;
    let mut seen = Seen::default();
    seen.look(&stage);
    let beside_before = beside(&stage).await;
    let mut ours = Messages::default();
    let code = before(&stage, &mut ours, moment).await;

    let since = journal::last(&stage.zaptor).await;
    let struck_at = stage.now();
    let struck = fault.strike(&stage, moment).await;
    let other = tokio::join!(meanwhile(&stage), during(&stage, &mut ours, moment)).0;

    let known = until_known(&stage, fault, moment, since).await;
    seen.look(&stage);
    if moment == Moment::Idle {
        ours.send(&stage, &stage.struck, 3).await;
    }
    let possible = known.at.max(struck_at.after(struck.lasts));
    let recovered_at = until_recovered(&stage, moment, (&known, &code)).await;
    if moment == Moment::Pairing {
        stage.scan(&stage.other_code(&code, SOON).await).await;
        until_state(&stage.zaptor, &stage.struck.id, "online", SOON).await;
    }
    ours.until_all_arrived(&stage, &stage.struck, SOON).await;
    ours.assert_each_once(&stage, &stage.struck, fault.makes_the_page_repeat())
        .await;

    let times = Times {
        known: known.at.since(struck_at),
        recovered: recovered_at.since(possible),
        beside: other,
    };
    tell(fault, moment, &times, &known);
    assert!(
        times.recovered <= RECOVERED * ALLOWANCE,
        "recovered after {:?}",
        times.recovered
    );
    assert_eq!(
        beside(&stage).await,
        beside_before,
        "the account beside was touched"
    );
    assert_history(&stage, moment, since).await;
    seen.assert_tidy(&stage, &[&stage.struck, &stage.beside]).await;
    seen.look(&stage);
    end(stage, &seen).await;
}

/// What the account beside is: its state, its deaths and its browser must stay.
pub(super) async fn beside(stage: &Stage) -> (String, i64, Vec<Process>) {
    let account = stage.show(&stage.beside).await;
    let state = account["state"].as_str().unwrap().to_owned();
    let mut browser = browser_on(&stage.beside.profile);
    browser.truncate(1);
    (state, account["restarts"].as_i64().unwrap(), browser)
}

/// What goes on when the fault strikes. Gives the code that is shown, for a moment with one.
async fn before(stage: &Stage, ours: &mut Messages, moment: Moment) -> String {
    match moment {
        Moment::Pairing => {
            ours.send(stage, &stage.struck, 2).await;
            return stage.pairing_code().await;
        }
        Moment::Sending => {
            ours.send(stage, &stage.struck, 12).await;
            ours.until_sent(stage, 2, SOON).await;
        }
        Moment::Idle | Moment::Syncing => {}
    }
    String::new()
}

/// What comes while the account is down. Nobody is linked yet while a code is shown, so nothing can be missed then.
async fn during(stage: &Stage, ours: &mut Messages, moment: Moment) {
    if moment == Moment::Syncing {
        // The next page need not be as slow.
        stage.network(json!({ "sync_ms": null })).await;
    }
    // What is sent would find the trouble of an account that has nothing to do.
    if moment != Moment::Idle {
        ours.send(stage, &stage.struck, 3).await;
    }
    if moment != Moment::Pairing {
        ours.write(stage, &stage.struck, 3).await;
    }
}

/// The account beside sends and is written to. Gives how long its message took.
async fn meanwhile(stage: &Stage) -> Duration {
    let mut messages = Messages::default();
    let begin = stage.clock.instant();
    messages.send(stage, &stage.beside, 1).await;
    messages.write(stage, &stage.beside, 1).await;
    messages.until_sent(stage, 1, BESIDE_SENT * ALLOWANCE).await;
    let took = stage.clock.instant().duration_since(begin);
    messages.until_all_arrived(stage, &stage.beside, SOON).await;
    messages.assert_each_once(stage, &stage.beside, false).await;
    took
}

/// Waits until the journal says that something is wrong with the struck account.
async fn until_known(stage: &Stage, fault: Fault, moment: Moment, since: i64) -> Event {
    let within = if fault.is_death() {
        DEATH_KNOWN * ALLOWANCE
    } else {
        TROUBLE_KNOWN * ALLOWANCE_OF_TIMERS
    };
    let id = &stage.struck.id;
    journal::until(
        &stage.zaptor,
        "the trouble to be known",
        (since, within),
        |event| {
            let repair = event.kind == "account.repair" && event.account == *id;
            let fresh = moment == Moment::Pairing && event.kind == "account.pairing" && event.account == *id;
            repair
                || fresh
                || event
                    .says(id)
                    .is_some_and(|state| !is_well(moment, state, event.reason()))
        },
    )
    .await
}

/// Whether an account that nothing has happened to would say this.
fn is_well(moment: Moment, state: &str, reason: &str) -> bool {
    match state {
        "online" => true,
        "syncing" => {
            moment == Moment::Syncing && (reason.starts_with("linked;") || reason.starts_with("ready;"))
        }
        "pairing" => moment == Moment::Pairing && !reason.contains("does not reach"),
        _ => false,
    }
}

/// Waits until the account is online again, or shows another code. Gives when that was.
async fn until_recovered(stage: &Stage, moment: Moment, (known, code): (&Event, &str)) -> Timestamp {
    if moment == Moment::Pairing {
        stage.other_code(code, SOON).await;
        let id = &stage.struck.id;
        let fresh = journal::until(&stage.zaptor, "a fresh code", (known.seq - 1, SOON), |event| {
            event.kind == "account.pairing" && event.account == *id
        });
        return fresh.await.at;
    }
    let account = wait::until("the account to be online again", SOON, || async {
        let account = stage.show(&stage.struck).await;
        if account["state"] == "online" {
            Ok(account)
        } else {
            Err(account)
        }
    })
    .await;
    let since: Timestamp = account["since"].as_str().unwrap().parse().unwrap();
    since.max(known.at)
}

/// Nobody else's state changed, and nobody was asked to scan who was linked.
async fn assert_history(stage: &Stage, moment: Moment, since: i64) {
    for event in journal::after(&stage.zaptor, since).await {
        assert_eq!(event.says(&stage.beside.id), None, "{event:?}");
        if moment != Moment::Pairing {
            assert_ne!(event.says(&stage.struck.id), Some("pairing"), "{event:?}");
        }
    }
}

/// Stops the program and looks at what is left of it.
pub(super) async fn end(stage: Stage, seen: &Seen) {
    let profiles: Vec<PathBuf> = [&stage.struck, &stage.beside]
        .iter()
        .map(|account| account.profile.clone())
        .collect();
    let temporary = [
        stage.zaptor.temp_folder(),
        stage.zaptor.data_dir().join("run/tmp"),
    ];
    // Its data goes with it; what is looked at must outlive it.
    let data = stage.zaptor.data_folder();
    assert!(stage.zaptor.stop().await.success());
    seen.assert_nothing_is_left(&profiles, &temporary).await;
    drop(data);
}

/// Prints the row, and leaves it where the table is made from.
fn tell(fault: Fault, moment: Moment, times: &Times, known: &Event) {
    let row = json!({
        "fault": format!("{fault:?}"), "moment": format!("{moment:?}"),
        "known_ms": millis(times.known), "recovered_ms": millis(times.recovered),
        "beside_ms": millis(times.beside), "told": known.reason(),
    });
    println!("matrix {row}");
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("matrix");
    std::fs::create_dir_all(&folder).unwrap();
    let name = format!("{fault:?}-{moment:?}.json");
    std::fs::write(folder.join(name), row.to_string()).unwrap();
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap()
}
