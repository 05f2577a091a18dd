//! The account's actor: turns what it hears into inputs of the machine and carries out the effects. Nothing in its own
//! turn waits: the session task, the scribe and futures in its context do.

use actix::{Actor, ActorFutureExt as _, AsyncContext as _, Context, SpawnHandle, WrapFuture as _};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::{
    Place, Shared,
    catch_up::catch_up,
    events::PairingShown,
    gap,
    machine::{Effect, Input, Machine, Phase},
    number::{self, OwnNumber},
    outbound::Kit,
    pairing::Codes,
    recovery::{self, Doubt},
    scribe::{self, Entry, ScribeHandle, Stamp},
    session_task::SessionHandle,
};
use crate::{
    domain::{AccountState, PairingMethod, Timestamp},
    store::StoreError,
    supervision::Life,
};

/// One generation of an account. Made by the registry's factory, never used again after its end.
pub struct Account {
    pub(super) life: Life,
    pub(super) shared: Shared,
    pub(super) place: Place,
    pub(super) machine: Machine,
    pub(super) scribe: Option<ScribeHandle>,
    pub(super) scribe_done: Option<oneshot::Receiver<()>>,
    pub(super) session: Option<SessionHandle>,
    pub(super) session_closed: Option<oneshot::Receiver<()>>,
    /// Ends the session task; ended by the generation's own token as well.
    pub(super) session_token: CancellationToken,
    pub(super) opened: bool,
    pub(super) codes: Codes,
    pub(super) number: OwnNumber,
    pub(super) doubts: Vec<Doubt>,
    pub(super) resolving: bool,
    pub(super) caught_up: bool,
    pub(super) gap: gap::Watch,
    pub(super) resolve_again: bool,
    pub(super) probe_timer: Option<SpawnHandle>,
    /// When a proof was last given away to be written.
    pub(super) round_trip_noted: Option<Timestamp>,
    /// After everything was tried, the page is loaded anew now and then.
    pub(super) trying_again: bool,
    pub(super) patience_timer: Option<SpawnHandle>,
    pub(super) stopping: Vec<oneshot::Sender<()>>,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Account({}, {:?})", self.place.account, self.life)
    }
}

impl Account {
    /// A new generation.
    pub fn new(life: Life, shared: Shared, place: Place) -> Self {
        Self {
            machine: Machine::new(shared.settings.rules(), place.standing.state()).woken(place.take_woken()),
            session_token: life.token().child_token(),
            life,
            shared,
            place,
            scribe: None,
            scribe_done: None,
            session: None,
            session_closed: None,
            opened: false,
            codes: Codes::default(),
            number: OwnNumber::default(),
            doubts: Vec::new(),
            resolving: false,
            caught_up: false,
            gap: gap::Watch::default(),
            resolve_again: false,
            probe_timer: None,
            round_trip_noted: None,
            trying_again: false,
            patience_timer: None,
            stopping: Vec::new(),
        }
    }

    pub(super) fn input(&mut self, input: Input, ctx: &mut Context<Self>) {
        // However its end was noticed, and by whom.
        let input = match (input, self.place.gauges.taken_along()) {
            (Input::Died { .. }, Some(reason)) => Input::TakenAlong { reason },
            (input, _) => input,
        };
        for effect in self.machine.step(input) {
            self.carry_out(effect, ctx);
        }
    }

    fn carry_out(&mut self, effect: Effect, ctx: &mut Context<Self>) {
        let account = self.place.account;
        match effect {
            Effect::Open => self.open(ctx),
            Effect::Repair { seen, usable } => self.place.repair.ask_for(seen, usable),
            Effect::Mend { trigger, detail } => self.mend(trigger, &detail, ctx),
            Effect::Say(say) => {
                let now = self.shared.clock.now();
                // Here and not once it is written: a repair may be over before that.
                self.place
                    .mending
                    .note_state(now, say.state, say.reason.as_deref());
                if say.state == AccountState::Online {
                    self.place.activity.use_now(now);
                }
                self.note(Entry::Say(say), ctx);
            }
            Effect::Announce { attempt } => {
                if let Some((method, expires_at)) = self.codes.show(attempt) {
                    let shown = PairingShown {
                        method,
                        attempt,
                        expires_at,
                    };
                    self.note(Entry::Pairing(shown), ctx);
                    self.code_shown(ctx);
                    match method {
                        PairingMethod::Qr => self.expect_next_code(expires_at, ctx),
                        PairingMethod::Code => self.expect_end_of_phone_code(expires_at, ctx),
                    }
                }
            }
            Effect::ForgetCode => self.codes.forget(),
            Effect::EndLink => self.end_link(ctx),
            Effect::RefreshCodes => self.refresh_codes(ctx),
            Effect::Probe { probe } => self.probe(probe, ctx),
            Effect::ProbeLater { ticket, soon } => self.probe_later(ticket, soon, ctx),
            Effect::NoteRoundTrip(evidence) => {
                self.place.repair.has_worked();
                self.note_agent_works();
                self.mended(ctx);
                self.note_round_trip(evidence, ctx);
                // Said again, in case it was lost or the lane was closed over a message in doubt.
                self.say_ready();
                self.close_gap_if_due(ctx);
                if self.machine.phase() == Phase::Serving && !self.doubts.is_empty() {
                    self.resolve_doubts(ctx);
                }
            }
            Effect::Recover => self.resolve_doubts(ctx),
            Effect::Ready => {
                self.say_ready();
                self.catch_up(ctx);
                self.close_gap(ctx);
            }
            Effect::Unready => self.shared.say_unready(account),
            Effect::WindDown { say, give_up, end } => self.wind_down(say, give_up, end, ctx),
            Effect::End(end) => self.end(end, ctx),
        }
    }

    pub(super) fn say_ready(&self) {
        if let Some(epoch) = self.machine.serving() {
            self.shared.say_ready(self.place.account, epoch);
        }
    }

    /// Once for each page: as long as one lives, it reports every ack itself.
    fn catch_up(&mut self, ctx: &mut Context<Self>) {
        if !std::mem::replace(&mut self.caught_up, true)
            && let Some(kit) = self.kit()
        {
            let work = catch_up(kit, (self.place.tenant, self.place.account));
            ctx.spawn(work.into_actor(self));
        }
    }

    pub(super) fn note(&mut self, entry: Entry, ctx: &mut Context<Self>) {
        let stalled = self.scribe.as_ref().is_some_and(|scribe| !scribe.note(entry));
        if stalled {
            self.input(Input::StoreStalled, ctx);
        }
    }

    fn take_over(&self, ctx: &mut Context<Self>) {
        let (shared, place) = (self.shared.clone(), self.place.clone());
        let follows_death = self.life.follows_death();
        let work = async move {
            let whose = (place.tenant, place.account);
            // How the last one ended is told first; under a newer epoch it would be refused.
            place.ends_written().await;
            let taken = recovery::take_over(&shared, whose, follows_death).await?;
            // At once: whoever speaks for this generation after its end does so under its epoch.
            place.standing.set_epoch(taken.0);
            Ok((taken, number::kept(&shared, whose).await?))
        };
        ctx.spawn(work.into_actor(self).map(|taken, this, ctx| match taken {
            Ok(((epoch, doubts), kept)) => {
                this.number.kept = kept;
                this.took_over(epoch, doubts, ctx);
            }
            Err(StoreError::Conflict(_)) => this.input(Input::AccountGone, ctx),
            Err(error) => {
                let reason = error.to_string();
                this.input(Input::TakeOverFailed { reason }, ctx);
            }
        }));
    }

    fn took_over(&mut self, epoch: i64, doubts: Vec<Doubt>, ctx: &mut Context<Self>) {
        let stamp = Stamp {
            epoch,
            generation: self.life.generation(),
        };
        let scribe = scribe::start(&self.shared, &self.place, stamp, &doubts, self.life.token());
        self.scribe = Some(scribe.handle);
        self.scribe_done = Some(scribe.done);
        ctx.spawn(scribe.stale.into_actor(self).map(|stale, this, ctx| {
            match stale {
                Ok(()) => this.input(Input::Stale, ctx),
                // It ends by itself only after the actor has let go of it.
                Err(_) if this.scribe.is_some() => this.input(Input::StoreStalled, ctx),
                Err(_) => {}
            }
        }));
        self.doubts = doubts;
        self.arm_patience(ctx);
        self.go_on_mending(ctx);
        self.input(Input::TookOver { epoch }, ctx);
        if let Some(detail) = self.place.mending.asks_person() {
            self.input(Input::PersonAsked { detail }, ctx);
        }
    }

    pub(super) fn kit(&self) -> Option<Kit> {
        Some(Kit {
            session: self.session.clone()?,
            scribe: self.scribe.clone()?,
            shared: self.shared.clone(),
        })
    }
}

impl Actor for Account {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        self.take_over(ctx);
    }
}
