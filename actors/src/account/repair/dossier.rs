//! What a repair has tried and seen so far, and the states that the account had: kept in memory until the repair ends. Where
//! it stands and what was tried are stored as well, so that the next process goes on with it; states, console and picture of
//! the process that ended are lost with it.

use std::{collections::VecDeque, time::Duration};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::{End, Order, Outcome, Plan, Stage, Step, Trigger};
use crate::{
    domain::{AccountState, Timestamp, redact},
    forensics::{Ended, Record, StageTried, StateSeen},
};

/// How many states are remembered.
const STATES: usize = 20;
/// How many attempts one record holds; a repair has at most one for each stage and attempt.
const ATTEMPTS: usize = 64;

/// Why a repair has no picture before a page was asked for one.
const NO_PAGE: &str = "there was no page that could be asked";
/// What is told of a stage in whose middle the process ended.
const CUT_OFF: &str = "Zaptor ended in the middle of it";

/// The repair that is under way, as the account shows it and as the next process finds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::account) struct Shown {
    stage: Stage,
    attempt: u32,
    /// Since when this is tried.
    since: Timestamp,
    trigger: Trigger,
    /// What was wrong; where a person is asked, what failed last.
    #[serde(default)]
    detail: String,
    /// When the trouble was noticed.
    #[serde(default)]
    at: Option<Timestamp>,
    /// Whose stages are tried.
    #[serde(default)]
    course: Option<Trigger>,
    /// What was tried, in order; the last one is under way. Empty once a person is asked: the bundle has it.
    #[serde(default)]
    tried: Vec<StageTried>,
}

/// The repairs of one account, over all its generations.
#[derive(Default)]
pub(in crate::account) struct Mending(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    plan: Plan,
    begun: Timestamped,
    record: Option<Record>,
    picture: Option<Vec<u8>>,
    states: VecDeque<StateSeen>,
    /// What failed last before a person was asked.
    asked: String,
    /// What the process before this one has left, until it is taken up.
    left: Option<serde_json::Value>,
}

#[derive(Clone, Copy, Default)]
struct Timestamped(Option<Timestamp>);

/// What has to be done, and what has to be kept.
pub(in crate::account) struct Ordered {
    pub(in crate::account) orders: Vec<Order>,
    /// A finished record with its picture.
    pub(in crate::account) closed: Option<(Record, Option<Vec<u8>>)>,
}

impl Mending {
    /// What the process before this one has left.
    pub(in crate::account) fn left(left: Option<serde_json::Value>) -> Self {
        Self(Mutex::new(Inner {
            left,
            ..Inner::default()
        }))
    }

    /// Takes up what the process before this one has left, once, if that is not longer ago than `remember`. What it tried
    /// last has failed with it.
    pub(in crate::account) fn resume(
        &self,
        remember: Duration,
        attempts: u32,
        at: Timestamp,
    ) -> Option<Ordered> {
        let mut inner = self.0.lock();
        let left = inner.left.take()?;
        let left: Shown = serde_json::from_value(left).ok()?;
        if remember.is_zero() || at.since(left.since) > remember {
            return None;
        }
        let course = left.course.or(Some(left.trigger));
        inner.plan = Plan::resumed(left.trigger, course, left.stage, left.attempt);
        inner.begun = Timestamped(Some(left.since));
        if left.stage == Stage::AskUser {
            inner.asked = left.detail;
        } else {
            inner.record = Some(Record {
                at: left.at.unwrap_or(left.since),
                trigger: left.trigger.as_str().to_owned(),
                detail: left.detail,
                stages: left.tried,
                ended: Ended::Overtaken,
                states: Vec::new(),
                console: Vec::new(),
                no_picture: Some(NO_PAGE.to_owned()),
            });
        }
        let orders = inner.plan.cut_off(attempts);
        Some(inner.take(orders, Some(CUT_OFF), at))
    }

    /// What failed last, where a person is asked.
    pub(in crate::account) fn asks_person(&self) -> Option<String> {
        let inner = self.0.lock();
        let asked = inner.plan.now().is_some_and(|now| now.stage == Stage::AskUser);
        asked.then(|| inner.asked.clone())
    }

    /// Notes a state that was said.
    pub(in crate::account) fn note_state(&self, at: Timestamp, state: AccountState, reason: Option<&str>) {
        let mut inner = self.0.lock();
        if inner.states.len() == STATES {
            inner.states.pop_front();
        }
        inner.states.push_back(StateSeen {
            at,
            state: state.as_str().to_owned(),
            reason: reason.map(redact),
        });
    }

    /// What the page has shown and written, kept with the repair that is under way.
    pub(in crate::account) fn note_seen(&self, console: Vec<String>, picture: Result<Vec<u8>, String>) {
        let mut guard = self.0.lock();
        let inner = &mut *guard;
        let Some(record) = &mut inner.record else {
            return;
        };
        if !console.is_empty() {
            record.console = console;
        }
        match picture {
            Ok(picture) => {
                inner.picture = Some(picture);
                record.no_picture = None;
            }
            // One of an earlier stage is better than none.
            Err(why) if inner.picture.is_none() => record.no_picture = Some(redact(&why)),
            Err(_) => {}
        }
    }

    pub(in crate::account) fn now(&self) -> Option<Step> {
        self.0.lock().plan.now()
    }

    /// The repair that is under way.
    pub(in crate::account) fn shown(&self) -> Option<Shown> {
        let inner = self.0.lock();
        let now = inner.plan.now()?;
        let record = inner.record.as_ref();
        Some(Shown {
            stage: now.stage,
            attempt: now.attempt,
            since: inner.begun.0?,
            trigger: now.trigger,
            detail: record.map_or_else(|| inner.asked.clone(), |record| record.detail.clone()),
            at: record.map(|record| record.at),
            course: inner.plan.course(),
            tried: record.map(|record| record.stages.clone()).unwrap_or_default(),
        })
    }

    pub(in crate::account) fn trouble(
        &self,
        trigger: Trigger,
        detail: &str,
        attempts: u32,
        at: Timestamp,
    ) -> Ordered {
        let mut inner = self.0.lock();
        if inner.plan.now().is_none() {
            inner.picture = None;
            inner.record = Some(Record {
                at,
                trigger: trigger.as_str().to_owned(),
                detail: redact(detail),
                stages: Vec::new(),
                ended: Ended::Overtaken,
                states: Vec::new(),
                console: Vec::new(),
                no_picture: Some(NO_PAGE.to_owned()),
            });
        }
        let orders = inner.plan.trouble(trigger, attempts);
        inner.take(orders, Some(detail), at)
    }

    pub(in crate::account) fn failed(
        &self,
        ticket: u64,
        detail: &str,
        attempts: u32,
        at: Timestamp,
    ) -> Ordered {
        let mut inner = self.0.lock();
        let orders = inner.plan.failed(ticket, attempts);
        inner.take(orders, Some(detail), at)
    }

    pub(in crate::account) fn proven(&self, at: Timestamp) -> Ordered {
        let mut inner = self.0.lock();
        let orders = inner.plan.proven();
        inner.take(orders, None, at)
    }

    pub(in crate::account) fn hopeless(&self, at: Timestamp) -> Ordered {
        let mut inner = self.0.lock();
        let orders = inner.plan.hopeless();
        inner.take(orders, Some("the account has to be linked anew"), at)
    }

    pub(in crate::account) fn overtaken(&self, at: Timestamp) -> Ordered {
        let mut inner = self.0.lock();
        let orders = inner.plan.overtaken();
        inner.take(orders, None, at)
    }
}

impl Inner {
    fn take(&mut self, orders: Vec<Order>, detail: Option<&str>, at: Timestamp) -> Ordered {
        let mut closed = None;
        for order in &orders {
            match order {
                Order::Begin(step) => {
                    self.begun = Timestamped(Some(at));
                    self.asked = detail.map(redact).unwrap_or_default();
                    let tried = StageTried {
                        stage: step.stage.as_str().to_owned(),
                        began_at: at,
                        took_ms: 0,
                        outcome: Outcome::Begun.as_str().to_owned(),
                        detail: None,
                    };
                    if let Some(record) = self
                        .record
                        .as_mut()
                        .filter(|record| record.stages.len() < ATTEMPTS)
                    {
                        record.stages.push(tried);
                    }
                }
                Order::Tell(_, outcome) => {
                    let last = self.record.as_mut().and_then(|record| record.stages.last_mut());
                    if let Some(last) = last {
                        let took = at.since(last.began_at).as_millis();
                        last.took_ms = u64::try_from(took).unwrap_or(u64::MAX);
                        last.outcome = outcome.as_str().to_owned();
                        last.detail = detail.filter(|_| *outcome == Outcome::Failed).map(redact);
                    }
                }
                Order::Close(end) => {
                    if let Some(mut record) = self.record.take() {
                        record.ended = match end {
                            End::Repaired => Ended::Repaired,
                            End::GaveUp => Ended::GaveUp,
                            End::Overtaken => Ended::Overtaken,
                        };
                        record.states = self.states.iter().cloned().collect();
                        closed = Some((record, self.picture.take()));
                    }
                }
                Order::Clear => {}
            }
        }
        Ordered { orders, closed }
    }
}
