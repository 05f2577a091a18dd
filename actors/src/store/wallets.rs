//! The wallet and the ledger as people read them. They are written by the `ledger` room only.

use sea_orm::{
    ColumnTrait as _, EntityTrait as _, FromQueryResult, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    sea_query::{Expr, Func},
};

use super::{
    Reads, StoreError,
    entity::{ledger_entries, wallets},
    tx::parse,
};
use crate::domain::{EntryId, TenantId, Timestamp, Tokens};

/// A wallet. `available + held + spent = issued`, which the database checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalletRow {
    /// Ever added.
    pub issued: Tokens,
    /// Free to use.
    pub available: Tokens,
    /// Held for messages that are not settled.
    pub held: Tokens,
    /// Posted for messages that were sent.
    pub spent: Tokens,
    /// Below this the tenant is warned.
    pub low_threshold: Tokens,
}

/// An entry of the ledger.
#[derive(Clone, Debug)]
pub struct LedgerRow {
    /// Its id.
    pub id: EntryId,
    /// `top_up`, `hold`, `post` or `void`.
    pub kind: String,
    /// How much moved.
    pub amount: Tokens,
    /// What it was for: a message, or the top-up itself.
    pub transfer: String,
    /// A person's note.
    pub note: Option<String>,
    /// When.
    pub created_at: Timestamp,
}

#[derive(FromQueryResult)]
struct Sum {
    total: Option<i64>,
}

impl Reads {
    /// The tenant's wallet.
    ///
    /// # Errors
    /// As the database says.
    pub async fn wallet(&self, tenant: TenantId) -> Result<Option<WalletRow>, StoreError> {
        let row = wallets::Entity::find_by_id(tenant.to_string())
            .one(self.connection())
            .await?;
        Ok(row.map(|row| WalletRow {
            issued: Tokens(row.issued),
            available: Tokens(row.available),
            held: Tokens(row.held),
            spent: Tokens(row.spent),
            low_threshold: Tokens(row.low_threshold),
        }))
    }

    /// What was posted since `from`.
    ///
    /// # Errors
    /// As the database says.
    pub async fn spent_since(&self, tenant: TenantId, from: Timestamp) -> Result<Tokens, StoreError> {
        use ledger_entries::{Column, Entity};
        let sum = Entity::find()
            .select_only()
            // PostgreSQL adds bigints up to a numeric: back to a bigint, which no sum of ours leaves.
            .expr_as(Func::cast_as(Func::sum(Expr::col(Column::Amount)), "bigint"), "total")
            .filter(Column::TenantId.eq(tenant.to_string()))
            .filter(Column::Kind.eq("post"))
            .filter(Column::CreatedAt.gte(from.millis()))
            .into_model::<Sum>()
            .one(self.connection())
            .await?;
        Ok(Tokens(sum.and_then(|sum| sum.total).unwrap_or(0)))
    }

    /// The tenant's ledger, newest first, older than `after`, at most `limit`.
    ///
    /// # Errors
    /// As the database says.
    pub async fn ledger(
        &self,
        tenant: TenantId,
        after: Option<EntryId>,
        limit: u64,
    ) -> Result<Vec<LedgerRow>, StoreError> {
        use ledger_entries::{Column, Entity};
        let mut select = Entity::find()
            .filter(Column::TenantId.eq(tenant.to_string()))
            .order_by_desc(Column::Id)
            .limit(limit);
        if let Some(after) = after {
            select = select.filter(Column::Id.lt(after.to_string()));
        }
        select
            .all(self.connection())
            .await?
            .into_iter()
            .map(|row| {
                Ok(LedgerRow {
                    id: parse(&row.id, "ledger_entries.id")?,
                    kind: row.kind,
                    amount: Tokens(row.amount),
                    transfer: row.transfer,
                    note: row.note,
                    created_at: Timestamp::from_millis(row.created_at),
                })
            })
            .collect()
    }
}
