//! What an account's state rests on, and the repair that is under way: JSON objects, written by the account's actor under
//! its epoch.

use sea_orm_migration::prelude::*;

/// This migration.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const STATEMENTS: [&str; 2] = [
    "ALTER TABLE accounts ADD COLUMN evidence TEXT",
    "ALTER TABLE accounts ADD COLUMN repair TEXT",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, &STATEMENTS).await
    }
}
