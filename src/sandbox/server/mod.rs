//! The sandbox's two doors: a TLS server that pages take for `https://web.whatsapp.com`, and a plain HTTP server with
//! the control API and the phones' page. Both on loopback only.

mod certificate;
mod control;
mod cuts;
mod door;
mod faults;
mod fields;
mod files;
mod groups;
mod hub;
mod journal;
mod media;
mod media_doors;
mod message_body;
mod messages;
mod page_socket;
mod people;
mod phones_site;
mod problem;
mod renderer;
mod scribe;
mod sealed;
mod shapes;
mod site;
mod thumbnail;
mod watch;
mod watch_events;
mod watch_picture;
pub(super) mod words;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use zaptor_actors::domain::clock::Clock;

use self::certificate::Identity;
use self::files::DataDir;
use self::hub::Hub;
use super::network::Rules;
use super::{Info, Settings};

/// A page that takes nothing from its socket for this long has lost it.
const STALLED_AFTER: Duration = Duration::from_secs(30);

/// Why a sandbox does not start or does not answer.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// A file of the data directory cannot be read or written.
    #[error("the sandbox cannot use {}: {source}", path.display())]
    DataDir {
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Another sandbox runs on this data directory.
    #[error("another sandbox runs on {}: stop it, or choose another data directory", path.display())]
    InUse {
        /// The data directory.
        path: PathBuf,
    },
    /// The saved network cannot be understood.
    #[error("the sandbox's memory {} is damaged: {why}; remove it to start with an empty network", path.display())]
    Snapshot {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A port is taken.
    #[error("the sandbox cannot listen on port {port}: {source}")]
    Listen {
        /// The port asked for; 0 for any.
        port: u16,
        /// What the system says.
        source: std::io::Error,
    },
    /// Key or certificate cannot be made or used.
    #[error("the sandbox's certificate: {0}")]
    Tls(String),
    /// A setting is out of bounds.
    #[error("the sandbox's setting {key}: {why}")]
    Setting {
        /// Its name.
        key: &'static str,
        /// What it should be.
        why: &'static str,
    },
    /// A sandbox elsewhere does not answer.
    #[error("no sandbox answers at {url}: {why}")]
    Unreachable {
        /// Where it was looked for.
        url: String,
        /// What happened.
        why: String,
    },
}

/// A running sandbox. Dropping it ends it too, but only [`Sandbox::stop`] waits until everything is saved.
pub struct Sandbox {
    info: Info,
    hub: Arc<Hub>,
    stop: CancellationToken,
    servers: Vec<ServerHandle>,
    tasks: Vec<JoinHandle<()>>,
    data_dir: Option<DataDir>,
}

impl Sandbox {
    /// Address of the control API and the phones' page, `http://127.0.0.1:…` without a slash at the end.
    pub fn url(&self) -> &str {
        &self.info.sandbox_url
    }

    /// Port of the TLS page.
    pub fn tls_port(&self) -> u16 {
        self.info.tls_port
    }

    /// What to start Chromium with, so that it finds this sandbox at `https://web.whatsapp.com` and nothing else.
    pub fn chromium_args(&self) -> Vec<String> {
        self.info.chromium_args.clone()
    }

    /// All of that in the form that `zaptor sandbox --json` prints.
    pub fn info(&self) -> &Info {
        &self.info
    }

    /// Cuts the pages, closes both doors and saves the network. The data directory is free afterwards.
    pub async fn stop(mut self) {
        // First nobody can change anything more, then the last save is taken.
        for server in self.servers.drain(..) {
            server.stop(false).await;
        }
        self.hub.cut_all();
        self.stop.cancel();
        for task in self.tasks.drain(..) {
            // A task that panicked has said so itself.
            let _ = task.await;
        }
        let hub = Arc::clone(&self.hub);
        // Its one failure is a panic, which has said so itself.
        let _ = tokio::task::spawn_blocking(move || hub.close()).await;
        self.data_dir.take();
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop.cancel();
        self.hub.cut_all();
        for server in self.servers.drain(..) {
            // The order to stop is given by the call itself; there is nobody left to wait for its end.
            drop(server.stop(false));
        }
    }
}

/// TLS for a client that only ever speaks plain HTTP: it trusts nobody.
pub(super) fn client_tls() -> rustls::ClientConfig {
    rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring supports the default protocol versions")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth()
}

/// Starts a sandbox; see [`super::start`].
pub(super) async fn start(settings: Settings, clock: Clock) -> Result<Sandbox, SandboxError> {
    if settings.ref_ms < 100 {
        return Err(SandboxError::Setting {
            key: "ref_ms",
            why: "at least 100 milliseconds",
        });
    }
    let data_dir = DataDir::open(&settings.data_dir)?;
    let identity = Identity::load_or_make(&data_dir.path().join("tls"))?;
    let page_door = open_page_door(&settings, &data_dir)?;
    let control_door = listen(settings.port)?;
    let info = info(
        port_of(&control_door, settings.port)?,
        port_of(&page_door, settings.tls_port)?,
        &identity,
    );
    data_dir.keep_tls_port(info.tls_port)?;

    let seed = match settings.seed {
        Some(seed) => seed,
        None => drawn_seed()?,
    };
    let rules = Rules {
        seed,
        sync_ms: settings.sync_ms,
        ref_ms: settings.ref_ms,
    };
    let stop = CancellationToken::new();
    let hub = Hub::open(data_dir.path(), rules, clock, stop.clone())?;
    let servers = vec![
        serve_pages(page_door, &hub, &info, &identity)?,
        serve_control(control_door, &hub, &info)?,
    ];
    let tasks = vec![
        tokio::spawn(Arc::clone(&hub).tick()),
        tokio::spawn(Arc::clone(&hub).keep()),
        tokio::spawn(Arc::clone(&hub).mend_lines()),
    ];
    tracing::info!(
        url = info.sandbox_url,
        tls_port = info.tls_port,
        "the sandbox is open"
    );
    Ok(Sandbox {
        info,
        hub,
        stop,
        servers,
        tasks,
        data_dir: Some(data_dir),
    })
}

fn serve_pages(
    door: TcpListener,
    hub: &Arc<Hub>,
    info: &Info,
    identity: &Identity,
) -> Result<ServerHandle, SandboxError> {
    let data = web::Data::new(Arc::clone(hub));
    let info = web::Data::new(info.clone());
    let app = move || {
        App::new()
            .app_data(data.clone())
            .app_data(info.clone())
            .wrap(actix_web::middleware::from_fn(cuts::keep))
            .configure(site::routes)
    };
    let failed = |source| SandboxError::Listen { port: 0, source };
    let server = HttpServer::new(app)
        .workers(1)
        .disable_signals()
        // A page that is cut is cut now; by default the connection would linger for a second.
        .client_disconnect_timeout(Duration::ZERO)
        .listen_rustls_0_23(door, identity.server_config()?)
        .map_err(failed)?
        .run();
    let handle = server.handle();
    actix_rt::spawn(server);
    Ok(handle)
}

fn serve_control(door: TcpListener, hub: &Arc<Hub>, info: &Info) -> Result<ServerHandle, SandboxError> {
    let data = web::Data::new(Arc::clone(hub));
    let info = web::Data::new(info.clone());
    let app = move || {
        App::new()
            .app_data(data.clone())
            .app_data(info.clone())
            .app_data(web::PayloadConfig::new(control::BODY_LIMIT))
            .wrap(actix_web::middleware::from_fn(door::keep))
            .configure(control::routes)
            .route(sealed::ROUTE, web::get().to(sealed::fetch))
            .configure(phones_site::routes)
    };
    let failed = |source| SandboxError::Listen { port: 0, source };
    let server = HttpServer::new(app)
        .workers(1)
        .disable_signals()
        .listen(door)
        .map_err(failed)?
        .run();
    let handle = server.handle();
    actix_rt::spawn(server);
    Ok(handle)
}

/// The page's port: the one asked for, or that of last time, or any.
fn open_page_door(settings: &Settings, data_dir: &DataDir) -> Result<TcpListener, SandboxError> {
    if settings.tls_port == 0
        && let Some(last) = data_dir.last_tls_port()
        && let Ok(listener) = listen(last)
    {
        return Ok(listener);
    }
    listen(settings.tls_port)
}

/// A loopback listener whose connections end when the other side stops reading: a stalled socket's actor is not
/// polled any more, so the kernel has to see to it.
fn listen(port: u16) -> Result<TcpListener, SandboxError> {
    let open = || {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        socket.set_tcp_user_timeout(Some(STALLED_AFTER))?;
        socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into())?;
        socket.listen(256)?;
        Ok(socket.into())
    };
    open().map_err(|source| SandboxError::Listen { port, source })
}

fn port_of(listener: &TcpListener, port: u16) -> Result<u16, SandboxError> {
    let address = listener
        .local_addr()
        .map_err(|source| SandboxError::Listen { port, source })?;
    Ok(address.port())
}

fn info(control_port: u16, tls_port: u16, identity: &Identity) -> Info {
    let rules = format!("MAP web.whatsapp.com 127.0.0.1:{tls_port}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1");
    Info {
        sandbox_url: format!("http://127.0.0.1:{control_port}"),
        chromium_args: vec![
            format!("--host-resolver-rules={rules}"),
            format!("--ignore-certificate-errors-spki-list={}", identity.fingerprint()),
            // A proxy of the environment would look names up by itself, and WebRTC asks no resolver for addresses. The
            // headless shell and the full browser have two names for the latter.
            "--proxy-server=direct://".to_owned(),
            "--force-webrtc-ip-handling-policy=disable_non_proxied_udp".to_owned(),
            "--webrtc-ip-handling-policy=disable_non_proxied_udp".to_owned(),
        ],
        tls_port,
    }
}

/// A seed that nobody chose.
fn drawn_seed() -> Result<u64, SandboxError> {
    let mut bytes = [0; 8];
    let source = rustls::crypto::ring::default_provider().secure_random;
    source
        .fill(&mut bytes)
        .map_err(|_| SandboxError::Tls("no randomness to be had".to_owned()))?;
    Ok(u64::from_le_bytes(bytes))
}
