//! Bounds and contradictions. Each finding names the key, what is wrong and how to mend it.

use std::fmt;

use tracing_subscriber::EnvFilter;
use url::Url;

use super::Config;
use super::sections::ChromiumSandbox;

/// One thing that is wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key, with its section: `server.port`.
    pub key: String,
    /// What is wrong.
    pub detail: String,
    /// What to do about it.
    pub mend: String,
    /// Where the value came from, in words; empty if unknown.
    pub origin: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.key, self.detail, self.mend)?;
        if !self.origin.is_empty() {
            write!(f, " (from {})", self.origin)?;
        }
        Ok(())
    }
}

impl Problem {
    fn new(key: &str, detail: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            key: key.to_owned(),
            detail: detail.into(),
            mend: mend.into(),
            origin: String::new(),
        }
    }

    /// Translates what the layers say about an unknown key or a value of the wrong type.
    pub(super) fn from_figment(error: &figment::Error) -> Self {
        use figment::error::Kind;
        let mut key = error.path.join(".");
        let (detail, mend) = match &error.kind {
            Kind::UnknownField(name, known) => {
                if error.path.last() != Some(name) {
                    key = if key.is_empty() {
                        name.clone()
                    } else {
                        format!("{key}.{name}")
                    };
                }
                (
                    "there is no such key".to_owned(),
                    format!("known here are {}", known.join(", ")),
                )
            }
            Kind::UnknownVariant(name, known) => (
                format!("`{name}` is none of its values"),
                format!("take one of {}", known.join(", ")),
            ),
            Kind::InvalidType(actual, expected) | Kind::InvalidValue(actual, expected) => {
                (format!("{actual} does not fit"), format!("it takes {expected}"))
            }
            Kind::MissingField(name) => (
                "incomplete".to_owned(),
                format!("add `{name}`, see config/default.toml"),
            ),
            other => (other.to_string(), "see config/default.toml".to_owned()),
        };
        let origin = error
            .metadata
            .as_ref()
            .map_or_else(String::new, |metadata| metadata.name.to_string());
        Self {
            origin,
            ..Self::new(&key, detail, mend)
        }
    }
}

/// Everything that is wrong with `config`, in the order of the sections.
pub(super) fn check(config: &Config) -> Vec<Problem> {
    let mut problems = Vec::new();
    edge_bounds(config, &mut problems);
    engine_bounds(config, &mut problems);
    message_bounds(config, &mut problems);
    addresses(config, &mut problems);
    timeouts(config, &mut problems);
    flags(config, &mut problems);
    problems
}

struct Bound {
    key: &'static str,
    value: u32,
    min: u32,
    max: u32,
}

fn bound(key: &'static str, value: impl Into<u32>, min: u32, max: u32) -> Bound {
    Bound {
        key,
        value: value.into(),
        min,
        max,
    }
}

fn report<const N: usize>(bounds: [Bound; N], problems: &mut Vec<Problem>) {
    for Bound { key, value, min, max } in bounds {
        if value < min || value > max {
            let detail = format!("{value} is out of bounds");
            problems.push(Problem::new(key, detail, format!("take {min} to {max}")));
        }
    }
}

fn edge_bounds(config: &Config, problems: &mut Vec<Problem>) {
    let Config {
        server,
        store,
        auth,
        sandbox,
        stream,
        ..
    } = config;
    report(
        [
            bound("server.workers", server.workers, 0, 256),
            bound("server.body_bytes_max", server.body_bytes_max, 1024, 64 << 20),
            bound("server.shutdown_timeout_s", server.shutdown_timeout_s, 0, 300),
            bound("store.connections_max", store.connections_max, 1, 256),
            bound("store.acquire_timeout_ms", store.acquire_timeout_ms, 100, 60_000),
            bound("store.busy_timeout_ms", store.busy_timeout_ms, 0, 60_000),
            bound("auth.access_lifetime_s", auth.access_lifetime_s, 60, 86_400),
            bound(
                "auth.refresh_lifetime_s",
                auth.refresh_lifetime_s,
                3600,
                31_536_000,
            ),
            bound("sandbox.sync_ms", sandbox.sync_ms, 0, 60_000),
            bound(
                "sandbox.messages_per_minute",
                sandbox.messages_per_minute,
                1,
                60_000,
            ),
            bound("stream.flush_ms", stream.flush_ms, 0, 1000),
            bound("stream.buffer_events_max", stream.buffer_events_max, 16, 65_536),
            bound("stream.heartbeat_s", stream.heartbeat_s, 1, 300),
        ],
        problems,
    );
}

fn engine_bounds(config: &Config, problems: &mut Vec<Problem>) {
    let Config { engine, account, .. } = config;
    report(
        [
            bound("engine.accounts_per_driver", engine.accounts_per_driver, 1, 32),
            bound("engine.start_timeout_ms", engine.start_timeout_ms, 5000, 600_000),
            bound(
                "engine.command_timeout_ms",
                engine.command_timeout_ms,
                500,
                120_000,
            ),
            bound("engine.close_timeout_ms", engine.close_timeout_ms, 100, 60_000),
            bound("account.probe_interval_s", account.probe_interval_s, 5, 3600),
            bound("account.probe_timeout_ms", account.probe_timeout_ms, 500, 60_000),
            bound("account.pairing_codes_max", account.pairing_codes_max, 1, 100),
            bound("account.restarts_max", account.restarts_max, 1, 100),
            bound("account.restart_window_s", account.restart_window_s, 1, 3600),
            bound("account.backoff_first_ms", account.backoff_first_ms, 10, 60_000),
            bound("account.backoff_max_s", account.backoff_max_s, 1, 3600),
        ],
        problems,
    );
}

fn message_bounds(config: &Config, problems: &mut Vec<Problem>) {
    let Config {
        dispatcher,
        rate_limit,
        billing,
        ..
    } = config;
    report(
        [
            bound(
                "dispatcher.intake_batch_max",
                dispatcher.intake_batch_max,
                1,
                4096,
            ),
            bound(
                "dispatcher.intake_queue_max",
                dispatcher.intake_queue_max,
                1,
                1_000_000,
            ),
            bound(
                "dispatcher.send_timeout_ms",
                dispatcher.send_timeout_ms,
                1000,
                300_000,
            ),
            bound(
                "dispatcher.unknown_after_s",
                dispatcher.unknown_after_s,
                10,
                604_800,
            ),
            bound("dispatcher.expiry_s", dispatcher.expiry_s, 60, 2_592_000),
            bound(
                "rate_limit.messages_per_minute",
                rate_limit.messages_per_minute,
                1,
                60_000,
            ),
            bound("rate_limit.burst", rate_limit.burst, 1, 1000),
            bound("billing.price_text", billing.price_text, 0, 1_000_000),
            bound("billing.low_threshold", billing.low_threshold, 0, 1_000_000_000),
            bound("billing.trial_tokens", billing.trial_tokens, 0, 1_000_000_000),
        ],
        problems,
    );
}

fn addresses(config: &Config, problems: &mut Vec<Problem>) {
    let Config {
        server,
        sandbox,
        store,
        bus,
        data,
        ..
    } = config;
    if data.dir.as_os_str().is_empty() {
        problems.push(Problem::new("data.dir", "it is empty", "name a folder"));
    }
    address(
        "store.url",
        &store.url,
        &["postgres", "postgresql", "sqlite"],
        problems,
    );
    address("bus.redis_url", &bus.redis_url, &["redis", "rediss"], problems);
    address("sandbox.url", &sandbox.url, &["http", "https"], problems);
    if !sandbox.url.is_empty() && !sandbox.enabled {
        problems.push(Problem::new(
            "sandbox.url",
            "it names a sandbox while sandbox.enabled is false",
            "set sandbox.enabled = true, or leave sandbox.url empty",
        ));
    }
    let own_sandbox = sandbox.enabled && sandbox.url.is_empty();
    if own_sandbox && server.port != 0 && server.port == sandbox.port {
        problems.push(Problem::new(
            "sandbox.port",
            format!("{} is server.port already", sandbox.port),
            "give one of them another port, or 0 for a free one",
        ));
    }
}

fn address(key: &str, text: &str, schemes: &[&str], problems: &mut Vec<Problem>) {
    if text.is_empty() {
        return;
    }
    let mend = format!("begin it with one of {}://", schemes.join("://, "));
    // What is there is not repeated: an address may hold a password.
    match Url::parse(text) {
        Ok(url) if schemes.contains(&url.scheme()) => {}
        Ok(url) => problems.push(Problem::new(
            key,
            format!("`{}` is not served here", url.scheme()),
            mend,
        )),
        Err(error) => problems.push(Problem::new(key, format!("it is no address: {error}"), mend)),
    }
}

fn timeouts(config: &Config, problems: &mut Vec<Problem>) {
    let Config {
        auth,
        account,
        engine,
        dispatcher,
        stream,
        ..
    } = config;
    let mut refuse_if = |wrong: bool, key: &str, detail: &str, mend: &str| {
        if wrong {
            problems.push(Problem::new(key, detail, mend));
        }
    };
    refuse_if(
        auth.access_lifetime_s >= auth.refresh_lifetime_s,
        "auth.access_lifetime_s",
        "an access token would outlive its refresh token",
        "make it shorter than auth.refresh_lifetime_s",
    );
    refuse_if(
        account.probe_timeout_ms >= account.probe_interval_s * 1000,
        "account.probe_timeout_ms",
        "a probe would still wait when the next one is due",
        "make it shorter than account.probe_interval_s",
    );
    refuse_if(
        account.backoff_first_ms > account.backoff_max_s * 1000,
        "account.backoff_first_ms",
        "the first pause is longer than the longest",
        "make it at most account.backoff_max_s",
    );
    refuse_if(
        engine.command_timeout_ms >= dispatcher.send_timeout_ms,
        "engine.command_timeout_ms",
        "a send would be given up before the page has missed its own deadline",
        "make it shorter than dispatcher.send_timeout_ms",
    );
    refuse_if(
        dispatcher.send_timeout_ms > dispatcher.unknown_after_s * 1000,
        "dispatcher.unknown_after_s",
        "an outcome would end as unknown while the send still runs",
        "make it at least dispatcher.send_timeout_ms",
    );
    refuse_if(
        dispatcher.intake_batch_max > dispatcher.intake_queue_max,
        "dispatcher.intake_batch_max",
        "more are committed together than may wait",
        "make it at most dispatcher.intake_queue_max",
    );
    refuse_if(
        stream.flush_ms >= stream.heartbeat_s * 1000,
        "stream.flush_ms",
        "a heartbeat would be due before anything is written",
        "make it shorter than stream.heartbeat_s",
    );
    refuse_if(
        !auth.signing_secret.is_empty() && auth.signing_secret.chars().count() < 32,
        "auth.signing_secret",
        "it can be guessed",
        "take at least 32 characters, or leave it empty",
    );
}

fn flags(config: &Config, problems: &mut Vec<Problem>) {
    let key = "engine.flags";
    for flag in &config.engine.flags {
        let name = flag.flag.split('=').next().unwrap_or_default();
        if !name.starts_with("--") {
            let detail = format!("`{}` is no argument of Chromium", flag.flag);
            problems.push(Problem::new(key, detail, "begin it with --"));
        } else if [
            "--user-data-dir",
            "--remote-debugging-port",
            "--host-resolver-rules",
        ]
        .contains(&name)
        {
            problems.push(Problem::new(
                key,
                format!("{name} is set by Zaptor itself"),
                "leave it out",
            ));
        }
    }
    if config.engine.chromium_sandbox == ChromiumSandbox::On && rustix::process::geteuid().is_root() {
        let mend = "run Zaptor as another user, or take auto";
        problems.push(Problem::new(
            "engine.chromium_sandbox",
            "Chromium refuses its sandbox to root",
            mend,
        ));
    }
    if let Err(error) = EnvFilter::try_new(&config.telemetry.log) {
        let mend = "take a level such as info, or target=level pairs";
        problems.push(Problem::new("telemetry.log", error.to_string(), mend));
    }
}
