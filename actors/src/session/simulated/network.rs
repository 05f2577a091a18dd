//! The simulated network: phones that scan, write, acknowledge and read, and the faults that a test calls for.

use std::{sync::Arc, time::Duration};

use dashmap::DashMap;
use parking_lot::Mutex;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use tokio::{runtime::Handle, sync::mpsc, sync::oneshot};

use super::{
    Settings,
    line::Line,
    member::Member,
    timers::{Due, Timers},
};
use crate::{
    domain::{
        AccountId, Clock, Content, Jid, Lack, Phone, WaMessageId,
        message::{Ack, Outgoing},
    },
    session::{Identity, InboundMessage, PhoneCode, SessionEvent},
};

/// How long a code that is typed on a phone is good, as on the sandbox.
const PHONE_CODE_LASTS: Duration = Duration::from_secs(180);

/// What can be made to go wrong, per account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The session dies now.
    Die,
    /// The session is off its line and nobody hears of it, as where its whole process ended.
    Vanish,
    /// The session stops answering commands, each runs into its deadline, and renews no code.
    Hang,
    /// The session dies in the next send, before (`delivered: false`) or after the network has taken the message.
    DieInSend {
        /// Whether the network has the message.
        delivered: bool,
    },
    /// The network takes the next message, but its server ack never reaches the page.
    DropAck,
    /// The server refuses the next message, and the page gives up on it.
    Refuse {
        /// Whether the session dies before it can say so.
        dies: bool,
    },
    /// The page's store no longer has this message; the network still knows that it was sent.
    Forget(WaMessageId),
    /// The page takes messages in without a word (`on: true`), as one whose events were lost.
    Mute {
        /// Whether it does.
        on: bool,
    },
    /// The page lacks these functions, now and after every restart; empty mends it.
    Drift(Vec<Lack>),
    /// Something is wrong with the page, and stays so until it is mended: it does not answer, has crashed, or is covered.
    Page {
        /// What.
        what: PageFault,
        /// What mends it; what comes before does not.
        cured_by: Cure,
    },
    /// The page loses (`up: false`) or regains its connection.
    Connection {
        /// Whether it is up.
        up: bool,
    },
}

/// What can be wrong with a simulated page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageFault {
    /// It does not answer; commands are refused, one in flight is lost.
    Hang,
    /// Its process is gone: the same.
    Crash,
    /// A dialog covers it; commands go on.
    Modal,
}

/// What mends a simulated page, from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cure {
    /// The dialog is closed.
    Dismiss,
    /// The page is loaded anew.
    Reload,
    /// Another page takes its place.
    NewPage,
    /// Only another session.
    NewSession,
}

/// A handle to the simulated network, for tests and demonstrations. Cheap to clone.
#[derive(Clone)]
pub struct SimulatedNetwork(pub(super) Arc<Shared>);

pub(super) struct Shared {
    pub(super) settings: Settings,
    pub(super) clock: Clock,
    pub(super) timers: Timers,
    members: DashMap<AccountId, Arc<Mutex<Member>>>,
    random: Mutex<StdRng>,
    runtime: Handle,
}

/// Waits that begin with a send.
pub(super) enum Sending {
    /// Acknowledged already.
    Done,
    /// The ack comes through here; dropped when the session ends.
    Waiting(oneshot::Receiver<()>),
    /// The server refused it, now or before.
    Refused,
    /// The ack never comes.
    Lost,
    /// The session has died with it.
    Died,
}

impl SimulatedNetwork {
    /// A phone scans the code that the account's session shows. False when no session shows it.
    pub fn scan(&self, code: &str, phone: &Phone, name: &str) -> bool {
        let account = self.0.members.iter().find_map(|entry| {
            let shown = entry.value().lock().code.as_deref() == Some(code);
            shown.then(|| *entry.key())
        });
        let who = Identity {
            phone: phone.clone(),
            push_name: Some(name.to_owned()),
        };
        account.is_some_and(|account| self.0.link(account, who))
    }

    /// A code is typed on a phone. False when no session shows it, or it was made for another number or too long ago.
    pub fn type_code(&self, code: &str, phone: &Phone, name: &str) -> bool {
        let now = self.0.clock.now();
        let account = self.0.members.iter().find_map(|entry| {
            let member = entry.value().lock();
            let (shown, wanted) = member.phone_code.as_ref()?;
            let good = shown.code == code && wanted == phone && shown.expires_at > now;
            good.then(|| *entry.key())
        });
        let who = Identity {
            phone: phone.clone(),
            push_name: Some(name.to_owned()),
        };
        account.is_some_and(|account| self.0.link(account, who))
    }

    /// The account's page asks for a passkey while it waits to be linked.
    pub fn ask_for_passkey(&self, account: AccountId) {
        self.0.member(account).lock().emit(SessionEvent::PasskeyAsked);
    }

    /// A phone writes to the account. Sessions that are not ready get the message once they are.
    pub fn write(&self, account: AccountId, from: &Phone, name: &str, text: &str) -> WaMessageId {
        let id = WaMessageId::from_wire(format!("3A{}", self.0.random_hex(9)));
        let message = InboundMessage {
            id: id.clone(),
            chat: Jid::of_phone(from),
            from: Jid::of_phone(from),
            sender_name: Some(name.to_owned()),
            content: Content::text(text),
            sent_at: self.0.clock.now(),
        };
        let bound = self.0.settings.remembered_messages;
        self.0.member(account).lock().receive(message, bound);
        id
    }

    /// The phone ends the account's link.
    pub fn unlink(&self, account: AccountId) {
        self.0.unlink(account, "unlinked_by_phone");
    }

    /// How often the account sent this id: 1 unless it was sent twice, 0 when never.
    pub fn times_sent(&self, account: AccountId, id: &WaMessageId) -> u32 {
        self.0.member(account).lock().times_sent(id)
    }

    /// The delivery log of an account, oldest first, as far as it is remembered: each id and how often it was sent.
    pub fn deliveries(&self, account: AccountId) -> Vec<(WaMessageId, u32)> {
        self.0.member(account).lock().deliveries()
    }

    /// Makes something go wrong with the account's session.
    pub fn inflict(&self, account: AccountId, fault: Fault) {
        let member = self.0.member(account);
        let mut member = member.lock();
        match fault {
            Fault::Die => {
                if let Some(line) = member.line.clone() {
                    member.hang_up();
                    line.die("browser gone");
                }
            }
            Fault::Vanish => member.hang_up(),
            Fault::Forget(id) => member.forget(id),
            Fault::Mute { on } => member.mute = on,
            Fault::Drift(lacks) => {
                member.lacks = lacks;
                if member.synced {
                    member.emit(SessionEvent::Tested(member.self_test()));
                }
            }
            Fault::Page { what, cured_by } => member.trouble_page(what, cured_by),
            Fault::Connection { up } => {
                member.offline = !up;
                member.emit(SessionEvent::Connection { up });
                if up && member.synced {
                    member.catch_up();
                }
            }
            fault => member.fault = Some(fault),
        }
    }
}

impl Shared {
    pub(super) fn new(settings: Settings, clock: Clock) -> Self {
        Self {
            random: Mutex::new(StdRng::seed_from_u64(settings.seed)),
            settings,
            timers: Timers::new(clock.clone()),
            clock,
            members: DashMap::new(),
            runtime: Handle::current(),
        }
    }

    pub(super) fn member(&self, account: AccountId) -> Arc<Mutex<Member>> {
        Arc::clone(self.members.entry(account).or_default().value())
    }

    /// Puts a new session on the account's line; `None` while another one is on it.
    pub(super) fn pick_up(
        &self,
        account: AccountId,
        events: mpsc::Sender<SessionEvent>,
    ) -> Option<(Arc<Mutex<Member>>, Arc<Line>)> {
        let member = self.member(account);
        let line = Line::new(self.random.lock().random(), events, self.runtime.clone());
        {
            let mut member = member.lock();
            if member.line.is_some() {
                return None;
            }
            member.line = Some(Arc::clone(&line));
            self.start_page(account, &mut member);
        }
        Some((member, line))
    }

    /// The page starts: linked ones load their chats, others show a code.
    pub(super) fn start_page(&self, account: AccountId, member: &mut Member) {
        let Some(number) = member.line.as_ref().map(|line| line.number) else {
            return;
        };
        if member.linked.is_some() {
            self.set(account, self.settings.sync_ms, Due::Synced { line: number });
            return;
        }
        self.show_codes(account, member, number);
        if self.settings.auto_link {
            self.set(account, self.settings.link_after_ms, Due::Link { line: number });
        }
    }

    /// Shows codes from the first on.
    pub(super) fn show_codes(&self, account: AccountId, member: &mut Member, number: u64) {
        member.codes_left = self.settings.pairing_codes.max(1);
        self.show_code(account, member, number);
    }

    fn show_code(&self, account: AccountId, member: &mut Member, number: u64) {
        if member.codes_left == 0 {
            member.code = None;
            member.emit(SessionEvent::PairingIdle);
            return;
        }
        member.codes_left -= 1;
        member.codes_shown += 1;
        let code = format!("2@{}", self.random_hex(24));
        member.code = Some(code.clone());
        let period = Duration::from_millis(self.settings.pairing_period_ms);
        member.emit(SessionEvent::Pairing {
            code,
            expires_at: self.clock.now().after(period),
        });
        let due = Due::NextCode {
            line: number,
            shown: member.codes_shown,
        };
        self.timers.set(account, period, due);
    }

    /// The code for this number: the one that it has, or a new one.
    pub(super) fn phone_code(&self, member: &mut Member, phone: &Phone) -> PhoneCode {
        let now = self.clock.now();
        if let Some((shown, wanted)) = &member.phone_code
            && wanted == phone
            && shown.expires_at > now
        {
            return shown.clone();
        }
        let fresh = PhoneCode {
            code: self.random_hex(4),
            expires_at: now.after(PHONE_CODE_LASTS),
        };
        member.phone_code = Some((fresh.clone(), phone.clone()));
        fresh
    }

    fn link(&self, account: AccountId, who: Identity) -> bool {
        let member = self.member(account);
        let mut member = member.lock();
        let Some(number) = member.line.as_ref().map(|line| line.number) else {
            return false;
        };
        if member.linked.is_some() {
            return false;
        }
        member.code = None;
        member.phone_code = None;
        member.linked = Some(who);
        member.emit(SessionEvent::Linked);
        self.set(account, self.settings.sync_ms, Due::Synced { line: number });
        true
    }

    /// Ends the link; the page starts anew with a code. False when there was none.
    pub(super) fn unlink(&self, account: AccountId, reason: &str) -> bool {
        let member = self.member(account);
        let mut member = member.lock();
        if member.linked.is_none() {
            return false;
        }
        member.unlink();
        member.emit(SessionEvent::LoggedOut {
            reason: reason.to_owned(),
        });
        self.start_page(account, &mut member);
        true
    }

    /// The network takes a message, as far as the faults let it.
    pub(super) fn take(&self, account: AccountId, member: &mut Member, message: &Outgoing) -> Sending {
        let fault = match member.fault {
            Some(Fault::DieInSend { .. } | Fault::DropAck | Fault::Refuse { .. }) => member.fault.take(),
            _ => None,
        };
        let bound = self.settings.remembered_messages;
        let refused = matches!(fault, Some(Fault::Refuse { .. })) || member.has_given_up(&message.id);
        if refused {
            member.give_up(&message.id, &message.chat, bound);
        } else if fault != Some(Fault::DieInSend { delivered: false }) {
            let first = member.store(&message.id, &message.chat, bound);
            self.schedule_acks(account, &message.id, first);
        }
        match fault {
            Some(Fault::DieInSend { .. } | Fault::Refuse { dies: true }) => {
                if let Some(line) = member.line.clone() {
                    member.hang_up();
                    line.die("browser gone");
                }
                Sending::Died
            }
            _ if refused => Sending::Refused,
            Some(_) => Sending::Lost,
            None if self.settings.ack_ms == 0 => {
                member.acknowledge(&message.id, Ack::Server);
                Sending::Done
            }
            None => {
                let (answer, answered) = oneshot::channel();
                member.answers.insert(message.id.clone(), answer);
                Sending::Waiting(answered)
            }
        }
    }

    /// A repeated id is acknowledged by the server again, but delivered and read only once.
    fn schedule_acks(&self, account: AccountId, id: &WaMessageId, first: bool) {
        let settings = &self.settings;
        let mut after = settings.ack_ms;
        if after > 0 {
            self.set(account, after, ack(id, Ack::Server));
        }
        if first {
            after = after.saturating_add(settings.deliver_ms);
            self.set(account, after, ack(id, Ack::Device));
            self.set(
                account,
                after.saturating_add(settings.read_ms),
                ack(id, Ack::Read),
            );
        }
    }

    pub(super) fn set(&self, account: AccountId, after_ms: u64, due: Due) {
        self.timers.set(account, Duration::from_millis(after_ms), due);
    }

    pub(super) fn fire(&self, account: AccountId, due: Due) {
        let member = self.member(account);
        match due {
            Due::Link { line } => {
                let waits = {
                    let member = member.lock();
                    member.has_line(line) && member.linked.is_none()
                };
                if waits {
                    self.link(account, robot(account));
                }
            }
            Due::NextCode { line, shown } => {
                let mut member = member.lock();
                // A page that hangs renews nothing.
                let hangs = member.fault == Some(Fault::Hang);
                if member.has_line(line) && member.code.is_some() && member.codes_shown == shown && !hangs {
                    self.show_code(account, &mut member, line);
                }
            }
            Due::Synced { line } => {
                let mut member = member.lock();
                if let Some(who) = member.linked.clone().filter(|_| member.has_line(line)) {
                    member.synced = true;
                    member.emit(SessionEvent::Tested(member.self_test()));
                    member.emit(SessionEvent::Ready(who));
                    member.catch_up();
                }
            }
            Due::Ack { id, ack } => member.lock().acknowledge(&id, ack),
        }
    }

    /// `bytes` random bytes in upper-case hexadecimal.
    fn random_hex(&self, bytes: usize) -> String {
        use std::fmt::Write as _;
        let mut random = self.random.lock();
        (0..bytes).fold(String::with_capacity(bytes * 2), |mut text, _| {
            let _ = write!(text, "{:02X}", random.random::<u8>());
            text
        })
    }
}

fn ack(id: &WaMessageId, ack: Ack) -> Due {
    Due::Ack { id: id.clone(), ack }
}

/// The phone that links an account by itself: always the same one for the same account.
fn robot(account: AccountId) -> Identity {
    let digits = account.bits() % 1_000_000_000;
    let phone = Phone::parse(&format!("5511{digits:09}")).expect("13 digits that begin with 5 are a number");
    Identity {
        push_name: Some(format!("Simulated {:04}", digits % 10_000)),
        phone,
    }
}
