//! Who is put to sleep and woken by itself: accounts without anything to do, those that are to look for messages, those
//! for which a message waits, and those that have to make room.

use std::{cmp::Reverse, time::Duration};

use actix::{Context, Handler, ResponseFuture};
use futures::future;
use serde::Deserialize;
use tokio::sync::OwnedSemaphorePermit;

use super::{
    Registry,
    entry::{Entry, Office},
    metrics,
    parking::{Busy, Parked, Waking},
};
use crate::{
    domain::{AccountId, AccountState, HibernationCause, Timestamp},
    outbox,
    protocol::{
        account::AccountError,
        registry::{HibernateAccount, MakeRoom, MessagesWait, SettingsChanged, WakeAccount},
    },
};

/// How often accounts are looked through. A look takes some 50 ns for each account; where any of them sleeps, it also asks
/// the database once what is due soon.
const LOOK: Duration = Duration::from_secs(1);

/// How long a visit waits until what the page has was compared with what we have; a comparison takes some 10 ms.
const COMPARED_WITHIN: Duration = Duration::from_secs(20);

/// How long an account is woken before a message is due, at most: some wakes take long once, and would cost memory for
/// nothing every other time.
const LEAD_MAX: Duration = Duration::from_secs(60);

/// How many accounts with messages that are due soon one look takes on; the others are woken when they are due.
const SOON: u64 = 1_000;

/// When accounts sleep. Every key may be left out.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How long an account may have nothing to do until it is parked, in seconds; 0: for ever. 0 to 2,592,000.
    pub after_seconds: u64,
    /// How often a parked account is opened to look for messages, in seconds; 0: never. 0 to 86,400.
    pub wake_every_seconds: u64,
    /// How many accounts look for messages at the same time. 1 to 1,000.
    pub wake_at_once: usize,
    /// How long an account that was woken to send stays awake without anything to do, in seconds. 1 to 86,400.
    pub linger_seconds: u64,
    /// How long the page of an account that looks for messages must report nothing, in seconds, until it has caught up.
    /// 1 to 600.
    pub visit_quiet_seconds: u64,
    /// How long one account that looks for messages may keep the next one waiting, in seconds. 10 to 3,600.
    pub visit_max_seconds: u64,
    /// How long an account is woken before a message is due, in seconds, until a wake of it was measured; from then on
    /// twice what the last one took. 0: never before. 0 to 60.
    pub wake_lead_seconds: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            after_seconds: 0,
            wake_every_seconds: 900,
            wake_at_once: 2,
            linger_seconds: 60,
            visit_quiet_seconds: 3,
            visit_max_seconds: 120,
            wake_lead_seconds: 5,
        }
    }
}

impl Settings {
    pub(super) const fn linger(&self) -> Duration {
        Duration::from_secs(self.linger_seconds)
    }

    const fn visit_quiet(&self) -> Duration {
        Duration::from_secs(self.visit_quiet_seconds)
    }

    /// How long this account may have nothing to do, by its settings; `None`: for ever.
    fn after(&self, entry: &Entry) -> Option<Duration> {
        let own = entry.own_settings().hibernate_after.map(u64::from);
        let seconds = Some(own.unwrap_or(self.after_seconds)).filter(|&seconds| seconds > 0);
        seconds.map(Duration::from_secs)
    }

    /// Whether this account is parked when it has nothing to do.
    pub(super) fn lets_sleep(&self, entry: &Entry) -> bool {
        self.after(entry).is_some()
    }

    /// How long this account may have nothing to do now; `None`: for ever.
    fn patience(&self, entry: &Entry) -> Option<Duration> {
        let after = self.after(entry);
        match entry.hibernation() {
            // Awake for a moment only.
            Some(meant) if meant.why != HibernationCause::Idle => {
                Some(after.map_or(self.linger(), |after| after.min(self.linger())))
            }
            _ => after,
        }
    }

    /// How long an account is woken before a message is due; `took` is how long its last wake did.
    pub(super) fn lead(&self, took: Option<Duration>) -> Duration {
        if self.wake_lead_seconds == 0 {
            return Duration::ZERO;
        }
        let expected = took.map_or(Duration::from_secs(self.wake_lead_seconds), |took| took * 2);
        // Somebody looks only so often.
        (expected + LOOK).min(LEAD_MAX)
    }

    /// How often this account is looked after while it sleeps.
    pub(super) fn wake_every(&self, entry: &Entry) -> Option<Duration> {
        let own = entry.own_settings().wake_every.map(u64::from);
        let seconds = Some(own.unwrap_or(self.wake_every_seconds)).filter(|&seconds| seconds > 0);
        seconds.map(Duration::from_secs)
    }
}

/// Looks through the accounts again and again. Ends with the registry.
pub(super) async fn keep(office: Office) {
    loop {
        office.clock.sleep(LOOK).await;
        if look(&office) > 0 {
            wake_ahead(&office).await;
        }
    }
}

/// Gives how many sleep.
fn look(office: &Office) -> i64 {
    let now = office.clock.now();
    let mut parked = HibernationCause::ALL.map(|why| (why, 0));
    let concerned = office.running.pick(|entry| match entry.place().standing.state() {
        AccountState::Hibernated => {
            let meant = entry.hibernation();
            let counted = parked
                .iter_mut()
                .find(|(why, _)| meant.is_some_and(|meant| meant.why == *why));
            counted.into_iter().for_each(|(_, count)| *count += 1);
            if meant.is_some_and(|meant| meant.wake_at.is_none()) {
                entry.appoint(office, now);
            }
            entry.is_due(now)
        }
        AccountState::Online => is_idle(office, entry, now),
        _ => false,
    });
    let mut due = Vec::new();
    for entry in concerned {
        match entry.hibernation().and_then(|meant| meant.wake_at) {
            Some(at) if entry.sleeps() => due.push((at, entry)),
            _ => lay_down(office, entry),
        }
    }
    metrics::parked(&parked);
    // Who waits longest comes first; the others wait for the next look.
    due.sort_by_key(|(at, entry)| (*at, entry.account()));
    for (_, entry) in due {
        let Ok(permit) = office.visits.clone().try_acquire_owned() else {
            break;
        };
        if let Some(busy) = entry.occupy() {
            actix::spawn(visit(office.clone(), entry, (permit, busy)));
        }
    }
    parked.iter().map(|(_, count)| count).sum()
}

/// Wakes those that sleep and have a message whose time comes before they would be awake. It is sent when it is due all the
/// same: nobody claims it before.
async fn wake_ahead(office: &Office) {
    let settings = &office.settings.hibernation;
    if settings.lead(None).is_zero() {
        return;
    }
    let now = office.clock.now();
    let soon = outbox::first_due(office.store.reads(), now.after(LEAD_MAX), SOON).await;
    let soon = soon.unwrap_or_else(|error| {
        // They are woken when it is due.
        tracing::warn!(target: "zaptor::registry", %error, "it cannot be read what is due soon");
        Vec::new()
    });
    for (account, at) in soon.into_iter().filter(|(_, at)| *at > now) {
        let entry = office.running.find(account).filter(Entry::sleeps);
        if let Some(entry) = entry.filter(|entry| at.since(now) <= settings.lead(entry.wake_took())) {
            wake_in_turn(office, entry, at.since(now));
        }
    }
}

fn is_idle(office: &Office, entry: &Entry, now: Timestamp) -> bool {
    let patience = office.settings.hibernation.patience(entry);
    patience
        .is_some_and(|patience| entry.is_quiet() && now.since(entry.place().activity.used_at()) >= patience)
}

/// Parks an account that has nothing to do, in the background, some at a time.
fn lay_down(office: &Office, entry: Entry) {
    let Ok(permit) = office.parkings.clone().try_acquire_owned() else {
        return;
    };
    let Some(busy) = entry.occupy() else { return };
    let office = office.clone();
    actix::spawn(async move {
        let _held = (permit, busy);
        if let Err(error) = entry.park(&office, HibernationCause::Idle).await {
            tracing::warn!(target: "zaptor::registry", account = %entry.account(), %error, "not parked");
        }
    });
}

/// Opens a parked account, waits until it is proven online and has caught up, and parks it again. One that does not come
/// online is left to supervision and says so; it is parked again once it is online and has nothing to do.
async fn visit(office: Office, entry: Entry, held: (OwnedSemaphorePermit, Busy)) {
    let limit = Duration::from_secs(office.settings.hibernation.visit_max_seconds);
    let done = tokio::select! {
        done = look_for_messages(&office, &entry) => {
            metrics::visited(if done.is_ok() { "done" } else { "failed" });
            done
        }
        () = office.clock.sleep(limit) => {
            tracing::warn!(target: "zaptor::registry", account = %entry.account(),
                state = %entry.place().standing.state(), "looking for messages takes long; the next one goes on");
            metrics::visited("slow");
            Ok(())
        }
    };
    drop(held);
    if let Err(error) = done {
        tracing::warn!(target: "zaptor::registry", account = %entry.account(), %error,
            "it could not look for messages");
    }
}

async fn look_for_messages(office: &Office, entry: &Entry) -> Result<(), AccountError> {
    let mut compared = entry.place().compared();
    compared.mark_unchanged();
    entry.wake(office, Waking::Rotation).await?;
    let mut standing = entry.place().standing.watch();
    let _ = standing
        .wait_for(|stand| stand.state == AccountState::Online)
        .await;
    // What the page took in before it was parked, and nobody had taken over. Where that cannot be found out now, the next
    // visit finds it: it stays in the page.
    tokio::select! {
        _ = compared.changed() => {}
        () = office.clock.sleep(COMPARED_WITHIN) => {}
    }
    let quiet = office.settings.hibernation.visit_quiet();
    loop {
        // Somebody wants it awake, or it has trouble, which is not to be hidden.
        let Some(meant) = entry.hibernation() else {
            return Ok(());
        };
        if entry.place().standing.state() != AccountState::Online {
            return Ok(());
        }
        let since = office.clock.now().since(entry.place().activity.heard_at());
        if since < quiet || !entry.is_quiet() {
            office.clock.sleep(quiet.saturating_sub(since).max(LOOK)).await;
        } else if entry.park(office, meant.why).await? == Parked::Asleep {
            return Ok(());
        } else {
            office.clock.sleep(quiet).await;
        }
    }
}

/// Waits until the account that was woken has opened its session, or has failed to.
async fn opened(office: &Office, entry: &Entry) {
    let mut standing = entry.place().standing.watch();
    let limit = Duration::from_secs(office.settings.start_wait_seconds);
    let opened = |state| !matches!(state, AccountState::Hibernated | AccountState::Starting);
    tokio::select! {
        _ = standing.wait_for(|stand| opened(stand.state)) => {}
        () = office.clock.sleep(limit) => {}
    }
}

/// Wakes an account for what waits to be sent, in the background, some at a time: opening a session is the most expensive
/// thing that it does. `ahead`: for what waits and for what is due so soon.
pub(super) fn wake_in_turn(office: &Office, entry: Entry, ahead: Duration) {
    let Some(busy) = entry.occupy() else {
        // A visit or a parking is under way; whatever waits is told of again.
        return;
    };
    let office = office.clone();
    actix::spawn(async move {
        let _busy = busy;
        let Ok(_permit) = office.wakes.clone().acquire_owned().await else {
            return;
        };
        let waking = match ahead.is_zero() {
            true => Waking::Message,
            false => Waking::Schedule,
        };
        let woken = match entry.has_work(&office, office.clock.now().after(ahead)).await {
            // Sent or cancelled since somebody told of it.
            Ok(false) => return,
            Ok(true) => entry.wake(&office, waking).await,
            Err(error) => Err(error),
        };
        match woken {
            Ok(()) => opened(&office, &entry).await,
            Err(error) => {
                tracing::warn!(target: "zaptor::registry", account = %entry.account(), %error, "not woken");
            }
        }
    });
}

impl Handler<HibernateAccount> for Registry {
    type Result = ResponseFuture<Result<(), AccountError>>;

    fn handle(&mut self, hibernate: HibernateAccount, _: &mut Context<Self>) -> Self::Result {
        let office = self.office.clone();
        Box::pin(async move {
            let entry = office.entry(hibernate.tenant, hibernate.account).await?;
            entry.park(&office, hibernate.why).await.map(drop)
        })
    }
}

impl Handler<WakeAccount> for Registry {
    type Result = ResponseFuture<Result<(), AccountError>>;

    fn handle(&mut self, wake: WakeAccount, _: &mut Context<Self>) -> Self::Result {
        let office = self.office.clone();
        Box::pin(async move {
            let entry = office.entry(wake.tenant, wake.account).await?;
            entry.wake(&office, Waking::Asked).await
        })
    }
}

impl Handler<SettingsChanged> for Registry {
    type Result = ResponseFuture<Result<(), AccountError>>;

    fn handle(&mut self, changed: SettingsChanged, _: &mut Context<Self>) -> Self::Result {
        let office = self.office.clone();
        Box::pin(async move {
            let entry = office.entry(changed.tenant, changed.account).await?;
            entry.resettle(&office).await
        })
    }
}

impl Handler<MessagesWait> for Registry {
    type Result = ();

    fn handle(&mut self, MessagesWait { accounts }: MessagesWait, _: &mut Context<Self>) {
        for account in accounts {
            if let Some(entry) = self.office.running.find(account).filter(Entry::needs_waking) {
                wake_in_turn(&self.office, entry, Duration::ZERO);
            }
        }
    }
}

impl Handler<MakeRoom> for Registry {
    type Result = ResponseFuture<Vec<AccountId>>;

    fn handle(&mut self, MakeRoom { accounts }: MakeRoom, _: &mut Context<Self>) -> Self::Result {
        let office = self.office.clone();
        Box::pin(async move { make_room(&office, accounts).await })
    }
}

/// Parks so many of those that have the least to do; gives those that were.
pub(super) async fn make_room(office: &Office, count: usize) -> Vec<AccountId> {
    let mut idle: Vec<Entry> = office.running.all();
    idle.retain(|entry| entry.place().standing.state() == AccountState::Online && entry.is_quiet());
    // The least busy are at the end.
    idle.sort_by_key(|entry| Reverse(entry.place().activity.used_at()));
    let mut parked = Vec::new();
    while parked.len() < count && !idle.is_empty() {
        let some = idle.split_off(idle.len().saturating_sub(count - parked.len()));
        let parkings = some.into_iter().map(|entry| async move {
            let busy = entry.occupy()?;
            let done = entry.park(office, HibernationCause::Memory).await;
            drop(busy);
            (done == Ok(Parked::Asleep)).then(|| entry.account())
        });
        parked.extend(future::join_all(parkings).await.into_iter().flatten());
    }
    parked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lead_is_what_the_last_wake_took_twice_and_a_look() {
        let (ms, settings) = (Duration::from_millis, Settings::default());
        assert_eq!(settings.lead(None), ms(6_000), "nothing is known yet");
        for (took, lead) in [(40, 1_080), (1_500, 4_000), (600_000, 60_000)] {
            assert_eq!(settings.lead(Some(ms(took))), ms(lead), "{took}");
        }
        let never = Settings {
            wake_lead_seconds: 0,
            ..settings
        };
        assert_eq!(never.lead(Some(ms(1_500))), Duration::ZERO);
    }
}
