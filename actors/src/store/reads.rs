//! The read models: they skip the mailboxes and the writer, and see what is committed.

use sea_orm::DatabaseConnection;

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
}
