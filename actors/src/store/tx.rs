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
    /// SQLite, 3.51 or newer: the one built into this program.
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
            Self::Sqlite => "jsonb_each($1) AS e",
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

    /// What ends a select of rows `a` that are to stay until the commit; whoever writes to them does not wait for it.
    pub const fn keep(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => "FOR KEY SHARE OF a",
        }
    }

    /// What ends a select of rows that are to go: it waits for all who [`Self::keep`] them.
    pub const fn take(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => "FOR UPDATE",
        }
    }
}

/// An open transaction of the writer. Every write verb takes one, so that a state change commits together with its
/// event, its outbox row and its ledger entry.
pub struct Tx {
    inner: DatabaseTransaction,
    dialect: Dialect,
    touched: Mutex<Touched>,
    deferred: Mutex<Vec<Deferred>>,
}

/// A statement that waits for company.
struct Deferred {
    sql: String,
    values: Vec<Value>,
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
            deferred: Mutex::default(),
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
    ///
    /// # Errors
    /// What a deferred statement came to.
    pub async fn connection(&self) -> Result<&DatabaseTransaction, StoreError> {
        self.flush().await?;
        Ok(&self.inner)
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

    /// Leaves a statement whose count of rows nobody asks for until the next one that has an answer, or the end of the
    /// job. SQLite then gets all of them in one call: the way to its thread and back costs as much as a small write.
    /// The order of statements never changes, and an error is an error of the job.
    pub fn defer(&self, sql: impl Into<String>, values: impl IntoIterator<Item = Value>) {
        self.deferred.lock().push(Deferred {
            sql: sql.into(),
            values: values.into_iter().collect(),
        });
    }

    /// Runs what was deferred.
    pub(super) async fn flush(&self) -> Result<(), StoreError> {
        let waiting = std::mem::take(&mut *self.deferred.lock());
        for Deferred { sql, values } in self.gather(waiting) {
            self.inner.execute_raw(self.statement(sql, values)).await?;
        }
        Ok(())
    }

    /// What is to be run for these statements: on SQLite one text with all of them, which stays prepared as one.
    fn gather(&self, statements: Vec<Deferred>) -> Vec<Deferred> {
        if self.dialect == Dialect::Postgres || statements.len() < 2 {
            return statements;
        }
        let mut all = Deferred {
            sql: String::with_capacity(statements.iter().map(|statement| statement.sql.len() + 8).sum()),
            values: Vec::with_capacity(statements.iter().map(|statement| statement.values.len()).sum()),
        };
        for Deferred { sql, values } in statements {
            push_renumbered(&mut all.sql, &sql, all.values.len());
            all.sql.push_str(";\n");
            all.values.extend(values);
        }
        vec![all]
    }

    /// The last of these statements, after the others were run or within one text with them.
    async fn last(
        &self,
        sql: impl Into<String>,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Statement, StoreError> {
        self.defer(sql, values);
        let waiting = std::mem::take(&mut *self.deferred.lock());
        let mut gathered = self.gather(waiting);
        let last = gathered
            .pop()
            .ok_or_else(|| StoreError::Failed("no statement to run".to_owned()))?;
        for Deferred { sql, values } in gathered {
            self.inner.execute_raw(self.statement(sql, values)).await?;
        }
        Ok(self.statement(last.sql, last.values))
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
        // Counts of deferred statements must not be added to this one's.
        self.flush().await?;
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
        let statement = self.last(sql, values).await?;
        Ok(self.inner.query_one_raw(statement).await?)
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
        let statement = self.last(sql, values).await?;
        Ok(self.inner.query_all_raw(statement).await?)
    }

    /// Runs two statements and gives the rows of the first, then those of the second: one call on SQLite.
    ///
    /// # Errors
    /// As the database says.
    pub async fn all_of_both(
        &self,
        (first, first_values): (String, Vec<Value>),
        (second, second_values): (String, Vec<Value>),
    ) -> Result<Vec<QueryResult>, StoreError> {
        if self.dialect == Dialect::Sqlite {
            self.defer(first, first_values);
            return self.all(second, second_values).await;
        }
        let mut rows = self.all(first, first_values).await?;
        rows.extend(self.all(second, second_values).await?);
        Ok(rows)
    }
}

/// Appends a statement whose parameters come after `taken` others.
fn push_renumbered(into: &mut String, sql: &str, taken: usize) {
    if taken == 0 {
        into.push_str(sql);
        return;
    }
    let mut parts = sql.split('$');
    into.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let digits = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, rest) = part.split_at(digits);
        into.push('$');
        // A `$` without a number is no parameter and stays as it is.
        if let Ok(number) = number.parse::<usize>() {
            into.push_str(&(number + taken).to_string());
        }
        into.push_str(rest);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_renumbered_past_those_before_them() {
        for (sql, taken, expected) in [
            ("SELECT $1, $2", 0, "SELECT $1, $2"),
            (
                "SELECT $1, $12, a->>'x' FROM t WHERE b = $1",
                3,
                "SELECT $4, $15, a->>'x' FROM t WHERE b = $4",
            ),
            ("SELECT 1", 5, "SELECT 1"),
            ("$1", 9, "$10"),
        ] {
            let mut text = String::new();
            push_renumbered(&mut text, sql, taken);
            assert_eq!(text, expected);
        }
    }
}
