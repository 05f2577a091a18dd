//! How a message leaves the outbox, and the acks that follow.

use sea_orm::QueryResult;

use crate::store::Reads;

use super::{
    AccountId, Ack, Jid, MessageId, MessageStatus, READY, SENDING, Step, StoreError, TRIED, TenantId,
    Timestamp, Tokens, Tx, WaMessageId, add_step, parsed,
};

/// How a send ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// WhatsApp's server has it.
    Sent,
    /// Refused for good.
    Failed {
        /// A stable word.
        code: String,
        /// For people.
        detail: String,
    },
    /// Nobody can tell.
    Unknown {
        /// Why nobody can.
        cause: String,
    },
}

/// What was settled or acknowledged: all that event and ledger need.
#[derive(Clone, Debug)]
pub struct Settled {
    /// Whose it is.
    pub tenant: TenantId,
    /// Who sent it.
    pub account: AccountId,
    /// The message.
    pub message: MessageId,
    /// Its id on WhatsApp.
    pub wa_id: WaMessageId,
    /// The chat.
    pub chat: Jid,
    /// The word of its type.
    pub kind: String,
    /// What was held for it.
    pub cost: Tokens,
    /// The client's own word for it.
    pub callback_data: Option<String>,
    /// The status it took.
    pub status: MessageStatus,
}

const RETURNING: &str = "RETURNING id, tenant_id, account_id, wa_id, chat, kind, cost, callback_data, status";

fn settled(row: &QueryResult) -> Result<Settled, StoreError> {
    Ok(Settled {
        tenant: parsed(row, "tenant_id")?,
        account: parsed(row, "account_id")?,
        message: parsed(row, "id")?,
        wa_id: WaMessageId::from_wire(row.try_get::<String>("", "wa_id")?),
        chat: parsed(row, "chat")?,
        kind: row.try_get("", "kind")?,
        cost: Tokens(row.try_get("", "cost")?),
        callback_data: row.try_get("", "callback_data")?,
        status: parsed(row, "status")?,
    })
}

/// Ends a send: the row leaves the outbox, the message takes its status. The caller posts or voids the hold and appends
/// the event in the same transaction. `None` when the epoch is stale or it is settled already: then nothing may follow.
///
/// # Errors
/// As the database says.
pub async fn settle(
    tx: &Tx,
    message: MessageId,
    epoch: i64,
    outcome: &Outcome,
    node: &str,
    now: Timestamp,
) -> Result<Option<Settled>, StoreError> {
    let gone = tx
        .one(
            format!(
                "DELETE FROM outbox WHERE message_id = $1 AND epoch = $2 AND state = {SENDING} RETURNING attempt, tenant_id"
            ),
            [message.to_string().into(), epoch.into()],
        )
        .await?;
    let Some(gone) = gone else { return Ok(None) };
    let (status, error) = match outcome {
        Outcome::Sent => (MessageStatus::Sent, None),
        Outcome::Failed { code, detail } => (MessageStatus::Failed, Some((code.as_str(), detail.as_str()))),
        Outcome::Unknown { cause } => (MessageStatus::Unknown, Some(("unknown", cause.as_str()))),
    };
    let ended = end(tx, (parsed(&gone, "tenant_id")?, message), status, error, now).await?;
    let step = Step {
        status,
        at: now,
        attempt: gone.try_get("", "attempt")?,
        node: Some(node),
        cause: error.map(|(_, detail)| detail),
    };
    add_step(tx, message, step);
    Ok(Some(ended))
}

async fn end(
    tx: &Tx,
    (tenant, message): (TenantId, MessageId),
    status: MessageStatus,
    error: Option<(&str, &str)>,
    now: Timestamp,
) -> Result<Settled, StoreError> {
    let row = tx
        .one(
            format!(
                "UPDATE messages SET status = $3, error_code = $4, error_detail = $5, updated_at = $6
                 WHERE tenant_id = $1 AND id = $2 {RETURNING}"
            ),
            [
                tenant.to_string().into(),
                message.to_string().into(),
                status.as_str().into(),
                error.map(|(code, _)| code.to_owned()).into(),
                error.map(|(_, detail)| detail.to_owned()).into(),
                now.millis().into(),
            ],
        )
        .await?
        .ok_or_else(|| StoreError::Failed(format!("outbox row {message} has no message")))?;
    settled(&row)
}

/// Notes an ack that came after the server's: delivered, read, played. `None` when no message of the account has this
/// WhatsApp id, when it is not yet `sent`, or when it stands as far already.
///
/// # Errors
/// As the database says.
pub async fn acknowledge(
    tx: &Tx,
    account: AccountId,
    wa_id: &WaMessageId,
    ack: Ack,
    now: Timestamp,
) -> Result<Option<Settled>, StoreError> {
    let (status, below) = match ack {
        Ack::Pending | Ack::Server => return Ok(None),
        Ack::Device => (MessageStatus::Delivered, "'sent'"),
        Ack::Read => (MessageStatus::Read, "'sent', 'delivered'"),
        Ack::Played => (MessageStatus::Played, "'sent', 'delivered', 'read'"),
    };
    let row = tx
        .one(
            format!(
                "UPDATE messages SET status = $3, updated_at = $4
                 WHERE account_id = $1 AND wa_id = $2 AND {TRIED} AND direction = 'outbound'
                   AND status IN ({below}) {RETURNING}"
            ),
            [
                account.to_string().into(),
                wa_id.as_str().into(),
                status.as_str().into(),
                now.millis().into(),
            ],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let settled = settled(&row)?;
    add_step(
        tx,
        settled.message,
        Step {
            status,
            at: now,
            attempt: 0,
            node: None,
            cause: None,
        },
    );
    Ok(Some(settled))
}

/// Cancels a message that was never tried. `None` when the tenant has no such message or it is past cancelling.
///
/// # Errors
/// As the database says.
pub async fn cancel(
    tx: &Tx,
    tenant: TenantId,
    message: MessageId,
    now: Timestamp,
) -> Result<Option<Settled>, StoreError> {
    let gone = tx
        .execute(
            format!(
                "DELETE FROM outbox WHERE message_id = $1 AND tenant_id = $2 AND state = {READY} AND attempt = 0"
            ),
            [message.to_string().into(), tenant.to_string().into()],
        )
        .await?;
    if gone == 0 {
        return Ok(None);
    }
    let ended = end(tx, (tenant, message), MessageStatus::Cancelled, None, now).await?;
    let step = Step {
        status: MessageStatus::Cancelled,
        at: now,
        attempt: 0,
        node: None,
        cause: Some("by request"),
    };
    add_step(tx, message, step);
    Ok(Some(ended))
}

/// Ends messages whose time ran out before they could be sent, at most `limit`. Those that were tried and surely not
/// sent end as `failed`; those in flight or in doubt are left to their account.
///
/// # Errors
/// As the database says.
pub async fn expire_due(tx: &Tx, limit: i64, now: Timestamp) -> Result<Vec<Settled>, StoreError> {
    let due = "expires_at <= $2";
    let why = Why {
        untried: MessageStatus::Expired,
        code: "expired",
        untried_detail: "it could not be sent before it expired",
        tried_detail: "every attempt failed before it expired",
    };
    end_ready(tx, due, vec![limit.into(), now.millis().into()], &why, now).await
}

/// Ends everything of an account that is ready and not in flight, at most `limit`: what was never tried as `cancelled`,
/// the rest as `failed`.
///
/// # Errors
/// As the database says.
pub async fn cancel_of_account(
    tx: &Tx,
    tenant: TenantId,
    account: AccountId,
    limit: i64,
    now: Timestamp,
) -> Result<Vec<Settled>, StoreError> {
    let whose = "account_id = $2 AND tenant_id = $3";
    let why = Why {
        untried: MessageStatus::Cancelled,
        code: "account_deleted",
        untried_detail: "its account was deleted",
        tried_detail: "its account was deleted before an attempt succeeded",
    };
    let values = vec![
        limit.into(),
        account.to_string().into(),
        tenant.to_string().into(),
    ];
    end_ready(tx, whose, values, &why, now).await
}

/// Why messages end that were not sent.
struct Why {
    /// What becomes of those that were never tried; the others become `failed`, for a status never goes back.
    untried: MessageStatus,
    code: &'static str,
    untried_detail: &'static str,
    tried_detail: &'static str,
}

/// Ends ready rows; `$1` is how many at most, the condition has the parameters after it.
async fn end_ready(
    tx: &Tx,
    condition: &str,
    values: Vec<sea_orm::Value>,
    why: &Why,
    now: Timestamp,
) -> Result<Vec<Settled>, StoreError> {
    let lock = tx.dialect().skip_locked();
    let rows = tx
        .all(
            format!(
                "DELETE FROM outbox WHERE message_id IN (
                     SELECT message_id FROM outbox WHERE state = {READY} AND {condition} LIMIT $1 {lock})
                 RETURNING message_id, tenant_id, attempt"
            ),
            values,
        )
        .await?;
    let mut ended = Vec::with_capacity(rows.len());
    for row in rows {
        let message = parsed(&row, "message_id")?;
        let attempt: i32 = row.try_get("", "attempt")?;
        let (status, detail) = if attempt == 0 {
            (why.untried, why.untried_detail)
        } else {
            (MessageStatus::Failed, why.tried_detail)
        };
        ended.push(
            end(
                tx,
                (parsed(&row, "tenant_id")?, message),
                status,
                Some((why.code, detail)),
                now,
            )
            .await?,
        );
        let step = Step {
            status,
            at: now,
            attempt,
            node: None,
            cause: Some(detail),
        };
        add_step(tx, message, step);
    }
    Ok(ended)
}

/// Whether anything is due to expire. A cheap look before a write.
///
/// # Errors
/// As the database says.
pub async fn any_expired(reads: &Reads, now: Timestamp) -> Result<bool, StoreError> {
    let sql = format!("SELECT 1 AS one FROM outbox WHERE expires_at <= $1 AND state = {READY} LIMIT 1");
    Ok(!reads.all(sql, [now.millis().into()]).await?.is_empty())
}

/// A message of ours whose later acks are still to come.
#[derive(Clone, Debug)]
pub struct AwaitingAck {
    /// Its id on WhatsApp.
    pub wa_id: WaMessageId,
    /// The chat.
    pub chat: Jid,
    /// `sent` or `delivered`.
    pub status: MessageStatus,
}

/// The index `messages_awaiting`, whose condition stands here word for word, finds an account's recent messages (ids begin
/// with their time) without looking at anybody else's. SQLite knows nothing of how many rows a tenant has and would rather
/// look through all of them; as an expression the tenant is checked, and no way to find rows.
pub(super) const AWAITING: &str = "SELECT wa_id, chat, status FROM messages
    WHERE account_id = $3 AND id >= $2 AND COALESCE(tenant_id, '') = $1 AND direction = 'outbound'
      AND status IN ('sent', 'delivered') ORDER BY id DESC LIMIT $4";

/// The account's messages accepted since `since` that are not read yet, newest first, at most `limit`: what a reborn
/// session is asked about, because acks that came while nobody listened are not repeated.
///
/// # Errors
/// As the database says.
pub async fn awaiting_acks(
    reads: &Reads,
    (tenant, account): (TenantId, AccountId),
    since: Timestamp,
    limit: i64,
) -> Result<Vec<AwaitingAck>, StoreError> {
    let oldest = MessageId::from_bits(u128::try_from(since.millis()).unwrap_or(0) << 80);
    let values = [
        tenant.to_string().into(),
        oldest.to_string().into(),
        account.to_string().into(),
        limit.into(),
    ];
    let awaiting = |row: &QueryResult| {
        Ok(AwaitingAck {
            wa_id: WaMessageId::from_wire(row.try_get::<String>("", "wa_id")?),
            chat: parsed(row, "chat")?,
            status: parsed(row, "status")?,
        })
    };
    reads.all(AWAITING, values).await?.iter().map(awaiting).collect()
}
