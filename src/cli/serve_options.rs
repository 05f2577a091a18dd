//! What the command line hands to the composition that runs a node, and what it gets back once the node is ready.

use serde::Serialize;

use crate::config::Config;

/// How a node is to be run.
pub struct ServeOptions {
    /// The settings, checked.
    pub config: Config,
    /// Which command asked.
    pub mode: Mode,
    /// Called once, when the node accepts requests and the sandbox, if there is one, is up.
    pub on_ready: Box<dyn FnOnce(Ready) + Send>,
}

/// Which command runs the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// `zaptor up`: everything on this machine; on the first start of a data directory it makes the first tenant with
    /// its trial tokens, the first administrator and an API key with every scope of that tenant.
    Up,
    /// `zaptor serve`: a node of a service; it makes nobody.
    Serve,
}

/// A node that accepts requests. As JSON it is the first line that `zaptor up --json` prints.
#[derive(Clone, Serialize)]
pub struct Ready {
    /// Address of API and dashboard, without a slash at its end.
    pub url: String,
    /// Address of the sandbox's control, if accounts meet the sandbox.
    pub sandbox_url: Option<String>,
    /// The first administrator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin: Option<Admin>,
    /// The first API key; only on the first start of a data directory, for it is kept as a hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key: Option<String>,
}

/// The first administrator.
#[derive(Clone, Serialize)]
pub struct Admin {
    /// What signs in.
    pub email: String,
    /// Only on the first start of a data directory, for it is kept as a hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}
