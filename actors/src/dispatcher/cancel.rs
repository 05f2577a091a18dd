//! Cancelling a message that was not tried yet.

use std::sync::Arc;

use super::sweep::end_unsent;
use crate::{
    domain::{Clock, IdSource, MessageId, MessageStatus, TenantId},
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
