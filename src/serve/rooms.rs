//! The configuration as each room wants it.

use std::{path::Path, time::Duration};

use zaptor_actors::{
    account, billing, dispatcher,
    domain::EngineKind,
    platform::{self, Passphrase, Secrets, VaultSettings},
    protocol::registry::MemoryLimits,
    rate_limit, registry,
    session::browser::memory_limit_bytes,
    store, supervision, vault,
};

use crate::{
    auth,
    config::{Config, sections},
    edge, stream,
};

/// The store's settings; an empty URL is SQLite in the data folder.
pub(super) fn store(config: &Config, data_dir: &Path) -> store::Settings {
    let url = match config.store.url.as_str() {
        "" => format!("sqlite://{}", data_dir.join("zaptor.db").display()),
        given => given.to_owned(),
    };
    store::Settings {
        url,
        read_connections: config.store.read_connections,
        commit_batch_max: config.store.commit_batch_max as usize,
        write_queue: config.store.write_queue_max as usize,
        acquire_timeout_seconds: config.store.acquire_timeout_s.into(),
    }
}

/// Everything below the edge. On the sandbox the pace is the sandbox's.
pub(super) fn platform(config: &Config, data_dir: &Path, sandbox: bool) -> platform::Settings {
    let messages_per_minute = if sandbox {
        config.sandbox.messages_per_minute
    } else {
        config.rate_limit.messages_per_minute
    };
    platform::Settings {
        store: store(config, data_dir),
        dispatcher: dispatcher(config),
        billing: billing::Settings {
            price_text: config.billing.price_text.into(),
            low_threshold: config.billing.low_threshold.into(),
        },
        rate_limit: rate_limit::Settings {
            messages_per_minute,
            burst: config.rate_limit.burst,
        },
        supervision: supervision(config),
        account: account(config),
        registry: registry::Settings {
            stop_deadline_seconds: u64::from(config.account.close_deadline_s + config.account.stop_grace_s)
                + 5,
            agent_proof_seconds: config.account.agent_proof_s.into(),
            first_snapshot_seconds: config.vault.first_after_s.into(),
            start_at_once: config.resources.start_at_once as usize,
            limits: MemoryLimits {
                soft_bytes: bytes(config.resources.soft_mib),
                hard_bytes: bytes(config.resources.hard_mib),
            },
            recycle_pause_seconds: config.resources.soft_pause_s.into(),
            budget_bytes: budget(&config.resources),
            measure_interval_seconds: config.resources.measure_interval_s.into(),
            measure_memory_seconds: config.resources.measure_memory_s.into(),
            hibernation: hibernation(&config.hibernation),
            ..registry::Settings::default()
        },
        vault: vault(config),
        redis_url: Some(config.bus.redis_url.clone()).filter(|url| !url.is_empty()),
    }
}

fn hibernation(section: &sections::Hibernation) -> registry::HibernationSettings {
    registry::HibernationSettings {
        after_seconds: section.after_s.into(),
        wake_every_seconds: section.wake_every_s.into(),
        wake_at_once: section.wake_at_once as usize,
        linger_seconds: section.linger_s.into(),
        visit_quiet_seconds: section.visit_quiet_s.into(),
        visit_max_seconds: section.visit_max_s.into(),
        wake_lead_seconds: section.wake_lead_s.into(),
    }
}

pub(super) fn bytes(mib: u32) -> u64 {
    u64::from(mib) << 20
}

/// What all browsers together may take. A machine that does not tell what it has sets no bound.
fn budget(resources: &sections::Resources) -> u64 {
    let share = |limit: u64| limit / 100 * u64::from(resources.budget_percent);
    match resources.budget_mib {
        0 => memory_limit_bytes().map_or(u64::MAX, share),
        given => bytes(given),
    }
}

fn vault(config: &Config) -> VaultSettings {
    let section = &config.vault;
    VaultSettings {
        enabled: section.enabled,
        dir: Some(section.dir.clone()).filter(|dir| !dir.as_os_str().is_empty()),
        keys: Passphrase::new(section.keys.clone()),
        settings: vault::Settings {
            keep: section.keep as usize,
            profile_mib_max: section.profile_mib_max.into(),
        },
    }
}

fn dispatcher(config: &Config) -> dispatcher::Settings {
    let hours = |hours: u32| Duration::from_secs(u64::from(hours) * 3_600);
    dispatcher::Settings {
        intake_queue: config.dispatcher.intake_queue_max as usize,
        intake_batch_max: config.dispatcher.intake_batch_max as usize,
        deliver_timeout: Duration::from_secs(config.dispatcher.deliver_timeout_s.into()),
        poll_interval: Duration::from_millis(config.dispatcher.poll_interval_ms.into()),
        default_expiry: hours(config.dispatcher.expiry_h),
        keep_answers: hours(config.dispatcher.idempotency_h),
    }
}

fn account(config: &Config) -> account::Settings {
    let account = &config.account;
    account::Settings {
        probe_interval_seconds: account.probe_interval_s.into(),
        probe_interval_degraded_seconds: account.probe_interval_degraded_s.into(),
        gap_check_interval_seconds: account.gap_check_interval_s.into(),
        probe_failures: account.probe_failures_max,
        open_deadline_seconds: account.open_deadline_s.into(),
        command_deadline_seconds: account.command_deadline_s.into(),
        send_deadline_seconds: account.send_deadline_s.into(),
        close_deadline_seconds: account.close_deadline_s.into(),
        stop_grace_seconds: account.stop_grace_s.into(),
        command_queue: account.command_queue_max as usize,
        look_up_interval_ms: account.look_up_interval_ms.into(),
        look_up_patience_seconds: account.look_up_patience_s.into(),
        unknown_after_seconds: account.unknown_after_s.into(),
        retry_base_ms: account.retry_base_ms.into(),
        retry_cap_seconds: account.retry_cap_s.into(),
        pairing_refreshes: account.pairing_refreshes,
        pairing_wait_seconds: account.pairing_wait_s.into(),
        refresh_snapshots_seconds: u64::from(config.vault.refresh_h) * 3_600,
        repair: repair(config),
    }
}

fn repair(config: &Config) -> account::RepairSettings {
    let repair = &config.repair;
    account::RepairSettings {
        silence_seconds: repair.silence_s.into(),
        dismiss_modal_seconds: repair.dismiss_modal_s.into(),
        reload_page_seconds: repair.reload_page_s.into(),
        new_page_seconds: repair.new_page_s.into(),
        new_browser_seconds: repair.new_browser_s.into(),
        restore_profile_seconds: repair.restore_profile_s.into(),
        attempts: repair.attempts_max,
        retry_seconds: repair.retry_s.into(),
        remember_seconds: repair.remember_s.into(),
    }
}

/// HTTP and streams.
pub(super) fn edge(config: &Config, sandbox_url: Option<String>) -> edge::Settings {
    edge::Settings {
        body_bytes_max: config.server.body_bytes_max as usize,
        sandbox_url,
        default_engine: match config.engine.kind {
            sections::EngineKind::Browser => EngineKind::Browser,
            sections::EngineKind::Simulated => EngineKind::Simulated,
        },
        stream: stream::Settings {
            flush: Duration::from_millis(config.stream.flush_ms.into()),
            ring_events: config.stream.buffer_events_max as usize,
            heartbeat: Duration::from_secs(config.stream.heartbeat_s.into()),
            ..stream::Settings::default()
        },
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

/// How often accounts, and the chromedrivers that they share, may end.
pub(super) fn supervision(config: &Config) -> supervision::Settings {
    supervision::Settings {
        max_restarts: config.supervision.restarts_max,
        within_seconds: config.supervision.window_s.into(),
        backoff_base_ms: config.supervision.backoff_base_ms.into(),
        backoff_cap_seconds: config.supervision.backoff_cap_s.into(),
        arbiters: config.supervision.threads as usize,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use super::*;
    use crate::config::{self, Flags};

    #[test]
    fn what_a_room_takes_by_itself_is_what_the_configuration_comes_with() {
        let config = config::load(None, [], &Flags::default()).unwrap().config;
        assert_eq!(account(&config), account::Settings::default());
        let platform = platform(&config, Path::new("/"), false);
        assert_eq!(platform.supervision, supervision::Settings::default());
    }
}
