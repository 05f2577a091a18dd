//! What operators see of sleep, in the default registry of `prometheus`.

use std::{sync::LazyLock, time::Duration};

use prometheus::{
    Histogram, IntCounterVec, IntGaugeVec, exponential_buckets, histogram_opts, opts, register_histogram,
    register_int_counter_vec, register_int_gauge_vec,
};

use crate::domain::HibernationCause;

const ONCE: &str = "each metric is registered once, under a name of its own";

static PARKED: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    let about = opts!(
        "zaptor_parked_accounts",
        "Accounts of this node that sleep, by why they were parked: idle, asked, memory"
    );
    register_int_gauge_vec!(about, &["why"]).expect(ONCE)
});
static WAKES: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let about = opts!(
        "zaptor_wakes_total",
        "Parked accounts that were opened, by cause: message, schedule, rotation, asked, log_out"
    );
    register_int_counter_vec!(about, &["cause"]).expect(ONCE)
});
static VISITS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let about = opts!(
        "zaptor_visits_total",
        "Looks for messages of parked accounts, by outcome: done, slow (the next one went on), failed"
    );
    register_int_counter_vec!(about, &["outcome"]).expect(ONCE)
});
static ONLINE: LazyLock<Histogram> = LazyLock::new(|| {
    let buckets = exponential_buckets(0.125, 2.0, 12).expect("the bounds rise");
    let about = histogram_opts!(
        "zaptor_wake_seconds",
        "From the wake of a parked account until it is proven online",
        buckets
    );
    register_histogram!(about).expect(ONCE)
});

/// Notes how many accounts sleep, for each cause.
pub(super) fn parked(counts: &[(HibernationCause, i64)]) {
    for (why, count) in counts {
        PARKED.with_label_values(&[why.as_str()]).set(*count);
    }
}

/// Counts a wake.
pub(super) fn woken(cause: &str) {
    WAKES.with_label_values(&[cause]).inc();
}

/// Counts a look for messages.
pub(super) fn visited(outcome: &str) {
    VISITS.with_label_values(&[outcome]).inc();
}

/// Notes how long a wake took.
pub(super) fn online_after(took: Duration) {
    ONLINE.observe(took.as_secs_f64());
}
