//! What the account is told, and what it answers: at once, or by a future that waits for the session outside the actor.

use std::time::Duration;

use actix::{
    ActorFutureExt as _, AsyncContext as _, Context, Handler, Message, ResponseFuture, WrapFuture as _,
};
use futures::future;
use tokio::sync::oneshot;

use super::{
    Account,
    machine::{Input, Phase},
    outbound::{self, Aftermath},
};
use crate::{
    domain::AccountState,
    protocol::account::{
        AccountError, Deliver, Delivery, GetPairing, LogOut, MemoryOverLimit, Pairing, Park, Stop,
        TakeScreenshot,
    },
    vault::ProfileCopy,
};

/// How long after a message in doubt the lane is opened again.
const REOPEN_AFTER: Duration = Duration::from_secs(1);

/// A delivery left something for the actor to know.
#[derive(Message)]
#[rtype(result = "()")]
struct Left(Aftermath);

impl Account {
    fn wrong_state(&self, wanted: &str) -> AccountError {
        AccountError::WrongState(format!("the account is {}; {wanted}", self.machine.state()))
    }
}

impl Handler<MemoryOverLimit> for Account {
    type Result = ();

    fn handle(&mut self, over: MemoryOverLimit, ctx: &mut Context<Self>) {
        if over.generation != self.life.generation() {
            return;
        }
        let mib = |bytes: u64| bytes >> 20;
        let (bytes, limit) = (mib(over.bytes), mib(over.limit_bytes));
        let reason = format!("its browser took {bytes} MiB of memory; it may take {limit} MiB");
        self.input(Input::OverLimit { reason }, ctx);
    }
}

impl Handler<Left> for Account {
    type Result = ();

    fn handle(&mut self, Left(aftermath): Left, ctx: &mut Context<Self>) {
        match aftermath {
            Aftermath::None => {}
            Aftermath::InDoubt(doubt) => {
                self.doubts.push(*doubt);
                self.arm_patience(ctx);
                // The dispatcher closes the lane over a message in doubt, but this session lives: the others may go on.
                let pause = self.shared.clock.sleep(REOPEN_AFTER).into_actor(self);
                ctx.spawn(pause.map(|(), this, _| this.say_ready()));
            }
            Aftermath::SessionLost(doubt, reason) => {
                self.doubts.push(*doubt);
                self.input(Input::Died { reason }, ctx);
            }
        }
    }
}

impl Handler<Deliver> for Account {
    type Result = ResponseFuture<Result<Delivery, AccountError>>;

    fn handle(&mut self, deliver: Deliver, ctx: &mut Context<Self>) -> Self::Result {
        let ours = self.machine.epoch() == Some(deliver.epoch);
        let Some(kit) = self.kit().filter(|_| ours) else {
            let error = self.wrong_state("the message is looked up once it is online again");
            return Box::pin(future::ready(Err(error)));
        };
        if self.machine.serving().is_none() {
            let cause = format!("the account is {}", self.machine.state());
            return Box::pin(async move {
                let (message, id) = (deliver.message, deliver.outgoing.id);
                Ok(outbound::give_back(kit, message, &id, deliver.attempt, cause).await)
            });
        }
        let me = ctx.address().downgrade();
        let (activity, clock) = (self.place.activity.clone(), self.shared.clock.clone());
        activity.use_now(clock.now());
        self.place.note_change();
        Box::pin(async move {
            let (delivery, aftermath) = outbound::deliver(kit, deliver).await;
            activity.use_now(clock.now());
            if !matches!(aftermath, Aftermath::None)
                && let Some(me) = me.upgrade()
            {
                me.do_send(Left(aftermath));
            }
            Ok(delivery)
        })
    }
}

impl Handler<GetPairing> for Account {
    type Result = ResponseFuture<Result<Pairing, AccountError>>;

    fn handle(&mut self, _: GetPairing, ctx: &mut Context<Self>) -> Self::Result {
        if self.machine.phase() != Phase::Unlinked {
            return Box::pin(future::ready(Err(AccountError::NotPairing)));
        }
        if let Some(pairing) = self.codes.current(self.shared.clock.now()) {
            return Box::pin(future::ready(Ok(pairing)));
        }
        let next = self.codes.wait();
        self.input(Input::CodeWanted, ctx);
        let limit = Duration::from_secs(self.shared.settings.pairing_wait_seconds);
        let patience = self.shared.clock.sleep(limit);
        Box::pin(async move {
            tokio::select! {
                pairing = next => pairing.map_err(|_| AccountError::NotPairing),
                () = patience => Err(AccountError::NotPairing),
            }
        })
    }
}

impl Handler<TakeScreenshot> for Account {
    type Result = ResponseFuture<Result<Vec<u8>, AccountError>>;

    fn handle(&mut self, _: TakeScreenshot, _: &mut Context<Self>) -> Self::Result {
        let Some(session) = self.session.clone().filter(|_| self.opened) else {
            let error = self.wrong_state("there is no page yet to take a picture of");
            return Box::pin(future::ready(Err(error)));
        };
        Box::pin(async move {
            let picture = session.screenshot().await;
            picture.map_err(|error| AccountError::Session(error.to_string()))
        })
    }
}

impl Handler<LogOut> for Account {
    type Result = ResponseFuture<Result<(), AccountError>>;

    fn handle(&mut self, _: LogOut, _: &mut Context<Self>) -> Self::Result {
        let linked = matches!(
            self.machine.state(),
            AccountState::Syncing | AccountState::Online | AccountState::Degraded
        );
        let Some(session) = self.session.clone().filter(|_| linked) else {
            let error = self.wrong_state("only a linked account can be logged out");
            return Box::pin(future::ready(Err(error)));
        };
        Box::pin(async move {
            let done = session.log_out().await;
            done.map_err(|error| AccountError::Session(error.to_string()))
        })
    }
}

impl Handler<Stop> for Account {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, Stop { restart }: Stop, ctx: &mut Context<Self>) -> Self::Result {
        let (stopped, is_stopped) = oneshot::channel();
        self.stopping.push(stopped);
        self.input(Input::Stop { restart }, ctx);
        Box::pin(async move {
            let _ = is_stopped.await;
        })
    }
}

impl Handler<Park> for Account {
    type Result = ();

    fn handle(&mut self, Park { why, reason }: Park, ctx: &mut Context<Self>) {
        let evidence = self.place.parked(why);
        self.input(Input::Park { reason, evidence }, ctx);
    }
}

/// Finish this copy of the profile while the browser stands still.
#[derive(Debug, Message)]
#[rtype(result = "Result<ProfileCopy, AccountError>")]
pub struct CopyProfile(pub ProfileCopy);

impl Handler<CopyProfile> for Account {
    type Result = ResponseFuture<Result<ProfileCopy, AccountError>>;

    fn handle(&mut self, CopyProfile(mut copy): CopyProfile, _: &mut Context<Self>) -> Self::Result {
        let Some(session) = self.session.clone().filter(|_| self.machine.serving().is_some()) else {
            let error = self.wrong_state("its profile is copied while it is online");
            return Box::pin(future::ready(Err(error)));
        };
        Box::pin(async move {
            let (give, given) = oneshot::channel();
            let work = move || {
                copy.finish()?;
                let _ = give.send(copy);
                Ok(())
            };
            let done = session.stand_still(Box::new(work)).await;
            done.map_err(|error| AccountError::Session(error.to_string()))?;
            given.await.map_err(|_| AccountError::NoAnswer)
        })
    }
}
