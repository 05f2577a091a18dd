//! F3: money. Tokens are held when a message is accepted, then posted when WhatsApp's server has it, or voided when it
//! ends otherwise: exactly one of both, which a unique index guards. Entries are never updated or deleted; balances
//! never fall below zero and always add up, which the database checks.
//!
//! This room never opens a transaction and never knows what a message is: it moves amounts between pots.

use serde::Serialize;

use crate::{
    domain::{EntryId, IdSource, MessageId, TenantId, Timestamp, Tokens},
    store::{StoreError, Tx},
};

/// What the wallet holds after a movement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    /// Free to use.
    pub available: Tokens,
    /// Held for messages that are not settled.
    pub held: Tokens,
}

/// A hold to write down.
#[derive(Clone, Copy, Debug)]
pub struct Hold {
    /// The message, also the id of the hold.
    pub message: MessageId,
    /// How much; more than zero.
    pub amount: Tokens,
}

#[derive(Serialize)]
struct Line {
    id: String,
    transfer: String,
    amount: i64,
}

/// Moves `total` from available to held, in one guarded statement. `None` when the wallet has less (or is missing): then
/// nothing was moved.
///
/// # Errors
/// As the database says.
pub async fn reserve(tx: &Tx, tenant: TenantId, total: Tokens) -> Result<Option<Balance>, StoreError> {
    let row = tx
        .one(
            "UPDATE wallets SET available = available - $2, held = held + $2
             WHERE tenant_id = $1 AND available >= $2 RETURNING available, held",
            [tenant.to_string().into(), total.0.into()],
        )
        .await?;
    row.map(|row| balance_of(&row)).transpose()
}

/// The wallet as this transaction sees it; `None` when the tenant has none.
///
/// # Errors
/// As the database says.
pub async fn balance(tx: &Tx, tenant: TenantId) -> Result<Option<Balance>, StoreError> {
    let sql = "SELECT available, held FROM wallets WHERE tenant_id = $1";
    tx.one(sql, [tenant.to_string().into()])
        .await?
        .map(|row| balance_of(&row))
        .transpose()
}

fn balance_of(row: &sea_orm::QueryResult) -> Result<Balance, StoreError> {
    Ok(Balance {
        available: Tokens(row.try_get("", "available")?),
        held: Tokens(row.try_get("", "held")?),
    })
}

/// Writes down holds whose sum was reserved in this transaction. One statement, however many.
///
/// # Errors
/// [`StoreError::Conflict`] when one of them was held before.
pub fn record_holds(
    tx: &Tx,
    ids: &IdSource,
    tenant: TenantId,
    holds: &[Hold],
    now: Timestamp,
) -> Result<(), StoreError> {
    if holds.is_empty() {
        return Ok(());
    }
    let lines: Vec<Line> = holds
        .iter()
        .map(|hold| Line {
            id: new_entry(ids).to_string(),
            transfer: hold.message.to_string(),
            amount: hold.amount.0,
        })
        .collect();
    let json = serde_json::to_string(&lines).map_err(|error| StoreError::Failed(error.to_string()))?;
    let each = tx.dialect().each();
    tx.defer(
        format!(
            "INSERT INTO ledger_entries (id, tenant_id, transfer, phase, kind, debit, credit, amount, note, created_at)
             SELECT e.value->>'id', $2, e.value->>'transfer', 1, 'hold', 'available', 'held',
                    CAST(e.value->>'amount' AS BIGINT), NULL, $3 FROM {each}"
        ),
        [json.into(), tenant.to_string().into(), now.millis().into()],
    );
    Ok(())
}

/// How a hold ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// Charged: the message was sent.
    Post,
    /// Released: it was not.
    Void,
}

/// Resolves the hold of a message. `amount` is what was held; zero (a free message) does nothing.
///
/// # Errors
/// [`StoreError::Conflict`] when it was resolved before: the caller's whole change must then be undone.
pub async fn resolve(
    tx: &Tx,
    ids: &IdSource,
    tenant: TenantId,
    message: MessageId,
    amount: Tokens,
    resolution: Resolution,
    now: Timestamp,
) -> Result<(), StoreError> {
    if amount == Tokens::ZERO {
        return Ok(());
    }
    let (kind, credit, update) = match resolution {
        Resolution::Post => (
            "post",
            "spent",
            "UPDATE wallets SET held = held - $2, spent = spent + $2",
        ),
        Resolution::Void => (
            "void",
            "available",
            "UPDATE wallets SET held = held - $2, available = available + $2",
        ),
    };
    let moved = tx
        .execute(
            format!("{update} WHERE tenant_id = $1"),
            [tenant.to_string().into(), amount.0.into()],
        )
        .await?;
    if moved != 1 {
        return Err(StoreError::Conflict(format!("tenant {tenant} has no wallet")));
    }
    let entry = Entry {
        transfer: message.to_string(),
        phase: 2,
        kind,
        debit: "held",
        credit,
        amount,
        note: None,
    };
    insert(tx, ids, tenant, entry, now);
    Ok(())
}

/// Adds tokens. Gives the entry and the balance after it.
///
/// # Errors
/// [`StoreError::Conflict`] when the tenant has no wallet or `amount` is not positive.
pub async fn top_up(
    tx: &Tx,
    ids: &IdSource,
    tenant: TenantId,
    amount: Tokens,
    note: Option<String>,
    now: Timestamp,
) -> Result<(EntryId, Balance), StoreError> {
    let row = tx
        .one(
            "UPDATE wallets SET issued = issued + $2, available = available + $2
             WHERE tenant_id = $1 RETURNING available, held",
            [tenant.to_string().into(), amount.0.into()],
        )
        .await?
        .ok_or_else(|| StoreError::Conflict(format!("tenant {tenant} has no wallet")))?;
    // A top-up is a transfer of its own: its entry's id names it.
    let transfer = new_entry(ids).to_string();
    let entry = Entry {
        transfer,
        phase: 0,
        kind: "top_up",
        debit: "issued",
        credit: "available",
        amount,
        note,
    };
    Ok((insert(tx, ids, tenant, entry, now), balance_of(&row)?))
}

struct Entry {
    transfer: String,
    phase: i16,
    kind: &'static str,
    debit: &'static str,
    credit: &'static str,
    amount: Tokens,
    note: Option<String>,
}

fn insert(tx: &Tx, ids: &IdSource, tenant: TenantId, entry: Entry, now: Timestamp) -> EntryId {
    let id = new_entry(ids);
    tx.defer(
        "INSERT INTO ledger_entries (id, tenant_id, transfer, phase, kind, debit, credit, amount, note, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        [
            id.to_string().into(),
            tenant.to_string().into(),
            entry.transfer.into(),
            entry.phase.into(),
            entry.kind.into(),
            entry.debit.into(),
            entry.credit.into(),
            entry.amount.0.into(),
            entry.note.into(),
            now.millis().into(),
        ],
    );
    id
}

fn new_entry(ids: &IdSource) -> EntryId {
    ids.next()
}
