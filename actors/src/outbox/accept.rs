//! Acceptance: messages and their outbox rows, two statements however many.

use super::{
    AccountId, Content, Jid, MessageId, Priority, READY, Serialize, StoreError, TenantId, Timestamp, Tokens,
    Tx, WaMessageId,
};
use crate::domain::{Direction, MessageStatus};

/// A message that is being accepted.
#[derive(Clone, Debug)]
pub struct NewMessage {
    /// Its id.
    pub id: MessageId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Who sends it.
    pub account: AccountId,
    /// Its id on WhatsApp, for every attempt.
    pub wa_id: WaMessageId,
    /// Where to.
    pub chat: Jid,
    /// The recipient as the client wrote it.
    pub recipient: String,
    /// What it says.
    pub content: Content,
    /// Who goes first.
    pub priority: Priority,
    /// What it costs.
    pub cost: Tokens,
    /// The client's own word for it.
    pub callback_data: Option<String>,
    /// Not before.
    pub send_at: Option<Timestamp>,
    /// Not after.
    pub expires_at: Option<Timestamp>,
}

/// `scheduled` when a message has to wait for its time, else `queued`.
pub fn first_status(send_at: Option<Timestamp>, now: Timestamp) -> MessageStatus {
    if send_at.is_some_and(|at| at > now) {
        MessageStatus::Scheduled
    } else {
        MessageStatus::Queued
    }
}

#[derive(Serialize)]
struct Line<'a> {
    id: String,
    tenant: String,
    account: String,
    wa_id: &'a str,
    chat: &'a str,
    recipient: &'a str,
    kind: &'static str,
    content: String,
    status: &'static str,
    priority: &'static str,
    lane: i16,
    cost: i64,
    callback_data: Option<&'a str>,
    send_at: Option<i64>,
    expires_at: Option<i64>,
    run_at: i64,
}

/// A message in the form in which [`accept`] takes it, made before the commit, which is one for all.
#[derive(Clone, Debug)]
pub struct Row {
    account: AccountId,
    json: String,
}

impl Row {
    /// Writes the message down; `now` decides whether it is scheduled.
    ///
    /// # Errors
    /// [`StoreError::Failed`] when it cannot be written as JSON.
    pub fn new(message: &NewMessage, now: Timestamp) -> Result<Self, StoreError> {
        let failed = |error: serde_json::Error| StoreError::Failed(error.to_string());
        let line = Line {
            id: message.id.to_string(),
            tenant: message.tenant.to_string(),
            account: message.account.to_string(),
            wa_id: message.wa_id.as_str(),
            chat: message.chat.as_str(),
            recipient: &message.recipient,
            kind: message.content.kind(),
            content: serde_json::to_string(&message.content).map_err(failed)?,
            status: first_status(message.send_at, now).as_str(),
            priority: message.priority.as_str(),
            lane: message.priority.lane(),
            cost: message.cost.0,
            callback_data: message.callback_data.as_deref(),
            send_at: message.send_at.map(Timestamp::millis),
            expires_at: message.expires_at.map(Timestamp::millis),
            run_at: message.send_at.unwrap_or(now).max(now).millis(),
        };
        Ok(Self {
            account: message.account,
            json: serde_json::to_string(&line).map_err(failed)?,
        })
    }
}

/// Stores messages and their outbox rows. Where the account is not online, the message says at once why it waits. A
/// conflict, when an id is taken, is an error of the whole job.
pub fn accept<'r>(tx: &Tx, rows: impl Iterator<Item = &'r Row>, now: Timestamp) {
    let mut json = String::from("[");
    for row in rows {
        tx.touch_outbox(row.account);
        if json.len() > 1 {
            json.push(',');
        }
        json.push_str(&row.json);
    }
    json.push(']');
    let each = tx.dialect().each();
    let outbound = Direction::Outbound;
    tx.defer(
        format!(
            "INSERT INTO messages (id, tenant_id, account_id, direction, wa_id, chat, recipient, kind, content, status,
                                   priority, cost, callback_data, send_at, expires_at, waits, created_at, updated_at)
             SELECT e.value->>'id', e.value->>'tenant', e.value->>'account', '{outbound}', e.value->>'wa_id',
                    e.value->>'chat', e.value->>'recipient', e.value->>'kind', e.value->>'content',
                    e.value->>'status', e.value->>'priority', CAST(e.value->>'cost' AS BIGINT),
                    e.value->>'callback_data', CAST(e.value->>'send_at' AS BIGINT),
                    CAST(e.value->>'expires_at' AS BIGINT),
                    (SELECT 'it waits: the account is ' || a.state FROM accounts a
                     WHERE a.id = e.value->>'account' AND a.state <> 'online'),
                    $2, $2 FROM {each}"
        ),
        [json.as_str().into(), now.millis().into()],
    );
    tx.defer(
        format!(
            "INSERT INTO outbox (message_id, tenant_id, account_id, chat, lane, state, attempt, epoch, run_at, expires_at)
             SELECT e.value->>'id', e.value->>'tenant', e.value->>'account', e.value->>'chat',
                    CAST(e.value->>'lane' AS SMALLINT), {READY}, 0, 0, CAST(e.value->>'run_at' AS BIGINT),
                    CAST(e.value->>'expires_at' AS BIGINT) FROM {each}"
        ),
        [json.into()],
    );
}
