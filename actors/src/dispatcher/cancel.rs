//! Cancelling what was not sent yet: a message, or all of an account that is deleted.

use std::sync::Arc;

use super::sweep::end_unsent;
use crate::{
    domain::{AccountId, Clock, IdSource, MessageId, MessageStatus, TenantId, Timestamp},
    outbox,
    store::{Store, StoreError, Tx, accounts},
};

/// How a cancel ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancel {
    /// Cancelled now; its tokens are free again.
    Done,
    /// The tenant has no such message.
    NotFound,
    /// It is past cancelling.
    TooLate(MessageStatus),
}

/// Cancels a message of a tenant: row, hold and event in one commit.
///
/// # Errors
/// As the store says.
pub async fn cancel(
    store: &Store,
    ids: &Arc<IdSource>,
    clock: &Clock,
    tenant: TenantId,
    message: MessageId,
) -> Result<Cancel, StoreError> {
    let (ids, now) = (Arc::clone(ids), clock.now());
    let done = store
        .write(move |tx| {
            Box::pin(async move {
                let Some(settled) = outbox::cancel(tx, tenant, message, now).await? else {
                    return Ok(false);
                };
                end_unsent(tx, &ids, &[settled], Some("by request"), now).await?;
                Ok(true)
            })
        })
        .await?;
    if done {
        return Ok(Cancel::Done);
    }
    let found = store.reads().message(tenant, message).await?;
    Ok(found.map_or(Cancel::NotFound, |row| Cancel::TooLate(row.status)))
}

/// How many messages one commit cancels.
const CHUNK: i64 = 500;

/// Marks an account as deleted and cancels everything that waits for it: what comes until the mark goes with it, and
/// nothing comes after it. What is in flight or in doubt is its account's to settle. Gives false when the tenant has no
/// such account.
///
/// # Errors
/// As the store says; what was cancelled before stays cancelled.
pub async fn delete_account(
    store: &Store,
    ids: &Arc<IdSource>,
    clock: &Clock,
    tenant: TenantId,
    account: AccountId,
) -> Result<bool, StoreError> {
    let now = clock.now();
    // Most of it before, so that the last commit keeps nobody waiting.
    loop {
        let ids = Arc::clone(ids);
        let job = store.write(move |tx| Box::pin(cancel_some(tx, ids, (tenant, account), CHUNK, now)));
        if job.await? == 0 {
            break;
        }
    }
    let ids = Arc::clone(ids);
    let job = store.write(move |tx| {
        Box::pin(async move {
            let deleted = accounts::delete(tx, tenant, account, now).await?;
            if deleted {
                cancel_some(tx, ids, (tenant, account), i64::MAX, now).await?;
            }
            Ok(deleted)
        })
    });
    job.await
}

async fn cancel_some(
    tx: &Tx,
    ids: Arc<IdSource>,
    (tenant, account): (TenantId, AccountId),
    limit: i64,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let cancelled = outbox::cancel_of_account(tx, tenant, account, limit, now).await?;
    end_unsent(tx, &ids, &cancelled, Some("its account was deleted"), now).await?;
    Ok(cancelled.len())
}
