//! What an account's state rests on, and the repair that is under way: JSON objects, written by the account's actor under
//! its epoch.

use sea_orm_migration::prelude::*;

/// This migration.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const STATEMENTS: &[&str] = &[
    "ALTER TABLE accounts ADD COLUMN evidence TEXT",
    "ALTER TABLE accounts ADD COLUMN repair TEXT",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for statement in STATEMENTS {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
