//! What operators see of accounts, in the default registry of `prometheus`.

use std::sync::LazyLock;

use prometheus::{
    CounterVec, GaugeVec, Histogram, IntCounterVec, IntGaugeVec, exponential_buckets, histogram_opts, opts,
    register_counter_vec, register_gauge_vec, register_histogram, register_int_counter_vec,
    register_int_gauge_vec,
};

use crate::domain::{AccountId, AccountState, Resources};

const ONCE: &str = "each metric is registered once, under a name of its own";

static STATE: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    register_int_gauge_vec!(
        opts!("zaptor_account_state", "Accounts of this node by state"),
        &["state"]
    )
    .expect(ONCE)
});
static RESTARTS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let about = opts!(
        "zaptor_account_restarts_total",
        "Restarts of account actors by reason"
    );
    register_int_counter_vec!(about, &["reason"]).expect(ONCE)
});
static OPEN: LazyLock<Histogram> = LazyLock::new(|| {
    let buckets = exponential_buckets(0.05, 2.0, 12).expect("the bounds rise");
    let about = histogram_opts!("zaptor_session_open_seconds", "Time to open a session", buckets);
    register_histogram!(about).expect(ONCE)
});
static PROBES: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let about = opts!(
        "zaptor_probes_total",
        "Attempts to prove a round trip to WhatsApp's server: answered, failed"
    );
    register_int_counter_vec!(about, &["outcome"]).expect(ONCE)
});
static ACK: LazyLock<Histogram> = LazyLock::new(|| {
    let buckets = exponential_buckets(0.001, 2.0, 16).expect("the bounds rise");
    let about = histogram_opts!(
        "zaptor_send_ack_seconds",
        "From a send to WhatsApp's server ack",
        buckets
    );
    register_histogram!(about).expect(ONCE)
});
static PROCESSES: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    let about = opts!("zaptor_browser_processes", "Processes of an account's browser");
    register_int_gauge_vec!(about, &["account"]).expect(ONCE)
});
static MEMORY: LazyLock<GaugeVec> = LazyLock::new(|| {
    let about = opts!(
        "zaptor_browser_memory_bytes",
        "Proportional memory (PSS) of an account's browser"
    );
    register_gauge_vec!(about, &["account"]).expect(ONCE)
});
static CPU: LazyLock<CounterVec> = LazyLock::new(|| {
    let about = opts!(
        "zaptor_browser_cpu_seconds_total",
        "Processor time of an account's browsers"
    );
    register_counter_vec!(about, &["account"]).expect(ONCE)
});
static PAGE_ERRORS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let about = opts!(
        "zaptor_page_errors_total",
        "Uncaught exceptions and crashes of an account's pages"
    );
    register_int_counter_vec!(about, &["account"]).expect(ONCE)
});
static PERMITS: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    let about = opts!(
        "zaptor_actor_permits_in_use",
        "Commands that wait for an actor or are being carried out"
    );
    register_int_gauge_vec!(about, &["actor"]).expect(ONCE)
});

static PROFILES: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let about = opts!(
        "zaptor_profiles_total",
        "What was done with profiles between two sessions: kept, unchanged, not_kept, restored, set_aside"
    );
    register_int_counter_vec!(about, &["done"]).expect(ONCE)
});

/// Counts what was done with a profile.
pub(super) fn profile(done: &'static str) {
    PROFILES.with_label_values(&[done]).inc();
}

pub(super) fn enter(state: AccountState) {
    STATE.with_label_values(&[state.as_str()]).inc();
}

pub(super) fn leave(state: AccountState) {
    STATE.with_label_values(&[state.as_str()]).dec();
}

pub(super) fn opened(seconds: f64) {
    OPEN.observe(seconds);
}

/// Counts a probe.
pub(super) fn probed(answered: bool) {
    let outcome = if answered { "answered" } else { "failed" };
    PROBES.with_label_values(&[outcome]).inc();
}

pub(super) fn acknowledged(seconds: f64) {
    ACK.observe(seconds);
}

/// Notes what an account's browser costs now, and what it has cost since the last measurement.
pub(super) fn browser(account: AccountId, now: &Resources, cpu_seconds: f64, page_errors: u64) {
    let account = account.to_string();
    PROCESSES
        .with_label_values(&[&account])
        .set(i64::from(now.processes));
    #[expect(
        clippy::cast_precision_loss,
        reason = "a gauge is a float; 8 PiB are exact enough"
    )]
    MEMORY.with_label_values(&[&account]).set(now.pss_bytes as f64);
    CPU.with_label_values(&[&account]).inc_by(cpu_seconds.max(0.0));
    PAGE_ERRORS.with_label_values(&[&account]).inc_by(page_errors);
}

/// The account's browser is gone.
pub(super) fn browser_gone(account: AccountId) {
    let account = account.to_string();
    let _ = PROCESSES.remove_label_values(&[&account]);
    let _ = MEMORY.remove_label_values(&[&account]);
}

/// The account itself is gone from this node: no series of it is left.
pub(super) fn account_gone(account: AccountId) {
    browser_gone(account);
    let account = account.to_string();
    let _ = CPU.remove_label_values(&[&account]);
    let _ = PAGE_ERRORS.remove_label_values(&[&account]);
}

/// Counts a restart of an account's actor, by the stable word of its cause. Called by the registry.
pub fn note_restart(reason: &str) {
    RESTARTS.with_label_values(&[reason]).inc();
}

/// Notes that `change` more (or fewer) commands wait for account actors. Called by the registry.
pub fn note_permits(change: i64) {
    PERMITS.with_label_values(&["account"]).add(change);
}
