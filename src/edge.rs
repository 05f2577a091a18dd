//! The edge: everything that answers HTTP on one port. The composition starts it; tests start it the same way.

use std::{io, net::TcpListener, sync::Arc, time::Instant};

use actix_web::{
    App, HttpServer,
    dev::ServerHandle,
    web::{self, ServiceConfig},
};
use zaptor_actors::{domain::EngineKind, platform::Platform};

use crate::{
    api::{self, InFlight, middleware::Around},
    auth::Auth,
    dashboard,
    stream::{self, Hub, Tickets},
};

/// What the edge needs to be told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Largest request body, in bytes.
    pub body_bytes_max: usize,
    /// Where the simulated WhatsApp's control answers; `None` when accounts meet the real one.
    pub sandbox_url: Option<String>,
    /// What serves an account that names no engine.
    pub default_engine: EngineKind,
    /// The event stream.
    pub stream: stream::Settings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            body_bytes_max: 262_144,
            sandbox_url: None,
            default_engine: EngineKind::Browser,
            stream: stream::Settings::default(),
        }
    }
}

/// What every request shares.
pub struct Edge {
    /// The running system.
    pub platform: Arc<Platform>,
    /// Who may do what.
    pub auth: Auth,
    /// The event streams. [`Hub::close`] is called first when the node is asked to stop.
    pub hub: Hub,
    pub(crate) tickets: Tickets,
    pub(crate) settings: Settings,
    pub(crate) in_flight: InFlight,
    pub(crate) started: Instant,
}

impl std::fmt::Debug for Edge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Edge")
    }
}

impl Edge {
    /// Makes the edge of a running platform. The current tokio runtime carries the streams' tails.
    pub fn new(platform: Arc<Platform>, auth: Auth, settings: Settings) -> web::Data<Self> {
        let hub = Hub::start(
            settings.stream.clone(),
            platform.store.clone(),
            platform.bus.clone(),
            platform.clock.clone(),
            auth.clone(),
        );
        web::Data::new(Self {
            started: platform.clock.instant(),
            platform,
            auth,
            hub,
            tickets: Tickets::default(),
            settings,
            in_flight: InFlight::default(),
        })
    }
}

/// Registers everything: `App::new().configure(edge::configure(edge))`. The server should also take
/// [`stream::on_connect`].
pub fn configure(edge: web::Data<Edge>) -> impl Fn(&mut ServiceConfig) + Clone {
    move |config| {
        let limit = web::PayloadConfig::new(edge.settings.body_bytes_max);
        config.service(
            web::scope("")
                .app_data(edge.clone())
                .app_data(limit)
                .wrap(Around::new(edge.clone()))
                .configure(api::configure)
                .default_service(web::to(dashboard::serve)),
        );
    }
}

/// How the port is served.
#[derive(Clone, Copy, Debug)]
pub struct Port {
    /// Threads; 0 means one for each processor.
    pub workers: usize,
    /// Patience with open requests when stopping, in seconds.
    pub shutdown_timeout_s: u64,
}

/// A port that is being served.
pub struct Running {
    edge: web::Data<Edge>,
    handle: ServerHandle,
    server: tokio::task::JoinHandle<io::Result<()>>,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Running")
    }
}

/// Serves the edge on a port that is listened on already. Needs a running actix system.
///
/// # Errors
/// When the listener cannot be used.
pub fn serve(edge: &web::Data<Edge>, listener: TcpListener, port: Port) -> io::Result<Running> {
    let shared = edge.clone();
    let mut server = HttpServer::new(move || App::new().configure(configure(shared.clone())))
        .on_connect(stream::on_connect)
        .shutdown_timeout(port.shutdown_timeout_s)
        .disable_signals();
    if port.workers > 0 {
        server = server.workers(port.workers);
    }
    let server = server.listen(listener)?.run();
    Ok(Running {
        edge: edge.clone(),
        handle: server.handle(),
        server: actix_rt::spawn(server),
    })
}

impl Running {
    /// Ends the streams with 1012, lets open requests end, and closes the port.
    pub async fn stop(self) {
        self.edge.hub.close();
        self.handle.stop(true).await;
        if let Ok(Err(error)) = self.server.await {
            tracing::warn!(target: "zaptor::edge", %error, "the server ended with an error");
        }
    }
}
