//! Messages in doubt: a generation died between the send and its ack, so nobody can tell. The reborn account looks each
//! one up by its WhatsApp id before anything else is sent.
//!
//! | the page's store says | then |
//! |---|---|
//! | acknowledged | `sent`, charged, with the later acks |
//! | held back | wait: the page sends it by itself |
//! | given up | `failed`, not charged: WhatsApp refused it |
//! | not there | send again, under the same id |
//! | cannot be asked for too long, or never again | `unknown`, not charged |

use super::{
    Place, Shared,
    outbound::{Kit, Sent, Writer, send, settle},
};
use crate::{
    domain::{
        AccountId, MessageId, TenantId, Timestamp,
        message::{Ack, Outgoing},
    },
    journal,
    outbox::{self, Claim, Outcome},
    protocol::account::Delivery,
    session::{LookUp, REJECTED},
    store::{StoreError, accounts},
};

/// A message of which nobody can tell whether it was sent.
#[derive(Clone, Debug)]
pub(super) struct Doubt {
    pub(super) message: MessageId,
    pub(super) attempt: i32,
    pub(super) outgoing: Outgoing,
    /// When it was handed over.
    pub(super) since: Timestamp,
}

impl From<Claim> for Doubt {
    fn from(claim: Claim) -> Self {
        Self {
            message: claim.message,
            attempt: claim.attempt,
            outgoing: claim.outgoing,
            since: claim.claimed_at,
        }
    }
}

/// What looking up has brought.
pub(super) enum Resolution {
    /// Settled, or put back.
    Settled(Delivery),
    /// Still in doubt.
    Open,
    /// Still in doubt, and the session is lost.
    Lost(String),
}

/// Looks a message up until it is settled or the patience ends. Sends it again at most once.
pub(super) async fn resolve(kit: &Kit, doubt: &Doubt) -> Resolution {
    let (clock, settings) = (&kit.shared.clock, &kit.shared.settings);
    let patience = std::time::Duration::from_secs(settings.look_up_patience_seconds);
    let started = clock.instant();
    let mut sent_again = false;
    loop {
        let found = kit
            .session
            .look_up(doubt.outgoing.chat.clone(), doubt.outgoing.id.clone())
            .await;
        match found {
            Err(error) if error.is_fatal() => return Resolution::Lost(error.to_string()),
            Ok(LookUp::Found(ack)) if ack >= Ack::Server => {
                return Resolution::Settled(settle(kit, doubt, Outcome::Sent, Some(ack)).await);
            }
            Ok(LookUp::GivenUp) => {
                let outcome = Outcome::Failed {
                    code: REJECTED.to_owned(),
                    detail: REFUSED.to_owned(),
                };
                return Resolution::Settled(settle(kit, doubt, outcome, None).await);
            }
            Ok(LookUp::NotFound) if !sent_again => {
                sent_again = true;
                match send(kit, doubt).await {
                    Sent::Settled(delivery) => return Resolution::Settled(delivery),
                    Sent::Lost(reason) => return Resolution::Lost(reason),
                    Sent::Unclear => {}
                }
            }
            Ok(LookUp::NotFound | LookUp::Found(_)) | Err(_) => {}
        }
        if clock.instant().duration_since(started) >= patience {
            return Resolution::Open;
        }
        clock
            .sleep(std::time::Duration::from_millis(settings.look_up_interval_ms))
            .await;
    }
}

/// Looks everything up, oldest first. Gives what is still in doubt, and why the session was lost, if it was.
pub(super) async fn resolve_all(kit: Kit, doubts: Vec<Doubt>) -> (Vec<Doubt>, Option<String>) {
    let mut open = Vec::new();
    let mut waiting = doubts.into_iter();
    for doubt in waiting.by_ref() {
        match resolve(&kit, &doubt).await {
            Resolution::Settled(Delivery::InDoubt) | Resolution::Open => open.push(doubt),
            Resolution::Settled(_) => {}
            Resolution::Lost(reason) => {
                open.push(doubt);
                open.extend(waiting);
                return (open, Some(reason));
            }
        }
    }
    (open, None)
}

/// Parts what is overdue at `now` from what may still wait.
pub(super) fn overdue(shared: &Shared, doubts: Vec<Doubt>) -> (Vec<Doubt>, Vec<Doubt>) {
    let now = shared.clock.now();
    let limit = shared.settings.unknown_after();
    doubts
        .into_iter()
        .partition(|doubt| now.since(doubt.since) >= limit)
}

/// The word for a message that the page has given up on. Why is told to whoever sent it, and that was nobody who lives.
const REFUSED: &str = "WhatsApp refused the message while nobody waited for its answer";

/// The word for a message of which looking up has told nothing in time.
pub(super) const TOO_LATE: &str = "it could not be found out in time whether it was sent";
/// The word for a message that can never be looked up again.
pub(super) const LINK_ENDED: &str = "the link was ended before it could be asked whether it was sent";

/// The word for a message whose account is gone.
const DELETED: &str = "the account was deleted before it could be asked whether it was sent";

/// Settles as `unknown` whatever the account has in doubt since before `claimed_before`, under a new epoch, whoever held
/// it: for accounts that no session serves. Gives the new epoch, or nothing when the account is gone.
pub(super) async fn give_up(
    shared: &Shared,
    account: AccountId,
    claimed_before: Timestamp,
    cause: &'static str,
) -> Result<i64, StoreError> {
    let own = shared.clone();
    shared
        .store
        .write(move |tx| {
            Box::pin(async move {
                let now = own.clock.now();
                let epoch = accounts::take_over(tx, account).await?;
                let writer = Writer {
                    shared: &own,
                    epoch,
                    now,
                };
                let mut told = Vec::new();
                for claim in outbox::adopt(tx, account, epoch).await? {
                    if claim.claimed_at <= claimed_before {
                        let outcome = Outcome::Unknown {
                            cause: cause.to_owned(),
                        };
                        told.extend(writer.settle(tx, claim.message, &outcome).await?);
                    }
                }
                journal::append(tx, &own.ids, now, &told).await?;
                Ok(epoch)
            })
        })
        .await
}

/// Settles as `unknown` whatever an account has in doubt, because it is deleted. Called by the registry once its session
/// is closed: it raises the epoch.
///
/// # Errors
/// As the store says; [`StoreError::Conflict`] when the account is deleted already.
pub async fn give_up_all(shared: &Shared, account: AccountId) -> Result<(), StoreError> {
    let now = shared.clock.now();
    give_up(shared, account, now, DELETED).await.map(drop)
}

/// Settles as `unknown` what an account that does not run has had in doubt for longer than the settings allow. Called by
/// the registry for accounts without a living generation only (`place` is theirs, where they have one): it raises the
/// epoch.
///
/// # Errors
/// As the store says.
pub async fn give_up_overdue(
    shared: &Shared,
    account: AccountId,
    place: Option<&Place>,
) -> Result<(), StoreError> {
    let before = shared.clock.now().before(shared.settings.unknown_after());
    let epoch = give_up(shared, account, before, TOO_LATE).await?;
    if let Some(place) = place {
        place.standing.set_epoch(epoch);
    }
    Ok(())
}

/// Raises the epoch and adopts what older ones left in doubt, in one write.
pub(super) async fn take_over(
    shared: &Shared,
    (_tenant, account): (TenantId, AccountId),
    follows_death: bool,
) -> Result<(i64, Vec<Doubt>), StoreError> {
    shared
        .store
        .write(move |tx| {
            Box::pin(async move {
                let epoch = accounts::take_over(tx, account).await?;
                if follows_death {
                    accounts::note_restart(tx, account, epoch).await?;
                }
                let claims = outbox::adopt(tx, account, epoch).await?;
                Ok((epoch, claims.into_iter().map(Doubt::from).collect()))
            })
        })
        .await
}
