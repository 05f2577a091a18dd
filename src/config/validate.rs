//! Bounds and contradictions. Each finding names the key, what is wrong and how to mend it.

use std::fmt;

use tracing_subscriber::EnvFilter;
use url::Url;

use super::Config;
use super::bounds::{self, Bound};
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

/// Everything that is wrong with `config`.
pub(super) fn check(config: &Config) -> Vec<Problem> {
    let mut problems = out_of_bounds(config);
    addresses(config, &mut problems);
    orders(config, &mut problems);
    closing(config, &mut problems);
    limits(config, &mut problems);
    secrets(config, &mut problems);
    browser(config, &mut problems);
    problems
}

fn out_of_bounds(config: &Config) -> Vec<Problem> {
    let bounds = bounds::of(config).into_iter();
    let broken = bounds.filter(|bound| bound.value < bound.min || bound.value > bound.max);
    broken
        .map(|Bound { key, value, min, max }| {
            Problem::new(
                key,
                format!("{value} is out of bounds"),
                format!("take {min} to {max}"),
            )
        })
        .collect()
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

fn orders(config: &Config, problems: &mut Vec<Problem>) {
    for order in bounds::orders(config).into_iter().filter(|order| !order.holds) {
        let word = if order.strict { "more than" } else { "at least" };
        problems.push(Problem::new(
            order.key,
            order.why,
            format!("make it {word} {}", order.other),
        ));
    }
}

/// What closing a browser takes at most beside `engine.close_timeout_ms`, in milliseconds: a second for what the page has still
/// to tell, five for what outlives a kill, and one in hand.
const CLOSING_MS: u64 = 7_000;

fn closing(config: &Config, problems: &mut Vec<Problem>) {
    let deadline = u64::from(config.account.close_deadline_s) * 1_000;
    if deadline < u64::from(config.engine.close_timeout_ms) + CLOSING_MS {
        problems.push(Problem::new(
            "account.close_deadline_s",
            "the account would give up before its browser does",
            "make it at least 7 s longer than engine.close_timeout_ms",
        ));
    }
}

fn limits(config: &Config, problems: &mut Vec<Problem>) {
    let resources = &config.resources;
    if resources.hard_mib > 0 && resources.soft_mib > resources.hard_mib {
        problems.push(Problem::new(
            "resources.hard_mib",
            "a browser would be killed before it is closed in order",
            "make it at least resources.soft_mib, or 0 for never",
        ));
    }
}

fn secrets(config: &Config, problems: &mut Vec<Problem>) {
    let secret = &config.auth.signing_secret;
    if !secret.is_empty() && secret.chars().count() < 32 {
        let mend = "take at least 32 characters, or leave it empty";
        problems.push(Problem::new("auth.signing_secret", "it can be guessed", mend));
    }
}

fn browser(config: &Config, problems: &mut Vec<Problem>) {
    let key = "engine.flags";
    for flag in &config.engine.flags {
        let name = flag.flag.split('=').next().unwrap_or_default().trim();
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

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use super::super::{Flags, load};

    #[test]
    fn an_account_waits_for_a_browser_that_closes_as_long_as_that_can_take() {
        let mut config = load(None, [], &Flags::default()).unwrap().config;
        for (timeout_ms, deadline_s, holds) in [
            (5_000, 12, true),
            (5_000, 11, false),
            (14_500, 15, false),
            (60_000, 600, true),
        ] {
            (config.engine.close_timeout_ms, config.account.close_deadline_s) = (timeout_ms, deadline_s);
            let problems = super::check(&config);
            assert_eq!(
                problems
                    .iter()
                    .all(|problem| problem.key != "account.close_deadline_s"),
                holds,
                "{timeout_ms} {deadline_s}"
            );
        }
    }
}
