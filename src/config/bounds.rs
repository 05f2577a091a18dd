//! The bounds of every number, and which numbers must not be less than others. `config/default.toml` tells them to people, and a test holds the two together.

use super::Config;

/// A number and what it must lie between, both ends included.
pub(super) struct Bound {
    pub(super) key: &'static str,
    pub(super) value: u64,
    pub(super) min: u64,
    pub(super) max: u64,
}

/// One bound for each field that is named: `section.field: min..=max`.
macro_rules! bounds {
    ($config:ident; $($section:ident.$field:ident: $min:literal..=$max:literal,)*) => {
        vec![$(Bound {
            key: concat!(stringify!($section), ".", stringify!($field)),
            value: u64::from($config.$section.$field),
            min: $min,
            max: $max,
        },)*]
    };
}

/// The numbers of `config` with their bounds.
pub(super) fn of(config: &Config) -> Vec<Bound> {
    let mut all = of_the_edge(config);
    all.extend(of_accounts(config));
    all.extend(of_messages(config));
    all
}

#[rustfmt::skip]
fn of_the_edge(config: &Config) -> Vec<Bound> {
    bounds! {
        config;
        server.port: 0..=65_535,
        server.workers: 0..=256,
        server.body_bytes_max: 1024..=67_108_864,
        server.shutdown_timeout_s: 0..=300,
        store.read_connections: 1..=100,
        store.commit_batch_max: 1..=10_000,
        store.write_queue_max: 1..=100_000,
        store.acquire_timeout_s: 1..=60,
        auth.access_lifetime_s: 60..=86_400,
        auth.refresh_lifetime_s: 3600..=31_536_000,
        sandbox.port: 0..=65_535,
        sandbox.sync_ms: 0..=60_000,
        sandbox.messages_per_minute: 1..=100_000,
        stream.flush_ms: 0..=1000,
        stream.buffer_events_max: 16..=65_536,
        stream.heartbeat_s: 1..=300,
    }
}

#[rustfmt::skip]
fn of_accounts(config: &Config) -> Vec<Bound> {
    bounds! {
        config;
        engine.accounts_per_driver: 1..=32,
        engine.start_timeout_ms: 5000..=600_000,
        engine.command_timeout_ms: 500..=120_000,
        engine.probe_timeout_ms: 500..=120_000,
        engine.heartbeat_interval_ms: 100..=60_000,
        engine.heartbeat_timeout_ms: 500..=120_000,
        engine.close_timeout_ms: 100..=60_000,
        account.probe_interval_s: 1..=3600,
        account.probe_interval_degraded_s: 1..=3600,
        account.gap_check_interval_s: 10..=86_400,
        account.agent_proof_s: 5..=600,
        account.probe_failures_max: 1..=100,
        account.open_deadline_s: 1..=600,
        account.command_deadline_s: 1..=600,
        account.send_deadline_s: 1..=600,
        account.close_deadline_s: 1..=600,
        account.stop_grace_s: 0..=600,
        account.command_queue_max: 1..=1000,
        account.look_up_interval_ms: 10..=60_000,
        account.look_up_patience_s: 1..=3600,
        account.unknown_after_s: 10..=86_400,
        account.retry_base_ms: 1..=60_000,
        account.retry_cap_s: 1..=3600,
        account.pairing_refreshes: 0..=1000,
        account.pairing_wait_s: 1..=60,
        hibernation.after_s: 0..=2_592_000,
        hibernation.wake_every_s: 0..=86_400,
        hibernation.wake_at_once: 1..=1000,
        hibernation.linger_s: 1..=86_400,
        hibernation.visit_quiet_s: 1..=600,
        hibernation.visit_max_s: 10..=3600,
        hibernation.wake_lead_s: 0..=60,
        vault.keep: 1..=100,
        vault.refresh_h: 0..=720,
        vault.first_after_s: 10..=86_400,
        vault.profile_mib_max: 16..=65_536,
        repair.silence_s: 1..=600,
        repair.dismiss_modal_s: 1..=600,
        repair.reload_page_s: 1..=600,
        repair.new_page_s: 1..=600,
        repair.new_browser_s: 1..=600,
        repair.restore_profile_s: 1..=600,
        repair.attempts_max: 1..=10,
        repair.retry_s: 1..=3600,
        repair.remember_s: 0..=86_400,
        supervision.restarts_max: 1..=1000,
        supervision.window_s: 1..=86_400,
        supervision.backoff_base_ms: 1..=60_000,
        supervision.backoff_cap_s: 1..=86_400,
        supervision.threads: 0..=256,
        resources.start_at_once: 1..=1000,
        resources.budget_mib: 0..=16_777_216,
        resources.budget_percent: 1..=100,
        resources.browser_mib: 16..=65_536,
        resources.soft_mib: 0..=65_536,
        resources.soft_pause_s: 60..=86_400,
        resources.hard_mib: 0..=65_536,
        resources.measure_interval_s: 1..=300,
        resources.measure_memory_s: 1..=3600,
    }
}

#[rustfmt::skip]
fn of_messages(config: &Config) -> Vec<Bound> {
    bounds! {
        config;
        dispatcher.intake_queue_max: 1..=100_000,
        dispatcher.intake_batch_max: 1..=5000,
        dispatcher.deliver_timeout_s: 1..=600,
        dispatcher.poll_interval_ms: 10..=60_000,
        dispatcher.expiry_h: 1..=720,
        dispatcher.idempotency_h: 24..=720,
        rate_limit.messages_per_minute: 1..=100_000,
        rate_limit.burst: 1..=10_000,
        billing.price_text: 0..=1_000_000,
        billing.low_threshold: 0..=1_000_000_000,
        billing.trial_tokens: 0..=1_000_000_000,
    }
}

/// Two settings of which one must not be less than the other.
pub(super) struct Order {
    pub(super) key: &'static str,
    pub(super) other: &'static str,
    /// Whether `key` must be more than `other`; else at least as much.
    pub(super) strict: bool,
    pub(super) holds: bool,
    /// What would go wrong.
    pub(super) why: &'static str,
}

/// A value in the smallest unit of its kind, so that seconds can be held against milliseconds.
fn comparable(field: &str, value: u32) -> u64 {
    let factor = if field.ends_with("_s") { 1000 } else { 1 };
    u64::from(value) * factor
}

/// One order for each pair that is named: `section.field over section.field: "what would go wrong"`.
macro_rules! orders {
    ($config:ident, strict: $strict:literal; $($a:ident.$x:ident over $b:ident.$y:ident: $why:literal,)*) => {
        [$({
            let value = comparable(stringify!($x), $config.$a.$x);
            let least = comparable(stringify!($y), $config.$b.$y);
            Order {
                key: concat!(stringify!($a), ".", stringify!($x)),
                other: concat!(stringify!($b), ".", stringify!($y)),
                strict: $strict,
                holds: if $strict { value > least } else { value >= least },
                why: $why,
            }
        },)*]
    };
}

/// The pairs of settings that could contradict each other.
#[rustfmt::skip]
pub(super) fn orders(config: &Config) -> Vec<Order> {
    let strict = orders! {
        config, strict: true;
        account.open_deadline_s over engine.start_timeout_ms: "the account would give up before its browser does",
        account.command_deadline_s over engine.command_timeout_ms: "the account would give up before its browser does",
        account.send_deadline_s over engine.command_timeout_ms: "the account would give up before its browser does",
        engine.command_timeout_ms over engine.probe_timeout_ms: "a server that is slow would look like a page that hangs",
        auth.refresh_lifetime_s over auth.access_lifetime_s: "an access token would outlive its refresh token",
        stream.heartbeat_s over stream.flush_ms: "a heartbeat would be due before anything is written",
    };
    let at_least = orders! {
        config, strict: false;
        dispatcher.deliver_timeout_s over account.send_deadline_s: "a delivery would be given up while the account still sends",
        account.unknown_after_s over account.send_deadline_s: "an outcome would end as unknown while the send still runs",
        account.probe_interval_s over account.probe_interval_degraded_s: "a degraded account would be looked at less often than a healthy one",
        account.retry_cap_s over account.retry_base_ms: "the longest pause would be shorter than the first",
        hibernation.visit_max_s over hibernation.visit_quiet_s: "no account could ever look for messages to its end",
        supervision.backoff_cap_s over supervision.backoff_base_ms: "the longest pause would be shorter than the first",
        resources.measure_memory_s over resources.measure_interval_s: "memory would be asked for more often than anybody looks",
        dispatcher.intake_queue_max over dispatcher.intake_batch_max: "more would be accepted together than may wait",
        store.write_queue_max over store.commit_batch_max: "more would be committed together than may wait",
    };
    strict.into_iter().chain(at_least).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{DEFAULT_TOML, Flags, load};

    /// Section and key of each number in the manual, with the bounds that its comment tells ("1–100").
    fn told() -> BTreeMap<String, Option<(u64, u64)>> {
        let mut told = BTreeMap::new();
        let (mut section, mut comment) = (String::new(), String::new());
        for line in DEFAULT_TOML.lines() {
            if let Some(text) = line.strip_prefix('#') {
                comment.push_str(text);
                continue;
            }
            if let Some(name) = line.strip_prefix('[') {
                name.trim_end_matches(']').clone_into(&mut section);
            } else if let Some((key, value)) = line.split_once(" = ")
                && value.parse::<u64>().is_ok()
            {
                told.insert(format!("{section}.{key}"), bounds_in(&comment));
            }
            comment.clear();
        }
        told
    }

    fn bounds_in(comment: &str) -> Option<(u64, u64)> {
        comment.split_whitespace().find_map(|word| {
            let (min, max) = word.trim_end_matches(['.', ';']).split_once('–')?;
            Some((min.parse().ok()?, max.parse().ok()?))
        })
    }

    #[test]
    fn the_manual_tells_the_bounds_that_hold() {
        let config = load(None, [], &Flags::default()).unwrap().config;
        let held: BTreeMap<String, Option<(u64, u64)>> = super::of(&config)
            .into_iter()
            .map(|bound| (bound.key.to_owned(), Some((bound.min, bound.max))))
            .collect();
        assert_eq!(told(), held);
    }
}
