//! Zaptor's database schema, for SQLite and PostgreSQL.
//!
//! Every migration is written once, in the SQL that both databases understand. Migrations run at start, or by
//! `zaptor migrate`; they never go back: a mistake is mended by the next one.

pub use sea_orm_migration::MigratorTrait;
use sea_orm_migration::prelude::*;

mod m20261123_000001_first_light;
mod m20261125_000001_account_settings;
mod m20261125_000002_repair;
mod m20261125_000003_hibernation;
mod m20261125_000004_agent_and_gaps;
mod m20261125_000005_awaiting_acks;

/// All migrations, oldest first.
#[derive(Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261123_000001_first_light::Migration),
            Box::new(m20261125_000001_account_settings::Migration),
            Box::new(m20261125_000002_repair::Migration),
            Box::new(m20261125_000003_hibernation::Migration),
            Box::new(m20261125_000004_agent_and_gaps::Migration),
            Box::new(m20261125_000005_awaiting_acks::Migration),
        ]
    }
}

/// Runs statements that both databases understand, in their order.
async fn run(manager: &SchemaManager<'_>, statements: &[&str]) -> Result<(), DbErr> {
    for statement in statements {
        manager.get_connection().execute_unprepared(statement).await?;
    }
    Ok(())
}
