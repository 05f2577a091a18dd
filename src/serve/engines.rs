//! The engines of this node.

use std::{collections::HashMap, path::Path, sync::Arc};

use zaptor_actors::{
    domain::{Clock, EngineKind},
    session::{
        Engine, SessionError,
        browser::{self, BrowserEngine, ChannelKind, SandboxAccess, SettingsError},
        simulated::{self, SimulatedEngine},
    },
};

use super::rooms;
use crate::{
    config::{self, Config},
    sandbox::Info,
};

/// The engines by kind.
pub(super) type Engines = HashMap<EngineKind, Arc<dyn Engine>>;

/// Why there is no browser engine.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A program or folder is missing.
    #[error("engine.{key}: {what} was not found. `zaptor setup` installs it, or name its path")]
    Missing {
        /// The setting that would name it.
        key: &'static str,
        /// What it is.
        what: &'static str,
    },
    /// The settings contradict themselves.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The engine does not start.
    #[error(transparent)]
    Session(#[from] SessionError),
}

/// Makes the engines. The simulated one is always there; the browser may be missing only where the settings make the
/// simulated one the default. What an earlier run left behind in the data folder is ended first.
pub(super) fn start(
    config: &Config,
    data_dir: &Path,
    sandbox: Option<&Info>,
    clock: &Clock,
) -> Result<Engines, EngineError> {
    match browser::reap_orphans(data_dir) {
        Ok(0) => {}
        Ok(reaped) => tracing::info!(target: "zaptor::serve", reaped, "ended browsers of an earlier run"),
        Err(error) => {
            tracing::warn!(target: "zaptor::serve", %error, "could not look for browsers of an earlier run")
        }
    }
    let simulated = SimulatedEngine::new(simulated::Settings::default(), clock.clone());
    let mut engines: Engines =
        HashMap::from([(EngineKind::Simulated, Arc::new(simulated) as Arc<dyn Engine>)]);
    match browser(config, data_dir, sandbox, clock) {
        Ok(browser) => drop(engines.insert(EngineKind::Browser, Arc::new(browser))),
        Err(error) if config.engine.kind == config::sections::EngineKind::Simulated => {
            tracing::warn!(target: "zaptor::serve", %error, "no browser engine: only simulated accounts run");
        }
        Err(error) => return Err(error),
    }
    Ok(engines)
}

fn browser(
    config: &Config,
    data_dir: &Path,
    sandbox: Option<&Info>,
    clock: &Clock,
) -> Result<BrowserEngine, EngineError> {
    let engine = &config.engine;
    let missing = |key, what| EngineError::Missing { key, what };
    let program = config::browser(engine).ok_or_else(|| missing("chromium_path", "Chromium"))?;
    let driver = config::chromedriver(engine).ok_or_else(|| missing("chromedriver_path", "chromedriver"))?;
    let agent =
        config::agent_dir(engine, data_dir).ok_or_else(|| missing("agent_dir", "the script for the page"))?;
    let arguments = engine.arguments(program.headless_shell, config::chromium_sandbox(engine));
    let settings = browser::Settings {
        chromium_path: program.path,
        chromedriver_path: driver,
        agent_dir: agent,
        concurrent_starts: u16::try_from(config.resources.start_at_once).unwrap_or(u16::MAX),
        memory_max_bytes: Some(rooms::bytes(config.resources.hard_mib)).filter(|&bytes| bytes > 0),
        footprint_bytes: rooms::bytes(config.resources.browser_mib),
        guard: browser::own_program().unwrap_or_default(),
        accounts_per_driver: engine.accounts_per_driver,
        supervision: rooms::supervision(config),
        channel: ChannelKind::Cdp,
        start_timeout_ms: engine.start_timeout_ms.into(),
        command_timeout_ms: engine.command_timeout_ms.into(),
        probe_timeout_ms: engine.probe_timeout_ms.into(),
        heartbeat_interval_ms: engine.heartbeat_interval_ms.into(),
        heartbeat_timeout_ms: engine.heartbeat_timeout_ms.into(),
        // The account gives up later than the engine, and the pump later than the account.
        send_timeout_ms: u64::from(config.account.send_deadline_s) * 1_000 / 2,
        close_timeout_ms: engine.close_timeout_ms.into(),
        proxies_in_private_networks: engine.proxies_in_private_networks,
        flags: arguments,
        sandbox: sandbox
            .map(|info| SandboxAccess::new(info.chromium_args.clone()))
            .transpose()?,
        ..browser::Settings::default()
    };
    Ok(BrowserEngine::new(settings, data_dir, clock.clone())?)
}
