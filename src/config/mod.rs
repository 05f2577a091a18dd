//! What holds and where it comes from: the compiled-in defaults, a file, the environment, flags.
//!
//! [`load`] puts the layers together and refuses unknown keys, values of a wrong type, values out of bounds and
//! contradictions, each with the key's name and the way to mend it. This room never reads the environment after the
//! start and knows nobody who uses its values: the composition hands each room its own settings.

mod bounds;
mod layers;
mod report;
mod search;
pub mod sections;
mod validate;

use serde::{Deserialize, Serialize};

pub use layers::{ConfigError, Effective, Flags, load};
pub use report::{Row, rows};
pub use search::{Browser, agent_dir, browser, chromedriver, chromium_sandbox};
pub use validate::Problem;

use sections::{
    Account, Auth, Billing, Bus, Data, Dispatcher, Engine, Hibernation, RateLimit, Repair, Resources,
    Sandbox, Server, Store, Stream, Supervision, Telemetry, Vault,
};

/// The defaults, which are also the manual.
pub const DEFAULT_TOML: &str = include_str!("../../config/default.toml");

/// Every setting, in the sections of `config/default.toml`, where each is described.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where and how HTTP is served.
    pub server: Server,
    /// Where this node keeps things.
    pub data: Data,
    /// The database.
    pub store: Store,
    /// Sign-in and tokens.
    pub auth: Auth,
    /// The simulated WhatsApp.
    pub sandbox: Sandbox,
    /// Browsers and their deadlines.
    pub engine: Engine,
    /// One account: probe, pairing, sends in doubt.
    pub account: Account,
    /// When accounts sleep.
    pub hibernation: Hibernation,
    /// Snapshots of browser profiles.
    pub vault: Vault,
    /// What restarts accounts.
    pub supervision: Supervision,
    /// Deadlines and budgets of repair.
    pub repair: Repair,
    /// What accounts may cost, and how often that is measured.
    pub resources: Resources,
    /// Intake and pump.
    pub dispatcher: Dispatcher,
    /// Pace.
    pub rate_limit: RateLimit,
    /// Prices and thresholds.
    pub billing: Billing,
    /// The event stream.
    pub stream: Stream,
    /// What carries nudges between nodes.
    pub bus: Bus,
    /// Logs.
    pub telemetry: Telemetry,
}
