//! F4: the pace of sending. WhatsApp bans numbers that send too fast, so an account never sends faster than its pace,
//! and pace never fails open.
//!
//! This room never sleeps and never queues: it answers now, or how long to wait.

use std::{num::NonZeroU32, time::Duration};

use actix::{Actor, Context, Handler, MessageResult};
use governor::{Quota, RateLimiter, clock::Clock as _};
use serde::Deserialize;

use crate::{
    domain::{AccountId, Clock},
    protocol::rate_limit::{AskPace, Pace},
    supervision::Life,
};

/// The pace of every account.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Messages per minute and account, 1 to 100,000.
    pub messages_per_minute: u32,
    /// How many may go at once after a quiet time, 1 to 10,000.
    pub burst: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            messages_per_minute: 20,
            burst: 5,
        }
    }
}

/// governor's clock on ours, so that tests leap.
#[derive(Clone)]
struct Ticks {
    clock: Clock,
    start: std::time::Instant,
}

impl governor::clock::Clock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.clock.instant().duration_since(self.start)
    }
}

type Limiter = RateLimiter<
    AccountId,
    governor::state::keyed::DashMapStateStore<AccountId>,
    Ticks,
    governor::middleware::NoOpMiddleware<Duration>,
>;

/// The actor.
pub struct RateLimit {
    limiter: Limiter,
    ticks: Ticks,
    asked: u64,
    _life: Life,
}

/// After how many questions idle accounts are forgotten.
const SWEEP_EVERY: u64 = 100_000;

impl RateLimit {
    /// A fresh value for one generation of the actor. A restart forgets the pace of the last seconds: one more burst may
    /// follow it.
    pub fn new(settings: &Settings, clock: Clock, life: Life) -> Self {
        let at_least_one = |n: u32| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_minute(at_least_one(settings.messages_per_minute))
            .allow_burst(at_least_one(settings.burst));
        let ticks = Ticks {
            start: clock.instant(),
            clock,
        };
        Self {
            limiter: RateLimiter::new(quota, Default::default(), ticks.clone()),
            ticks,
            asked: 0,
            _life: life,
        }
    }

    fn ask(&mut self, account: AccountId) -> Pace {
        self.asked += 1;
        if self.asked.is_multiple_of(SWEEP_EVERY) {
            self.limiter.retain_recent();
        }
        match self.limiter.check_key(&account) {
            Ok(()) => Pace::Go,
            Err(not_until) => Pace::Wait(not_until.wait_time_from(self.ticks.now())),
        }
    }
}

impl Actor for RateLimit {
    type Context = Context<Self>;
}

impl Handler<AskPace> for RateLimit {
    type Result = MessageResult<AskPace>;

    fn handle(&mut self, ask: AskPace, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.ask(ask.account))
    }
}
