//! The gap detector: compares what the page's store has with what is in ours, and brings in what is missing, once, in
//! the order in which it was sent, and marked.
//!
//! The page reports what comes in while it comes in. What it took in while nobody listened (a browser that died or hung,
//! events that were dropped, a profile that was put back) it reports to nobody: it is no news to WhatsApp any more. So
//! the store is asked whenever the account has come online, and now and then while it is. Up to where that was done
//! stands in our database, never in the profile: a profile may be older than what we know.

use std::time::{Duration, Instant};

use actix::{ActorFutureExt as _, AsyncContext as _, Context, WrapFuture as _};

use super::{
    Account,
    inbound::received,
    outbound::Kit,
    scribe::{Data, Entry},
};
use crate::{
    domain::{AccountId, TenantId, Timestamp},
    outbox,
    session::{InboundKey, SessionError},
    store::StoreError,
};

/// How far behind the newest message of the last comparison the next one begins: a message may come in later than one
/// that was sent after it.
const MARGIN: Duration = Duration::from_secs(3_600);
/// How many messages the page is asked for at once. An answer of so many has some 50 KB.
const MOST: usize = 500;
/// How many times as many, where so many were sent within one second.
const WIDEST: usize = 16;
/// How many are asked for at once; of long ones fewer come.
const FETCH: usize = 50;
/// How long what the page has reported may take to our database before it counts as missing, on a busy machine, too. What
/// nobody was told of waits as long for it, once.
const SETTLE: Duration = Duration::from_secs(2);

/// When the account is compared.
#[derive(Debug, Default)]
pub(super) struct Watch {
    running: bool,
    again: bool,
    last: Option<Instant>,
}

impl Account {
    /// Compares now; once more after that, if it is asked for meanwhile.
    pub(super) fn close_gap(&mut self, ctx: &mut Context<Self>) {
        let Some(kit) = self.kit() else { return };
        if self.gap.running {
            self.gap.again = true;
            return;
        }
        self.gap.running = true;
        let (whose, place) = ((self.place.tenant, self.place.account), self.place.clone());
        let work = async move { compare(&kit, whose).await };
        ctx.spawn(work.into_actor(self).map(move |done, this, ctx| {
            this.gap.running = false;
            this.gap.last = Some(this.shared.clock.instant());
            match done {
                Ok(found) => {
                    if found > 0 {
                        place.note_change();
                    }
                    place.note_compared(this.shared.clock.now());
                }
                Err(Failure::Session(error)) => {
                    tracing::debug!(target: "zaptor::account", account = %whose.1, %error, "not compared with the page");
                    this.command_failed(&error, ctx);
                }
                Err(Failure::Store(error)) => {
                    tracing::warn!(target: "zaptor::account", account = %whose.1, %error, "not compared with the page");
                }
            }
            if std::mem::take(&mut this.gap.again) && this.machine.serving().is_some() {
                this.close_gap(ctx);
            }
        }));
    }

    /// Compares, if that was last done long ago.
    pub(super) fn close_gap_if_due(&mut self, ctx: &mut Context<Self>) {
        let limit = Duration::from_secs(self.shared.settings.gap_check_interval_seconds);
        let now = self.shared.clock.instant();
        let due = self
            .gap
            .last
            .is_some_and(|last| now.duration_since(last) >= limit);
        if due && !self.gap.running && self.machine.serving().is_some() {
            self.close_gap(ctx);
        }
    }
}

enum Failure {
    Session(SessionError),
    Store(StoreError),
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        Self::Session(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Compares from the last comparison on, and writes down how far it came.
/// Gives how many messages nobody had been told of.
async fn compare(kit: &Kit, whose: (TenantId, AccountId)) -> Result<usize, Failure> {
    let shared = &kit.shared;
    let Some(before) = shared.store.reads().compared(whose.0, whose.1).await? else {
        // Linked before anybody compared: what the page has is history.
        kit.scribe.note(Entry::Linked(shared.clock.now()));
        return Ok(0);
    };
    let mut since = before.until.before(MARGIN).max(before.from);
    let mut most = MOST;
    let mut gap = Gap::default();
    loop {
        let list = kit.session.inbound_since(since, most).await?;
        gap.bring_in(kit, whose.1, &list.messages).await?;
        let Some(latest) = list.messages.last().map(|message| message.sent_at) else {
            break;
        };
        gap.until = gap.until.max(Some(latest));
        if !list.more {
            break;
        }
        if latest > since {
            (since, most) = (latest, MOST);
        } else if most < MOST * WIDEST {
            most *= 2;
        } else {
            // More than eight thousand within a second: the rest of that second is left out.
            since = latest.after(Duration::from_secs(1));
        }
    }
    let found = gap.found;
    kit.scribe.note(Entry::Compared(gap.closed()));
    Ok(found)
}

/// What a comparison has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Closed {
    /// How many messages were missing.
    pub(super) found: usize,
    /// When the oldest of them was sent.
    pub(super) since: Option<Timestamp>,
    /// The newest message that the page has, if it has any.
    pub(super) until: Option<Timestamp>,
}

#[derive(Default)]
struct Gap {
    found: usize,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl Gap {
    fn closed(&self) -> Closed {
        Closed {
            found: self.found,
            since: self.since,
            until: self.until,
        }
    }

    async fn bring_in(
        &mut self,
        kit: &Kit,
        account: AccountId,
        listed: &[InboundKey],
    ) -> Result<(), Failure> {
        let mut missing = missing(kit, account, listed.to_vec()).await?;
        if missing.is_empty() {
            return Ok(());
        }
        // What came in just now is on its way to us by itself.
        kit.shared.clock.sleep(SETTLE).await;
        missing = self::missing(kit, account, missing).await?;
        let mut rest = missing.as_slice();
        while !rest.is_empty() {
            let asked = &rest[..rest.len().min(FETCH)];
            let batch = kit.session.fetch_inbound(asked.to_vec()).await?;
            rest = &rest[batch.answered.min(asked.len())..];
            let oldest = batch.messages.iter().map(|message| message.sent_at).min();
            let data: Vec<Data> = batch
                .messages
                .into_iter()
                .map(|message| received(message, true))
                .collect();
            let stored = kit.scribe.backfill(data).await;
            if stored > 0 {
                self.found += stored;
                self.since = self.since.or(oldest);
            }
        }
        Ok(())
    }
}

/// Those that we do not have, in their order.
async fn missing(
    kit: &Kit,
    account: AccountId,
    keys: Vec<InboundKey>,
) -> Result<Vec<InboundKey>, StoreError> {
    let known = outbox::known(kit.shared.store.reads(), account, keys.iter().map(|key| &key.id)).await?;
    Ok(keys.into_iter().filter(|key| !known.contains(&key.id)).collect())
}
