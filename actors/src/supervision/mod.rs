//! F1: supervision. actix's own `Supervisor` restarts nothing after a panic, keeps a broken value and knows no pause;
//! this one builds every generation anew from a factory, learns of each death by a drop guard, waits with a growing
//! pause, and stops trying so eagerly once a budget is spent.
//!
//! ```text
//!            end, budget left            pause over
//!  running ──────────────────▶ backing_off ─────────▶ running (generation + 1)
//!     │ end, budget spent                      pause over
//!     ├──────────────────────▶ failed ───────────────▶ running (generation + 1)
//!     │ normal end (transient), any end (temporary), retired
//!     └──────────────────────▶ stopped ──[Revive]────▶ running, with a fresh budget
//! ```
//!
//! This room knows no account and no engine. Of its children it never restarts more than the one that ended
//! (one-for-one), never runs a child's code on its own arbiter, and never loses a death: the guard reports panics, stops
//! and the end of a whole arbiter alike. Whatever shares a fate is counted by [`Groups`] (rest-for-one): a child that
//! says that its group has ended is restarted soon, and nothing of its own budget is spent.

mod budget;
mod child;
mod group;
mod life;
mod supervisor;
#[cfg(test)]
mod tests;

use serde::Deserialize;

pub use budget::{Backoff, Budget, Record, Verdict};
pub use child::{
    Change, ChildReport, ChildSpec, ChildState, Listener, Next, RestartClass, Slot, Starter, starter,
};
pub use group::{Begun, GroupReport, Groups, Hold};
pub use life::{ChildId, Exit, Life};
pub use supervisor::{Forget, Observe, ObserveOne, Retire, Revive, Supervise, Supervisor};

/// How eagerly children are restarted, and on how many threads they run.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Restarts allowed within `within_seconds`, and restarts in a row without the child ever getting healthy; one more
    /// and the child is `failed`. 1 to 1,000.
    pub max_restarts: u32,
    /// The window of the budget, in seconds. 1 to 86,400.
    pub within_seconds: u64,
    /// The ceiling of the first pause, in milliseconds; it doubles with every further one. 1 to 60,000.
    pub backoff_base_ms: u64,
    /// The longest pause, in seconds. 1 to 86,400.
    pub backoff_cap_seconds: u64,
    /// Threads on which children run; 0 takes one for each core.
    pub arbiters: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_restarts: 5,
            within_seconds: 60,
            backoff_base_ms: 500,
            backoff_cap_seconds: 300,
            arbiters: 0,
        }
    }
}

impl Settings {
    /// The budget that these settings grant.
    pub const fn budget(&self) -> Budget {
        Budget {
            max_restarts: self.max_restarts,
            within: std::time::Duration::from_secs(self.within_seconds),
        }
    }

    /// The pauses that these settings ask for.
    pub const fn backoff(&self) -> Backoff {
        Backoff {
            base: std::time::Duration::from_millis(self.backoff_base_ms),
            cap: std::time::Duration::from_secs(self.backoff_cap_seconds),
        }
    }
}
