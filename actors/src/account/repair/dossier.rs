//! What a repair has tried and seen so far, and the states that the account had: kept in memory until the repair ends.

use std::collections::VecDeque;

use parking_lot::Mutex;
use serde::Serialize;

use super::{End, Order, Outcome, Plan, Step, Trigger};
use crate::{
    domain::{AccountState, Timestamp, redact},
    forensics::{Ended, Record, StageTried, StateSeen},
};

/// How many states are remembered.
const STATES: usize = 20;
/// How many attempts one record holds; a repair has at most one for each stage and attempt.
const ATTEMPTS: usize = 64;

/// The repair that is under way, as the account shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(in crate::account) struct Shown {
    stage: &'static str,
    attempt: u32,
    since: Timestamp,
    trigger: &'static str,
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
    pub(in crate::account) fn note_seen(&self, console: Vec<String>, picture: Option<Vec<u8>>) {
        let mut inner = self.0.lock();
        if let Some(record) = &mut inner.record
            && !console.is_empty()
        {
            record.console = console;
        }
        if inner.record.is_some() && picture.is_some() {
            inner.picture = picture;
        }
    }

    pub(in crate::account) fn now(&self) -> Option<Step> {
        self.0.lock().plan.now()
    }

    /// The repair that is under way.
    pub(in crate::account) fn shown(&self) -> Option<Shown> {
        let inner = self.0.lock();
        let now = inner.plan.now()?;
        Some(Shown {
            stage: now.stage.as_str(),
            attempt: now.attempt,
            since: inner.begun.0?,
            trigger: now.trigger.as_str(),
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
