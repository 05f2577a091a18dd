//! What is kept of an account's page: its agent's newest self-test, and up to where its store was compared with ours.

use super::{Reads, StoreError, Tx};
use crate::domain::{AccountId, AgentReport, TenantId, Timestamp};

/// Between which moments the page's store has been compared with ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compared {
    /// The link: what was sent before is history.
    pub from: Timestamp,
    /// The newest message that the page had then, by WhatsApp's clock.
    pub until: Timestamp,
}

/// Writes the agent's newest self-test; gives the one before. `None` when the epoch is stale.
///
/// # Errors
/// As the database says.
pub async fn note_agent(
    tx: &Tx,
    account: AccountId,
    epoch: i64,
    report: &AgentReport,
) -> Result<Option<Option<AgentReport>>, StoreError> {
    let before = tx
        .one(
            "SELECT agent FROM accounts WHERE id = $1 AND epoch = $2 AND deleted_at IS NULL",
            [account.to_string().into(), epoch.into()],
        )
        .await?;
    let Some(before) = before else { return Ok(None) };
    let text = serde_json::to_string(report).map_err(|error| StoreError::Failed(error.to_string()))?;
    tx.execute(
        "UPDATE accounts SET agent = $3 WHERE id = $1 AND epoch = $2",
        [account.to_string().into(), epoch.into(), text.into()],
    )
    .await?;
    let before: Option<String> = before.try_get("", "agent")?;
    // One that cannot be read any more is as good as none.
    Ok(Some(before.and_then(|text| serde_json::from_str(&text).ok())))
}

/// A new link: whatever was sent before is history. Does nothing under a stale epoch.
///
/// # Errors
/// As the database says.
pub async fn begin_comparing(
    tx: &Tx,
    account: AccountId,
    epoch: i64,
    linked_at: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE accounts SET inbound_from = $3, inbound_until = $3 WHERE id = $1 AND epoch = $2",
        [
            account.to_string().into(),
            epoch.into(),
            linked_at.millis().into(),
        ],
    )
    .await?;
    Ok(())
}

/// The page's store was compared up to `until`. It never goes back. Does nothing under a stale epoch, nor before
/// [`begin_comparing`].
///
/// # Errors
/// As the database says.
pub async fn note_compared(
    tx: &Tx,
    account: AccountId,
    epoch: i64,
    until: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE accounts SET inbound_until = $3 WHERE id = $1 AND epoch = $2 AND inbound_until < $3",
        [account.to_string().into(), epoch.into(), until.millis().into()],
    )
    .await?;
    Ok(())
}

impl Reads {
    /// Between which moments an account's page was compared; nothing for one that was linked before such comparisons.
    ///
    /// # Errors
    /// As the database says.
    pub async fn compared(
        &self,
        tenant: TenantId,
        account: AccountId,
    ) -> Result<Option<Compared>, StoreError> {
        let rows = self
            .all(
                "SELECT inbound_from, inbound_until FROM accounts
                 WHERE id = $1 AND tenant_id = $2 AND inbound_from IS NOT NULL AND inbound_until IS NOT NULL",
                [account.to_string().into(), tenant.to_string().into()],
            )
            .await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        Ok(Some(Compared {
            from: Timestamp::from_millis(row.try_get("", "inbound_from")?),
            until: Timestamp::from_millis(row.try_get("", "inbound_until")?),
        }))
    }
}
