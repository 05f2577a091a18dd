//! How an account is started, stopped, and started anew. Each holds the account's lock from its first step to its last, so
//! that of two who want different things the later one has its way.
//!
//! Never here: a start that is lost to a generation which is about to end; a restart that undoes a stop.

use std::time::Duration;

use tokio::sync::oneshot;

use super::entry::{Entry, Office};
use crate::{
    account,
    domain::AccountState,
    protocol::account::{AccountError, Restart, Stop},
    store::AccountRow,
    supervision::{ChildId, Retire, Revive, Supervise},
};

/// Whether a generation that says this says nothing more.
pub(super) const fn is_last(state: AccountState) -> bool {
    matches!(
        state,
        AccountState::Stopped | AccountState::LoggedOut | AccountState::Banned | AccountState::Hibernated
    )
}

/// Whether the process starts it by itself: it is meant to run, and neither waits for a person nor sleeps.
pub(super) const fn starts_by_itself(row: &AccountRow) -> bool {
    row.wanted
        && !matches!(
            row.state,
            AccountState::LoggedOut | AccountState::Banned | AccountState::Hibernated
        )
}

impl Entry {
    /// Starts the account if it does not run; one that backs off or has failed is tried at once, with a fresh budget.
    pub(super) async fn start(&self, office: &Office) -> Result<(), AccountError> {
        let mut child = self.child().lock().await;
        self.start_locked(office, &mut child).await
    }

    /// Starts the account as the process does, if that is right still. Gives whether.
    pub(super) async fn start_by_itself(&self, office: &Office) -> Result<bool, AccountError> {
        let mut child = self.child().lock().await;
        let starts = child.is_none() && starts_by_itself(&self.row(office).await?);
        if starts {
            self.start_locked(office, &mut child).await?;
        }
        Ok(starts)
    }

    pub(super) async fn start_locked(
        &self,
        office: &Office,
        child: &mut Option<ChildId>,
    ) -> Result<(), AccountError> {
        if office.running.is_closed() {
            return Err(AccountError::NotRunning);
        }
        let id = if let Some(id) = *child {
            self.let_end(office, id).await?;
            id
        } else {
            // Known before it is awaited: whoever asks for the start may end meanwhile, and the child lives all the same.
            let id = ChildId::fresh();
            *child = Some(id);
            self.show_child(id);
            office.supervisor.do_send(Supervise(id, office.spec(self)));
            id
        };
        match office.supervisor.send(Revive(id)).await {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(AccountError::NotRunning),
        }
    }

    /// A generation writes its last state a moment before it ends, and a start that is told in between would find it
    /// alive: waits until it has ended, or until a newer one has spoken. The database is asked, since everybody sees
    /// there what was said a moment before it is known here.
    async fn let_end(&self, office: &Office, id: ChildId) -> Result<(), AccountError> {
        let mut standing = self.place().standing.watch();
        let said_under = standing.borrow_and_update().said_under;
        if !is_last(self.row(office).await?.state) {
            return Ok(());
        }
        let down = office.supervisor.send(Retire(id)).await;
        let down = down.map_err(|_| AccountError::NotRunning)?;
        let limit = Duration::from_secs(office.settings.stop_deadline_seconds);
        tokio::select! {
            _ = down => {}
            _ = standing.wait_for(|stand| stand.said_under > said_under && !is_last(stand.state)) => {}
            () = office.clock.sleep(limit) => return Err(AccountError::NoAnswer),
        }
        Ok(())
    }

    /// Stops the account; done once its session is closed. Nothing follows until it is started again. `closing`: because the
    /// process ends.
    pub(super) async fn stop(&self, office: &Office, closing: bool) -> Result<(), AccountError> {
        let child = self.child().lock().await;
        let restart = closing.then_some(Restart::Asked);
        self.stop_locked(office, *child, restart).await?;
        if !closing {
            self.say_stopped(office).await;
        }
        Ok(())
    }

    async fn stop_locked(
        &self,
        office: &Office,
        child: Option<ChildId>,
        restart: Option<Restart>,
    ) -> Result<(), AccountError> {
        let Some(id) = child else { return Ok(()) };
        let down = office.supervisor.send(Retire(id)).await;
        let down = down.map_err(|_| AccountError::NotRunning)?;
        // Not waited for: that it is down says more than that it has answered.
        if let Some(account) = self.address() {
            account.do_send(Stop { restart });
        }
        let limit = Duration::from_secs(office.settings.stop_deadline_seconds);
        self.ended(office, down, limit).await
    }

    /// Says that the account is stopped where nothing that lives has said so, or that it waits for a person.
    pub(super) async fn say_stopped(&self, office: &Office) {
        let rests = matches!(
            self.place().standing.state(),
            AccountState::Stopped | AccountState::LoggedOut | AccountState::Banned
        );
        if !rests {
            account::record_stop(&office.shared, self.place()).await;
        }
    }

    /// Closes the account in order and opens it anew, if it still shall run.
    pub(super) async fn restart(&self, office: &Office, why: Restart) -> Result<(), AccountError> {
        let mut child = self.child().lock().await;
        self.stop_locked(office, *child, Some(why)).await?;
        let place = self.place();
        match office.store.reads().account(place.tenant, place.account).await {
            // Deleted meanwhile.
            Ok(None) => Ok(()),
            Ok(Some(row)) if !row.wanted => {
                self.say_stopped(office).await;
                Ok(())
            }
            // What the database does not say now is what it said before.
            _ => self.start_locked(office, &mut child).await,
        }
    }

    /// Waits until the generation that was told to end is down, and until how it ended is written: whatever is said of the
    /// account next is said after that.
    pub(super) async fn ended(
        &self,
        office: &Office,
        down: oneshot::Receiver<()>,
        limit: Duration,
    ) -> Result<(), AccountError> {
        let written = async {
            let _ = down.await;
            self.place().ends_written().await;
        };
        tokio::select! {
            () = written => Ok(()),
            () = office.clock.sleep(limit) => Err(AccountError::NoAnswer),
        }
    }
}
