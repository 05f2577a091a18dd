//! Group commit: one thread owns the writing connection, takes whatever jobs wait, runs each in a savepoint of its own,
//! commits once and answers all. An fsync is the price of durability; here many writes share it.
//!
//! This room never makes a lone write wait for company, and never answers before the COMMIT has.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use futures::{FutureExt as _, future::BoxFuture};
use sea_orm::{
    DatabaseConnection, DatabaseTransaction, DbErr, SqliteTransactionMode, TransactionOptions,
    TransactionTrait as _,
};
use tokio::{
    runtime::{self, Handle},
    sync::{mpsc, oneshot},
};

use super::{Dialect, Settings, StoreError, Tx, tx::Touched};
use crate::domain::{AccountId, TenantId};

/// What a commit moved.
#[derive(Debug, Default)]
pub struct CommitNotice {
    /// Journals that grew, each with its new last number.
    pub journals: Vec<(TenantId, i64)>,
    /// Accounts whose outbox has something to send.
    pub outboxes: Vec<AccountId>,
}

/// Counters of the writer.
#[derive(Debug, Default)]
pub struct WriterMetrics {
    commits: AtomicU64,
    jobs: AtomicU64,
}

impl WriterMetrics {
    /// Commits so far.
    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// Jobs that those commits carried.
    pub fn jobs(&self) -> u64 {
        self.jobs.load(Ordering::Relaxed)
    }
}

/// A write that waits. It runs once; `finish` tells its caller how the commit went.
trait Job: Send {
    /// Gives whether the job's own savepoint shall stand.
    fn run<'t>(&'t mut self, tx: &'t Tx) -> BoxFuture<'t, bool>;
    fn finish(self: Box<Self>, commit: Result<(), StoreError>);
}

struct TypedJob<F, T> {
    job: Option<F>,
    result: Option<Result<T, StoreError>>,
    answer: oneshot::Sender<Result<T, StoreError>>,
}

impl<F, T> Job for TypedJob<F, T>
where
    F: for<'t> FnOnce(&'t Tx) -> BoxFuture<'t, Result<T, StoreError>> + Send + 'static,
    T: Send + 'static,
{
    fn run<'t>(&'t mut self, tx: &'t Tx) -> BoxFuture<'t, bool> {
        let Some(job) = self.job.take() else {
            return Box::pin(async { false });
        };
        Box::pin(async move {
            let whole = async {
                let result = job(tx).await?;
                tx.flush().await?;
                Ok(result)
            };
            let result = AssertUnwindSafe(whole).catch_unwind().await.unwrap_or_else(|_| {
                Err(StoreError::Failed(
                    "the job panicked; nothing was changed".to_owned(),
                ))
            });
            let stands = result.is_ok();
            self.result = Some(result);
            stands
        })
    }

    fn finish(self: Box<Self>, commit: Result<(), StoreError>) {
        let unrun = || Err(StoreError::Unavailable("the write was not run".to_owned()));
        let result = match (self.result, commit) {
            (Some(Err(own)), _) => Err(own),
            (_, Err(commit)) => Err(commit),
            (result, Ok(())) => result.unwrap_or_else(unrun),
        };
        let _ = self.answer.send(result);
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the signature is map_err's")]
fn no_thread(error: std::io::Error) -> StoreError {
    StoreError::Unavailable(format!("the writer has no thread: {error}"))
}

pub(super) type OnCommit = Box<dyn Fn(&CommitNotice) + Send + Sync>;

/// The handle of the writing thread. The thread ends when the last handle is dropped.
#[derive(Clone)]
pub(super) struct Writer {
    queue: mpsc::Sender<Box<dyn Job>>,
    metrics: Arc<WriterMetrics>,
    runtime: Handle,
}

impl Writer {
    /// Starts a thread with a runtime of its own: nobody else's busy task delays a commit, and the tasks that live from
    /// waiting for commits ([`Writer::spawn`]) need no other thread to be woken. `connect` runs there first.
    pub(super) async fn start(
        connect: impl Future<Output = Result<DatabaseConnection, StoreError>> + Send + 'static,
        settings: &Settings,
        on_commit: OnCommit,
    ) -> Result<Self, StoreError> {
        let (queue, jobs) = mpsc::channel(settings.write_queue.max(1));
        let metrics = Arc::new(WriterMetrics::default());
        let (counted, batch_max) = (Arc::clone(&metrics), settings.commit_batch_max.max(1));
        let (started, connected) = oneshot::channel();
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(no_thread)?;
        let handle = runtime.handle().clone();
        let work = async move {
            let connection = match connect.await {
                Ok(connection) => connection,
                Err(error) => return drop(started.send(Err(error))),
            };
            let dialect = Dialect::of(&connection);
            let task = Task {
                connection,
                dialect,
                jobs,
                on_commit,
                metrics: counted,
                batch_max,
            };
            let _ = started.send(Ok(()));
            task.run().await;
        };
        thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || runtime.block_on(work))
            .map_err(no_thread)?;
        connected
            .await
            .map_err(|_| StoreError::Unavailable("the writer did not start".to_owned()))??;
        Ok(Self {
            queue,
            metrics,
            runtime: handle,
        })
    }

    /// Runs a task on the writer's thread. It must hold a handle of the writer for as long as it has work: the thread
    /// ends with the last one.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.runtime.spawn(task);
    }

    pub(super) fn metrics(&self) -> &WriterMetrics {
        &self.metrics
    }

    pub(super) async fn write<T, F>(&self, job: F) -> Result<T, StoreError>
    where
        F: for<'t> FnOnce(&'t Tx) -> BoxFuture<'t, Result<T, StoreError>> + Send + 'static,
        T: Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let closed = || StoreError::Unavailable("the store is closing".to_owned());
        let job = Box::new(TypedJob {
            job: Some(job),
            result: None,
            answer,
        });
        self.queue.send(job).await.map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }
}

struct Task {
    connection: DatabaseConnection,
    dialect: Dialect,
    jobs: mpsc::Receiver<Box<dyn Job>>,
    on_commit: OnCommit,
    metrics: Arc<WriterMetrics>,
    batch_max: usize,
}

impl Task {
    async fn run(mut self) {
        let mut batch = Vec::with_capacity(self.batch_max);
        while self.jobs.recv_many(&mut batch, self.batch_max).await > 0 {
            let (commit, touched) = match self.commit(&mut batch).await {
                Ok(touched) => (Ok(()), touched),
                Err(error) => (Err(error), Touched::default()),
            };
            self.metrics.commits.fetch_add(1, Ordering::Relaxed);
            self.metrics.jobs.fetch_add(batch.len() as u64, Ordering::Relaxed);
            for job in batch.drain(..) {
                job.finish(commit.clone());
            }
            if !touched.journals.is_empty() || !touched.outboxes.is_empty() {
                let notice = CommitNotice {
                    journals: touched.journals,
                    outboxes: touched.outboxes,
                };
                // Whoever listens finds by itself what it missed; a writer that ended with it would end them all.
                let told = catch_unwind(AssertUnwindSafe(|| (self.on_commit)(&notice)));
                if told.is_err() {
                    tracing::error!(target: "zaptor::store", "a listener panicked over a commit");
                }
            }
        }
        let _ = self.connection.close().await;
    }

    async fn commit(&self, batch: &mut [Box<dyn Job>]) -> Result<Touched, StoreError> {
        let unavailable = |error: DbErr| StoreError::Unavailable(error.to_string());
        let options = TransactionOptions {
            // A deferred transaction that reads first fails at once when it wants to write later: see SQLite's manual,
            // "lang_transaction", on upgrading. IMMEDIATE waits its turn instead.
            sqlite_transaction_mode: (self.dialect == Dialect::Sqlite)
                .then_some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let outer = self
            .connection
            .begin_with_options(options)
            .await
            .map_err(unavailable)?;
        // A lone job needs no savepoint: its error undoes the transaction, which is nothing but the job.
        if let [job] = batch {
            let tx = Tx::new(outer, self.dialect);
            let stands = job.run(&tx).await;
            let (outer, touched) = tx.into_parts();
            return if stands {
                end(outer).await?;
                Ok(touched)
            } else {
                outer.rollback().await.map_err(unavailable)?;
                Ok(Touched::default())
            };
        }
        let mut all = Touched::default();
        for job in batch {
            let tx = Tx::new(outer.begin().await.map_err(unavailable)?, self.dialect);
            let stands = job.run(&tx).await;
            let (savepoint, touched) = tx.into_parts();
            if stands {
                savepoint.commit().await.map_err(unavailable)?;
                merge(&mut all, touched);
            } else {
                savepoint.rollback().await.map_err(unavailable)?;
            }
        }
        end(outer).await?;
        Ok(all)
    }
}

async fn end(transaction: DatabaseTransaction) -> Result<(), StoreError> {
    transaction
        .commit()
        .await
        .map_err(|error| StoreError::Uncertain(error.to_string()))
}

fn merge(all: &mut Touched, more: Touched) {
    for (tenant, seq) in more.journals {
        match all.journals.iter_mut().find(|(known, _)| *known == tenant) {
            Some((_, last)) => *last = seq,
            None => all.journals.push((tenant, seq)),
        }
    }
    for account in more.outboxes {
        if !all.outboxes.contains(&account) {
            all.outboxes.push(account);
        }
    }
}
