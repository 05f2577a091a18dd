//! Where a reborn session finds the messages whose acks are still to come.

use sea_orm_migration::prelude::*;

/// This migration.
#[derive(DeriveMigrationName, Debug)]
pub(crate) struct Migration;

const STATEMENTS: [&str; 1] = [
    // Without it every account that comes online looks through all that its tenant sent in two days. A message enters when
    // it is sent and leaves when it is read, in the order of the account's ids.
    "CREATE INDEX messages_awaiting ON messages (account_id, id)
     WHERE direction = 'outbound' AND status IN ('sent', 'delivered')",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, &STATEMENTS).await
    }
}
