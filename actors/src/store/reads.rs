//! The read models: they skip the mailboxes and the writer, and see what is committed.

use sea_orm::{ConnectionTrait as _, DatabaseConnection, QueryResult, Statement, Value};

use super::{Dialect, StoreError};

/// The pool for reads. Its methods stand beside what they read: `accounts`, `messages`, `people`, `wallets`,
/// `idempotency`, and in the rooms above (`journal`, `outbox`).
pub struct Reads {
    connection: DatabaseConnection,
}

impl std::fmt::Debug for Reads {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reads")
    }
}

impl Reads {
    pub(super) fn new(connection: DatabaseConnection) -> Self {
        Self { connection }
    }

    /// The connection for sea-orm's entities. On SQLite it cannot write.
    pub const fn connection(&self) -> &DatabaseConnection {
        &self.connection
    }

    /// Which database speaks.
    pub fn dialect(&self) -> Dialect {
        Dialect::of(&self.connection)
    }

    /// Runs a statement that gives rows and changes none. Parameters are `$1`, `$2`, … in both databases.
    ///
    /// # Errors
    /// As the database says.
    pub async fn all(
        &self,
        sql: impl Into<String>,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<QueryResult>, StoreError> {
        let statement =
            Statement::from_sql_and_values(self.connection.get_database_backend(), sql.into(), values);
        Ok(self.connection.query_all_raw(statement).await?)
    }
}
