//! Things that go wrong on purpose.

use serde::{Deserialize, Serialize};

use super::messages::after;
use super::number::Number;
use super::schedule::Due;
use super::state::{Ambush, Millis, Trick};
use super::{Network, Refusal, SocketId};

/// How late a `late_ack` is if nobody says.
const LATE_MS: u64 = 10_000;

/// What can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FaultKind {
    /// The phone's pages lose their connection, for `for_ms` if given.
    SocketDrop,
    /// The phone logs its pages out.
    Logout,
    /// The next messages are taken and delivered, but the page that sent them hears nothing: no
    /// acknowledgement, no receipts, until it connects anew or sends the same id again.
    DropAck,
    /// The next messages are acknowledged `after_ms` late.
    LateAck,
    /// The next messages are taken and delivered, but missing from the history pages get.
    ForgetMessage,
}

impl FaultKind {
    /// All kinds, by the name the control API uses.
    pub(crate) const NAMES: [(&'static str, FaultKind); 5] = [
        ("socket_drop", FaultKind::SocketDrop),
        ("logout", FaultKind::Logout),
        ("drop_ack", FaultKind::DropAck),
        ("late_ack", FaultKind::LateAck),
        ("forget_message", FaultKind::ForgetMessage),
    ];

    /// The kind of that name.
    pub(crate) fn named(name: &str) -> Option<FaultKind> {
        FaultKind::NAMES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, kind)| *kind)
    }
}

/// One fault for one phone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Fault {
    pub(crate) kind: FaultKind,
    pub(crate) phone: Number,
    /// Messages to hit, where the fault hits messages.
    pub(crate) count: u32,
    /// When it happens, from now; for `late_ack` how late the acknowledgement is.
    pub(crate) after_ms: Option<u64>,
    /// How long it lasts, where it lasts.
    pub(crate) for_ms: u64,
}

impl Network {
    /// Plans a fault.
    pub(crate) fn fault(&mut self, now: Millis, fault: Fault) -> Result<(), Refusal> {
        self.advance(now);
        if !self.state.phones.contains_key(&fault.phone) {
            return Err(Refusal::UnknownPhone);
        }
        let when = after(now, fault.after_ms.unwrap_or(0));
        let what = match fault.kind {
            FaultKind::SocketDrop => {
                let cut = Due::Cut {
                    phone: fault.phone,
                    for_ms: fault.for_ms,
                };
                self.state.schedule.add(when, cut);
                None
            }
            FaultKind::Logout => {
                self.state.schedule.add(when, Due::Unlink(fault.phone));
                None
            }
            FaultKind::DropAck => Some((fault.phone, Trick::DropAck)),
            FaultKind::LateAck => Some((fault.phone, Trick::LateAck(fault.after_ms.unwrap_or(LATE_MS)))),
            FaultKind::ForgetMessage => Some((fault.phone, Trick::ForgetMessage)),
        };
        if let Some((phone, what)) = what {
            self.state.ambushes.push(Ambush {
                phone,
                what,
                left: fault.count,
            });
        }
        self.touch();
        self.advance(now);
        Ok(())
    }

    /// What happens to the message that this phone's page sends now; uses the trick up.
    pub(super) fn spring_ambush(&mut self, phone: &Number) -> Option<Trick> {
        self.state.ambushes.retain(|ambush| ambush.left > 0);
        let ambush = self
            .state
            .ambushes
            .iter_mut()
            .find(|ambush| &ambush.phone == phone)?;
        ambush.left -= 1;
        Some(ambush.what)
    }

    /// Drops the connections of a phone's pages and refuses new ones for a while.
    pub(super) fn cut(&mut self, at: Millis, phone: &Number, for_ms: u64) {
        self.state.barred.retain(|_, until| *until > at);
        if for_ms > 0 {
            self.state.barred.insert(phone.clone(), after(at, for_ms));
        }
        let sessions = self.state.sessions_of(phone);
        let sockets: Vec<SocketId> = sessions
            .iter()
            .filter_map(|session| self.socket_of(session))
            .collect();
        for socket in sockets {
            self.hang_up(socket);
        }
    }
}
