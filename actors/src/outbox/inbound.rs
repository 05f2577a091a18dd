//! Messages that came in. They share the table with ours, so that a chat reads as one.

use std::collections::HashSet;

use super::{
    AccountId, Content, Direction, IdSource, Jid, MessageId, MessageStatus, Priority, StoreError, TRIED,
    TenantId, Timestamp, Tx, WaMessageId,
};
use crate::store::{Dialect, Reads};

/// What came in.
#[derive(Clone, Debug)]
pub struct InboundFields {
    /// Its id on WhatsApp: the same message is stored once.
    pub wa_id: WaMessageId,
    /// The chat it belongs to.
    pub chat: Jid,
    /// Who wrote it.
    pub from: Jid,
    /// The name that the writer shows.
    pub sender_name: Option<String>,
    /// What it says.
    pub content: Content,
    /// Whether it came in unnoticed and was found later.
    pub backfilled: bool,
}

/// Stores a message that came in. `None` when the account has stored it before.
///
/// # Errors
/// As the database says.
pub async fn receive(
    tx: &Tx,
    ids: &IdSource,
    tenant: TenantId,
    account: AccountId,
    inbound: &InboundFields,
    now: Timestamp,
) -> Result<Option<MessageId>, StoreError> {
    let id: MessageId = ids.next();
    let content =
        serde_json::to_string(&inbound.content).map_err(|error| StoreError::Failed(error.to_string()))?;
    let stored = tx
        .execute(
            format!(
                "INSERT INTO messages (id, tenant_id, account_id, direction, wa_id, chat, sender, sender_name, kind, content,
                                   status, priority, cost, backfilled, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, $13, $14, $14)
             ON CONFLICT (account_id, wa_id) WHERE {TRIED} DO NOTHING"
            ),
            [
                id.to_string().into(),
                tenant.to_string().into(),
                account.to_string().into(),
                Direction::Inbound.as_str().into(),
                inbound.wa_id.as_str().into(),
                inbound.chat.as_str().into(),
                inbound.from.as_str().into(),
                inbound.sender_name.clone().into(),
                inbound.content.kind().into(),
                content.into(),
                MessageStatus::Received.as_str().into(),
                Priority::Normal.as_str().into(),
                inbound.backfilled.into(),
                now.millis().into(),
            ],
        )
        .await?;
    Ok((stored == 1).then_some(id))
}

/// The ids come first, each with one look at the index: SQLite keeps the order of a cross join. Left the choice it goes
/// through all messages of the account, and through all ids for each of them.
pub(super) fn find_known(dialect: Dialect) -> String {
    let each = dialect.each();
    format!(
        "SELECT m.wa_id AS wa_id FROM {each} CROSS JOIN messages m
         WHERE m.account_id = $2 AND m.wa_id = e.value->>'id' AND m.{TRIED}"
    )
}

/// Which of these ids the account has stored.
///
/// # Errors
/// As the database says.
pub async fn known<'a>(
    reads: &Reads,
    account: AccountId,
    ids: impl IntoIterator<Item = &'a WaMessageId>,
) -> Result<HashSet<WaMessageId>, StoreError> {
    let ids: Vec<serde_json::Value> = ids
        .into_iter()
        .map(|id| serde_json::json!({ "id": id.as_str() }))
        .collect();
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let values = [
        serde_json::Value::Array(ids).to_string().into(),
        account.to_string().into(),
    ];
    let id = |row: &sea_orm::QueryResult| Ok(WaMessageId::from_wire(row.try_get::<String>("", "wa_id")?));
    reads
        .all(find_known(reads.dialect()), values)
        .await?
        .iter()
        .map(id)
        .collect()
}
