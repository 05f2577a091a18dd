//! What a supervisor knows of a child and says about it.

use std::{fmt, sync::Arc};

use actix::{Actor, Addr, ArbiterHandle, Context};
use parking_lot::Mutex;

use super::{ChildId, Exit, Life};
use crate::domain::Timestamp;

/// Which ends are followed by a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestartClass {
    /// Every end.
    Permanent,
    /// Every end but one that the child called finished.
    Transient,
    /// None.
    Temporary,
}

impl RestartClass {
    /// The word in the tree.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Permanent => "permanent",
            Self::Transient => "transient",
            Self::Temporary => "temporary",
        }
    }

    pub(super) const fn restarts(self, exit: &Exit) -> bool {
        match self {
            Self::Permanent => true,
            Self::Transient => !exit.is_normal(),
            Self::Temporary => false,
        }
    }
}

/// Starts one generation on the given arbiter. Must keep the new actor's address, or it ends at once: see [`starter`].
pub type Starter = Box<dyn FnMut(&ArbiterHandle, Life) + Send>;

/// Hears of a child's changes, on the supervisor's own thread: it only passes them on, never blocks.
pub type Listener = Box<dyn Fn(&Change) + Send>;

/// Where the address of the child that lives now is found. Holding it keeps the actor alive.
pub struct Slot<A: Actor>(Arc<Mutex<Option<Addr<A>>>>);

impl<A: Actor> Slot<A> {
    /// The address of the newest generation; it may have ended already, then sending to it fails as closed.
    pub fn get(&self) -> Option<Addr<A>> {
        self.0.lock().clone()
    }
}
impl<A: Actor> Default for Slot<A> {
    fn default() -> Self {
        Self(Arc::default())
    }
}
impl<A: Actor> Clone for Slot<A> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}
impl<A: Actor> fmt::Debug for Slot<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slot")
    }
}

/// A starter that makes a fresh actor for every generation, on the child's arbiter, and leaves its address in `slot`.
pub fn starter<A, M>(slot: Slot<A>, make: M) -> Starter
where
    A: Actor<Context = Context<A>>,
    M: Fn(Life) -> A + Send + Clone + 'static,
{
    Box::new(move |arbiter, life| {
        let make = make.clone();
        let address = A::start_in_arbiter(arbiter, move |_| make(life));
        *slot.0.lock() = Some(address);
    })
}

/// What a supervisor needs to know of a child.
pub struct ChildSpec {
    /// The child's role, for the tree: `account`, `dispatcher`, …
    pub name: &'static str,
    /// Which ends are followed by a restart.
    pub class: RestartClass,
    /// Makes the generations.
    pub start: Starter,
    /// Hears of starts and ends.
    pub listener: Listener,
}

impl fmt::Debug for ChildSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChildSpec({}, {:?})", self.name, self.class)
    }
}

/// What happened to a child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A generation was started.
    Started {
        /// Which.
        generation: u64,
    },
    /// A generation ended.
    Down {
        /// Which.
        generation: u64,
        /// How.
        exit: Exit,
        /// What follows.
        next: Next,
    },
}

/// What follows an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// A new generation after this pause.
    Restart {
        /// The pause.
        after: std::time::Duration,
    },
    /// The budget is spent; one more try after this long pause.
    Failed {
        /// The pause.
        retry_after: std::time::Duration,
    },
    /// Nothing.
    Rest,
}

/// Where a child stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChildState {
    /// A generation lives.
    Running,
    /// It ended; a new generation follows soon.
    BackingOff,
    /// Its budget is spent; it is tried again at long intervals.
    Failed,
    /// It ended and nothing follows.
    Stopped,
}

impl ChildState {
    /// The word in the tree.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::BackingOff => "backing_off",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
        }
    }
}

/// A child in the tree.
#[derive(Clone, Debug)]
pub struct ChildReport {
    /// Which.
    pub child: ChildId,
    /// Its role.
    pub name: &'static str,
    /// Which of its ends are followed by a restart.
    pub class: RestartClass,
    /// Where it stands.
    pub state: ChildState,
    /// How often it was started.
    pub generation: u64,
    /// How often it was started because it had ended by itself.
    pub restarts: u64,
    /// How it ended last, and when.
    pub last_exit: Option<(Exit, Timestamp)>,
}
