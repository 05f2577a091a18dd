//! F4: the account, one WhatsApp number. An actor with a pure state machine, a task that owns the session, and a scribe
//! that writes what the actor says, in order.
//!
//! ```text
//!  session ──events──▶ stream ──▶ actor (machine) ──entries──▶ scribe ──one write for many──▶ store
//!     ▲                             │ commands, one in flight
//!     └───────── session task ◀─────┘
//! ```
//!
//! One generation is one actor, one epoch and one session; when any of them ends, all of them do, and supervision makes
//! the next. This room never runs a browser call in the actor's own turn, never writes without its epoch, never says
//! `online` without a proven round trip, and never sends a message again before it has looked for it.

mod actor;
mod catch_up;
mod commands;
mod doubts;
mod drifting;
mod events;
mod gap;
mod gauges;
mod hearing;
mod inbound;
mod machine;
mod mending;
mod meter;
mod metrics;
mod number;
mod obituary;
mod opening;
mod openings;
mod outbound;
mod pairing;
mod parking;
mod probe;
mod profile;
mod proving;
mod recovery;
pub mod repair;
mod round_trips;
mod scribe;
mod session_task;
mod settings;
mod spoken;
mod winding_down;
mod writing;

use std::{path::PathBuf, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::{
    domain::{AccountId, AccountState, Clock, IdSource, TenantId, Timestamp},
    forensics::Forensics,
    protocol::{
        Line,
        account::ProbeSeen,
        dispatcher::{AccountReady, AccountUnready},
    },
    session::Engine,
    store::{AccountRow, Store},
    vault::Vault,
};

use self::{
    obituary::Unwritten,
    parking::Parking,
    probe::Probes,
    profile::{Repair, Unkept},
    repair::Mending,
    round_trips::RoundTrips,
};

pub use actor::Account;
pub use commands::CopyProfile;
pub use events::StateSaid;
pub use gauges::Gauges;
pub use machine::{Dated, Effect, End, Evidence, Input, Machine, Phase, Rules, Say, Woken};
pub use meter::{Meter, Reading};
pub use metrics::{note_permits, note_restart};
pub use obituary::{record_end, record_parked, record_stop};
pub use openings::{Opening, OpeningRules, Openings, Urgency, Waits, Weight};
pub use parking::Activity;
pub use recovery::{give_up_all, give_up_overdue};
pub use settings::{RepairSettings, Settings};
pub use spoken::Spoken;

/// What every account of a process shares. Cheap to clone.
#[derive(Clone)]
pub struct Shared {
    /// The database.
    pub store: Store,
    /// Time.
    pub clock: Clock,
    /// Ids and chance.
    pub ids: Arc<IdSource>,
    /// Patience, intervals and bounds.
    pub settings: Arc<Settings>,
    /// The name of this node, for timelines.
    pub node: Arc<str>,
    /// Whose session is opened next.
    pub openings: Openings,
    /// Where snapshots of profiles are kept; nowhere where that is turned off.
    pub vault: Option<Vault>,
    /// Proofs of round trips that wait to be written together.
    pub(crate) round_trips: Arc<RoundTrips>,
    /// Where what was tried and seen in repairs is kept.
    pub forensics: Forensics,
    /// What is said and not written yet.
    pub spoken: Spoken,
    /// Hears that a lane may run.
    pub ready: Line<AccountReady>,
    /// Hears that it may not.
    pub unready: Line<AccountUnready>,
}

impl Shared {
    /// Tells the dispatcher that the lane may run. A dispatcher that is down keeps what it was told before.
    fn say_ready(&self, account: AccountId, epoch: i64) {
        if let Some(dispatcher) = (self.ready)() {
            dispatcher.do_send(AccountReady { account, epoch });
        }
    }

    /// Tells the dispatcher that it may not.
    fn say_unready(&self, account: AccountId) {
        if let Some(dispatcher) = (self.unready)() {
            dispatcher.do_send(AccountUnready { account });
        }
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Shared(node {})", self.node)
    }
}

/// The agent in an account's page, as far as an exchange of its files is about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageAgent {
    /// Which files run there; empty before the first self-test.
    pub build: String,
    /// What the page lacks and the account cannot do without.
    pub stops: Vec<String>,
    /// Whether a round trip was proven with these files.
    pub proven: bool,
}

/// One account on this node, over all its generations.
#[derive(Clone)]
pub struct Place {
    /// Which.
    pub account: AccountId,
    /// Whose.
    pub tenant: TenantId,
    /// Who serves it.
    pub engine: Arc<dyn Engine>,
    /// Where its profile lives.
    pub profile: PathBuf,
    /// Where it stands, as last committed.
    pub standing: Arc<Standing>,
    /// What its browser costs.
    pub gauges: Arc<Gauges>,
    /// When there was something to do last.
    pub activity: Arc<Activity>,
    /// Held by the session that uses the profile: a new generation waits until the last one's session is closed.
    profile_lock: Arc<tokio::sync::Mutex<()>>,
    repair: Arc<Repair>,
    unkept: Arc<Unkept>,
    mending: Arc<Mending>,
    probes: Arc<Probes>,
    compared: Arc<watch::Sender<Option<Timestamp>>>,
    agent: Arc<watch::Sender<PageAgent>>,
    parking: Arc<Parking>,
    /// Ends of generations.
    ends: Unwritten,
    /// States that the newest generation which has a scribe has said.
    words: Arc<Mutex<Unwritten>>,
}

impl Place {
    /// The place of a stored account.
    pub fn new(row: &AccountRow, engine: Arc<dyn Engine>, profile: PathBuf) -> Self {
        Self {
            account: row.id,
            tenant: row.tenant,
            engine,
            profile,
            standing: Arc::new(Standing::new(row.state, row.epoch)),
            gauges: Arc::new(Gauges::new(row.id)),
            activity: Arc::default(),
            profile_lock: Arc::default(),
            repair: Arc::default(),
            unkept: Arc::default(),
            mending: Arc::new(Mending::left(row.repair.clone())),
            probes: Arc::default(),
            compared: Arc::new(watch::Sender::new(None)),
            agent: Arc::new(watch::Sender::new(PageAgent::default())),
            parking: Arc::default(),
            ends: Unwritten::default(),
            words: Arc::default(),
        }
    }

    /// How its last 20 probes on this node went, the newest first.
    pub fn probes(&self) -> Vec<ProbeSeen> {
        self.probes.seen()
    }

    /// Hears whenever what the page has received was compared with what was told of, and everything missing told.
    pub fn compared(&self) -> watch::Receiver<Option<Timestamp>> {
        self.compared.subscribe()
    }

    /// What its page said of itself last; hears of every change.
    pub fn agent(&self) -> watch::Receiver<PageAgent> {
        self.agent.subscribe()
    }

    fn note_compared(&self, at: Timestamp) {
        self.compared.send_replace(Some(at));
    }

    /// Completes once no session uses the profile any more and it has been kept; no session will use it as long as the
    /// guard lives.
    pub async fn hold_profile(&self) -> tokio::sync::OwnedMutexGuard<()> {
        Arc::clone(&self.profile_lock).lock_owned().await
    }
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Place({})", self.account)
    }
}

/// Where an account stands, as last committed by this node. Also keeps the count of accounts by state.
pub struct Standing(watch::Sender<Stand>);

/// One moment of a [`Standing`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stand {
    /// The state.
    pub state: AccountState,
    /// The epoch under which it was written.
    pub said_under: i64,
    /// The epoch of the newest generation that took over.
    pub epoch: i64,
}

impl Standing {
    fn new(state: AccountState, epoch: i64) -> Self {
        metrics::enter(state);
        let stand = Stand {
            state,
            said_under: epoch,
            epoch,
        };
        Self(watch::Sender::new(stand))
    }

    /// The state.
    pub fn state(&self) -> AccountState {
        self.0.borrow().state
    }

    /// The epoch of the newest generation that took over.
    pub fn epoch(&self) -> i64 {
        self.0.borrow().epoch
    }

    /// Hears of every change.
    pub fn watch(&self) -> watch::Receiver<Stand> {
        self.0.subscribe()
    }

    /// Takes over what was committed, in whatever order commits are told: what an older generation said changes nothing
    /// once a newer one has spoken.
    fn set_state(&self, state: AccountState, epoch: i64) {
        self.0.send_if_modified(|stand| {
            let newer = epoch >= stand.said_under;
            if newer {
                metrics::leave(stand.state);
                metrics::enter(state);
                (stand.state, stand.said_under) = (state, epoch);
            }
            newer
        });
    }

    fn set_epoch(&self, epoch: i64) {
        self.0.send_modify(|stand| stand.epoch = epoch);
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        metrics::leave(self.state());
    }
}

impl std::fmt::Debug for Standing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", *self.0.borrow())
    }
}
