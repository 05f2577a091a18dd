//! What the registry is told: the only room that starts and finds accounts.

use std::{borrow::Cow, path::PathBuf};

use actix::Message;

use super::account::{
    AccountError, Deliver, Delivery, GetPairing, LogOut, PairByPhone, Pairing, TakeScreenshot,
};
use crate::domain::{AccountId, EngineKind, HibernationCause, Resources, TenantId};

/// Start this account if it does not run. Idempotent.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<(), AccountError>")]
pub struct StartAccount {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub account: AccountId,
}

/// Stop this account; answered once its session is closed. Idempotent.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<(), AccountError>")]
pub struct StopAccount {
    /// Which.
    pub account: AccountId,
    /// Remove its profile as well (the account is deleted).
    pub forget: bool,
}

/// Close the session and open a new one, with a fresh restart budget. Starts the account if it does not run.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<(), AccountError>")]
pub struct RestartAccount {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub account: AccountId,
}

/// Park this account: close its session in order and give its memory back until there is something to do. Answered once
/// that is done, or at once where something waits to be sent: then it is parked when nothing does any more. Idempotent.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<(), AccountError>")]
pub struct HibernateAccount {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub account: AccountId,
    /// Why.
    pub why: HibernationCause,
}

/// Wake this account, and let it stay awake. Answered once it is being opened. Idempotent.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<(), AccountError>")]
pub struct WakeAccount {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub account: AccountId,
}

/// Messages wait for accounts that cannot send: those that are parked have to be woken. Losing it costs latency only, the
/// pump says it again as long as it is so.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct MessagesWait {
    /// Which.
    pub accounts: Vec<AccountId>,
}

/// Memory runs short: park so many of the accounts that have the least to do. Gives those that were parked, perhaps
/// fewer: never one that has something to send, or that is not online.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Vec<AccountId>")]
pub struct MakeRoom {
    /// How many.
    pub accounts: usize,
}

/// The settings of this account have changed: what concerns its sleep holds at once.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<(), AccountError>")]
pub struct SettingsChanged {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub account: AccountId,
}

/// Lend the profile of an account that does not run: nothing starts it as long as the loan lives.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<ProfileLoan, AccountError>")]
pub struct LendProfile {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub account: AccountId,
}

/// A profile on which no browser runs, and none will as long as this lives. Give it back soon: whoever starts or stops
/// the account waits for it.
pub struct ProfileLoan {
    /// Where the profile is, or would be.
    pub path: PathBuf,
    /// Held for their drop.
    pub guards: Box<dyn Send>,
}

impl std::fmt::Debug for ProfileLoan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ProfileLoan({})", self.path.display())
    }
}

/// Stop every account because the process ends: each says `restarting`, since the next process opens it anew. Answered
/// once their sessions are closed, or given up.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct StopAll;

/// Ask the account itself; answered by it, within the asker's deadline.
#[derive(Clone, Debug)]
pub struct To<M> {
    /// Which.
    pub account: AccountId,
    /// What.
    pub command: M,
}

impl Message for To<Deliver> {
    type Result = Result<Delivery, AccountError>;
}
impl Message for To<GetPairing> {
    type Result = Result<Pairing, AccountError>;
}
impl Message for To<PairByPhone> {
    type Result = Result<Pairing, AccountError>;
}
impl Message for To<TakeScreenshot> {
    type Result = Result<Vec<u8>, AccountError>;
}
impl Message for To<LogOut> {
    type Result = Result<(), AccountError>;
}

/// Look for new files of the agent, try them on one account, and put them into the pages of the others if they serve.
/// Answered once it has begun.
#[derive(Clone, Debug, Default, Message)]
#[rtype(result = "Result<AgentStatus, ReloadError>")]
pub struct ReloadAgents {
    /// Which accounts; empty: all that are linked and run.
    pub accounts: Vec<AccountId>,
    /// Which one is the first; nothing: a quiet one is chosen.
    pub canary: Option<AccountId>,
}

/// Which files of the agent are in use, and how the last exchange went. Nothing where no engine has pages.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Option<AgentStatus>")]
pub struct ObserveAgent;

/// Why files are not tried.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReloadError {
    /// The files do not serve.
    #[error("{0}")]
    Files(String),
    /// An exchange is under way.
    #[error("an exchange of the agent's files is under way")]
    Busy,
    /// There is no account to try them on.
    #[error("{0}")]
    NoCanary(String),
}

/// Files of the agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentNamed {
    /// The start of their SHA-256.
    pub build: String,
    /// Their SHA-256.
    pub sha256: String,
    /// The agent's version.
    pub version: String,
    /// The version of wa-js.
    pub wa_js: String,
}

/// What is known of the agent's files on this node.
#[derive(Clone, Debug)]
pub struct AgentStatus {
    /// What new sessions get.
    pub current: AgentNamed,
    /// The folder that is looked into.
    pub folder: PathBuf,
    /// How many pages have which build, the newest answer of each.
    pub pages: Vec<(String, usize)>,
    /// The last exchange.
    pub reload: Option<AgentReload>,
}

/// An exchange of the agent's files.
#[derive(Clone, Debug)]
pub struct AgentReload {
    /// What was tried.
    pub files: AgentNamed,
    /// `trying` on the canary, `rolling_out` to the others, `done`, `put_back` (the canary failed and has the old files
    /// again), `halted` (too many of the others failed), `untried` (the canary was stopped or parked meanwhile).
    pub state: &'static str,
    /// The first account; none where the files were in use already.
    pub canary: Option<AccountId>,
    /// Accounts whose page has proven itself with them.
    pub reloaded: Vec<AccountId>,
    /// Accounts whose page has not, and why.
    pub failed: Vec<(AccountId, String)>,
    /// How many are still to come.
    pub waiting: usize,
    /// Why it was put back, halted or not tried.
    pub why: Option<String>,
    /// What is asked of whoever looks after this node, if something failed.
    pub action: Option<String>,
    /// When it began.
    pub began_at: crate::domain::Timestamp,
    /// When it ended.
    pub ended_at: Option<crate::domain::Timestamp>,
}

/// The supervision tree as data.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Vec<ActorReport>")]
pub struct ObserveActors;

/// How one account lives on this node; nothing where this node does not know it.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Option<Vitals>")]
pub struct ObserveAccount {
    /// Which.
    pub account: AccountId,
}

/// What is known of a living account beside what the store keeps. Lost with the process.
#[derive(Clone, Debug)]
pub struct Vitals {
    /// Its actor.
    pub actor: ActorReport,
    /// Its last 20 probes, the newest first.
    pub probes: Vec<super::account::ProbeSeen>,
}

/// What a browser may take of the machine's memory, in bytes (PSS); 0 is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MemoryLimits {
    /// Above it, it is closed in order and opened anew at a quiet moment.
    pub soft_bytes: u64,
    /// Above it, it is killed at once.
    pub hard_bytes: u64,
}

/// The name of the root of the tree.
pub const ROOT: &str = "supervisor";

/// One supervised actor, or one that others hang on.
#[derive(Clone, Debug)]
pub struct ActorReport {
    /// Its role: `account`, `dispatcher`, …; a driver's is its own: `driver-3`.
    pub name: Cow<'static, str>,
    /// The name of the one that it hangs on; nothing for the root.
    pub parent: Option<Cow<'static, str>>,
    /// Which of its ends are followed by a restart: `permanent`, `transient`, `temporary`; nothing for one that is started
    /// anew only when somebody needs it.
    pub class: Option<&'static str>,
    /// Who is restarted with one below it: `one_for_one`, `rest_for_one`; nothing for one that has nobody below.
    pub strategy: Option<&'static str>,
    /// What waits for it behind what it does now, where that is counted.
    pub queue_depth: Option<usize>,
    /// The account that it is, if it is one.
    pub account: Option<AccountId>,
    /// Its tenant, where it has one: the API shows a tenant only its own.
    pub tenant: Option<TenantId>,
    /// What serves it, if it is an account: the API shows a test key none on the real WhatsApp.
    pub engine: Option<EngineKind>,
    /// `running`, `backing_off`, `failed`, `stopped`.
    pub state: &'static str,
    /// How often it was started.
    pub generation: u64,
    /// Restarts since it was first started, without those in which it followed its driver.
    pub restarts: u64,
    /// Why it ended last, with the time.
    pub last_exit: Option<(String, crate::domain::Timestamp)>,
    /// Commands in flight.
    pub permits_in_use: usize,
    /// What its browser costs, where it has one that was measured; for a driver, it and its guard.
    pub resources: Option<Resources>,
    /// What its browser may take, where it has one.
    pub limits: Option<MemoryLimits>,
}

impl ActorReport {
    /// The root.
    pub fn root() -> Self {
        Self {
            name: ROOT.into(),
            parent: None,
            class: None,
            strategy: Some("one_for_one"),
            queue_depth: None,
            account: None,
            tenant: None,
            engine: None,
            state: "running",
            generation: 1,
            restarts: 0,
            last_exit: None,
            permits_in_use: 0,
            resources: None,
            limits: None,
        }
    }
}
