//! One generation of a child: its number, its cancellation, and the guard that reports its end.

use std::{
    fmt,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

use actix::WeakAddr;
use tokio_util::sync::CancellationToken;

use super::supervisor::{ChildDown, Supervisor};

/// A child of a supervisor. Never used again after the child was forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChildId(pub(super) u64);

impl ChildId {
    /// One that nobody else in this process has.
    pub fn fresh() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// How a generation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It said that its work is done; the text says why.
    Finished(String),
    /// It gave up.
    Failed {
        /// A stable word for metrics.
        kind: &'static str,
        /// For people.
        detail: String,
    },
    /// What it shares with others has ended (its group), and took it along.
    GroupEnded(String),
    /// It panicked: in a handler, in a hook or in a future of its own.
    Panicked,
    /// The thread that it ran on is gone.
    ArbiterEnded,
    /// It stopped without a word (its last address was dropped, or it stopped by itself).
    Silent,
}

impl Exit {
    /// Whether a transient child rests after it.
    pub const fn is_normal(&self) -> bool {
        matches!(self, Self::Finished(_))
    }

    /// Whether the child pays for it with its own budget.
    pub const fn is_its_own(&self) -> bool {
        !matches!(self, Self::GroupEnded(_))
    }

    /// The stable word of the cause, for metrics.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Finished(_) => "finished",
            Self::Failed { kind, .. } => kind,
            Self::GroupEnded(_) => "group_ended",
            Self::Panicked => "panicked",
            Self::ArbiterEnded => "arbiter_ended",
            Self::Silent => "silent",
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Finished(reason) | Self::GroupEnded(reason) => reason,
            Self::Failed { detail, .. } => detail,
            Self::Panicked => "an internal error (a panic) ended it",
            Self::ArbiterEnded => "the thread that it ran on ended",
            Self::Silent => "it stopped without a word",
        })
    }
}

/// The life of one generation, held by the child as a field. When it is dropped, whatever the cause, everything that
/// waits for its token ends and the supervisor learns how it ended.
pub struct Life {
    pub(super) child: ChildId,
    pub(super) generation: u64,
    follows_death: bool,
    pub(super) supervisor: WeakAddr<Supervisor>,
    token: CancellationToken,
    exit: Option<Exit>,
    healthy: AtomicBool,
}

impl Life {
    pub(super) fn new(
        child: ChildId,
        generation: u64,
        follows_death: bool,
        supervisor: WeakAddr<Supervisor>,
    ) -> Self {
        Self {
            child,
            generation,
            follows_death,
            supervisor,
            token: CancellationToken::new(),
            exit: None,
            healthy: AtomicBool::new(false),
        }
    }

    /// Which generation this is, from 1. Results that carry another one are late and are ignored.
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether this generation was started because the last one died by itself: neither by a command nor with its group.
    pub const fn follows_death(&self) -> bool {
        self.follows_death
    }

    /// Cancelled when this generation ends. Whatever outlives the actor (a detached future, a session task) ends by it.
    pub fn token(&self) -> CancellationToken {
        self.token.clone()
    }

    /// Says that the child works: a life that was healthy for the budget's window forgives what was before.
    pub fn mark_healthy(&self) {
        self.healthy.store(true, Ordering::Relaxed);
    }

    /// Notes that the end which follows is wanted. The first note stands.
    pub fn finish(&mut self, reason: impl Into<String>) {
        self.exit.get_or_insert(Exit::Finished(reason.into()));
    }

    /// Notes that the end which follows is its group's, not its own. The first note stands.
    pub fn end_with_group(&mut self, reason: impl Into<String>) {
        self.exit.get_or_insert(Exit::GroupEnded(reason.into()));
    }

    /// Notes that the end which follows is a failure. The first note stands.
    pub fn fail(&mut self, kind: &'static str, detail: impl Into<String>) {
        self.exit.get_or_insert(Exit::Failed {
            kind,
            detail: detail.into(),
        });
    }
}

impl fmt::Debug for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Life({:?}, generation {})", self.child, self.generation)
    }
}

// Runs while a panic unwinds too, so nothing in here may panic: a second one would end the process.
impl Drop for Life {
    fn drop(&mut self) {
        self.token.cancel();
        let exit = if std::thread::panicking() {
            Some(Exit::Panicked)
        } else {
            self.exit.take()
        };
        if let Some(supervisor) = self.supervisor.upgrade() {
            supervisor.do_send(ChildDown {
                child: self.child,
                generation: self.generation,
                exit,
                healthy: self.healthy.load(Ordering::Relaxed),
            });
        }
    }
}
