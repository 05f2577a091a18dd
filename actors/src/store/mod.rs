//! F2: the only room that speaks SQL (with `outbox`, `journal` and `ledger` above it, whose verbs take a [`Tx`]).
//!
//! Writes go through one group commit ([`Store::write`]); reads go past it ([`Store::reads`]). No network call, browser
//! call or actor ask happens while a transaction is open.

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use parking_lot::RwLock;
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr, SqlErr};
use serde::Deserialize;
use zaptor_migration::{Migrator, MigratorTrait as _};

pub mod accounts;
mod describing;
pub mod entity;
pub mod idempotency;
pub mod messages;
pub mod pages;
pub mod people;
mod reads;
pub mod round_trips;
pub mod secrets;
#[cfg(test)]
pub(crate) mod stage;
mod states;
mod tx;
mod wallets;
mod writer;

pub use accounts::{AccountRow, StateChange};
pub use reads::Reads;
pub use tx::{Dialect, Tx, parse, parsed};
pub use wallets::{LedgerRow, WalletRow};
use writer::Writer;
pub use writer::{CommitNotice, WriterMetrics};

/// How the store is opened.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// `sqlite://PATH` or `postgres://…`.
    pub url: String,
    /// Connections for reads, 1 to 100.
    pub read_connections: u32,
    /// How many waiting writes one commit may take together, 1 to 10,000.
    pub commit_batch_max: usize,
    /// How many writes may wait for their commit; more wait at the door.
    pub write_queue: usize,
    /// How long to wait for a connection.
    pub acquire_timeout_seconds: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            url: String::new(),
            read_connections: 4,
            commit_batch_max: 256,
            write_queue: 4_096,
            acquire_timeout_seconds: 10,
        }
    }
}

/// Why the store could not do as told.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached or refuses to work; nothing was changed.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// A unique key or a check of the database says no; nothing was changed.
    #[error("the database refused the change: {0}")]
    Conflict(String),
    /// A statement failed; nothing was changed.
    #[error("the database failed: {0}")]
    Failed(String),
    /// The COMMIT itself was not answered: the change may or may not stand.
    #[error("the commit was not answered: {0}")]
    Uncertain(String),
    /// A row holds what this version does not understand.
    #[error("the database holds an unreadable value: {0}")]
    Unreadable(String),
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        if let Some(
            SqlErr::UniqueConstraintViolation(detail) | SqlErr::ForeignKeyConstraintViolation(detail),
        ) = error.sql_err()
        {
            return Self::Conflict(detail);
        }
        let text = error.to_string();
        match error {
            DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => Self::Unavailable(text),
            _ if text.contains("CHECK constraint") || text.contains("check constraint") => {
                Self::Conflict(text)
            }
            _ if text.contains("disk") || text.contains("closed") => Self::Unavailable(text),
            _ => Self::Failed(text),
        }
    }
}

/// The database: one group-committing writer and a pool for reads. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    writer: Writer,
    reads: Arc<Reads>,
    keys: Arc<RwLock<secrets::SealingKeys>>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store")
    }
}

impl Store {
    /// Connects, brings the schema up to date and starts the writer on a thread of its own. `on_commit` is called after
    /// every commit, from the writer: it must only nudge, never block.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the database cannot be reached, [`StoreError::Failed`] when a migration fails.
    pub async fn open(
        settings: &Settings,
        on_commit: impl Fn(&CommitNotice) + Send + Sync + 'static,
    ) -> Result<Self, StoreError> {
        let own = settings.clone();
        let connected = async move {
            let write = connect(&own, 1, Access::Write).await?;
            Migrator::up(&write, None).await?;
            Ok(write)
        };
        let writer = Writer::start(connected, settings, Box::new(on_commit)).await?;
        let read = connect(settings, settings.read_connections, Access::Read).await?;
        Ok(Self {
            writer,
            reads: Arc::new(Reads::new(read)),
            keys: Arc::default(),
        })
    }

    /// Runs `job` inside a transaction and returns its result after the COMMIT. Whatever waits is committed together,
    /// each job in a savepoint of its own: an error or a panic of one undoes that one alone. A lone job waits for
    /// nobody. The job must not call the network, the browser or an actor.
    ///
    /// # Errors
    /// The job's own error; [`StoreError::Unavailable`] or [`StoreError::Uncertain`] when the commit fails.
    pub async fn write<T, F>(&self, job: F) -> Result<T, StoreError>
    where
        F: for<'t> FnOnce(&'t Tx) -> BoxFuture<'t, Result<T, StoreError>> + Send + 'static,
        T: Send + 'static,
    {
        self.writer.write(job).await
    }

    /// Runs a task on the writer's thread: for those that mostly wait for commits, and never block.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.writer.spawn(task);
    }

    /// The read models.
    pub fn reads(&self) -> &Reads {
        &self.reads
    }

    /// Whether the database answers, for `/readyz`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.reads.connection().ping().await.map_err(StoreError::from)
    }

    /// Commits so far and the jobs that they carried, for metrics.
    pub fn metrics(&self) -> &WriterMetrics {
        self.writer.metrics()
    }
}

/// Brings the schema up to date without starting anything, for `zaptor migrate`. Gives the number of migrations run.
///
/// # Errors
/// As [`Store::open`].
pub async fn migrate(settings: &Settings) -> Result<usize, StoreError> {
    let connection = connect(settings, 1, Access::Write).await?;
    let pending = Migrator::get_pending_migrations(&connection).await?.len();
    Migrator::up(&connection, None).await?;
    connection.close().await?;
    Ok(pending)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

async fn connect(
    settings: &Settings,
    connections: u32,
    access: Access,
) -> Result<DatabaseConnection, StoreError> {
    let sqlite = settings.url.starts_with("sqlite:");
    let url = if sqlite && !settings.url.contains('?') && !settings.url.contains(":memory:") {
        format!("{}?mode=rwc", settings.url)
    } else {
        settings.url.clone()
    };
    let mut options = ConnectOptions::new(url);
    options
        // sqlx 0.9 counts its idle connections after it has given them away (`PoolInner::release`): the count can fall
        // below zero for a moment, and the task that looks for idle and old connections then loops some 2^64 times on
        // one core. Without limits on idleness and age there is no such task; connections are checked when they are
        // taken.
        .idle_timeout(None)
        .max_lifetime(None)
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(Duration::from_secs(settings.acquire_timeout_seconds))
        .sqlx_logging(false);
    if sqlite {
        // FULL: a committed message survives a power cut. WAL: readers never wait for the writer.
        options.map_sqlx_sqlite_opts(move |sqlite| {
            sqlite
                .pragma("journal_mode", "WAL")
                .pragma("synchronous", "FULL")
                .pragma("foreign_keys", "ON")
                .pragma("busy_timeout", "5000")
                .pragma("query_only", if access == Access::Read { "ON" } else { "OFF" })
                // The undo journal of a statement, which goes with it, stays out of the file system.
                .pragma("temp_store", "MEMORY")
                // In KiB. The writer keeps the trees' upper pages; readers are many and read little.
                .pragma("cache_size", if access == Access::Read { "-2048" } else { "-16384" })
                // In pages of 4 KiB. Each checkpoint syncs twice and holds the writer up; between two, a page that is
                // written over and over is copied once.
                .pragma("wal_autocheckpoint", "16000")
                .statement_cache_capacity(256)
        });
    }
    Database::connect(options)
        .await
        .map_err(|error| StoreError::Unavailable(error.to_string()))
}
