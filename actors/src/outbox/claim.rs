//! Claiming: who may send what next, and what becomes of rows whose claimer died.

use sea_orm::QueryResult;

use crate::store::Reads;

use super::{
    AccountId, Content, Jid, MessageId, MessageStatus, Outgoing, READY, SENDING, Step, StoreError, TenantId,
    Timestamp, Tokens, Tx, WaMessageId, add_step, parsed,
};

/// A row that its account may send now.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The message.
    pub message: MessageId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Who sends it.
    pub account: AccountId,
    /// Which attempt this is, from 1.
    pub attempt: i32,
    /// The epoch under which it is held.
    pub epoch: i64,
    /// What is held for it.
    pub cost: Tokens,
    /// What goes over the wire.
    pub outgoing: Outgoing,
    /// The client's own word for it.
    pub callback_data: Option<String>,
    /// When it was claimed first by the claimer that holds or left it.
    pub claimed_at: Timestamp,
}

/// Claims the next message of an account: by lane, then by age, one whose time has come and that no older message of
/// its chat holds up. Marks it `sending`; that mark commits before the engine is called. `None` when there is none or
/// the epoch is stale.
///
/// # Errors
/// As the database says.
pub async fn claim_next(
    tx: &Tx,
    account: AccountId,
    epoch: i64,
    node: &str,
    now: Timestamp,
) -> Result<Option<Claim>, StoreError> {
    let lock = tx.dialect().skip_locked();
    let sql = format!(
        "UPDATE outbox SET state = {SENDING}, epoch = $2, attempt = attempt + 1, claimed_at = $3
         WHERE message_id = (
             SELECT o.message_id FROM outbox o
             WHERE o.account_id = $1 AND o.state = {READY} AND o.run_at <= $3
               AND (o.expires_at IS NULL OR o.expires_at > $3)
               AND NOT EXISTS (SELECT 1 FROM outbox older
                               WHERE older.account_id = o.account_id AND older.chat = o.chat
                                 AND older.message_id < o.message_id AND older.lane <= o.lane
                                 AND older.attempt > 0)
               AND EXISTS (SELECT 1 FROM accounts a WHERE a.id = $1 AND a.epoch = $2)
             ORDER BY o.lane, o.message_id LIMIT 1 {lock})
         RETURNING message_id, tenant_id"
    );
    let row = tx
        .one(
            sql,
            [account.to_string().into(), epoch.into(), now.millis().into()],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let message: MessageId = parsed(&row, "message_id")?;
    let tenant: TenantId = parsed(&row, "tenant_id")?;
    tx.defer(
        "UPDATE messages SET status = $3, updated_at = $4 WHERE tenant_id = $1 AND id = $2",
        [
            tenant.to_string().into(),
            message.to_string().into(),
            MessageStatus::Sending.as_str().into(),
            now.millis().into(),
        ],
    );
    let claim = select(tx, "o.message_id = $1", message.to_string()).await?.pop();
    if let Some(claim) = &claim {
        let step = Step {
            status: MessageStatus::Sending,
            at: now,
            attempt: claim.attempt,
            node: Some(node),
            cause: None,
        };
        add_step(tx, message, step);
    }
    Ok(claim)
}

/// Takes over what an older epoch of the account left in `sending`, oldest first. From then on those rows are written
/// under `epoch` only.
///
/// # Errors
/// As the database says.
pub async fn adopt(tx: &Tx, account: AccountId, epoch: i64) -> Result<Vec<Claim>, StoreError> {
    tx.execute(
        format!("UPDATE outbox SET epoch = $2 WHERE account_id = $1 AND state = {SENDING} AND epoch < $2"),
        [account.to_string().into(), epoch.into()],
    )
    .await?;
    let mut claims = select(
        tx,
        &format!("o.state = {SENDING} AND o.account_id = $1"),
        account.to_string(),
    )
    .await?;
    claims.retain(|claim| claim.epoch == epoch);
    Ok(claims)
}

async fn select(tx: &Tx, condition: &str, value: String) -> Result<Vec<Claim>, StoreError> {
    let sql = format!(
        "SELECT o.message_id, o.tenant_id, o.account_id, o.attempt, o.epoch, o.chat, o.claimed_at,
                m.wa_id, m.content, m.cost, m.callback_data
         FROM outbox o JOIN messages m ON m.tenant_id = o.tenant_id AND m.id = o.message_id WHERE {condition} ORDER BY o.message_id"
    );
    tx.all(sql, [value.into()]).await?.iter().map(claim_of).collect()
}

fn claim_of(row: &QueryResult) -> Result<Claim, StoreError> {
    let content: Content = serde_json::from_str(&row.try_get::<String>("", "content")?)
        .map_err(|error| StoreError::Unreadable(format!("messages.content: {error}")))?;
    Ok(Claim {
        message: parsed(row, "message_id")?,
        tenant: parsed(row, "tenant_id")?,
        account: parsed(row, "account_id")?,
        attempt: row.try_get("", "attempt")?,
        epoch: row.try_get("", "epoch")?,
        cost: Tokens(row.try_get("", "cost")?),
        outgoing: Outgoing {
            id: WaMessageId::from_wire(row.try_get::<String>("", "wa_id")?),
            chat: parsed::<Jid>(row, "chat")?,
            content,
        },
        callback_data: row.try_get("", "callback_data")?,
        claimed_at: Timestamp::from_millis(row.try_get::<Option<i64>>("", "claimed_at")?.unwrap_or(0)),
    })
}

/// Puts a message that was surely not sent back into the queue, not before `run_at`. Gives false when the epoch is
/// stale or it is settled.
///
/// # Errors
/// As the database says.
pub async fn give_back(
    tx: &Tx,
    message: MessageId,
    epoch: i64,
    cause: &str,
    run_at: Timestamp,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let row = tx
        .one(
            format!(
                "UPDATE outbox SET state = {READY}, run_at = $3
                 WHERE message_id = $1 AND epoch = $2 AND state = {SENDING} RETURNING attempt"
            ),
            [message.to_string().into(), epoch.into(), run_at.millis().into()],
        )
        .await?;
    let Some(row) = row else { return Ok(false) };
    // The status stays `sending`, which never goes back; the timeline tells that it waits.
    let attempt = row.try_get("", "attempt")?;
    let step = Step {
        status: MessageStatus::Sending,
        at: now,
        attempt,
        node: None,
        cause: Some(cause),
    };
    add_step(tx, message, step);
    Ok(true)
}

/// The accounts that have a message whose time has come, at most `limit`: the pump's safety net for lost nudges, for
/// schedules and for retries.
///
/// # Errors
/// As the database says.
pub async fn due_accounts(reads: &Reads, now: Timestamp, limit: u64) -> Result<Vec<AccountId>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let sql =
        format!("SELECT DISTINCT account_id FROM outbox WHERE state = {READY} AND run_at <= $1 LIMIT $2");
    reads
        .all(sql, [now.millis().into(), limit.into()])
        .await?
        .iter()
        .map(|row| parsed(row, "account_id"))
        .collect()
}

/// Whether the account has a message whose time has come. A cheap look before pace is asked.
///
/// # Errors
/// As the database says.
pub async fn has_ready(reads: &Reads, account: AccountId, now: Timestamp) -> Result<bool, StoreError> {
    let sql = format!(
        "SELECT 1 AS one FROM outbox WHERE account_id = $1 AND state = {READY} AND run_at <= $2 LIMIT 1"
    );
    Ok(!reads
        .all(sql, [account.to_string().into(), now.millis().into()])
        .await?
        .is_empty())
}

/// Whether the account has a message that is being sent or is in doubt, or one whose time has come at `by`.
///
/// # Errors
/// As the database says.
pub async fn has_work(reads: &Reads, account: AccountId, by: Timestamp) -> Result<bool, StoreError> {
    let sql = format!(
        "SELECT 1 AS one FROM outbox WHERE account_id = $1 AND state = {SENDING}
         UNION ALL SELECT 1 FROM outbox WHERE account_id = $1 AND state = {READY} AND run_at <= $2 LIMIT 1"
    );
    let found = reads
        .all(sql, [account.to_string().into(), by.millis().into()])
        .await?;
    Ok(!found.is_empty())
}

/// When each account is to send first of what is due at `by` or before, for at most `limit` accounts. Reads what
/// [`due_accounts`] reads.
///
/// # Errors
/// As the database says.
pub async fn first_due(
    reads: &Reads,
    by: Timestamp,
    limit: u64,
) -> Result<Vec<(AccountId, Timestamp)>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let sql = format!(
        "SELECT account_id, MIN(run_at) AS first FROM outbox WHERE state = {READY} AND run_at <= $1
         GROUP BY account_id LIMIT $2"
    );
    let rows = reads.all(sql, [by.millis().into(), limit.into()]).await?;
    rows.iter()
        .map(|row| {
            let first = Timestamp::from_millis(row.try_get("", "first")?);
            Ok((parsed(row, "account_id")?, first))
        })
        .collect()
}

/// The accounts that have a message in `sending` since before `claimed_before`, at most `limit`: what no generation
/// resolves any more is found by this.
///
/// # Errors
/// As the database says.
pub async fn overdue_accounts(
    reads: &Reads,
    claimed_before: Timestamp,
    limit: u64,
) -> Result<Vec<AccountId>, StoreError> {
    use sea_orm::{ConnectionTrait as _, Statement};
    let connection = reads.connection();
    let backend = connection.get_database_backend();
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let sql = format!(
        "SELECT DISTINCT account_id FROM outbox WHERE state = {SENDING} AND claimed_at <= $1 LIMIT $2"
    );
    let values = [claimed_before.millis().into(), limit.into()];
    connection
        .query_all_raw(Statement::from_sql_and_values(backend, sql, values))
        .await?
        .iter()
        .map(|row| parsed(row, "account_id"))
        .collect()
}
