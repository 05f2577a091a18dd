//! F0: the words that every room shares. No I/O, no actor, no SQL.

pub mod account;
pub mod agent;
pub mod clock;
pub mod event;
pub mod hibernation;
pub mod ids;
pub mod jid;
pub mod message;
mod redaction;
pub mod resources;
pub mod settings;
pub mod tokens;

pub use account::{AccountState, EngineKind, PairingMethod};
pub use agent::{AgentReport, Lack, SelfTest};
pub use clock::{Clock, Timestamp};
pub use hibernation::{Hibernation, HibernationCause};
pub use ids::{
    AccountId, BundleId, EntryId, EventId, IdSource, KeyId, MessageId, NodeId, SnapshotId, TenantId, UserId,
};
pub use jid::{Jid, Phone};
pub use message::{Content, Direction, MessageStatus, Priority, WaMessageId};
pub use redaction::redact;
pub use resources::Resources;
pub use settings::{AccountSettings, SettingsChange};
pub use tokens::Tokens;
