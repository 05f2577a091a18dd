//! F2: the engine. An [`Engine`] opens [`Session`]s; a session is the live page that serves one account.
//!
//! This room never touches the database, never restarts anything and never decides what an account's state is: it
//! answers commands, reports [`SessionEvent`]s, and dies loudly. One suite of tests holds every engine to the same
//! behaviour.

mod agent;
pub mod browser;
mod proxy;
pub mod simulated;

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock, atomic::AtomicU64},
    time::Duration,
};

use async_trait::async_trait;
use tokio::sync::{OwnedMutexGuard, mpsc};

pub use agent::{AgentBuild, AgentError, AgentFiles, PROTOCOL as AGENT_PROTOCOL};
pub use proxy::ProxyTrouble;

use crate::domain::{
    AccountId, AccountSettings, Content, EngineKind, Jid, Phone, SelfTest, Timestamp, WaMessageId,
    message::{Ack, Outgoing},
};

use crate::supervision::{GroupReport, Hold};

/// How many events a session may have waiting for its account; then the session waits (the page keeps them).
pub const EVENT_QUEUE: usize = 1_024;

/// Opens sessions. One per kind and process, shared by all accounts.
#[async_trait]
pub trait Engine: Send + Sync + 'static {
    /// Which kind this is.
    fn kind(&self) -> EngineKind;

    /// Opens a session on the account's profile and returns once the page and the agent answer; linking and syncing
    /// come later, as events. Called by the account's session task only. Takes no longer than the engine's open
    /// deadline; on an error, or when the call is dropped, nothing of it is left running once `spec.hold` is free.
    async fn open(
        &self,
        spec: SessionSpec,
        events: mpsc::Sender<SessionEvent>,
    ) -> Result<Box<dyn Session>, SessionError>;

    /// Whether what a session keeps is in its profile's folder, so that a copy of the folder is a copy of the link.
    fn keeps_profile(&self) -> bool {
        true
    }

    /// Whether opening a session costs next to nothing, so that nobody has to wait for another's.
    fn is_light(&self) -> bool {
        false
    }

    /// The agent's files that this engine puts into pages; nothing for engines without pages.
    fn agent(&self) -> Option<Arc<AgentFiles>> {
        None
    }

    /// The parts of this engine on which sessions depend together: when one ends, its sessions do. Nothing for engines
    /// whose sessions share nothing.
    fn tree(&self) -> Option<EngineTree> {
        None
    }

    /// What a session is expected to take of the machine's memory until it has been measured, in bytes.
    fn footprint_bytes(&self) -> u64 {
        0
    }

    /// Ends everything the engine owns (drivers, browsers). Called once when the process stops.
    async fn shut_down(&self);
}

/// What a session is opened with.
#[derive(Clone, Debug)]
pub struct SessionSpec {
    /// Whose session.
    pub account: AccountId,
    /// The generation of the account's actor: written into logs and process titles, so that late results are told apart.
    pub generation: u64,
    /// The profile directory: a credential, mode 0700, made if missing.
    pub profile: PathBuf,
    /// What the account is told about itself, as it is when the session is opened.
    pub settings: AccountSettings,
    /// Kept by the engine until nothing of the session can touch the profile any more, whatever became of the call.
    pub hold: ProfileHold,
}

/// Keeps a profile from everybody else as long as a clone of it lives. The default holds nothing: for profiles that nobody
/// shares.
#[derive(Clone, Default)]
pub struct ProfileHold(Option<Arc<OwnedMutexGuard<()>>>);

impl ProfileHold {
    /// Holds by this guard of the account's lock.
    pub fn new(guard: OwnedMutexGuard<()>) -> Self {
        Self(Some(Arc::new(guard)))
    }
}

impl std::fmt::Debug for ProfileHold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "held" } else { "not held" })
    }
}

/// A live session. One command is in flight at a time (`&mut self`); events flow meanwhile. Every call ends within the
/// engine's deadline. After an error for which [`SessionError::is_fatal`] holds, the session is only good for `close`.
#[async_trait]
pub trait Session: Send {
    /// Reads where the page stands now. Local to the page: cheap, proves nothing about the network.
    async fn status(&mut self) -> Result<PageStatus, SessionError>;

    /// Proves a round trip to WhatsApp's server and back, past every cache of the page. Gives the time it took.
    async fn probe(&mut self) -> Result<Duration, SessionError>;

    /// Sends under the WhatsApp id that was fixed at acceptance; returns once WhatsApp's server has acknowledged.
    /// [`SendError::Unknown`] means that nobody can tell; the caller must look the id up before it sends again.
    async fn send(&mut self, message: &Outgoing) -> Result<(), SendError>;

    /// Looks for a message of ours in the page's store by its WhatsApp id. Only meaningful once synced.
    async fn look_up(&mut self, chat: &Jid, id: &WaMessageId) -> Result<LookUp, SessionError>;

    /// Looks for many at once; the answers in the order of `messages`. They may be fewer, where the time did not suffice:
    /// the rest was not looked for. Only meaningful once synced.
    async fn look_up_many(&mut self, messages: &[(Jid, WaMessageId)]) -> Result<Vec<LookUp>, SessionError>;

    /// Which inbound messages sent at `since` or later the page has, whoever was told of them: the oldest `most`, in the
    /// order in which they were sent. Only meaningful once synced.
    async fn inbound_since(&mut self, since: Timestamp, most: usize) -> Result<InboundList, SessionError>;

    /// What those messages say, in the same order; what the page has lost meanwhile is left out. Meant for what
    /// [`Session::inbound_since`] has just given. An answer that gets long ends early: see [`InboundBatch::answered`].
    async fn fetch_inbound(&mut self, keys: &[InboundKey]) -> Result<InboundBatch, SessionError>;

    /// Puts other agent's files into the page and loads it anew, in place: the browser runs on, and the new page reports
    /// [`SessionEvent::Tested`] and [`SessionEvent::Ready`]. Refused, with the page as it was, for files that are no
    /// program; returns once the new agent answers.
    async fn replace_agent(&mut self, build: &Arc<AgentBuild>) -> Result<(), SessionError>;

    /// Asks the page for a fresh pairing code after [`SessionEvent::PairingIdle`].
    async fn refresh_pairing(&mut self) -> Result<(), SessionError>;

    /// Asks WhatsApp for a code that is typed on the phone of this number instead of scanning. The same number gets the
    /// same code as long as that is good; renewed ones come as [`SessionEvent::PhoneCode`].
    async fn pair_by_phone(&mut self, phone: &Phone) -> Result<PhoneCode, PhoneCodeError>;

    /// Ends the link on WhatsApp's side too. The page then reports [`SessionEvent::LoggedOut`].
    async fn log_out(&mut self) -> Result<(), SessionError>;

    /// A PNG of the page.
    async fn screenshot(&mut self) -> Result<Vec<u8>, SessionError>;

    /// Does `work` while nothing of the session writes to its profile, which is then as a crash at that moment would leave
    /// it; the session goes on afterwards. Takes as long as the work does, which is to be milliseconds.
    async fn stand_still(&mut self, work: StillWork) -> Result<(), SessionError> {
        // A session without processes writes nothing.
        work().map_err(not_done)
    }

    /// A PNG of the page in which every text, picture and code is hidden: what is left is where things stand.
    async fn veiled_screenshot(&mut self) -> Result<Vec<u8>, SessionError>;

    /// Closes what covers the page or holds it up. Refused where something is still there.
    async fn dismiss_modal(&mut self) -> Result<(), SessionError>;

    /// Loads the page anew, whatever state it is in, and returns once its agent answers; what it says then comes as events.
    /// The profile stays as it is; a command in flight is lost, a later one is carried out by the page that comes.
    async fn reload(&mut self) -> Result<(), SessionError>;

    /// Puts another page in the place of this one, in the same browser, and returns once its agent answers.
    async fn new_page(&mut self) -> Result<(), SessionError>;

    /// The last lines that the page wrote to its console, at most 100, the oldest first, without numbers, ids and codes.
    fn console(&self) -> Vec<String>;

    /// The session's own processes (browser and children); empty for engines without any.
    fn processes(&self) -> Vec<u32>;

    /// What can be measured of it from outside, without asking it again. Nothing for engines without processes.
    fn vitals(&self) -> Vitals {
        Vitals::default()
    }

    /// Ends the session and every process of it; the profile keeps the link. Never fails: what does not close is killed.
    async fn close(self: Box<Self>) -> Ending;
}

/// An engine and its parts, as supervision sees them.
#[derive(Clone, Debug)]
pub struct EngineTree {
    /// The engine as a whole.
    pub whole: GroupReport,
    /// Its parts, by their number.
    pub shards: Vec<Shard>,
}

/// A part of an engine that several sessions share, such as a chromedriver.
#[derive(Clone, Debug)]
pub struct Shard {
    /// How it lives. Another one in its place has its number.
    pub group: GroupReport,
    /// Whose sessions depend on it.
    pub accounts: Vec<AccountId>,
    /// Its own processes, without those of the sessions.
    pub processes: Vec<u32>,
}

/// What can be measured of a session from outside, as long as it lives.
#[derive(Clone, Debug, Default)]
pub struct Vitals {
    /// The process from which all others of the session descend.
    pub leader: Option<u32>,
    /// Uncaught exceptions and crashes of its page so far.
    pub page_errors: Arc<AtomicU64>,
    /// Why what it shares with other sessions took it along, once that has happened: the end is not its own.
    pub taken_along: Arc<OnceLock<String>>,
}

/// What is done while a session stands still; it may block.
pub type StillWork = Box<dyn FnOnce() -> std::io::Result<()> + Send>;

fn not_done(error: std::io::Error) -> SessionError {
    SessionError::Refused {
        command: "stand_still",
        detail: error.to_string(),
    }
}

/// How a session ended. Its profile is at rest either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By itself, after it had written everything that it keeps.
    Orderly,
    /// Killed, or dead before: what it kept last may be missing or half-written.
    Killed,
}

/// Where the page stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageStatus {
    /// Still loading.
    Loading,
    /// Shows a pairing code, or waits for a refresh.
    Unlinked,
    /// Linked, loading chats.
    Syncing,
    /// Linked, synced, the agent fully ready: a probe may prove the rest.
    Ready(Identity),
}

/// Who is linked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The linked number.
    pub phone: Phone,
    /// The name that others see.
    pub push_name: Option<String>,
}

/// A code that is typed on a phone. A secret: it links that phone to this page.
#[derive(Clone, PartialEq, Eq)]
pub struct PhoneCode {
    /// Eight letters and digits.
    pub code: String,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for PhoneCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PhoneCode(until {})", self.expires_at)
    }
}

/// Why there is no code to be typed on a phone.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PhoneCodeError {
    /// WhatsApp does not take this number.
    #[error("WhatsApp gives no code for this number: {0}")]
    Number(String),
    /// So many were asked for that WhatsApp gives no more for a while.
    #[error("WhatsApp gives no more codes for now: {0}")]
    TooMany(String),
    /// The session could not ask.
    #[error(transparent)]
    Session(#[from] SessionError),
}

/// What the page's store knows of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookUp {
    /// The store has it, acknowledged so far. `Ack::Pending` means that the page will send it by itself.
    Found(Ack),
    /// The store has it, and the page has given up on it: WhatsApp refused it, and nobody sends it any more.
    GivenUp,
    /// The store has synced and does not have it.
    NotFound,
}

/// An inbound message as the page's store lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboundKey {
    /// The page's own key, with which it is asked for.
    pub key: String,
    /// Its id on WhatsApp.
    pub id: WaMessageId,
    /// When WhatsApp says it was sent, to the second.
    pub sent_at: Timestamp,
}

/// Inbound messages of the page's store, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InboundList {
    /// The messages.
    pub messages: Vec<InboundKey>,
    /// Whether the page has newer ones that did not fit.
    pub more: bool,
}

/// What inbound messages of the page's store say.
#[derive(Clone, Debug, Default)]
pub struct InboundBatch {
    /// The messages.
    pub messages: Vec<InboundMessage>,
    /// Of how many keys, from the first on, all is said: of one at least, where any were asked for. The rest is to be
    /// asked for again.
    pub answered: usize,
}

/// What a session reports. Bounded queue, in the order in which the page saw it.
#[derive(Clone, Debug)]
pub enum SessionEvent {
    /// A pairing code is shown. `code` is a secret: it links a phone to this page.
    Pairing {
        /// The content of the QR code.
        code: String,
        /// When the page will replace it.
        expires_at: Timestamp,
    },
    /// What the agent found in a new page; comes before [`SessionEvent::Ready`], and again when it changes.
    Tested(SelfTest),
    /// WhatsApp has replaced the code that is to be typed on the phone. `code` is a secret, too.
    PhoneCode(PhoneCode),
    /// The page asks for the passkey of the phone's owner, which nobody here has. It can still be linked.
    PasskeyAsked,
    /// The page gave up showing codes; [`Session::refresh_pairing`] starts anew.
    PairingIdle,
    /// A phone has linked this page; chats are being loaded.
    Linked,
    /// Linked, synced and fully ready (also after a restart of a linked profile). Not yet proven by a round trip.
    Ready(Identity),
    /// The page has lost or regained its own connection to WhatsApp.
    Connection {
        /// Whether the page's socket is up.
        up: bool,
    },
    /// The way through the account's proxy has closed, with why, or is open again.
    Proxy(Option<ProxyTrouble>),
    /// The link was ended, by the phone or by us.
    LoggedOut {
        /// The page's word for it.
        reason: String,
    },
    /// WhatsApp acknowledged a message of ours further. May repeat and may come before `send` returns.
    Acked {
        /// Which.
        id: WaMessageId,
        /// How far.
        ack: Ack,
    },
    /// A message came in.
    Received(InboundMessage),
    /// The page does not answer, but the browser does: [`Session::reload`] or [`Session::new_page`] may help. Commands are
    /// refused until then; one that was in flight is lost.
    Unresponsive {
        /// To what it did not answer, and for how long, for people.
        detail: String,
    },
    /// The page's process has ended, the browser lives: as for [`SessionEvent::Unresponsive`].
    Crashed,
    /// Something covers the page or holds it up: [`Session::dismiss_modal`] may help. Told once as long as it stays.
    Modal {
        /// A stable word: `js_dialog`, `use_here`, `update_required`, `dialog`.
        what: String,
    },
    /// The session is dead; nothing follows. The account restarts it with a new generation.
    Died {
        /// Why, for people: `browser gone`, `page crashed`, `no answer for 20 s`.
        reason: String,
    },
}

/// A message that came in.
#[derive(Clone, Debug)]
pub struct InboundMessage {
    /// Its id on WhatsApp: the same message is stored once.
    pub id: WaMessageId,
    /// The chat it belongs to.
    pub chat: Jid,
    /// Who wrote it (differs from the chat in groups).
    pub from: Jid,
    /// The name that the writer shows.
    pub sender_name: Option<String>,
    /// What it says.
    pub content: Content,
    /// When WhatsApp says it was sent.
    pub sent_at: Timestamp,
}

/// Why a command of a session failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SessionError {
    /// The browser, driver or page is gone.
    #[error("the session is dead: {0}")]
    Dead(String),
    /// No answer within the deadline; the session cannot be trusted any more.
    #[error("no answer to {command} within {after:?}")]
    Deadline {
        /// Which command.
        command: &'static str,
        /// The deadline.
        after: Duration,
    },
    /// The page answered that it cannot.
    #[error("the page refused {command}: {detail}")]
    Refused {
        /// Which command.
        command: &'static str,
        /// The page's words.
        detail: String,
    },
    /// The profile is damaged: with another one, the session would open.
    #[error("the browser's profile cannot be used: {0}")]
    Profile(String),
    /// The account's proxy does not let the browser through.
    #[error("{0}")]
    Proxy(ProxyTrouble),
    /// What sessions share has ended and may not be started again yet. Nothing is wrong with this one: it is to be opened
    /// once the pause is over.
    #[error("{0}")]
    Held(Hold),
    /// The engine could not be started: a program is missing, a profile is locked, a version does not fit.
    #[error("the session cannot be opened: {0}")]
    Open(String),
}

impl SessionError {
    /// Whether the session is lost with it.
    pub const fn is_fatal(&self) -> bool {
        !matches!(self, Self::Refused { .. })
    }
}

/// The word for a message that was refused for a reason without a word of its own.
pub const REJECTED: &str = "rejected";

/// How a send ended without a server ack.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SendError {
    /// Surely not sent, and trying again is useless: for example the number is not on WhatsApp.
    #[error("refused: {detail}")]
    Rejected {
        /// A stable word: `not_on_whatsapp`, or [`REJECTED`].
        code: &'static str,
        /// For people.
        detail: String,
    },
    /// Surely not sent; trying again may help.
    #[error("not sent: {0}")]
    NotSent(String),
    /// Nobody can tell: the session died or hung between the call and the ack.
    #[error("unknown whether it was sent: {0}")]
    Unknown(SessionError),
}
