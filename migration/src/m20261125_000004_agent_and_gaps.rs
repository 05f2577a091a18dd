//! What an account's page said of itself, and up to where what came in was compared with it.

use sea_orm_migration::prelude::*;

/// This migration.
#[derive(DeriveMigrationName, Debug)]
pub(crate) struct Migration;

const STATEMENTS: [&str; 4] = [
    // The newest self-test of the agent, as JSON.
    "ALTER TABLE accounts ADD COLUMN agent TEXT",
    // When it was linked: what was sent before is history, not news. In milliseconds, by WhatsApp's clock or ours.
    "ALTER TABLE accounts ADD COLUMN inbound_from BIGINT",
    // The newest message in the page's store when that was last compared with ours. In milliseconds, by WhatsApp's clock.
    "ALTER TABLE accounts ADD COLUMN inbound_until BIGINT",
    // Found by such a comparison, not told by the page when it came in.
    "ALTER TABLE messages ADD COLUMN backfilled BOOLEAN NOT NULL DEFAULT FALSE",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, &STATEMENTS).await
    }
}
