//! How the actor carries out a repair: it has what is ordered done by the session or by the next generation, keeps the
//! deadlines, tells of every attempt, and hands what was seen to the room that keeps it.

use std::time::Duration;

use actix::{ActorFutureExt as _, AsyncContext as _, Context, WrapFuture as _};

use super::{
    Account,
    machine::{Input, Phase},
    repair::{Order, Outcome, Stage, Step, Trigger, dossier::Ordered},
    scribe::Entry,
    session_task::{Mend, SessionHandle},
    writing::Attempt,
};
use crate::{
    forensics::Record,
    session::{PageStatus, SessionError},
};

/// How often a stage's deadline is put off while the page loads its chats: a large account takes its time.
const PUT_OFF: u32 = 10;

impl Account {
    /// Something is wrong.
    pub(super) fn mend(&mut self, trigger: Trigger, detail: &str, ctx: &mut Context<Self>) {
        let (at, attempts) = (self.shared.clock.now(), self.shared.settings.repair.attempts);
        let asked = self.place.mending.asks_person();
        let ordered = self.place.mending.trouble(trigger, detail, attempts, at);
        self.follow(ordered, detail, ctx);
        if asked.is_some() {
            // Nothing is left to be tried: it is said again, with what is wrong now.
            let detail = detail.to_owned();
            self.input(Input::PersonAsked { detail }, ctx);
            self.try_again_later(ctx);
        }
    }

    /// A round trip was proven.
    pub(super) fn mended(&mut self, ctx: &mut Context<Self>) {
        if self.place.mending.now().is_some() {
            let ordered = self.place.mending.proven(self.shared.clock.now());
            self.follow(ordered, "", ctx);
        }
    }

    /// A code is shown: proof enough for a page that nobody has linked, the end of hope for one that was.
    pub(super) fn code_shown(&mut self, ctx: &mut Context<Self>) {
        let Some(now) = self.place.mending.now() else {
            return;
        };
        let at = self.shared.clock.now();
        let lost = matches!(now.trigger, Trigger::ProfileLost | Trigger::ProfileDamaged);
        let ordered = if lost {
            self.place.mending.hopeless(at)
        } else {
            self.place.mending.proven(at)
        };
        self.follow(ordered, "", ctx);
    }

    /// The account is stopped, or its link has ended.
    pub(super) fn mending_overtaken(&mut self, ctx: &mut Context<Self>) {
        if self.place.mending.now().is_some() {
            let ordered = self.place.mending.overtaken(self.shared.clock.now());
            self.follow(ordered, "", ctx);
        }
    }

    /// A new generation goes on with what the last one began, in this process or before.
    pub(super) fn go_on_mending(&mut self, ctx: &mut Context<Self>) {
        let (at, settings) = (self.shared.clock.now(), &self.shared.settings.repair);
        let (remember, attempts) = (settings.remember(), settings.attempts);
        if let Some(ordered) = self.place.mending.resume(remember, attempts, at) {
            return self.take_up(ordered, ctx);
        }
        match self.place.mending.now() {
            Some(step) if step.stage.ends_generation() => self.carry_on(step, ctx),
            Some(step) if step.stage != Stage::AskUser => {
                // The last one has ended in the middle of something that only it could do.
                let (gone, detail) = (Trigger::BrowserGone, "the session ended");
                let ordered = self.place.mending.trouble(gone, detail, attempts, at);
                self.take_up(ordered, ctx);
            }
            _ => self.tell(None, ctx),
        }
    }

    /// Does what is ordered where this generation is the one that was ordered.
    fn take_up(&mut self, ordered: Ordered, ctx: &mut Context<Self>) {
        for order in ordered.orders {
            match order {
                Order::Tell(step, outcome) => self.tell(Some((step, outcome)), ctx),
                Order::Begin(step) => {
                    if step.stage == Stage::RestoreProfile {
                        let why = "a repair that was under way had come to it";
                        self.place.repair.ask_unless_asked(why);
                    }
                    self.carry_on(step, ctx);
                }
                Order::Close(_) | Order::Clear => {}
            }
        }
        self.tell(None, ctx);
        self.keep_seen(ordered.closed);
    }

    fn carry_on(&mut self, step: Step, ctx: &mut Context<Self>) {
        self.tell(Some((step, Outcome::Begun)), ctx);
        if step.stage.ends_generation() {
            self.keep_deadline(step, 0, ctx);
        }
    }

    fn stage_failed(&mut self, step: Step, detail: &str, ctx: &mut Context<Self>) {
        let (at, attempts) = (self.shared.clock.now(), self.shared.settings.repair.attempts);
        let ordered = self.place.mending.failed(step.ticket, detail, attempts, at);
        self.follow(ordered, detail, ctx);
    }

    fn follow(&mut self, ordered: Ordered, detail: &str, ctx: &mut Context<Self>) {
        for order in ordered.orders {
            match order {
                Order::Tell(step, outcome) => self.tell(Some((step, outcome)), ctx),
                Order::Begin(step) => self.begin(step, detail, ctx),
                Order::Close(_) => {}
                Order::Clear => self.tell(None, ctx),
            }
        }
        self.keep_seen(ordered.closed);
    }

    fn keep_seen(&self, closed: Option<(Record, Option<Vec<u8>>)>) {
        if let Some((record, picture)) = closed {
            let (forensics, account) = (self.shared.forensics.clone(), self.place.account);
            // Beside the actor: a generation that ends leaves it to be finished.
            tokio::spawn(async move {
                if let Err(error) = forensics.keep(account, record, picture).await {
                    tracing::error!(target: "zaptor::account", %account, %error, "what was seen in a repair is not kept");
                }
            });
        }
    }

    /// Writes where the repair stands, and what became of an attempt.
    fn tell(&mut self, told: Option<(Step, Outcome)>, ctx: &mut Context<Self>) {
        let attempt = told.map(|(step, outcome)| {
            tracing::warn!(target: "zaptor::account", account = %self.place.account, stage = step.stage.as_str(),
                attempt = step.attempt, trigger = step.trigger.as_str(), outcome = outcome.as_str(), "repair");
            Attempt {
                stage: step.stage.as_str(),
                attempt: step.attempt,
                trigger: step.trigger.as_str(),
                outcome: outcome.as_str(),
            }
        });
        let shown = self.place.mending.shown();
        self.note(Entry::Repair(shown, attempt), ctx);
    }

    fn begin(&mut self, step: Step, detail: &str, ctx: &mut Context<Self>) {
        let by = match step.stage {
            Stage::DismissModal => Mend::Dismiss,
            Stage::ReloadPage => Mend::Reload,
            Stage::NewPage => Mend::NewPage,
            Stage::NewBrowser | Stage::RestoreProfile => {
                // Told by the generation that carries it out.
                if step.stage == Stage::RestoreProfile {
                    self.place.repair.ask_unless_asked(detail);
                }
                let reason = format!("{}: {detail}", step.stage.as_str());
                return self.input(Input::Replace { reason }, ctx);
            }
            Stage::AskUser => {
                self.tell(Some((step, Outcome::Begun)), ctx);
                let detail = detail.to_owned();
                self.input(Input::PersonAsked { detail }, ctx);
                return self.try_again_later(ctx);
            }
        };
        self.tell(Some((step, Outcome::Begun)), ctx);
        self.keep_deadline(step, 0, ctx);
        let Some(session) = self.session.clone() else {
            return;
        };
        let (limit, mending) = (self.stage_deadline(step.stage), self.place.mending.clone());
        let work = async move {
            // A page that does not answer has no picture: nobody can hide what it shows. Its console was heard before.
            if let Ok((console, picture)) = session.see().await {
                mending.note_seen(console, picture);
            }
            session.mend(by, limit).await?;
            match by {
                // A page that was only uncovered says nothing by itself.
                Mend::Dismiss => after_dismissal(&session).await.map(Some),
                Mend::Reload | Mend::NewPage => Ok(None),
            }
        };
        ctx.spawn(work.into_actor(self).map(move |done, this, ctx| match done {
            Ok(Some(input)) => this.input(input, ctx),
            Ok(None) => {}
            Err(error) if error.is_fatal() => this.command_failed(&error, ctx),
            Err(error) => this.stage_failed(step, &error.to_string(), ctx),
        }));
    }

    fn stage_deadline(&self, stage: Stage) -> Duration {
        self.shared.settings.repair.deadline(stage)
    }

    fn keep_deadline(&self, step: Step, put_off: u32, ctx: &mut Context<Self>) {
        let limit = self.stage_deadline(step.stage);
        let late = self
            .shared
            .clock
            .sleep(limit)
            .into_actor(self)
            .then(move |(), this, _| {
                let current = this.place.mending.now() == Some(step);
                let session = this.session.clone().filter(|_| current && put_off < PUT_OFF);
                async move {
                    match session {
                        Some(session) => matches!(session.status().await, Ok(PageStatus::Syncing)),
                        None => false,
                    }
                }
                .into_actor(this)
            });
        ctx.spawn(late.map(move |syncing, this, ctx| {
            if syncing {
                return this.keep_deadline(step, put_off + 1, ctx);
            }
            let detail = format!("no round trip was proven within {} s", limit.as_secs());
            this.stage_failed(step, &detail, ctx);
        }));
    }

    /// After everything was tried, the page is loaded anew now and then: what was missing may be back.
    fn try_again_later(&mut self, ctx: &mut Context<Self>) {
        if !std::mem::replace(&mut self.trying_again, true) {
            self.try_again(ctx);
        }
    }

    fn try_again(&self, ctx: &mut Context<Self>) {
        let pause = self.shared.clock.sleep(self.shared.settings.repair.retry());
        let again = pause.into_actor(self).then(|(), this, _| {
            let asked = this.place.mending.asks_person().is_some();
            // One that is on its way by itself is left alone.
            let stuck = matches!(this.machine.phase(), Phase::Repairing | Phase::Doubting);
            let session = this.session.clone().filter(|_| asked && stuck);
            let limit = this.stage_deadline(Stage::ReloadPage);
            async move {
                let done = match session {
                    Some(session) => session.mend(Mend::Reload, limit).await,
                    None => Ok(()),
                };
                (asked, done)
            }
            .into_actor(this)
        });
        ctx.spawn(again.map(|(asked, done), this, ctx| match done {
            Err(error) if error.is_fatal() => this.command_failed(&error, ctx),
            _ if asked => this.try_again(ctx),
            _ => this.trying_again = false,
        }));
    }
}

/// Where a page stands once nothing covers it any more.
async fn after_dismissal(session: &SessionHandle) -> Result<Input, SessionError> {
    Ok(match session.status().await? {
        PageStatus::Ready(who) => Input::Ready(who),
        PageStatus::Syncing => Input::Linked,
        PageStatus::Unlinked | PageStatus::Loading => Input::CodesIdle,
    })
}
