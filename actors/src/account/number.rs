//! Whose number an account is. The first phone that links it decides; whoever links it again later has to be the same
//! one, or everything that was written under the account would be somebody else's.
//!
//! | the page is linked to | then |
//! |---|---|
//! | the number that the account has, or the account has none | it goes on with all that it had |
//! | another one, by a scan just now | that link is ended on WhatsApp's side too, nothing of it is written, the account is `logged_out` |
//! | another one, by a profile that was put there | the session is closed, the link stays with the profile, the account is `stopped` |
//! | another one, and `allow_other_number` is set | the account is that number's from now on |

use actix::{ActorFutureExt as _, AsyncContext as _, Context, WrapFuture as _};
use std::time::Duration;

use super::{
    Account, Shared,
    machine::Input,
    scribe::{Data, Entry},
};
use crate::{
    domain::{AccountId, Phone, TenantId},
    session::Identity,
    store::StoreError,
};

/// How long the page may take to end a link that is not wanted, until it is closed and asked again.
const ENDS_WITHIN: Duration = Duration::from_secs(20);
/// How much may wait for the number to be known.
const HELD_MAX: usize = 1_024;

/// The number that an account has to be linked to, and what waits until that is so.
#[derive(Default)]
pub(super) struct OwnNumber {
    pub(super) kept: Option<Phone>,
    held: Vec<Data>,
}

/// The number that this account has to be linked to; `None` when it may be any.
pub(super) async fn kept(
    shared: &Shared,
    (tenant, account): (TenantId, AccountId),
) -> Result<Option<Phone>, StoreError> {
    let row = shared.store.reads().account(tenant, account).await?;
    Ok(row.and_then(|row| {
        let any = row.settings.allow_other_number == Some(true);
        row.phone.filter(|_| !any)
    }))
}

impl Account {
    /// The page says who is linked.
    pub(super) fn heard_who(&mut self, who: Identity, ctx: &mut Context<Self>) {
        if self.number.kept.as_ref().is_some_and(|kept| *kept != who.phone) {
            self.number.held.clear();
            return self.input(Input::OtherNumber, ctx);
        }
        self.number.kept = Some(who.phone.clone());
        self.input(Input::Ready(who), ctx);
        let held = std::mem::take(&mut self.number.held);
        if !held.is_empty() {
            self.note(Entry::Data(held, None), ctx);
        }
    }

    /// Gives back what may be written now: nothing of another number's, and nothing as long as a phone that has just
    /// linked may be another one.
    pub(super) fn ours(&mut self, data: Vec<Data>, ctx: &mut Context<Self>) -> Vec<Data> {
        if self.machine.is_foreign() {
            return Vec::new();
        }
        if self.number.kept.is_none() || !self.machine.is_nobody_yet() {
            return data;
        }
        self.number.held.extend(data);
        if self.number.held.len() > HELD_MAX {
            let reason = "more came in than can wait for the page to say who is linked".to_owned();
            self.input(Input::Died { reason }, ctx);
        }
        Vec::new()
    }

    /// Ends a link that is not wanted; the page says when it is done.
    pub(super) fn end_link(&self, ctx: &mut Context<Self>) {
        let Some(session) = self.session.clone() else {
            return;
        };
        let clock = self.shared.clock.clone();
        let work = async move {
            let asked = session.log_out().await;
            clock.sleep(ENDS_WITHIN).await;
            asked
        };
        ctx.spawn(work.into_actor(self).map(|asked, this, ctx| {
            if this.machine.is_foreign() {
                let why = asked
                    .err()
                    .map_or_else(String::new, |error| format!(" ({error})"));
                let reason = format!("the link to another number did not end{why}");
                this.input(Input::Died { reason }, ctx);
            }
        }));
    }
}
