//! Commands to accounts: a permit each, a deadline, and an answer whatever happens.

use std::time::Duration;

use actix::{Actor, Addr, Context, Handler, Message, ResponseFuture, dev::ToEnvelope};
use futures::future;
use tokio::sync::OwnedSemaphorePermit;

use super::{
    Registry,
    entry::{Entry, Office},
    parking::Waking,
};
use crate::{
    account::{self, Account},
    domain::{AccountId, AccountState},
    protocol::{
        account::{
            AccountError, Deliver, Delivery, GetPairing, LogOut, PairByPhone, Pairing, TakeScreenshot,
        },
        registry::To,
    },
};

/// A permit that is counted.
struct Counted(#[expect(dead_code, reason = "held for its drop")] OwnedSemaphorePermit);

impl Counted {
    fn new(permit: OwnedSemaphorePermit) -> Self {
        account::note_permits(1);
        Self(permit)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        account::note_permits(-1);
    }
}

fn forward<M, T>(
    office: &Office,
    To { account, command }: To<M>,
    deadline: Duration,
) -> ResponseFuture<Result<T, AccountError>>
where
    M: Message<Result = Result<T, AccountError>> + Send + 'static,
    T: Send + 'static,
    Account: Handler<M>,
    <Account as Actor>::Context: ToEnvelope<Account, M>,
{
    let refuse = |error| -> ResponseFuture<Result<T, AccountError>> { Box::pin(future::ready(Err(error))) };
    let Some(entry) = office.running.find(account) else {
        return refuse(AccountError::NotRunning);
    };
    let Some(address) = entry.address() else {
        return refuse(AccountError::NotRunning);
    };
    let Ok(permit) = entry.permits().try_acquire_owned() else {
        return refuse(AccountError::Busy);
    };
    let permit = Counted::new(permit);
    // A task of its own: an asker that leaves, or a deadline, must not take back a command that is under way.
    let asked = actix::spawn(ask(address, command, permit));
    let late = office.clock.sleep(deadline);
    Box::pin(async move {
        tokio::select! {
            answer = asked => answer.unwrap_or(Err(AccountError::NoAnswer)),
            () = late => Err(AccountError::NoAnswer),
        }
    })
}

/// Wakes a parked account and waits until it is online: for commands that need its page, and that somebody meant.
async fn awake(office: &Office, account: AccountId, limit: Duration) -> Result<(), AccountError> {
    let Some(entry) = office.running.find(account).filter(Entry::needs_waking) else {
        return Ok(());
    };
    entry.wake(office, Waking::LogOut).await?;
    let mut standing = entry.place().standing.watch();
    tokio::select! {
        _ = standing.wait_for(|stand| stand.state == AccountState::Online) => Ok(()),
        () = office.clock.sleep(limit) => Err(AccountError::NoAnswer),
    }
}

async fn ask<M, T>(account: Addr<Account>, command: M, permit: Counted) -> Result<T, AccountError>
where
    M: Message<Result = Result<T, AccountError>> + Send + 'static,
    T: Send + 'static,
    Account: Handler<M>,
    <Account as Actor>::Context: ToEnvelope<Account, M>,
{
    let answer = account.send(command).await;
    drop(permit);
    // It may have died over the command: nobody can say that it was not carried out.
    answer.unwrap_or(Err(AccountError::NoAnswer))
}

impl Handler<To<Deliver>> for Registry {
    type Result = ResponseFuture<Result<Delivery, AccountError>>;

    fn handle(&mut self, to: To<Deliver>, _: &mut Context<Self>) -> Self::Result {
        forward(
            &self.office,
            to,
            self.seconds(|settings| settings.deliver_deadline_seconds),
        )
    }
}

impl Handler<To<GetPairing>> for Registry {
    type Result = ResponseFuture<Result<Pairing, AccountError>>;

    fn handle(&mut self, to: To<GetPairing>, _: &mut Context<Self>) -> Self::Result {
        forward(
            &self.office,
            to,
            self.seconds(|settings| settings.ask_deadline_seconds),
        )
    }
}

impl Handler<To<PairByPhone>> for Registry {
    type Result = ResponseFuture<Result<Pairing, AccountError>>;

    fn handle(&mut self, to: To<PairByPhone>, _: &mut Context<Self>) -> Self::Result {
        forward(
            &self.office,
            to,
            self.seconds(|settings| settings.ask_deadline_seconds),
        )
    }
}

impl Handler<To<TakeScreenshot>> for Registry {
    type Result = ResponseFuture<Result<Vec<u8>, AccountError>>;

    fn handle(&mut self, to: To<TakeScreenshot>, _: &mut Context<Self>) -> Self::Result {
        // A look wakes nobody: whoever watches a parked account would keep it awake.
        if self
            .office
            .running
            .find(to.account)
            .is_some_and(|entry| entry.sleeps())
        {
            let text = "the account is hibernated, so there is no page to take a picture of; \
                        wake it with POST /v1/accounts/{id}/wake";
            return Box::pin(future::ready(Err(AccountError::WrongState(text.to_owned()))));
        }
        forward(
            &self.office,
            to,
            self.seconds(|settings| settings.ask_deadline_seconds),
        )
    }
}

impl Handler<To<LogOut>> for Registry {
    type Result = ResponseFuture<Result<(), AccountError>>;

    fn handle(&mut self, to: To<LogOut>, _: &mut Context<Self>) -> Self::Result {
        let (office, deadline) = (
            self.office.clone(),
            self.seconds(|settings| settings.ask_deadline_seconds),
        );
        Box::pin(async move {
            awake(&office, to.account, deadline).await?;
            forward(&office, to, deadline).await
        })
    }
}
