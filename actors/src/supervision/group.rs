//! Children that share a fate, as the accounts of one chromedriver do (rest for one), and the parent that all such groups
//! hang on. Pure: time and chance are arguments.
//!
//! ```text
//!             first of the group ends, budget left           pause over, somebody needs it
//!  running ─────────────────────────────────────▶ backing_off ───────────────────────────▶ running (generation + 1)
//!     │ the same, budget spent: the parent is charged                the parent's pause over
//!     └─────────────────────────────────────────▶ failed ────────────────────────────────▶ running (generation + 1)
//! ```
//!
//! The end of a group is counted once, whoever reports it and however many were in it. A parent that was charged holds
//! back every start of a group, with pauses that grow to the cap; a group that works lets it go.
//!
//! Never: a start before the pause of the group that is started, or of the parent; a second group begun while a first one
//! waits for its next start; one of an ended group put into another that runs; anything done to a group that runs because of another one.

use std::{
    collections::BTreeMap,
    fmt,
    time::{Duration, Instant},
};

use super::{Backoff, Budget, ChildState, Record, Verdict};
use crate::domain::Timestamp;

/// One generation of one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begun {
    /// Which group; they are numbered from 1 and come back under their number.
    pub number: u64,
    /// The how-manieth of it, from 1.
    pub generation: u64,
}

/// Why a group is not started now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hold {
    /// What has ended: `chromedriver`.
    pub what: &'static str,
    /// When it may be tried again, from now on.
    pub retry_in: Duration,
    /// How often it has ended since one worked for the whole window of the budget.
    pub ends: u32,
    /// Within how long.
    pub within: Duration,
    /// How it ended last.
    pub last: String,
    /// Whether a group has spent its budget, so that all starts are held back.
    pub escalated: bool,
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, ends, last, .. } = self;
        let times = if *ends == 1 { "time" } else { "times" };
        let (within, next) = (seconds(self.within), seconds(self.retry_in));
        write!(
            f,
            "{what} ended {ends} {times} in {within} s: {last}; the next one is started in {next} s"
        )
    }
}

/// Whole seconds, at least 1.
fn seconds(duration: Duration) -> u64 {
    duration
        .as_millis()
        .div_ceil(1_000)
        .max(1)
        .try_into()
        .unwrap_or(u64::MAX)
}

/// A group, or the parent of all, in the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupReport {
    /// Its number; 0 for the parent.
    pub number: u64,
    /// Where it stands; `stopped` once its pause is over and nobody has needed it since.
    pub state: ChildState,
    /// How often it was started; for the parent once, since it is charged and not started anew.
    pub generation: u64,
    /// How often it was started because it had ended; for the parent, how often it was charged.
    pub restarts: u64,
    /// How it ended last, and when.
    pub last_exit: Option<(String, Timestamp)>,
}

#[derive(Debug)]
enum Standing {
    Running { since: Instant, works: bool },
    Down { until: Instant, failed: bool },
}

#[derive(Debug)]
struct Group {
    standing: Standing,
    record: Record,
    generation: u64,
    restarts: u64,
    last_exit: Option<(String, Timestamp)>,
}

impl Group {
    const fn down_until(&self) -> Option<Instant> {
        match self.standing {
            Standing::Down { until, .. } => Some(until),
            Standing::Running { .. } => None,
        }
    }
}

/// What the groups have done to their parent.
#[derive(Debug, Default)]
struct Parent {
    record: Record,
    charged: u64,
    charged_at: Option<Instant>,
    /// Whether a group has worked since.
    worked: bool,
    /// Until when starts are held back; kept until a group works.
    held: Option<Instant>,
    last_exit: Option<(String, Timestamp)>,
    /// Ends since a group worked for a whole window: how many, and since when.
    ends: Option<(u32, Instant)>,
}

/// All groups of one parent.
#[derive(Debug)]
pub struct Groups {
    what: &'static str,
    rules: (Budget, Backoff),
    groups: BTreeMap<u64, Group>,
    parent: Parent,
}

impl Groups {
    /// No group yet. Each has a budget of this size, and so has their parent. `what` names what begins a group.
    pub fn new(what: &'static str, budget: Budget, backoff: Backoff) -> Self {
        Self {
            what,
            rules: (budget, backoff),
            groups: BTreeMap::new(),
            parent: Parent::default(),
        }
    }

    /// Begins a group that somebody needs: the one that it was in, where that has ended; else one that has ended and whose
    /// pause is over; else a new one.
    ///
    /// # Errors
    /// A pause is not over.
    pub fn begin(&mut self, home: Option<u64>, now: Instant) -> Result<Begun, Hold> {
        if let Some(hold) = self.hold(home, now) {
            return Err(hold);
        }
        let home = home.filter(|home| self.is_down(*home));
        let standing = Standing::Running {
            since: now,
            works: false,
        };
        let due = self.groups.iter_mut().find(|(number, group)| {
            let over = group.down_until().is_some_and(|until| until <= now);
            over && home.is_none_or(|home| **number == home)
        });
        if let Some((&number, group)) = due {
            group.generation += 1;
            group.restarts += u64::from(group.last_exit.is_some());
            group.standing = standing;
            let generation = group.generation;
            return Ok(Begun { number, generation });
        }
        let number = self.groups.keys().next_back().map_or(1, |last| last + 1);
        let group = Group {
            standing,
            record: Record::default(),
            generation: 1,
            restarts: 0,
            last_exit: None,
        };
        self.groups.insert(number, group);
        let generation = 1;
        Ok(Begun { number, generation })
    }

    /// Whether this group has ended, and was not begun anew.
    pub fn is_down(&self, number: u64) -> bool {
        let group = self.groups.get(&number);
        group.is_some_and(|group| group.down_until().is_some())
    }

    /// What a start has to wait for now, by somebody who was in the group `home`.
    pub fn hold(&self, home: Option<u64>, now: Instant) -> Option<Hold> {
        let own = home
            .and_then(|home| self.groups.get(&home))
            .and_then(Group::down_until);
        let first = || self.groups.values().filter_map(Group::down_until).min();
        let until = self.parent.held.into_iter().chain(own.or_else(first)).max()?;
        (until > now).then(|| self.told(until, now))
    }

    fn told(&self, until: Instant, now: Instant) -> Hold {
        let (ends, since) = self.parent.ends.unwrap_or((0, now));
        let last = self.parent.last_exit.as_ref();
        Hold {
            what: self.what,
            retry_in: until.saturating_duration_since(now),
            ends,
            within: now.saturating_duration_since(since),
            last: last.map(|(last, _)| last.clone()).unwrap_or_default(),
            escalated: self.parent.held.is_some(),
        }
    }

    /// The first of the group works. Gives whether that ends what the parent held back.
    pub fn works(&mut self, begun: Begun) -> bool {
        match self.running(begun).map(|group| &mut group.standing) {
            Some(Standing::Running { works, .. }) => *works = true,
            _ => return false,
        }
        self.parent.worked = true;
        self.parent.held.take().is_some()
    }

    /// The start was given up before anybody could tell whether it works: that is nobody's fault.
    pub fn abandon(&mut self, begun: Begun, now: Instant) {
        if let Some(group) = self.running(begun) {
            group.standing = Standing::Down {
                until: now,
                failed: false,
            };
        }
    }

    /// The first of the group has ended, and the rest with it. Gives what the next start has to wait for; nothing where
    /// that generation's end was counted already. `fraction` is taken from `0.0..1.0`.
    pub fn ended(
        &mut self,
        begun: Begun,
        why: &str,
        (now, at): (Instant, Timestamp),
        fraction: f64,
    ) -> Option<Hold> {
        let rules = self.rules;
        let group = self.running(begun)?;
        let Standing::Running { since, works } = group.standing else {
            return None;
        };
        let lived = now.saturating_duration_since(since);
        let verdict = group.record.judge(now, lived, works, rules, fraction);
        group.last_exit = Some((why.to_owned(), at));
        let (pause, failed) = match verdict {
            Verdict::Restart { after } => (after, false),
            Verdict::Fail { retry_after } => (retry_after, true),
        };
        let mut until = now + pause;
        group.standing = Standing::Down { until, failed };
        let parent = &mut self.parent;
        if works && lived >= rules.0.within {
            parent.ends = None;
        }
        let (ends, since) = parent.ends.unwrap_or((0, now));
        parent.ends = Some((ends.saturating_add(1), since));
        parent.last_exit = Some((why.to_owned(), at));
        if failed {
            let lived = parent
                .charged_at
                .map_or(Duration::ZERO, |last| now.saturating_duration_since(last));
            let worked = std::mem::take(&mut parent.worked);
            let (Verdict::Restart { after: pause } | Verdict::Fail { retry_after: pause }) =
                parent.record.judge(now, lived, worked, rules, fraction);
            until = until.max(now + pause);
            parent.charged += 1;
            parent.charged_at = Some(now);
            parent.held = Some(until);
        }
        Some(self.told(until, now))
    }

    fn running(&mut self, begun: Begun) -> Option<&mut Group> {
        let group = self.groups.get_mut(&begun.number)?;
        let runs = matches!(group.standing, Standing::Running { .. });
        (runs && group.generation == begun.generation).then_some(group)
    }

    /// The parent, and its groups in the order of their numbers.
    pub fn report(&self, now: Instant) -> (GroupReport, Vec<GroupReport>) {
        let parent = &self.parent;
        let whole = GroupReport {
            number: 0,
            state: if parent.held.is_some() {
                ChildState::Failed
            } else {
                ChildState::Running
            },
            generation: 1,
            restarts: parent.charged,
            last_exit: parent.last_exit.clone().filter(|_| parent.charged > 0),
        };
        let groups = self.groups.iter().map(|(&number, group)| GroupReport {
            number,
            state: match group.standing {
                Standing::Running { .. } => ChildState::Running,
                Standing::Down { failed: true, .. } => ChildState::Failed,
                Standing::Down { until, .. } if until > now => ChildState::BackingOff,
                Standing::Down { .. } => ChildState::Stopped,
            },
            generation: group.generation,
            restarts: group.restarts,
            last_exit: group.last_exit.clone(),
        });
        (whole, groups.collect())
    }
}

#[cfg(test)]
mod tests;
