//! How a generation opens its session, and how long it believes a page that says nothing.

use std::time::Duration;

use actix::{ActorFutureExt as _, AsyncContext as _, Context, WrapFuture as _};

use tokio::sync::watch;

use super::{
    Account, Waits, inbound,
    machine::{Input, Phase},
    profile::Prepared,
    session_task,
};
use crate::{domain::Timestamp, session::SessionError};

/// How long a page may load its chats before it is asked whether it lives.
const SYNC_LATE: Duration = Duration::from_secs(20);
/// How late a page may be with its next pairing code before it is asked whether it lives.
const CODE_LATE: Duration = Duration::from_secs(3);

impl Account {
    pub(super) fn open(&mut self, ctx: &mut Context<Self>) {
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
        self.hear_of_waits(task.waits, ctx);
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
                    Ok(Err(SessionError::Proxy(trouble))) => this.input(Input::NoWay(trouble), ctx),
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

    /// Says what it waits for, whenever that changes. That others come first is no news.
    fn hear_of_waits(&self, mut waits: watch::Receiver<Option<Waits>>, ctx: &mut Context<Self>) {
        let news = async move {
            let worth = |told: &Option<Waits>| matches!(told, Some(Waits::Memory { .. } | Waits::Held(_)));
            loop {
                // An end means that it is open, or that nobody waits any more.
                waits.changed().await.ok()?;
                let told = waits.borrow_and_update().clone();
                if worth(&told) {
                    return told.map(|told| (told, waits));
                }
            }
        };
        ctx.spawn(news.into_actor(self).map(|news, this, ctx| {
            let Some((told, waits)) = news else { return };
            match told {
                Waits::Memory { needs, free } => this.input(Input::NoRoom { needs, free }, ctx),
                Waits::Held(hold) => this.input(Input::Held(hold), ctx),
                Waits::Turn => {}
            }
            this.hear_of_waits(waits, ctx);
        }));
    }

    /// A page that is open says sooner or later whether it is linked.
    pub(super) fn expect_word(&self, ctx: &mut Context<Self>) {
        let limit = self.shared.settings.repair.silence();
        let pause = self.shared.clock.sleep(limit).into_actor(self);
        ctx.spawn(pause.map(|(), this, ctx| this.input(Input::PageSilent, ctx)));
    }

    /// A page that lives replaces its code in time, or says that it gives up. One that does neither is asked, which a
    /// hanging page does not survive.
    pub(super) fn expect_next_code(&self, expires_at: Timestamp, ctx: &mut Context<Self>) {
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
    pub(super) fn expect_sync(&self, ctx: &mut Context<Self>) {
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

    pub(super) fn refresh_codes(&self, ctx: &mut Context<Self>) {
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

    pub(super) fn command_failed(&mut self, error: &SessionError, ctx: &mut Context<Self>) {
        if error.is_fatal() {
            let reason = error.to_string();
            self.input(Input::Died { reason }, ctx);
        }
    }
}
