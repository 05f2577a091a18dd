//! Acceptance without HTTP: `Intake::submit` with many in flight, against the same code with one commit for each
//! message. Durable on both sides: SQLite with `synchronous=FULL`, PostgreSQL with fsync and synchronous commit.

use std::{
    collections::HashMap,
    fs::File,
    io::{Seek as _, Write as _},
    path::Path,
    sync::Arc,
    time::Instant,
};

use futures::future::join_all;
use zaptor_actors::{
    domain::{AccountId, AccountSettings, EngineKind},
    platform::Settings,
    store::accounts::{self, NewAccount},
};

use crate::{
    Plan,
    node::folder,
    numbers::{percentile, rate, real},
    platforms::{House, on_system},
    processes::cpu_seconds,
    servers::Postgres,
    table::{Aim, Table},
};

/// Submissions in flight: what 1,000 clients would have.
const IN_FLIGHT: usize = 1_000;
const TOGETHER: usize = 30_000;
/// One by one takes an fsync each, so there are fewer.
const ONE_BY_ONE: usize = 1_000;

pub(crate) fn measure(plan: &Plan, table: &mut Table) {
    let scratch = folder();
    on_system(compare(plan, table, "SQLite FULL", "", Aim::AtLeast(15.0)));
    let fsync = fsync_seconds(scratch.path());
    let [p50, p99] = [0.5, 0.99].map(|share| percentile(&fsync, share) * 1_000.0);
    table.note(format!(
        "an fsync of 4 KiB on this disk: p50 {p50:.2} ms, p99 {p99:.2} ms"
    ));
    if !Path::new("/usr/lib/postgresql").exists() {
        table.note("PostgreSQL is not installed: its rows are missing");
        return;
    }
    let postgres = Postgres::durable();
    on_system(compare(plan, table, "PostgreSQL", &postgres.url(), Aim::None));
}

/// How long an fsync takes here and now.
fn fsync_seconds(folder: &Path) -> Vec<f64> {
    let mut file = File::create(folder.join("fsync")).unwrap();
    let mut times = Vec::new();
    for _ in 0..200 {
        let begun = Instant::now();
        file.rewind().unwrap();
        file.write_all(&[7; 4_096]).unwrap();
        file.sync_all().unwrap();
        times.push(begun.elapsed().as_secs_f64());
    }
    times
}

/// One way to accept.
struct Side {
    house: Arc<House>,
    account: AccountId,
    per_second: Vec<f64>,
    per_cpu_second: Vec<f64>,
    _folder: tempfile::TempDir,
}

impl Side {
    /// `batch`: how many messages one commit takes at most; `None` is as it comes.
    async fn start(url: &str, batch: Option<usize>) -> Self {
        let folder = folder();
        let mut settings = Settings::default();
        settings.store.url = url.to_owned();
        if let Some(batch) = batch {
            settings.dispatcher.intake_batch_max = batch;
            settings.store.commit_batch_max = batch;
        }
        let house = House::start(folder.path(), settings, HashMap::new()).await;
        let (tenant, account, at) = (
            house.tenant,
            house.platform.ids.next(),
            house.platform.clock.now(),
        );
        // An account that was never started: what is accepted waits.
        let new = NewAccount {
            id: account,
            tenant,
            name: "Bench".to_owned(),
            engine: EngineKind::Simulated,
            labels: Vec::new(),
            settings: AccountSettings::default(),
            proxy_password: None,
            at,
        };
        house
            .platform
            .store
            .write(move |tx| Box::pin(accounts::create(tx, new)))
            .await
            .unwrap();
        Self {
            house: Arc::new(house),
            account,
            per_second: Vec::new(),
            per_cpu_second: Vec::new(),
            _folder: folder,
        }
    }

    async fn turn(&mut self, messages: usize) {
        let lanes = messages.min(IN_FLIGHT);
        let (begun, before) = (Instant::now(), cpu_seconds(std::process::id()));
        let lane = |lane: usize| {
            let (house, account) = (Arc::clone(&self.house), self.account);
            tokio::spawn(async move {
                for i in 0..messages / lanes {
                    house.accept(house.text(account, lane + i)).await;
                }
            })
        };
        let done = join_all((0..lanes).map(lane)).await;
        let elapsed = begun.elapsed();
        assert!(done.iter().all(Result::is_ok), "a message was not accepted");
        let accepted = messages / lanes * lanes;
        self.per_second.push(rate(accepted as u64, elapsed));
        let worked = cpu_seconds(std::process::id()) - before;
        self.per_cpu_second.push(real(accepted as u64) / worked);
    }
}

async fn compare(plan: &Plan, table: &mut Table, database: &str, url: &str, aim: Aim) {
    let mut together = Side::start(url, None).await;
    let mut one_by_one = Side::start(url, Some(1)).await;
    let (many, few) = (TOGETHER / plan.divide, ONE_BY_ONE / plan.divide);
    together.turn(many / 4).await; // warm up
    one_by_one.turn(few / 4).await;
    (together.per_second, together.per_cpu_second) = (Vec::new(), Vec::new());
    (one_by_one.per_second, one_by_one.per_cpu_second) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        together.turn(many).await;
        one_by_one.turn(few).await;
    }
    let figure = format!("store accept/s, {IN_FLIGHT} in flight, {database}, vs a commit each");
    table.ratio(&figure, &together.per_second, &one_by_one.per_second, aim);
    let (ours, theirs) = (&together.per_cpu_second, &one_by_one.per_cpu_second);
    table.ratio("  per CPU-second of the process", ours, theirs, Aim::None);
    together.house.platform.stop().await;
    one_by_one.house.platform.stop().await;
}
