//! Probes: when the next one is due, and what its answer says.

use std::time::Duration;

use actix::{ActorFutureExt as _, AsyncContext as _, Context, WrapFuture as _};

use super::{
    Account,
    machine::{Evidence, Input},
    metrics,
    round_trips::RoundTrips,
    scribe::Entry,
    writing,
};
use crate::{domain::AccountState, store::round_trips::RoundTrip};

/// How often the proofs of an account that stays online are written. Its health shows every one of them at once, from
/// memory; the store only needs to know that it still lives.
const WRITE_EVERY: Duration = Duration::from_secs(30);

/// Accounts probe in this step: 5,000 of them then wake their threads twice a second, not a thousand times.
const IN_STEP: Duration = Duration::from_millis(500);

impl Account {
    pub(super) fn probe(&mut self, probe: u64, ctx: &mut Context<Self>) {
        self.cancel_probe_timer(ctx);
        let Some(session) = self.session.clone() else {
            return;
        };
        let work = async move { session.probe().await };
        ctx.spawn(work.into_actor(self).map(move |answer, this, ctx| {
            let answer = answer.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
            let at = this.shared.clock.now();
            let seen = answer.as_ref().copied().map_err(ToString::to_string);
            this.place.probes.note(at, seen);
            metrics::probed(answer.is_ok());
            match answer {
                Ok(took_ms) => this.input(Input::Proven { probe, took_ms }, ctx),
                Err(error) if error.is_fatal() => this.command_failed(&error, ctx),
                Err(error) => {
                    let reason = format!("no round trip could be proven: {error}");
                    this.input(Input::ProbeFailed { probe, reason }, ctx);
                }
            }
        }));
    }

    /// One that makes the account online is written with that word; those that follow are written with everybody's.
    pub(super) fn note_round_trip(&mut self, evidence: Evidence, ctx: &mut Context<Self>) {
        let stands = self.place.standing.state() == AccountState::Online;
        let Some(epoch) = self.machine.epoch().filter(|_| stands) else {
            return self.note(Entry::RoundTrip(evidence), ctx);
        };
        let at = self.shared.clock.now();
        if self
            .round_trip_noted
            .is_some_and(|noted| at.since(noted) < WRITE_EVERY)
        {
            return;
        }
        self.round_trip_noted = Some(at);
        let proof = RoundTrip {
            account: self.place.account,
            epoch,
            at,
            evidence: writing::encoded(&evidence, at),
        };
        RoundTrips::note(&self.shared, proof);
    }

    pub(super) fn probe_later(&mut self, ticket: u64, soon: bool, ctx: &mut Context<Self>) {
        self.cancel_probe_timer(ctx);
        let interval = self.shared.settings.probe_interval(soon);
        let pause = self.shared.clock.sleep_in_step(interval, IN_STEP);
        let due = pause.into_actor(self).map(move |(), this, ctx| {
            this.probe_timer = None;
            this.input(Input::ProbeDue { ticket }, ctx);
        });
        self.probe_timer = Some(ctx.spawn(due));
    }

    pub(super) fn cancel_probe_timer(&mut self, ctx: &mut Context<Self>) {
        if let Some(timer) = self.probe_timer.take() {
            ctx.cancel_future(timer);
        }
    }
}
