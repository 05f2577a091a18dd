//! Accounts: create, list, delete, and what is meant to hold of them.

use std::collections::HashSet;

use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Set, sea_query::Expr,
};
use serde::Serialize;

use super::{
    Reads, StoreError, Tx,
    entity::accounts::{ActiveModel, Column, Entity, Model},
    secrets::{self, Sealed},
    tx::{parse, parsed},
};
use crate::domain::{
    AccountId, AccountSettings, AccountState, AgentReport, EngineKind, Hibernation, Phone, TenantId,
    Timestamp,
};

pub use super::{
    describing::{Description, describe},
    states::{StateChange, change_state, note_repair, note_restart, take_over},
};

/// An account as stored.
#[derive(Clone, Debug)]
pub struct AccountRow {
    /// Its id.
    pub id: AccountId,
    /// Whose it is.
    pub tenant: TenantId,
    /// What people call it.
    pub name: String,
    /// Which engine serves it.
    pub engine: EngineKind,
    /// Where it stands.
    pub state: AccountState,
    /// Why it stands there.
    pub reason: Option<String>,
    /// What is asked of the user.
    pub action: Option<String>,
    /// Since when it stands there.
    pub since: Timestamp,
    /// The linked number.
    pub phone: Option<Phone>,
    /// The name that others see.
    pub push_name: Option<String>,
    /// Free labels.
    pub labels: Vec<String>,
    /// What it is told about itself.
    pub settings: AccountSettings,
    /// Whether it shall run.
    pub wanted: bool,
    /// Its fencing number: rises with every generation of its actor.
    pub epoch: i64,
    /// How often its actor was restarted.
    pub restarts: i64,
    /// What its state rests on: an object with the time `at`.
    pub evidence: Option<serde_json::Value>,
    /// The repair that is under way.
    pub repair: Option<serde_json::Value>,
    /// When a round trip was proven last.
    pub last_round_trip_at: Option<Timestamp>,
    /// What its page said of itself last.
    pub agent: Option<AgentReport>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was deleted: its history stays.
    pub deleted_at: Option<Timestamp>,
    /// Whether it is meant to be parked; kept while it is awake for a moment only.
    pub hibernation: Option<Hibernation>,
}

impl TryFrom<Model> for AccountRow {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: parse(&row.id, "accounts.id")?,
            tenant: parse(&row.tenant_id, "accounts.tenant_id")?,
            name: row.name,
            engine: parse(&row.engine, "accounts.engine")?,
            state: parse(&row.state, "accounts.state")?,
            reason: row.reason,
            action: row.action,
            since: Timestamp::from_millis(row.since),
            phone: row
                .phone
                .map(|phone| parse(&phone, "accounts.phone"))
                .transpose()?,
            push_name: row.push_name,
            labels: serde_json::from_str(&row.labels)
                .map_err(|error| StoreError::Unreadable(format!("accounts.labels: {error}")))?,
            settings: settings_of(&row.settings)?,
            wanted: row.wanted,
            epoch: row.epoch,
            restarts: row.restarts,
            evidence: object(row.evidence, "accounts.evidence")?,
            repair: object(row.repair, "accounts.repair")?,
            last_round_trip_at: row.last_round_trip_at.map(Timestamp::from_millis),
            agent: row
                .agent
                .map(|agent| serde_json::from_str(&agent))
                .transpose()
                .map_err(|error| StoreError::Unreadable(format!("accounts.agent: {error}")))?,
            created_at: Timestamp::from_millis(row.created_at),
            deleted_at: row.deleted_at.map(Timestamp::from_millis),
            hibernation: row
                .hibernation
                .map(|json| serde_json::from_str(&json))
                .transpose()
                .map_err(|error| StoreError::Unreadable(format!("accounts.hibernation: {error}")))?,
        })
    }
}

pub(super) fn settings_of(text: &str) -> Result<AccountSettings, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Unreadable(format!("accounts.settings: {error}")))
}

pub(super) fn json_of<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Failed(error.to_string()))
}

/// Reads a column that holds a JSON object.
fn object(text: Option<String>, column: &str) -> Result<Option<serde_json::Value>, StoreError> {
    text.map(|text| serde_json::from_str(&text))
        .transpose()
        .map_err(|error| StoreError::Unreadable(format!("{column}: {error}")))
}

/// A new account.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Its id.
    pub id: AccountId,
    /// Whose it is.
    pub tenant: TenantId,
    /// What people call it.
    pub name: String,
    /// Which engine serves it.
    pub engine: EngineKind,
    /// Free labels.
    pub labels: Vec<String>,
    /// What it is told about itself.
    pub settings: AccountSettings,
    /// The password of its proxy.
    pub proxy_password: Option<Sealed>,
    /// Now.
    pub at: Timestamp,
}

/// Stores a new account: `created`, wanted, epoch 0.
///
/// # Errors
/// As the database says.
pub async fn create(tx: &Tx, new: NewAccount) -> Result<AccountRow, StoreError> {
    let row = ActiveModel {
        id: Set(new.id.to_string()),
        tenant_id: Set(new.tenant.to_string()),
        name: Set(new.name),
        engine: Set(new.engine.to_string()),
        state: Set(AccountState::Created.to_string()),
        reason: Set(None),
        action: Set(None),
        since: Set(new.at.millis()),
        phone: Set(None),
        push_name: Set(None),
        labels: Set(json_of(&new.labels)?),
        wanted: Set(true),
        epoch: Set(0),
        restarts: Set(0),
        evidence: Set(None),
        repair: Set(None),
        event_seq: Set(0),
        last_round_trip_at: Set(None),
        agent: Set(None),
        inbound_from: Set(None),
        inbound_until: Set(None),
        created_at: Set(new.at.millis()),
        deleted_at: Set(None),
        settings: Set(json_of(&new.settings)?),
        hibernation: Set(None),
    };
    let (account, at) = (new.id, new.at);
    let row = row.insert(tx.connection().await?).await?.try_into()?;
    if let Some(sealed) = new.proxy_password {
        secrets::keep(tx, account, sealed, at).await?;
    }
    Ok(row)
}

/// Says whether the account shall run. Gives false when the tenant has no such account.
///
/// # Errors
/// As the database says.
pub async fn set_wanted(
    tx: &Tx,
    tenant: TenantId,
    account: AccountId,
    wanted: bool,
) -> Result<bool, StoreError> {
    let done = Entity::update_many()
        .col_expr(Column::Wanted, Expr::value(wanted))
        .filter(Column::Id.eq(account.to_string()))
        .filter(Column::TenantId.eq(tenant.to_string()))
        .filter(Column::DeletedAt.is_null())
        .exec(tx.connection().await?)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Says whether the account is meant to be parked. Like `wanted` it is no state and needs no epoch: the registry alone
/// writes it. Gives false when there is no such account.
///
/// # Errors
/// As the database says.
pub async fn set_hibernation(
    tx: &Tx,
    account: AccountId,
    hibernation: Option<Hibernation>,
) -> Result<bool, StoreError> {
    let json = hibernation
        .map(|hibernation| serde_json::to_string(&hibernation))
        .transpose();
    let json = json.map_err(|error| StoreError::Failed(error.to_string()))?;
    let changed = tx
        .execute(
            "UPDATE accounts SET hibernation = $2 WHERE id = $1 AND deleted_at IS NULL",
            [account.to_string().into(), json.into()],
        )
        .await?;
    Ok(changed == 1)
}

/// Which of these accounts there are. They stay until the commit: one that is deleted by another node meanwhile is so
/// after it.
///
/// # Errors
/// As the database says.
pub async fn existing(
    tx: &Tx,
    asked: &HashSet<(TenantId, AccountId)>,
) -> Result<HashSet<(TenantId, AccountId)>, StoreError> {
    let asked: Vec<(TenantId, AccountId)> = asked.iter().copied().collect();
    let json = serde_json::to_string(&asked).map_err(|error| StoreError::Failed(error.to_string()))?;
    let (each, keep) = (tx.dialect().each(), tx.dialect().keep());
    let sql = format!(
        "SELECT a.tenant_id, a.id FROM {each} CROSS JOIN accounts a
         WHERE a.id = e.value->>1 AND a.tenant_id = e.value->>0 AND a.deleted_at IS NULL {keep}"
    );
    let rows = tx.all(sql, [json.into()]).await?;
    rows.iter()
        .map(|row| Ok((parsed(row, "tenant_id")?, parsed(row, "id")?)))
        .collect()
}

/// Marks the account as deleted; its messages and events stay. What was accepted for it is committed by then, and
/// nothing is accepted any more. Gives false when the tenant has no such account.
///
/// # Errors
/// As the database says.
pub async fn delete(
    tx: &Tx,
    tenant: TenantId,
    account: AccountId,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let sql = format!("SELECT id FROM accounts WHERE id = $1 {}", tx.dialect().take());
    tx.one(sql, [account.to_string().into()]).await?;
    let done = Entity::update_many()
        .col_expr(Column::Wanted, Expr::value(false))
        .col_expr(Column::State, Expr::value(AccountState::Stopped.as_str()))
        .col_expr(Column::DeletedAt, Expr::value(at.millis()))
        .filter(Column::Id.eq(account.to_string()))
        .filter(Column::TenantId.eq(tenant.to_string()))
        .filter(Column::DeletedAt.is_null())
        .exec(tx.connection().await?)
        .await?;
    if done.rows_affected == 1 {
        secrets::forget(tx, account, secrets::PROXY_PASSWORD).await?;
    }
    Ok(done.rows_affected == 1)
}

impl Reads {
    /// One account of a tenant; deleted ones are not found.
    ///
    /// # Errors
    /// As the database says.
    pub async fn account(
        &self,
        tenant: TenantId,
        account: AccountId,
    ) -> Result<Option<AccountRow>, StoreError> {
        Entity::find_by_id(account.to_string())
            .filter(Column::TenantId.eq(tenant.to_string()))
            .filter(Column::DeletedAt.is_null())
            .one(self.connection())
            .await?
            .map(AccountRow::try_from)
            .transpose()
    }

    /// What an account is told about itself; the defaults for one that is gone. Asked before each session.
    ///
    /// # Errors
    /// As the database says.
    pub async fn account_settings(
        &self,
        tenant: TenantId,
        account: AccountId,
    ) -> Result<AccountSettings, StoreError> {
        let row = self.account(tenant, account).await?;
        Ok(row.map(|row| row.settings).unwrap_or_default())
    }

    /// The tenant's accounts, oldest first, from after `after`, at most `limit`; those of one engine alone where one is named.
    ///
    /// # Errors
    /// As the database says.
    pub async fn accounts(
        &self,
        tenant: TenantId,
        engine: Option<EngineKind>,
        after: Option<AccountId>,
        limit: u64,
    ) -> Result<Vec<AccountRow>, StoreError> {
        let mut select = Entity::find()
            .filter(Column::TenantId.eq(tenant.to_string()))
            .filter(Column::DeletedAt.is_null())
            .order_by_asc(Column::Id)
            .limit(limit);
        if let Some(engine) = engine {
            select = select.filter(Column::Engine.eq(engine.as_str()));
        }
        if let Some(after) = after {
            select = select.filter(Column::Id.gt(after.to_string()));
        }
        select
            .all(self.connection())
            .await?
            .into_iter()
            .map(AccountRow::try_from)
            .collect()
    }

    /// Every account, of all tenants, that shall run: the registry starts them.
    ///
    /// # Errors
    /// As the database says.
    pub async fn accounts_wanted(&self) -> Result<Vec<AccountRow>, StoreError> {
        Entity::find()
            .filter(Column::Wanted.eq(true))
            .filter(Column::DeletedAt.is_null())
            .order_by_asc(Column::Id)
            .all(self.connection())
            .await?
            .into_iter()
            .map(AccountRow::try_from)
            .collect()
    }
}
