//! Runs a node: takes the settings apart, opens what must be open, serves HTTP, and ends everything in order.
//!
//! This room never serves a request itself: it starts those who do.

mod engines;
mod files;
mod first_start;
mod rooms;

use std::{net::TcpListener, sync::Arc};

use actix_rt::System;
use zaptor_actors::{
    domain::{Clock, IdSource},
    platform::{DataDir, Platform, PlatformError, Secrets},
    store,
};

use crate::{
    auth::{self, Auth},
    cli::{Mode, Ready, ServeOptions, stop_signal},
    config::Config,
    edge::{self, Edge, Port},
    sandbox::{self, Info, Sandbox, SandboxError},
};

/// Why a node could not start. Every text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The platform did not start.
    #[error(transparent)]
    Platform(#[from] PlatformError),
    /// The sandbox did not start, or does not answer.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// No browser engine can be had.
    #[error(transparent)]
    Engine(#[from] engines::EngineError),
    /// The port is taken or the address is not ours.
    #[error(
        "server.host and server.port: {address} cannot be listened on: {error}. Choose another port, or 0 for a free one"
    )]
    Listen {
        /// Where.
        address: String,
        /// Why not.
        error: std::io::Error,
    },
    /// The first tenant could not be made.
    #[error("the first tenant could not be made: {0}")]
    FirstStart(String),
    /// The machine refused something that every process needs.
    #[error("{0}")]
    Machine(#[from] std::io::Error),
}

/// Runs a node until it is asked to stop. Blocks; makes its own runtime.
///
/// # Errors
/// See [`ServeError`]: what was started is ended again.
pub fn run(options: ServeOptions) -> Result<(), ServeError> {
    let threads = std::thread::available_parallelism().map_or(2, usize::from).max(2);
    let system = System::with_tokio_rt(move || {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("zaptor")
            .enable_all()
            .build()
            .expect("a process that gets no thread cannot serve")
    });
    system.block_on(run_node(options))
}

/// Brings the schema up to date; gives how many migrations ran.
///
/// # Errors
/// As the store says, or when another Zaptor uses the data folder.
pub fn migrate(config: &Config) -> Result<usize, ServeError> {
    let data = DataDir::take(&config.data.dir)?;
    let settings = rooms::store(config, data.path());
    let migrated = System::new().block_on(async move { store::migrate(&settings).await });
    Ok(migrated.map_err(PlatformError::from)?)
}

async fn run_node(options: ServeOptions) -> Result<(), ServeError> {
    let ServeOptions {
        config,
        mode,
        on_ready,
    } = options;
    auth::install_crypto();
    files::allow_many();
    // Before anything is announced: a signal that comes at once must still end everything in order.
    let asked_to_stop = stop_signal()?;
    let address = format!("{}:{}", config.server.host, config.server.port);
    let listener = TcpListener::bind(&address).map_err(|error| ServeError::Listen { address, error })?;
    let url = format!("http://{}", listener.local_addr()?);
    let clock = Clock::system();
    let data = DataDir::take(&config.data.dir)?;
    let secrets = secrets(&config, &data, &clock)?;
    let (own_sandbox, sandbox) = start_sandbox(&config, &data).await?;
    let engines = engines::start(&config, data.path(), sandbox.as_ref(), &clock)?;
    let settings = rooms::platform(&config, data.path(), sandbox.is_some());
    let platform = Platform::start(data, settings, engines.clone(), secrets, clock).await?;
    let sandbox_url = sandbox.map(|info| info.sandbox_url);
    let auth = Auth::new(
        rooms::auth(&config, &platform.secrets),
        platform.store.clone(),
        platform.clock.clone(),
        Arc::clone(&platform.ids),
    );
    let (mut admin, mut api_key) = (None, None);
    if mode == Mode::Up
        && let Some(first) = first_start::make_if_empty(&config, &platform, &auth).await?
    {
        (admin, api_key) = (Some(first.admin), Some(first.api_key));
    }
    let edge = Edge::new(
        Arc::clone(&platform),
        auth,
        rooms::edge(&config, sandbox_url.clone()),
    );
    let port = Port {
        workers: config.server.workers.into(),
        shutdown_timeout_s: config.server.shutdown_timeout_s.into(),
    };
    let server = edge::serve(&edge, listener, port)?;
    tracing::info!(target: "zaptor::serve", %url, node = %platform.node, "ready");
    on_ready(Ready {
        url,
        sandbox_url,
        admin,
        api_key,
    });
    asked_to_stop.await;

    tracing::info!(target: "zaptor::serve", "stopping");
    server.stop().await;
    platform.stop().await;
    for engine in engines.values() {
        engine.shut_down().await;
    }
    if let Some(own) = own_sandbox {
        own.stop().await;
    }
    tracing::info!(target: "zaptor::serve", "stopped");
    Ok(())
}

fn secrets(config: &Config, data: &DataDir, clock: &Clock) -> Result<Secrets, ServeError> {
    let secrets = match config.auth.signing_secret.as_str() {
        "" => Secrets::kept_in(data.path(), &IdSource::random(clock.clone())),
        given => Secrets::configured(given),
    };
    Ok(secrets.map_err(PlatformError::from)?)
}

/// The sandbox that this node starts, if it does, and how browsers reach the one that is used, if any.
async fn start_sandbox(
    config: &Config,
    data: &DataDir,
) -> Result<(Option<Sandbox>, Option<Info>), ServeError> {
    if !config.sandbox.enabled {
        return Ok((None, None));
    }
    if !config.sandbox.url.is_empty() {
        return Ok((None, Some(sandbox::fetch_info(&config.sandbox.url).await?)));
    }
    let settings = sandbox::Settings {
        port: config.sandbox.port,
        sync_ms: config.sandbox.sync_ms.into(),
        ..sandbox::Settings::in_dir(&data.path().join("sandbox"))
    };
    let own = sandbox::start(settings).await?;
    let info = own.info().clone();
    Ok((Some(own), Some(info)))
}
