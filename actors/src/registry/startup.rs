//! What the registry does by itself: starting what shall run, and settling what nobody resolves any more.

use std::{cmp::Reverse, collections::HashSet, time::Duration};

use futures::{StreamExt as _, future, stream};

use super::{
    entry::{Entry, Office},
    hibernation,
};
use crate::{
    account::{self, Urgency},
    domain::{AccountId, AccountState},
    outbox,
    protocol::account::AccountError,
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
    // One that sleeps is known, so that it is woken in its time.
    for row in rows.iter().filter(|row| row.state == AccountState::Hibernated) {
        if let Err(error) = office.entry_of(row) {
            tracing::error!(target: "zaptor::registry", account = %row.id, %error, "a parked account is not looked after");
        }
    }
    let waits = |row: &AccountRow| {
        matches!(
            row.state,
            AccountState::LoggedOut | AccountState::Banned | AccountState::Hibernated
        )
    };
    let wanted = rows.into_iter().filter(|row| {
        !waits(row)
            && !office
                .running
                .find(row.id)
                .is_some_and(|entry| entry.was_started())
    });
    let (light, mut heavy): (Vec<AccountRow>, Vec<AccountRow>) =
        wanted.partition(|row| office.engine(row.engine).is_some_and(|engine| engine.is_light()));
    let with_messages = with_messages(&office).await;
    heavy.sort_by_cached_key(|row| Reverse(Urgency::of(row, with_messages.contains(&row.id))));
    let start = async |rows: Vec<AccountRow>, at_once: usize| {
        stream::iter(rows)
            .for_each_concurrent(at_once, |row| start_one(&office, row))
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

async fn start_one(office: &Office, row: AccountRow) {
    let started = async {
        let entry = office.entry_of(&row)?;
        entry.start(office).await?;
        Ok::<Entry, AccountError>(entry)
    };
    match started.await {
        Ok(entry) => opened(office, &entry, row.epoch).await,
        Err(error) => {
            tracing::error!(target: "zaptor::registry", account = %row.id, %error, "an account cannot be started");
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

/// Settles messages in doubt whose account does not run: after the accounts' `unknown_after_seconds` they are `unknown`.
/// Ends with the registry.
pub(super) async fn sweep(office: Office) {
    let interval = Duration::from_secs(office.settings.sweep_interval_seconds);
    loop {
        office.clock.sleep(interval).await;
        if let Err(error) = sweep_once(&office).await {
            tracing::warn!(target: "zaptor::registry", %error, "messages in doubt could not be swept");
        }
    }
}

async fn sweep_once(office: &Office) -> Result<(), StoreError> {
    let patience = Duration::from_secs(office.shared.settings.unknown_after_seconds);
    let before = office.clock.now().before(patience);
    let overdue = outbox::overdue_accounts(office.store.reads(), before, SWEEP).await?;
    if overdue.is_empty() {
        return Ok(());
    }
    let Ok(tree) = office.supervisor.send(Observe).await else {
        return Ok(());
    };
    for account in overdue {
        let entry = office.running.find(account);
        // One that sleeps is asked once it is awake.
        if let Some(entry) = entry.clone().filter(Entry::needs_waking) {
            hibernation::wake_in_turn(office, entry, Duration::ZERO);
            continue;
        }
        // One that runs resolves them itself; its epoch is its own.
        if entry.as_ref().is_none_or(|entry| entry.rests(&tree)) {
            let done =
                account::give_up_overdue(&office.shared, account, entry.as_ref().map(Entry::place)).await;
            if let Err(error) = done {
                tracing::warn!(target: "zaptor::registry", %account, %error, "messages in doubt could not be settled");
            }
        }
    }
    Ok(())
}
