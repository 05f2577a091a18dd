//! Messages that came in. They share the table with ours, so that a chat reads as one.

use super::{
    AccountId, Content, Direction, IdSource, Jid, MessageId, MessageStatus, Priority, StoreError, TRIED,
    TenantId, Timestamp, Tx, WaMessageId,
};

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
                                   status, priority, cost, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, $13, $13)
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
                now.millis().into(),
            ],
        )
        .await?;
    Ok((stored == 1).then_some(id))
}
