//! How a generation ends: the session closed in good order, the last writes, then nothing.

use std::time::Duration;

use actix::{ActorContext as _, ActorFutureExt as _, AsyncContext as _, Context, WrapFuture as _};
use futures::future;

use super::{
    Account,
    machine::{End, Say},
    recovery,
    scribe::Entry,
};
use crate::domain::AccountState;

/// How long a generation that ends in good order waits for its last writes.
const LAST_WRITES: Duration = Duration::from_secs(10);

impl Account {
    /// First the session, so that what it reports last is still heard; then the last writes.
    pub(super) fn wind_down(&mut self, say: Say, give_up: bool, end: End, ctx: &mut Context<Self>) {
        self.mending_overtaken(ctx);
        self.cancel_probe_timer(ctx);
        self.session = None;
        let (closed, token) = (self.session_closed.take(), self.session_token.clone());
        let (clock, settings) = (
            self.shared.clock.clone(),
            std::sync::Arc::clone(&self.shared.settings),
        );
        // Nobody waits for an account that is parked: a send in flight is waited for to its end, so that none is in doubt.
        let grace = match say.state {
            AccountState::Hibernated => settings.send_deadline_seconds,
            _ => settings.stop_grace_seconds,
        };
        let close = async move {
            let Some(mut closed) = closed else { return };
            let grace = Duration::from_secs(grace);
            let in_grace = tokio::select! {
                _ = &mut closed => true,
                () = clock.sleep(grace) => false,
            };
            token.cancel();
            if !in_grace {
                let limit = Duration::from_secs(settings.close_deadline_seconds);
                future::select(closed, clock.sleep(limit)).await;
            }
        };
        let last = close.into_actor(self).then(move |(), this, _| {
            let (scribe, done) = (this.scribe.take(), this.scribe_done.take());
            let (shared, account) = (this.shared.clone(), this.place.account);
            async move {
                if let Some(scribe) = scribe {
                    scribe.note(Entry::Say(say));
                }
                if let Some(done) = done {
                    future::select(done, shared.clock.sleep(LAST_WRITES)).await;
                }
                if give_up {
                    // Their link is void; what is left of it opens nothing and is nobody's business.
                    if let Some(vault) = &shared.vault
                        && let Err(error) = vault.forget(account).await
                    {
                        tracing::error!(target: "zaptor::account", %account, %error,
                            "snapshots of an ended link could not be removed");
                    }
                    let now = shared.clock.now();
                    return Some(recovery::give_up(&shared, account, now, recovery::LINK_ENDED).await);
                }
                None
            }
            .into_actor(this)
        });
        ctx.spawn(last.map(move |given_up, this, ctx| {
            match given_up {
                Some(Ok(epoch)) => this.place.standing.set_epoch(epoch),
                Some(Err(error)) => {
                    tracing::error!(target: "zaptor::account", account = %this.place.account, %error,
                        "messages in doubt could not be settled; they are tried again later");
                }
                None => {}
            }
            this.end(end, ctx);
        }));
    }

    pub(super) fn end(&mut self, end: End, ctx: &mut Context<Self>) {
        match end {
            End::Finished(reason) => self.life.finish(reason),
            End::Failed(kind, detail) => self.life.fail(kind, detail),
            End::WithGroup(reason) => self.life.end_with_group(reason),
        }
        for stopping in self.stopping.drain(..) {
            let _ = stopping.send(());
        }
        ctx.stop();
    }
}
