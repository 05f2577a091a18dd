//! What each account is told about itself, and the secrets that belong to it.
//!
//! Settings are one JSON object, so that a new one needs no migration. A secret is only here in its sealed form, by a key
//! that is not in the database.

use sea_orm_migration::prelude::*;

/// This migration.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const STATEMENTS: [&str; 2] = [
    "ALTER TABLE accounts ADD COLUMN settings TEXT NOT NULL DEFAULT '{}'",
    "CREATE TABLE secrets (
        account_id TEXT NOT NULL REFERENCES accounts (id),
        name TEXT NOT NULL,
        sealed TEXT NOT NULL,
        changed_at BIGINT NOT NULL,
        PRIMARY KEY (account_id, name)
    )",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, &STATEMENTS).await
    }
}
