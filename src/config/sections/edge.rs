//! The node itself: HTTP, data folder, database, sign-in, sandbox, stream, bus, logs.

use std::net::IpAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// `[server]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Address to listen on.
    pub host: IpAddr,
    /// Port to listen on; 0 takes a free one.
    pub port: u16,
    /// HTTP threads; 0 means one for each processor.
    pub workers: u16,
    /// Largest request body.
    pub body_bytes_max: u32,
    /// Patience with open requests when stopping.
    pub shutdown_timeout_s: u16,
}

/// `[data]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// Folder of everything that this node keeps.
    pub dir: PathBuf,
}

/// `[store]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// `postgres://…`, `sqlite://…`, or empty for SQLite in the data folder. May hold a password.
    pub url: String,
    /// Connections that read.
    pub read_connections: u32,
    /// Writes that may be committed together.
    pub commit_batch_max: u32,
    /// Writes that may wait for their commit.
    pub write_queue_max: u32,
    /// Patience when all connections are busy.
    pub acquire_timeout_s: u32,
}

/// `[auth]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// Signs access tokens; empty: made and kept in the data folder. A secret.
    pub signing_secret: String,
    /// Life of an access token.
    pub access_lifetime_s: u32,
    /// Life of a refresh token.
    pub refresh_lifetime_s: u32,
}

/// `[sandbox]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sandbox {
    /// Whether accounts meet the sandbox instead of the real WhatsApp.
    pub enabled: bool,
    /// Port of the sandbox's control; 0 takes a free one.
    pub port: u16,
    /// A sandbox that runs already; empty: Zaptor starts its own.
    pub url: String,
    /// How long a linked page synchronises.
    pub sync_ms: u32,
    /// Pace of each account on the sandbox.
    pub messages_per_minute: u32,
}

/// `[stream]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stream {
    /// How long events are gathered before a socket is written to.
    pub flush_ms: u32,
    /// Events that may wait for a slow reader.
    pub buffer_events_max: u32,
    /// Sign of life of an idle stream.
    pub heartbeat_s: u32,
}

/// `[bus]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bus {
    /// Redis for nudges between nodes, or empty for one node. May hold a password.
    pub redis_url: String,
}

/// `[telemetry]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    /// Level or filter.
    pub log: String,
    /// How a line is written.
    pub format: LogFormat,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs: one object a line.
    Json,
}
