//! What the registry does by itself: starting what shall run, and settling what nobody resolves any more.

use std::{cmp::Reverse, collections::HashSet, time::Duration};

use futures::{StreamExt as _, future, stream};

use super::{
    entry::{Entry, Office},
    hibernation,
    starting::{is_last, starts_by_itself},
};
use crate::{
    account::{self, Urgency},
    domain::{AccountId, AccountState},
    outbox,
    store::{AccountRow, StoreError},
    supervision::Observe,
};

/// How many accounts one sweep looks at.
const SWEEP: u64 = 100;
/// How many accounts start at the same time whose sessions cost nothing. They wait for the store alone, and those that
/// wait together share its commits; more at once would only lengthen the queue in front of everybody else's writes.
const LIGHT_AT_ONCE: usize = 256;

/// How long it may take until the first of those whose sessions cost something have asked to open them.
const FIRST_ONES: Duration = Duration::from_secs(2);

/// Starts every account that shall run, some at a time: opening a session is the most expensive thing that an account
/// does. Accounts that wait for a person (logged out, banned) are left alone, and so are those that a former generation
/// of the registry has started.
pub(super) async fn start_wanted(office: Office) {
    let mut pause = Duration::from_millis(100);
    let rows = loop {
        match office.store.reads().accounts_wanted().await {
            Ok(rows) => break rows,
            Err(error) => {
                tracing::warn!(target: "zaptor::registry", %error, "the accounts that shall run cannot be read yet");
                office.clock.sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(5));
            }
        }
    };
    // All are known from now on: one that sleeps is woken in its time, and one whose turn has not come can be stopped.
    let known = rows.iter().filter_map(|row| match office.entry_of(row) {
        Ok(entry) => Some((row, entry)),
        Err(error) => {
            tracing::error!(target: "zaptor::registry", account = %row.id, %error, "an account cannot be started");
            None
        }
    });
    let wanted = known.filter(|(row, entry)| starts_by_itself(row) && !entry.was_started());
    let (light, mut heavy): (Vec<_>, Vec<_>) = wanted.partition(|(_, entry)| entry.place().engine.is_light());
    let with_messages = with_messages(&office).await;
    heavy.sort_by_cached_key(|(row, _)| Reverse(Urgency::of(row, with_messages.contains(&row.id))));
    let start = async |wanted: Vec<(&AccountRow, Entry)>, at_once: usize| {
        stream::iter(wanted)
            .for_each_concurrent(at_once, |(row, entry)| start_one(&office, row.epoch, entry))
            .await;
    };
    let at_once = office.settings.start_at_once.max(1);
    // The first ones ask together, and the most urgent of them is to be the first.
    office.shared.openings.expect(heavy.len().min(at_once));
    let waited_for = async {
        office.clock.sleep(FIRST_ONES).await;
        office.shared.openings.expect(0);
    };
    future::join3(start(light, LIGHT_AT_ONCE), start(heavy, at_once), waited_for).await;
}

/// The accounts for which messages wait. Without the database nobody knows; the order is all that is lost.
async fn with_messages(office: &Office) -> HashSet<AccountId> {
    let due = outbox::due_accounts(office.store.reads(), office.clock.now(), u64::from(u32::MAX));
    due.await.unwrap_or_default().into_iter().collect()
}

async fn start_one(office: &Office, epoch: i64, entry: Entry) {
    match entry.start_by_itself(office).await {
        Ok(true) => opened(office, &entry, epoch).await,
        // Stopped, parked, started or deleted by somebody meanwhile.
        Ok(false) => {}
        Err(error) => {
            tracing::error!(target: "zaptor::registry", account = %entry.account(), %error,
                "an account cannot be started");
        }
    }
}

/// Waits until the account's session is open or has failed to open, so that the next one may begin.
async fn opened(office: &Office, entry: &Entry, epoch: i64) {
    let mut standing = entry.place().standing.watch();
    let limit = Duration::from_secs(office.settings.start_wait_seconds);
    let mut short = office.shared.openings.short_of_memory();
    tokio::select! {
        // Once there is no room, the others only get in line.
        _ = short.wait_for(|waiting| *waiting > 0) => {}
        _ = standing.wait_for(|stand| stand.said_under > epoch && stand.state != AccountState::Starting) => {}
        () = office.clock.sleep(limit) => {}
    }
}

/// Looks now and then for what nobody else sees: accounts that say that they live while nothing runs, and messages in doubt
/// whose account does not run. Ends with the registry.
pub(super) async fn sweep(office: Office) {
    let interval = Duration::from_secs(office.settings.sweep_interval_seconds);
    loop {
        office.clock.sleep(interval).await;
        set_right(&office).await;
        if let Err(error) = sweep_once(&office).await {
            tracing::warn!(target: "zaptor::registry", %error, "messages in doubt could not be swept");
        }
    }
}

/// What an account says is what it does: one that nothing runs for, and nothing will, is started, or is said to be stopped
/// or parked where that is what is meant.
async fn set_right(office: &Office) {
    if office.running.is_closed() {
        return;
    }
    let Ok(tree) = office.supervisor.send(Observe).await else {
        return;
    };
    let says_it_lives = |entry: &Entry| !is_last(entry.place().standing.state());
    let wrong = office
        .running
        .pick(|entry| entry.was_started() && says_it_lives(entry) && entry.rests(&tree));
    for entry in wrong {
        // Whoever starts or stops it now sets it right.
        let Ok(mut child) = entry.child().try_lock() else {
            continue;
        };
        if !entry.rests_now(office).await || !says_it_lives(&entry) {
            continue;
        }
        let state = entry.place().standing.state();
        tracing::warn!(target: "zaptor::registry", account = %entry.account(), %state,
            "nothing runs for an account that says that it lives; this is set right");
        let done = match entry.row(office).await {
            Ok(row) if !row.wanted => {
                entry.say_stopped(office).await;
                Ok(())
            }
            Ok(row) => match row.hibernation {
                Some(meant) => entry.say_parked(office, meant.why).await,
                None => entry.start_locked(office, &mut child).await,
            },
            Err(error) => Err(error),
        };
        if let Err(error) = done {
            tracing::warn!(target: "zaptor::registry", account = %entry.account(), %error, "not set right");
        }
    }
}

async fn sweep_once(office: &Office) -> Result<(), StoreError> {
    let patience = Duration::from_secs(office.shared.settings.unknown_after_seconds);
    let before = office.clock.now().before(patience);
    let overdue = outbox::overdue_accounts(office.store.reads(), before, SWEEP).await?;
    for account in overdue {
        let entry = office.running.find(account);
        // One that sleeps is asked once it is awake.
        if let Some(entry) = entry.clone().filter(Entry::needs_waking) {
            hibernation::wake_in_turn(office, entry, Duration::ZERO);
            continue;
        }
        // One that runs, or is being started, resolves them itself; its epoch is its own.
        let held = match &entry {
            Some(entry) => match entry.child().try_lock() {
                Ok(held) if entry.rests_now(office).await => Some(held),
                _ => continue,
            },
            None => None,
        };
        let done = account::give_up_overdue(&office.shared, account, entry.as_ref().map(Entry::place)).await;
        drop(held);
        if let Err(error) = done {
            tracing::warn!(target: "zaptor::registry", %account, %error, "messages in doubt could not be settled");
        }
    }
    Ok(())
}
