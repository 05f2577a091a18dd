//! The account's actor: turns what it hears into inputs of the machine and carries out the effects. Nothing in its own
//! turn waits: the session task, the scribe and futures in its context do.

use std::time::Duration;

use actix::{
    Actor, ActorFutureExt as _, AsyncContext as _, Context, SpawnHandle, StreamHandler, WrapFuture as _,
};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::{
    Place, Shared,
    catch_up::catch_up,
    inbound::{self, Chunk},
    machine::{Effect, Input, Machine, Phase},
    outbound::{self, Kit},
    pairing::Codes,
    profile::Prepared,
    recovery::{self, Doubt},
    scribe::{self, Data, Entry, ScribeHandle, Stamp},
    session_task::{self, SessionHandle},
};
use crate::{
    domain::Timestamp,
    outbox::Outcome,
    session::{SessionError, SessionEvent},
    store::StoreError,
    supervision::Life,
};

/// How long a page may load its chats before it is asked whether it lives.
const SYNC_LATE: Duration = Duration::from_secs(20);
/// How late a page may be with its next pairing code before it is asked whether it lives.
const CODE_LATE: Duration = Duration::from_secs(3);

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
    pub(super) doubts: Vec<Doubt>,
    resolving: bool,
    caught_up: bool,
    resolve_again: bool,
    probe_timer: Option<SpawnHandle>,
    patience_timer: Option<SpawnHandle>,
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
            machine: Machine::new(shared.settings.rules(), place.standing.state()),
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
            doubts: Vec::new(),
            resolving: false,
            caught_up: false,
            resolve_again: false,
            probe_timer: None,
            patience_timer: None,
            stopping: Vec::new(),
        }
    }

    pub(super) fn input(&mut self, input: Input, ctx: &mut Context<Self>) {
        for effect in self.machine.step(input) {
            self.carry_out(effect, ctx);
        }
    }

    fn carry_out(&mut self, effect: Effect, ctx: &mut Context<Self>) {
        let account = self.place.account;
        match effect {
            Effect::Open => self.open(ctx),
            Effect::Repair { seen, usable } => self.place.repair.ask_for(seen, usable),
            Effect::Say(say) => self.note(Entry::Say(say), ctx),
            Effect::Announce { attempt } => {
                if let Some(expires_at) = self.codes.show(attempt) {
                    self.note(Entry::Pairing { attempt, expires_at }, ctx);
                    self.expect_next_code(expires_at, ctx);
                }
            }
            Effect::ForgetCode => self.codes.forget(),
            Effect::RefreshCodes => self.refresh_codes(ctx),
            Effect::Probe { probe } => self.probe(probe, ctx),
            Effect::ProbeLater { ticket, soon } => self.probe_later(ticket, soon, ctx),
            Effect::NoteRoundTrip => {
                self.place.repair.has_worked();
                self.note(Entry::RoundTrip, ctx);
                // Said again, in case it was lost or the lane was closed over a message in doubt.
                self.say_ready();
                if self.machine.phase() == Phase::Serving && !self.doubts.is_empty() {
                    self.resolve_doubts(ctx);
                }
            }
            Effect::Recover => self.resolve_doubts(ctx),
            Effect::Ready => {
                self.say_ready();
                self.catch_up(ctx);
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

    /// Once a generation: within one, the session itself reports every ack.
    fn catch_up(&mut self, ctx: &mut Context<Self>) {
        if !std::mem::replace(&mut self.caught_up, true)
            && let Some(kit) = self.kit()
        {
            let work = catch_up(kit, (self.place.tenant, self.place.account));
            ctx.spawn(work.into_actor(self));
        }
    }

    fn note(&mut self, entry: Entry, ctx: &mut Context<Self>) {
        let stalled = self.scribe.as_ref().is_some_and(|scribe| !scribe.note(entry));
        if stalled {
            self.input(Input::StoreStalled, ctx);
        }
    }

    fn take_over(&self, ctx: &mut Context<Self>) {
        let (shared, whose) = (self.shared.clone(), (self.place.tenant, self.place.account));
        let follows_death = self.life.follows_death();
        let work = async move { recovery::take_over(&shared, whose, follows_death).await };
        ctx.spawn(work.into_actor(self).map(|taken, this, ctx| match taken {
            Ok((epoch, doubts)) => this.took_over(epoch, doubts, ctx),
            Err(StoreError::Conflict(_)) => this.input(Input::AccountGone, ctx),
            Err(error) => {
                let reason = error.to_string();
                this.input(Input::TakeOverFailed { reason }, ctx);
            }
        }));
    }

    fn took_over(&mut self, epoch: i64, doubts: Vec<Doubt>, ctx: &mut Context<Self>) {
        self.place.standing.set_epoch(epoch);
        let stamp = Stamp {
            epoch,
            generation: self.life.generation(),
        };
        let scribe = scribe::start(&self.shared, &self.place, stamp, &doubts, self.life.token());
        self.scribe = Some(scribe.handle);
        self.scribe_done = Some(scribe.done);
        ctx.spawn(scribe.stale.into_actor(self).map(|stale, this, ctx| {
            if stale.is_ok() {
                this.input(Input::Stale, ctx);
            }
        }));
        self.doubts = doubts;
        self.arm_patience(ctx);
        self.input(Input::TookOver { epoch }, ctx);
    }

    fn open(&mut self, ctx: &mut Context<Self>) {
        let task = session_task::start(
            &self.place,
            self.life.generation(),
            &self.shared,
            self.session_token.clone(),
        );
        self.session = Some(task.handle);
        self.session_closed = Some(task.closed);
        let events = task.events;
        // What was done with the profile is heard before what the page says about it.
        ctx.spawn(task.prepared.into_actor(self).map(|prepared, this, ctx| {
            if let Ok(Prepared { done, restorable }) = prepared {
                this.input(Input::ProfileReady { done, restorable }, ctx);
            }
            ctx.add_stream(Box::pin(inbound::chunks(events)));
        }));
        ctx.spawn(
            task.opened
                .into_actor(self)
                .map(|opened, this, ctx| match opened {
                    Ok(Ok(())) => {
                        this.opened = true;
                        this.life.mark_healthy();
                        this.expect_word(ctx);
                    }
                    Ok(Err(SessionError::Profile(reason))) => {
                        this.input(Input::ProfileDamaged { reason }, ctx)
                    }
                    Ok(Err(error)) => {
                        let reason = error.to_string();
                        this.input(Input::OpenFailed { reason }, ctx);
                    }
                    Err(_) if this.session_token.is_cancelled() => {}
                    Err(_) => {
                        let reason = "the session task ended while it opened a session".to_owned();
                        this.input(Input::OpenFailed { reason }, ctx);
                    }
                }),
        );
    }

    /// A page that is open says sooner or later whether it is linked.
    fn expect_word(&self, ctx: &mut Context<Self>) {
        let limit = Duration::from_secs(self.shared.settings.open_deadline_seconds);
        let pause = self.shared.clock.sleep(limit).into_actor(self);
        ctx.spawn(pause.map(|(), this, ctx| this.input(Input::PageSilent, ctx)));
    }

    pub(super) fn kit(&self) -> Option<Kit> {
        Some(Kit {
            session: self.session.clone()?,
            scribe: self.scribe.clone()?,
            shared: self.shared.clone(),
        })
    }

    /// A page that lives replaces its code in time, or says that it gives up. One that does neither is asked, which a
    /// hanging page does not survive.
    fn expect_next_code(&self, expires_at: Timestamp, ctx: &mut Context<Self>) {
        let clock = &self.shared.clock;
        let pause = clock.sleep(expires_at.after(CODE_LATE).since(clock.now()));
        ctx.spawn(pause.into_actor(self).map(move |(), this, ctx| {
            let stale = this.codes.last_expiry() == Some(expires_at);
            if stale && this.machine.phase() == Phase::Unlinked && !this.machine.codes_idle() {
                this.refresh_codes(ctx);
            }
        }));
    }

    /// Chats may take long to load; a page that is late is asked again and again whether it lives.
    fn expect_sync(&self, ctx: &mut Context<Self>) {
        let pause = self.shared.clock.sleep(SYNC_LATE);
        let late = pause.into_actor(self).then(|(), this, _| {
            let session = this
                .session
                .clone()
                .filter(|_| this.machine.phase() == Phase::Syncing);
            async move { Some(session?.probe().await) }.into_actor(this)
        });
        ctx.spawn(late.map(|answer, this, ctx| match answer {
            Some(Ok(_)) => this.expect_sync(ctx),
            Some(Err(error)) => this.command_failed(&error, ctx),
            None => {}
        }));
    }

    fn refresh_codes(&self, ctx: &mut Context<Self>) {
        let Some(session) = self.session.clone() else {
            return;
        };
        let work = async move { session.refresh_pairing().await };
        ctx.spawn(work.into_actor(self).map(|done, this, ctx| {
            if let Err(error) = done {
                this.command_failed(&error, ctx);
            }
        }));
    }

    fn command_failed(&mut self, error: &SessionError, ctx: &mut Context<Self>) {
        if error.is_fatal() {
            let reason = error.to_string();
            self.input(Input::Died { reason }, ctx);
        }
    }

    fn probe(&mut self, probe: u64, ctx: &mut Context<Self>) {
        self.cancel_probe_timer(ctx);
        let Some(session) = self.session.clone() else {
            return;
        };
        let work = async move { session.probe().await };
        ctx.spawn(work.into_actor(self).map(move |answer, this, ctx| match answer {
            Ok(_) => this.input(Input::Proven { probe }, ctx),
            Err(error) if error.is_fatal() => this.command_failed(&error, ctx),
            Err(error) => {
                let reason = format!("no round trip could be proven: {error}");
                this.input(Input::ProbeFailed { probe, reason }, ctx);
            }
        }));
    }

    fn probe_later(&mut self, ticket: u64, soon: bool, ctx: &mut Context<Self>) {
        self.cancel_probe_timer(ctx);
        let pause = self.shared.clock.sleep(self.shared.settings.probe_interval(soon));
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

    fn resolve_doubts(&mut self, ctx: &mut Context<Self>) {
        if self.resolving {
            self.resolve_again = true;
            return;
        }
        let Some(kit) = self.kit() else { return };
        self.resolving = true;
        let doubts = std::mem::take(&mut self.doubts);
        let work = recovery::resolve_all(kit, doubts);
        ctx.spawn(work.into_actor(self).map(|(open, lost), this, ctx| {
            this.resolving = false;
            this.doubts.extend(open);
            this.arm_patience(ctx);
            if let Some(reason) = lost {
                this.input(Input::Died { reason }, ctx);
            } else if std::mem::take(&mut this.resolve_again) {
                this.resolve_doubts(ctx);
            } else {
                this.input(Input::Recovered, ctx);
            }
        }));
    }

    /// Comes back when the oldest doubt is overdue: nothing stays in doubt for ever, whatever the session does.
    pub(super) fn arm_patience(&mut self, ctx: &mut Context<Self>) {
        if let Some(timer) = self.patience_timer.take() {
            ctx.cancel_future(timer);
        }
        let Some(oldest) = self.doubts.iter().map(|doubt| doubt.since).min() else {
            return;
        };
        let due = oldest.after(self.shared.settings.unknown_after());
        let pause = self.shared.clock.sleep(due.since(self.shared.clock.now()));
        self.patience_timer = Some(ctx.spawn(pause.into_actor(self).map(|(), this, ctx| {
            this.patience_timer = None;
            this.give_up_overdue(ctx);
            this.arm_patience(ctx);
        })));
    }

    fn give_up_overdue(&mut self, ctx: &mut Context<Self>) {
        let Some(kit) = self.kit() else { return };
        let (overdue, rest) = recovery::overdue(&self.shared, std::mem::take(&mut self.doubts));
        self.doubts = rest;
        let work = async move {
            for doubt in &overdue {
                let cause = recovery::TOO_LATE.to_owned();
                outbound::settle(&kit, doubt, Outcome::Unknown { cause }, None).await;
            }
        };
        ctx.spawn(work.into_actor(self));
    }

    fn hear(&mut self, event: SessionEvent, ctx: &mut Context<Self>) {
        let input = match event {
            SessionEvent::Pairing { code, expires_at } => {
                self.codes.arrive(code, expires_at);
                Input::CodeShown
            }
            SessionEvent::PairingIdle => Input::CodesIdle,
            SessionEvent::Linked => {
                self.expect_sync(ctx);
                Input::Linked
            }
            SessionEvent::Ready(who) => Input::Ready(who),
            SessionEvent::Connection { up } => Input::Connection { up },
            SessionEvent::LoggedOut { reason } => Input::LoggedOut { reason },
            SessionEvent::Died { reason } => Input::Died { reason },
            SessionEvent::Acked { .. } | SessionEvent::Received(_) => return,
        };
        self.input(input, ctx);
    }
}

impl Actor for Account {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        self.take_over(ctx);
    }
}

impl StreamHandler<Chunk> for Account {
    fn handle(&mut self, chunk: Chunk, ctx: &mut Context<Self>) {
        let mut data: Vec<Data> = Vec::new();
        for event in chunk.events {
            match event {
                SessionEvent::Acked { id, ack } => data.push(Data::Acked { id, ack }),
                SessionEvent::Received(message) => data.push(inbound::received(message)),
                other => {
                    // What came before is written before.
                    if !data.is_empty() {
                        self.note(
                            Entry::Data(std::mem::take(&mut data), Some(chunk.permit.clone())),
                            ctx,
                        );
                    }
                    self.hear(other, ctx);
                }
            }
        }
        if !data.is_empty() {
            self.note(Entry::Data(data, Some(chunk.permit)), ctx);
        }
    }

    fn finished(&mut self, ctx: &mut Context<Self>) {
        // Before the session is open, the answer to opening it says more.
        if self.opened {
            let reason = "the session ended without a word".to_owned();
            self.input(Input::Died { reason }, ctx);
        }
    }
}
