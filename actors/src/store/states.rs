//! The state of an account, which only its own actor writes, under its epoch.

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, sea_query::Expr};

use super::{
    StoreError, Tx,
    entity::accounts::{Column, Entity},
    tx::parsed,
};
use crate::domain::{AccountId, AccountState, Phone, Timestamp};

/// A change of state, as the account's actor saw it.
#[derive(Clone, Debug)]
pub struct StateChange {
    /// The new state.
    pub state: AccountState,
    /// Why.
    pub reason: Option<String>,
    /// What is asked of the user.
    pub action: Option<String>,
    /// The linked number: `None` leaves it, `Some(None)` forgets it.
    pub phone: Option<Option<Phone>>,
    /// The name that others see; `None` leaves it.
    pub push_name: Option<String>,
    /// What it rests on, as a JSON object; `None` forgets what the last state rested on.
    pub evidence: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// Makes the caller the account's only writer: gives the new epoch, under which every older one is refused.
///
/// # Errors
/// [`StoreError::Conflict`] when the account does not exist (any more).
pub async fn take_over(tx: &Tx, account: AccountId) -> Result<i64, StoreError> {
    let row = tx
        .one(
            "UPDATE accounts SET epoch = epoch + 1 WHERE id = $1 AND deleted_at IS NULL RETURNING epoch",
            [account.to_string().into()],
        )
        .await?
        .ok_or_else(|| StoreError::Conflict(format!("account {account} does not exist")))?;
    Ok(row.try_get("", "epoch")?)
}

/// Writes a change of state. Gives the state before, or `None` when the epoch is stale or nothing would change. Newer
/// evidence for the same state is written and no change.
///
/// # Errors
/// As the database says.
pub async fn change_state(
    tx: &Tx,
    account: AccountId,
    epoch: i64,
    change: &StateChange,
) -> Result<Option<AccountState>, StoreError> {
    let before = tx
        .one(
            "SELECT state, reason, action FROM accounts WHERE id = $1 AND epoch = $2 AND deleted_at IS NULL",
            [account.to_string().into(), epoch.into()],
        )
        .await?;
    let Some(before) = before else { return Ok(None) };
    let from: AccountState = parsed(&before, "state")?;
    let same = from == change.state
        && before.try_get::<Option<String>>("", "reason")? == change.reason
        && before.try_get::<Option<String>>("", "action")? == change.action
        && change.phone.is_none();
    if same {
        let newer = Entity::update_many()
            .col_expr(Column::Evidence, Expr::value(change.evidence.clone()))
            .filter(Column::Id.eq(account.to_string()))
            .filter(Column::Epoch.eq(epoch));
        newer.exec(tx.connection().await?).await?;
        return Ok(None);
    }
    let mut update = Entity::update_many()
        .col_expr(Column::State, Expr::value(change.state.as_str()))
        .col_expr(Column::Reason, Expr::value(change.reason.clone()))
        .col_expr(Column::Action, Expr::value(change.action.clone()))
        .col_expr(Column::Evidence, Expr::value(change.evidence.clone()))
        .filter(Column::Id.eq(account.to_string()))
        .filter(Column::Epoch.eq(epoch));
    if from != change.state {
        update = update.col_expr(Column::Since, Expr::value(change.at.millis()));
    }
    if let Some(phone) = &change.phone {
        update = update.col_expr(
            Column::Phone,
            Expr::value(phone.as_ref().map(ToString::to_string)),
        );
    }
    if let Some(name) = &change.push_name {
        update = update.col_expr(Column::PushName, Expr::value(name.clone()));
    }
    Ok((update.exec(tx.connection().await?).await?.rows_affected == 1).then_some(from))
}

/// Notes the repair that is under way, as a JSON object; `None` ends it. Does nothing under a stale epoch.
///
/// # Errors
/// As the database says.
pub async fn note_repair(
    tx: &Tx,
    account: AccountId,
    epoch: i64,
    repair: Option<String>,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE accounts SET repair = $3 WHERE id = $1 AND epoch = $2",
        [account.to_string().into(), epoch.into(), repair.into()],
    )
    .await?;
    Ok(())
}

/// Counts a restart. Does nothing under a stale epoch.
///
/// # Errors
/// As the database says.
pub async fn note_restart(tx: &Tx, account: AccountId, epoch: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE accounts SET restarts = restarts + 1 WHERE id = $1 AND epoch = $2",
        [account.to_string().into(), epoch.into()],
    )
    .await?;
    Ok(())
}
