//! Cancelling a message that was not tried yet.

use std::sync::Arc;

use super::sweep::end_unsent;
use crate::{
    domain::{AccountId, Clock, IdSource, MessageId, MessageStatus, TenantId},
    outbox,
    store::{Store, StoreError},
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

/// Cancels everything that still waits for an account, because it is deleted. What is in flight or in doubt is its
/// account's to settle.
///
/// # Errors
/// As the store says; what was cancelled before stays cancelled.
pub async fn cancel_all(
    store: &Store,
    ids: &Arc<IdSource>,
    clock: &Clock,
    tenant: TenantId,
    account: AccountId,
) -> Result<usize, StoreError> {
    let mut all = 0;
    loop {
        let (ids, now) = (Arc::clone(ids), clock.now());
        let cancelled = store
            .write(move |tx| {
                Box::pin(async move {
                    let cancelled = outbox::cancel_of_account(tx, tenant, account, CHUNK, now).await?;
                    end_unsent(tx, &ids, &cancelled, Some("its account was deleted"), now).await?;
                    Ok(cancelled.len())
                })
            })
            .await?;
        if cancelled == 0 {
            return Ok(all);
        }
        all += cancelled;
    }
}
