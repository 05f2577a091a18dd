//! The pump: per account one lane, one message in flight. It asks for pace, claims the next row (`sending`, committed),
//! and hands it to the account. Nudges wake it; a poll finds what nudges missed.

use std::{collections::HashMap, sync::Arc, time::Duration};

use dashmap::DashMap;
use tokio::runtime::Handle;

use actix::{Actor, ActorFutureExt as _, AsyncContext as _, Context, Handler, Recipient, WrapFuture as _};

use super::{Settings, sweep};
use crate::{
    domain::{AccountId, Clock, IdSource, MessageId},
    outbox::{self, Claim},
    protocol::{
        Line,
        account::{AccountError, Deliver, Delivery},
        dispatcher::{AccountReady, AccountUnready, OutboxGrew},
        rate_limit::{AskPace, Pace},
        registry::{MessagesWait, To},
    },
    store::{Store, StoreError},
    supervision::Life,
};

/// How long a lane rests after something that is not the message's fault failed.
const REST: Duration = Duration::from_secs(1);
/// The word for a message that came to no account.
const DOWN: &str = "the registry ended before an account took it";
/// How many accounts one poll looks up.
const POLL_LIMIT: u64 = 10_000;

/// What the pump is made of; the same for every generation.
#[derive(Clone)]
pub struct PumpParts {
    /// How it works.
    pub settings: Settings,
    /// Where it claims.
    pub store: Store,
    /// For entries and events of what expires.
    pub ids: Arc<IdSource>,
    /// Its time.
    pub clock: Clock,
    /// Which node this is, for timelines.
    pub node: String,
    /// Knows the pace.
    pub pace: Line<AskPace>,
    /// Finds accounts.
    pub registry: Line<To<Deliver>>,
    /// Hears that messages wait for accounts that cannot send.
    pub waiting: Line<MessagesWait>,
    /// The accounts that can send and their epochs. It outlives a generation of the pump: after a restart nobody else
    /// would tell.
    pub ready: Arc<DashMap<AccountId, i64>>,
}

/// The actor.
pub struct Pump {
    parts: Arc<PumpParts>,
    lanes: HashMap<AccountId, Lane>,
    _life: Life,
}

/// An account that can send, or that could when the turn began which is under way: under one epoch no second turn begins
/// beside it.
struct Lane {
    /// Under which its rows are claimed.
    epoch: i64,
    /// Whether it can send.
    open: bool,
    /// Something of it is under way: a look, a pause, a delivery.
    busy: bool,
    /// A nudge came while it was busy.
    again: bool,
}

impl Lane {
    const fn new(epoch: i64) -> Self {
        Self {
            epoch,
            open: true,
            busy: false,
            again: false,
        }
    }
}

/// What one turn of a lane came to.
enum Turn {
    /// Something went out: look again at once.
    More,
    /// Nothing is ready; a nudge or the poll will tell.
    Idle,
    /// Look again after this pause.
    Pause(Duration),
    /// The account must say that it is ready first.
    Closed,
}

impl Pump {
    /// A fresh value for one generation of the actor.
    pub fn new(parts: PumpParts, life: Life) -> Self {
        let lanes = parts
            .ready
            .iter()
            .map(|ready| (*ready.key(), Lane::new(*ready.value())))
            .collect();
        Self {
            parts: Arc::new(parts),
            lanes,
            _life: life,
        }
    }

    fn run(&mut self, account: AccountId, ctx: &mut Context<Self>) {
        let Some(lane) = self.lanes.get_mut(&account) else {
            return;
        };
        if lane.busy {
            lane.again = true;
            return;
        }
        lane.busy = true;
        lane.again = false;
        let (parts, epoch) = (Arc::clone(&self.parts), lane.epoch);
        let turn = async move {
            match turn(&parts, account, epoch).await {
                Turn::Pause(pause) => {
                    parts.clock.sleep(pause).await;
                    Turn::More
                }
                other => other,
            }
        };
        ctx.spawn(
            turn.into_actor(self)
                .map(move |turn, pump, ctx| pump.turned(account, epoch, &turn, ctx)),
        );
    }

    fn turned(&mut self, account: AccountId, epoch: i64, turn: &Turn, ctx: &mut Context<Self>) {
        let Some(lane) = self.lanes.get_mut(&account) else {
            return;
        };
        if lane.epoch != epoch {
            // A newer generation took the lane over while this turn was under way; it starts its own.
            return;
        }
        lane.busy = false;
        match turn {
            Turn::Closed => self.close(account),
            _ if !lane.open => self.close(account),
            Turn::More | Turn::Pause(_) => self.run(account, ctx),
            Turn::Idle if lane.again => self.run(account, ctx),
            Turn::Idle => {}
        }
    }

    /// Runs the lanes of these accounts; of those that have none, the ones that sleep are woken by the registry.
    fn run_all(&mut self, accounts: Vec<AccountId>, ctx: &mut Context<Self>) {
        let (lanes, without): (Vec<AccountId>, Vec<AccountId>) = accounts
            .into_iter()
            .partition(|account| self.lanes.get(account).is_some_and(|lane| lane.open));
        lanes.into_iter().for_each(|account| self.run(account, ctx));
        if !without.is_empty()
            && let Some(registry) = (self.parts.waiting)()
        {
            registry.do_send(MessagesWait { accounts: without });
        }
    }

    fn close(&mut self, account: AccountId) {
        self.parts.ready.remove(&account);
        match self.lanes.get_mut(&account) {
            // Its claim carries the epoch, so it ends by itself; what it comes to still holds for this epoch.
            Some(lane) if lane.busy => lane.open = false,
            _ => drop(self.lanes.remove(&account)),
        }
    }

    fn poll(&mut self, ctx: &mut Context<Self>) {
        let parts = Arc::clone(&self.parts);
        let look = async move {
            let expired = sweep::expire(&parts.store, &parts.ids, &parts.clock).await;
            let due = outbox::due_accounts(parts.store.reads(), parts.clock.now(), POLL_LIMIT).await;
            (expired, due)
        };
        ctx.spawn(look.into_actor(self).map(|(expired, due), pump, ctx| {
            if let Err(error) = expired {
                tracing::warn!(target: "zaptor::dispatcher", %error, "expiry waits");
            }
            // Before the pause: after it, what was due may be long sent.
            match due {
                Ok(accounts) => pump.run_all(accounts, ctx),
                Err(error) => tracing::warn!(target: "zaptor::dispatcher", %error, "the poll failed"),
            }
            pump.poll_later(ctx);
        }));
    }

    fn poll_later(&self, ctx: &mut Context<Self>) {
        let pause = self.parts.clock.sleep(self.parts.settings.poll_interval);
        ctx.spawn(pause.into_actor(self).map(|(), pump, ctx| pump.poll(ctx)));
    }
}

/// One turn of a lane: is there something, may it go, claim it, hand it over.
async fn turn(parts: &PumpParts, account: AccountId, epoch: i64) -> Turn {
    match outbox::has_ready(parts.store.reads(), account, parts.clock.now()).await {
        Ok(true) => {}
        Ok(false) => return Turn::Idle,
        Err(error) => return rest(account, &error),
    }
    match ask_pace(&parts.pace, account).await {
        Some(Pace::Go) => {}
        Some(Pace::Wait(pause)) => return Turn::Pause(pause),
        // Pace never fails open: nobody to ask means nobody goes.
        None => return Turn::Pause(REST),
    }
    let (node, now) = (parts.node.clone(), parts.clock.now());
    let claimed = parts
        .store
        .write(move |tx| Box::pin(async move { outbox::claim_next(tx, account, epoch, &node, now).await }))
        .await;
    match claimed {
        Ok(Some(claim)) => deliver(parts, claim).await,
        Ok(None) => Turn::Idle,
        Err(error) => rest(account, &error),
    }
}

fn rest(account: AccountId, error: &StoreError) -> Turn {
    tracing::warn!(target: "zaptor::dispatcher", %account, %error, "the lane rests");
    Turn::Pause(REST)
}

async fn ask_pace(pace: &Line<AskPace>, account: AccountId) -> Option<Pace> {
    let rate_limit: Recipient<AskPace> = pace()?;
    rate_limit.send(AskPace { account }).await.ok()
}

/// A claimed message that no account has taken. Dropped with it in hand (a panic, or the end of the pump), the row is
/// put back: nobody else would look for it as long as its account lives.
struct InHand(Option<(PumpParts, MessageId, i64)>);

impl Drop for InHand {
    fn drop(&mut self) {
        if let Some((parts, message, epoch)) = self.0.take()
            && let Ok(runtime) = Handle::try_current()
        {
            let cause = "the dispatcher ended before an account took it".to_owned();
            runtime.spawn(give_back(parts, message, epoch, cause));
        }
    }
}

async fn give_back(parts: PumpParts, message: MessageId, epoch: i64, cause: String) {
    let now = parts.clock.now();
    let back = parts
        .store
        .write(move |tx| {
            Box::pin(async move { outbox::give_back(tx, message, epoch, &cause, now.after(REST), now).await })
        })
        .await;
    if let Err(error) = back {
        tracing::warn!(target: "zaptor::dispatcher", %message, %error, "a row stays claimed until its account is reborn");
    }
}

async fn deliver(parts: &PumpParts, claim: Claim) -> Turn {
    let Claim {
        message,
        account,
        attempt,
        epoch,
        outgoing,
        ..
    } = claim;
    let command = Deliver {
        message,
        attempt,
        epoch,
        outgoing,
    };
    let mut in_hand = InHand(Some((parts.clone(), message, epoch)));
    let answer = match (parts.registry)() {
        None => Err(AccountError::NotRunning),
        Some(registry) => {
            let deadline = parts.settings.deliver_timeout;
            let asked = registry.send(To { account, command });
            in_hand.0 = None;
            tokio::select! {
                // What the registry has handled is answered even after its own end: it has ended before it came to this.
                answer = asked => answer.unwrap_or_else(|_| Err(AccountError::Session(DOWN.to_owned()))),
                () = parts.clock.sleep(deadline) => Err(AccountError::NoAnswer),
            }
        }
    };
    match answer {
        Ok(Delivery::Sent | Delivery::Failed | Delivery::Returned) => Turn::More,
        Ok(Delivery::InDoubt) => Turn::Closed,
        // The account settles the row itself, or its next generation does.
        Err(AccountError::NoAnswer) => Turn::Pause(REST),
        Err(error) => {
            // The account never took it: surely not sent.
            in_hand.0 = None;
            give_back(parts.clone(), message, epoch, error.to_string()).await;
            if error == AccountError::NotRunning {
                Turn::Closed
            } else {
                Turn::Pause(REST)
            }
        }
    }
}

impl Actor for Pump {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let accounts: Vec<AccountId> = self.lanes.keys().copied().collect();
        accounts.into_iter().for_each(|account| self.run(account, ctx));
        self.poll(ctx);
    }
}

impl Handler<OutboxGrew> for Pump {
    type Result = ();

    fn handle(&mut self, grew: OutboxGrew, ctx: &mut Self::Context) {
        self.run_all(vec![grew.account], ctx);
    }
}

impl Handler<AccountReady> for Pump {
    type Result = ();

    fn handle(&mut self, ready: AccountReady, ctx: &mut Self::Context) {
        match self.lanes.get_mut(&ready.account) {
            // Said again with every proof of a round trip. An open lane needs no look then: nudges and the poll wake it.
            Some(lane) if lane.epoch == ready.epoch && lane.open => return,
            Some(lane) if lane.epoch == ready.epoch => lane.open = true,
            _ => drop(self.lanes.insert(ready.account, Lane::new(ready.epoch))),
        }
        self.parts.ready.insert(ready.account, ready.epoch);
        self.run(ready.account, ctx);
    }
}

impl Handler<AccountUnready> for Pump {
    type Result = ();

    fn handle(&mut self, unready: AccountUnready, _: &mut Self::Context) {
        self.close(unready.account);
    }
}
