//! The sandbox: a simulated WhatsApp, so that Zaptor can be developed, tried and tested without a phone.
//!
//! Four parts. [`network`] is the model: phones, chats, messages, their acknowledgements, without clock or I/O.
//! [`server`] gives it a door for pages (TLS, as `https://web.whatsapp.com`) and one for people and tests (plain
//! HTTP under `/_/`). [`scenario`] plays files in which people, faults and expectations are written down. The page itself, on which the unmodified wa-js runs, is built from `page/` and embedded.
//!
//! The room never listens on anything but loopback, never speaks to the real WhatsApp, and knows nothing of the rest
//! of Zaptor: the browser engine finds it as it finds the real site, only the host mapping differs.

mod network;
pub mod scenario;
mod server;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use zaptor_actors::domain::clock::Clock;

pub use self::server::{Sandbox, SandboxError};

/// How a sandbox is set up. Every field has a default.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where its phones, its certificate and its log are kept. One sandbox per directory.
    pub data_dir: PathBuf,
    /// Port of the control API and the phones' page; 0 takes a free one.
    pub port: u16,
    /// Port of the TLS page; 0 takes the one of last time if it is free, so that browsers which outlive the
    /// sandbox find it again, else any free one.
    pub tls_port: u16,
    /// Source of all chance: the same seed and inputs give the same log. `None` draws one at every start.
    pub seed: Option<u64>,
    /// How long a page takes to sync after it was linked or came back, in milliseconds.
    pub sync_ms: u64,
    /// How long a page shows one QR code, in milliseconds. At least 100.
    pub ref_ms: u64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            data_dir: PathBuf::from("data/sandbox"),
            port: 0,
            tls_port: 0,
            seed: None,
            sync_ms: 500,
            ref_ms: 20_000,
        }
    }
}

impl Settings {
    /// The default settings with another data directory.
    pub fn in_dir(data_dir: &Path) -> Settings {
        Settings {
            data_dir: data_dir.to_owned(),
            ..Settings::default()
        }
    }
}

/// What a browser needs in order to reach a sandbox: printed by `zaptor sandbox --json`, answered by
/// `GET /_/api/info`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Info {
    /// Address of the control API and the phones' page, without a slash at the end.
    pub sandbox_url: String,
    /// With these arguments any Chromium finds the sandbox at `https://web.whatsapp.com`, and nothing else.
    pub chromium_args: Vec<String>,
    /// Port of the TLS page.
    pub tls_port: u16,
}

/// Starts a sandbox and answers once both its doors are open. Call within a running actix system; the sandbox runs
/// until [`Sandbox::stop`].
///
/// # Errors
/// When the data directory is taken, unreadable or not ours, or a port cannot be had.
pub async fn start(settings: Settings) -> Result<Sandbox, SandboxError> {
    start_on(settings, Clock::system()).await
}

/// As [`start`], on a clock that a test may leap.
///
/// # Errors
/// As [`start`].
pub async fn start_on(settings: Settings, clock: Clock) -> Result<Sandbox, SandboxError> {
    server::start(settings, clock).await
}

/// Asks a sandbox that runs elsewhere on this machine how to reach it. `url` is its `sandbox_url`, plain HTTP.
///
/// # Errors
/// When nobody answers within 5 seconds, or what answers is no sandbox.
pub async fn fetch_info(url: &str) -> Result<Info, SandboxError> {
    let unreachable = |error: reqwest::Error| SandboxError::Unreachable {
        url: url.to_owned(),
        why: error.to_string(),
    };
    // Plain HTTP to loopback; still the client wants to know its TLS provider.
    let tls = server::client_tls();
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(5))
        .no_proxy()
        .tls_backend_preconfigured(tls)
        .build()
        .map_err(unreachable)?;
    let address = format!("{}/_/api/info", url.trim_end_matches('/'));
    let answer = client
        .get(address)
        .send()
        .await
        .and_then(reqwest::Response::error_for_status);
    answer.map_err(unreachable)?.json().await.map_err(unreachable)
}
