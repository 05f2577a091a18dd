//! A transaction, and what differs between the two databases.

use parking_lot::Mutex;
use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DatabaseTransaction, DbBackend, QueryResult, Statement, Value,
};

use super::StoreError;
use crate::domain::{AccountId, TenantId};

/// Which database speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite, 3.38 or newer.
    Sqlite,
    /// PostgreSQL, 13 or newer.
    Postgres,
}

impl Dialect {
    pub(super) fn of(connection: &DatabaseConnection) -> Self {
        match connection.get_database_backend() {
            DbBackend::Sqlite => Self::Sqlite,
            _ => Self::Postgres,
        }
    }

    const fn backend(self) -> DbBackend {
        match self {
            Self::Sqlite => DbBackend::Sqlite,
            Self::Postgres => DbBackend::Postgres,
        }
    }

    /// A table `e(value)` with one row per element of the JSON array in the first parameter. One statement with one
    /// parameter then writes any number of rows, and stays prepared whatever their number.
    pub const fn each(self) -> &'static str {
        match self {
            Self::Sqlite => "json_each($1) AS e",
            Self::Postgres => "jsonb_array_elements($1::jsonb) AS e(value)",
        }
    }

    /// What ends a sub-select that claims rows, so that two nodes never wait for, or take, the same ones.
    pub const fn skip_locked(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => "FOR UPDATE SKIP LOCKED",
        }
    }
}

/// An open transaction of the writer. Every write verb takes one, so that a state change commits together with its
/// event, its outbox row and its ledger entry.
pub struct Tx {
    inner: DatabaseTransaction,
    dialect: Dialect,
    touched: Mutex<Touched>,
}

/// What a transaction moved, told to the listeners after the commit.
#[derive(Debug, Default)]
pub(super) struct Touched {
    pub(super) journals: Vec<(TenantId, i64)>,
    pub(super) outboxes: Vec<AccountId>,
}

impl std::fmt::Debug for Tx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tx")
    }
}

impl Tx {
    pub(super) fn new(inner: DatabaseTransaction, dialect: Dialect) -> Self {
        Self {
            inner,
            dialect,
            touched: Mutex::default(),
        }
    }

    pub(super) fn into_parts(self) -> (DatabaseTransaction, Touched) {
        (self.inner, self.touched.into_inner())
    }

    /// Which database speaks.
    pub const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The connection for sea-orm's entities.
    pub const fn connection(&self) -> &DatabaseTransaction {
        &self.inner
    }

    /// Notes that the tenant's journal reaches to `seq` once this commits.
    pub fn touch_journal(&self, tenant: TenantId, seq: i64) {
        self.touched.lock().journals.push((tenant, seq));
    }

    /// Notes that the account's outbox has something to send once this commits.
    pub fn touch_outbox(&self, account: AccountId) {
        let outboxes = &mut self.touched.lock().outboxes;
        if !outboxes.contains(&account) {
            outboxes.push(account);
        }
    }

    fn statement(&self, sql: impl Into<String>, values: impl IntoIterator<Item = Value>) -> Statement {
        Statement::from_sql_and_values(self.dialect.backend(), sql.into(), values)
    }

    /// Runs a statement; gives how many rows it changed. Parameters are `$1`, `$2`, … in both databases.
    ///
    /// # Errors
    /// As the database says.
    pub async fn execute(
        &self,
        sql: impl Into<String>,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<u64, StoreError> {
        Ok(self
            .inner
            .execute_raw(self.statement(sql, values))
            .await?
            .rows_affected())
    }

    /// Runs a statement that gives at most one row.
    ///
    /// # Errors
    /// As the database says.
    pub async fn one(
        &self,
        sql: impl Into<String>,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Option<QueryResult>, StoreError> {
        Ok(self.inner.query_one_raw(self.statement(sql, values)).await?)
    }

    /// Runs a statement that gives rows.
    ///
    /// # Errors
    /// As the database says.
    pub async fn all(
        &self,
        sql: impl Into<String>,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<QueryResult>, StoreError> {
        Ok(self.inner.query_all_raw(self.statement(sql, values)).await?)
    }
}

/// Reads a text column and parses it as one of the domain's words or ids.
///
/// # Errors
/// [`StoreError::Unreadable`] when the text is none.
pub fn parsed<T: std::str::FromStr>(row: &QueryResult, column: &str) -> Result<T, StoreError>
where
    T::Err: std::fmt::Display,
{
    parse(&row.try_get::<String>("", column)?, column)
}

/// Parses a stored text.
///
/// # Errors
/// [`StoreError::Unreadable`] when it is not one of the domain's words or ids.
pub fn parse<T: std::str::FromStr>(text: &str, column: &str) -> Result<T, StoreError>
where
    T::Err: std::fmt::Display,
{
    text.parse()
        .map_err(|error| StoreError::Unreadable(format!("{column}: {error}")))
}
