//! The configuration as each room wants it.

use std::{path::Path, time::Duration};

use zaptor_actors::{
    account, billing, dispatcher,
    platform::{self, Secrets},
    rate_limit, registry, store, supervision,
};

use crate::{auth, config::Config};

/// The store's settings; an empty URL is SQLite in the data folder.
pub(super) fn store(config: &Config, data_dir: &Path) -> store::Settings {
    let url = match config.store.url.as_str() {
        "" => format!("sqlite://{}", data_dir.join("zaptor.db").display()),
        given => given.to_owned(),
    };
    store::Settings {
        url,
        read_connections: config.store.connections_max,
        acquire_timeout_seconds: u64::from(config.store.acquire_timeout_ms.div_ceil(1_000)),
        busy_timeout_millis: u64::from(config.store.busy_timeout_ms),
        ..store::Settings::default()
    }
}

/// Everything below the edge.
pub(super) fn platform(config: &Config, data_dir: &Path, sandbox: bool) -> platform::Settings {
    let messages_per_minute =
        if sandbox { config.sandbox.messages_per_minute } else { config.rate_limit.messages_per_minute };
    platform::Settings {
        store: store(config, data_dir),
        dispatcher: dispatcher::Settings {
            intake_queue: config.dispatcher.intake_queue_max as usize,
            intake_batch_max: config.dispatcher.intake_batch_max as usize,
            // The account's own deadline comes first; this one only catches an account that does not answer at all.
            deliver_timeout: 2 * Duration::from_millis(config.dispatcher.send_timeout_ms.into()),
            default_expiry: Duration::from_secs(config.dispatcher.expiry_s.into()),
            ..dispatcher::Settings::default()
        },
        billing: billing::Settings {
            price_text: config.billing.price_text.into(),
            low_threshold: config.billing.low_threshold.into(),
        },
        rate_limit: rate_limit::Settings { messages_per_minute, burst: config.rate_limit.burst },
        supervision: supervision::Settings {
            max_restarts: config.account.restarts_max,
            within_seconds: config.account.restart_window_s.into(),
            backoff_base_ms: config.account.backoff_first_ms.into(),
            backoff_cap_seconds: config.account.backoff_max_s.into(),
            ..supervision::Settings::default()
        },
        account: account(config),
        registry: registry::Settings::default(),
        redis_url: Some(config.bus.redis_url.clone()).filter(|url| !url.is_empty()),
    }
}

fn account(config: &Config) -> account::Settings {
    account::Settings {
        probe_interval_seconds: config.account.probe_interval_s.into(),
        ..account::Settings::default()
    }
}

/// Lifetimes from the configuration, keys from the installation's secret.
pub(super) fn auth(config: &Config, secrets: &Secrets) -> auth::Settings {
    auth::Settings {
        signing_secret: secrets.derive("access tokens").to_vec(),
        previous_secret: None,
        pepper: secrets.derive("digests of keys and refresh tokens"),
        access_lifetime: Duration::from_secs(config.auth.access_lifetime_s.into()),
        refresh_lifetime: Duration::from_secs(config.auth.refresh_lifetime_s.into()),
    }
}
