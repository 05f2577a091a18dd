//! What a fault does at its moment.

use rand::RngExt;
use serde_json::json;

use super::delivery::after;
use super::faults::{Fault, FaultKind};
use super::number::Number;
use super::schedule::Due;
use super::state::Millis;
use super::traces::Trace;
use super::{Effect, Network, SocketId};

/// For how long a page hangs or is slow if nobody says.
const TROUBLE_MS: u64 = 10_000;

/// For how long a page may leave the "What's new" dialog open, as reported of the real site.
const MODAL_MS: u64 = 300_000;

/// How long a page waits for a passkey if nobody says.
const PASSKEY_MS: u64 = 60_000;

impl Network {
    /// A fault strikes, unless it was taken back.
    pub(super) fn strike(&mut self, at: Millis, id: u64) {
        let Some(fault) = self.state.planned.remove(&id) else {
            return;
        };
        if fault.probability < 1.0 && self.chance.random::<f64>() >= fault.probability {
            return;
        }
        if fault.kind == FaultKind::QrExpire {
            return self.expire_codes();
        }
        if fault.kind == FaultKind::Passkey && fault.code.is_none() {
            return self.ask_for_passkeys(id, &fault);
        }
        if let Some(code) = &fault.code {
            let page = self.showing(at, code);
            return page
                .into_iter()
                .for_each(|page| self.strike_page(id, &fault, page));
        }
        let phones: Vec<Number> = match &fault.phone {
            Some(phone) => vec![phone.clone()],
            None => self.state.phones.keys().cloned().collect(),
        };
        for phone in phones {
            self.strike_phone(at, id, &fault, &phone);
        }
    }

    fn strike_phone(&mut self, at: Millis, id: u64, fault: &Fault, phone: &Number) {
        match fault.kind {
            FaultKind::SocketDrop => self.cut(at, phone, fault.for_ms.unwrap_or(0)),
            FaultKind::Logout => self.unlink_all(phone, "unknown_companion"),
            FaultKind::NetworkCut | FaultKind::PageCrash | FaultKind::PageHang | FaultKind::PageSlow => {
                for page in self.sockets_of(phone) {
                    self.strike_page(id, fault, page);
                }
            }
            FaultKind::Modal => {
                let for_ms = fault.for_ms.unwrap_or(MODAL_MS);
                for page in self.sockets_of(phone) {
                    self.strike_page(id, fault, page);
                }
                for session in self.state.sessions_of(phone) {
                    let dialog = (session, id);
                    self.state
                        .schedule
                        .add(after(at, for_ms), Due::ModalIgnored(dialog.clone()));
                    self.state.modals.insert(dialog);
                }
            }
            FaultKind::UpdateRequired => {
                for page in self.sockets_of(phone) {
                    self.strike_page(id, fault, page);
                }
                self.cut(at, phone, fault.for_ms.unwrap_or(TROUBLE_MS));
            }
            FaultKind::Ban => {
                self.state.banned.insert(phone.clone());
                self.state.traces.leave(Trace::Phone(phone.clone()));
                self.unlink_all(phone, "account_banned");
            }
            // Those wait for something else than a moment.
            _ => {}
        }
    }

    /// What happens to one page, linked or not.
    fn strike_page(&mut self, id: u64, fault: &Fault, page: SocketId) {
        let for_ms = fault.for_ms.unwrap_or(match fault.kind {
            FaultKind::Modal => MODAL_MS,
            FaultKind::Passkey => PASSKEY_MS,
            _ => TROUBLE_MS,
        });
        match fault.kind {
            FaultKind::SocketDrop => self.hang_up(page),
            FaultKind::PageCrash => self.effects.push(Effect::Crash(page)),
            FaultKind::NetworkCut => self.effects.push(Effect::Cut(page, for_ms)),
            // The page is told what goes wrong with it.
            kind => self.push(
                page,
                json!({"t": "fault", "id": id, "kind": kind.name(), "forMs": for_ms}),
            ),
        }
    }

    /// The codes of all pages that wait to be linked are void.
    fn expire_codes(&mut self) {
        let waiting: Vec<SocketId> = self
            .sockets
            .iter()
            .filter(|(_, socket)| socket.session.is_none() && !socket.refs.is_empty())
            .map(|(id, _)| *id)
            .collect();
        for socket in waiting {
            if let Some(held) = self.sockets.get_mut(&socket) {
                held.refs.clear();
            }
            self.push(socket, json!({"t": "refs", "refs": []}));
        }
        self.state.traces.leave(Trace::Pages);
        self.touch();
    }

    /// All pages that wait to be linked ask for a passkey. They can be linked all the same.
    fn ask_for_passkeys(&mut self, id: u64, fault: &Fault) {
        let sockets = self.sockets.iter();
        let waiting = sockets.filter(|(_, socket)| socket.session.is_none());
        let waiting: Vec<SocketId> = waiting.map(|(id, _)| *id).collect();
        for page in waiting {
            self.strike_page(id, fault, page);
        }
    }

    /// A page has dismissed the dialog that fault `id` has opened.
    pub(super) fn dismissed(&mut self, socket: SocketId, id: u64) {
        if let Some(session) = self.sockets.get(&socket).and_then(|held| held.session.clone()) {
            self.state.modals.remove(&(session, id));
            self.touch();
        }
    }

    /// The time of this session's dialog is over: it is unlinked, unless it has dismissed that very dialog.
    pub(super) fn modal_ignored(&mut self, dialog: &(String, u64)) {
        if self.state.modals.remove(dialog) {
            self.unlink_session(&dialog.0, "unknown_companion");
        }
    }

    /// Drops the connections of a phone's pages and refuses new ones for a while.
    pub(super) fn cut(&mut self, at: Millis, phone: &Number, for_ms: u64) {
        self.state.barred.retain(|_, until| *until > at);
        if for_ms > 0 {
            self.state.barred.insert(phone.clone(), after(at, for_ms));
        }
        for socket in self.sockets_of(phone) {
            self.hang_up(socket);
        }
    }

    fn sockets_of(&self, phone: &Number) -> Vec<SocketId> {
        let sessions = self.state.sessions_of(phone);
        let held = sessions.iter().filter_map(|session| self.socket_of(session));
        held.collect()
    }
}
