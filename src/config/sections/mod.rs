//! One plain struct for each section of the configuration. Units are in the names of the fields; bounds and meaning
//! stand in `config/default.toml`.

mod account;
mod edge;
mod engine;
mod hibernation;
mod messages;
mod vault;

pub use account::{Account, Repair, Resources, Supervision};
pub use edge::{Auth, Bus, Data, LogFormat, Sandbox, Server, Store, Stream, Telemetry};
pub use engine::{BrowserFlag, ChromiumSandbox, Engine, EngineKind, FlagUse};
pub use hibernation::Hibernation;
pub use messages::{Billing, Dispatcher, RateLimit};
pub use vault::Vault;
