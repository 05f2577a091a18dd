//! How a page and a phone become linked: hello, QR codes, pairing codes, and the way back.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::RngExt;
use serde_json::{Value, json};

use super::chat_id::ChatId;
use super::delivery::after;
use super::history::unheard;
use super::number::Number;
use super::state::{Link, Millis};
use super::traces::Trace;
use super::{Effect, Network, Refusal, SocketId};

/// Codes handed out at a time; after the last one the page waits for a person.
const REFS: usize = 6;

/// Chats that a page gets when it comes in: those with the latest messages.
pub(super) const CHATS: usize = 500;

/// Signs of a pairing code: none that a person takes for another.
const CODE_SIGNS: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTVWXYZ";

/// How long phones take a pairing code. The real one's time is not known; wa-js asks for another after 195 s.
const CODE_MS: u64 = 180_000;

/// Pairing codes that a page gets within [`CODES_WITHIN_MS`]; the real bound is not known.
const CODES: usize = 5;
const CODES_WITHIN_MS: u64 = 600_000;

/// Pages that a phone links at most, as WhatsApp's help says: four devices beside the phone.
const COMPANIONS: usize = 4;

impl Network {
    /// A page introduces itself, with the token of its link if it has one.
    pub(super) fn hello(
        &mut self,
        now: Millis,
        socket: SocketId,
        token: Option<&str>,
        resumes: bool,
    ) -> Option<Value> {
        let session = token.and_then(|token| self.state.session_of(token)).cloned();
        let Some(session) = session else {
            let refs = self.fresh_refs(now, socket);
            return Some(json!({"t": "welcome", "refs": refs, "refMs": self.rules.ref_ms}));
        };
        let phone = self.state.links.get(&session)?.phone.clone();
        if self.state.barred.get(&phone).is_some_and(|until| *until > now) {
            self.hang_up(socket);
            return None;
        }
        self.seat(socket, &session);
        // The welcome must come before what was missed, so it is pushed here and not returned.
        let missed = self
            .state
            .links
            .get_mut(&session)
            .map(|link| std::mem::take(&mut link.missed));
        let mut welcome = self.account_frame("welcome", &session);
        if !resumes || missed == Some(true) {
            welcome["historyFrames"] = json!(self.plan_history(now, socket, &session));
        }
        self.push(socket, welcome);
        self.replay(socket, &session);
        self.touch();
        None
    }

    /// New QR codes for a page; the earlier ones are void.
    pub(super) fn fresh_refs(&mut self, now: Millis, socket: SocketId) -> Vec<String> {
        let refs: Vec<String> = (0..REFS).map(|_| self.fresh_ref()).collect();
        let turn = i64::try_from(self.rules.ref_ms).unwrap_or(i64::MAX / 16);
        if let Some(held) = self.sockets.get_mut(&socket) {
            // A page that is slow to turn shows a code somewhat longer: one turn of patience.
            let until = (2..).map(|turns| now + turn * turns);
            held.refs = refs.iter().cloned().zip(until).collect();
        }
        self.state.traces.leave(Trace::Pages);
        self.touch();
        refs
    }

    fn fresh_ref(&mut self) -> String {
        let bytes: [u8; 66] = std::array::from_fn(|_| self.chance.random());
        format!("2@{}", STANDARD.encode(bytes))
    }

    /// A code of eight signs that is typed on the phone instead of scanning.
    pub(super) fn pairing_code(&mut self, now: Millis, socket: SocketId, phone: &str) -> Value {
        let Some(phone) = Number::parse(phone) else {
            return json!({"error": "bad-phone"});
        };
        let Some(held) = self.sockets.get_mut(&socket) else {
            return json!({"error": "unknown"});
        };
        held.codes_asked
            .retain(|asked| after(*asked, CODES_WITHIN_MS) > now);
        if held.codes_asked.len() >= CODES {
            return json!({"error": "rate-overlimit"});
        }
        held.codes_asked.push(now);
        let code: String = (0..8)
            .map(|_| char::from(CODE_SIGNS[self.chance.random_range(0..CODE_SIGNS.len())]))
            .collect();
        if let Some(held) = self.sockets.get_mut(&socket) {
            held.code = Some((code.clone(), phone));
            held.code_until = after(now, CODE_MS);
        }
        self.state.traces.leave(Trace::Pages);
        self.touch();
        json!({"code": code})
    }

    fn may_link(&self, phone: &Number) -> Result<(), Refusal> {
        if !self.state.phones.contains_key(phone) {
            return Err(Refusal::UnknownPhone);
        }
        if self.state.banned.contains(phone) {
            return Err(Refusal::Banned);
        }
        if self.state.sessions_of(phone).len() >= COMPANIONS {
            return Err(Refusal::TooManyDevices);
        }
        Ok(())
    }

    /// The phone scans what a page shows: the whole QR string, or its first part alone.
    /// Answers the name of the new session.
    pub(crate) fn scan(&mut self, now: Millis, phone: &Number, code: &str) -> Result<String, Refusal> {
        self.advance(now);
        self.may_link(phone)?;
        let socket = self.showing(now, code).ok_or(Refusal::UnknownCode)?;
        Ok(self.pair(now, phone, socket))
    }

    /// The page that nobody has linked yet and that may show this code now: the whole QR string, or its first part.
    pub(super) fn showing(&self, now: Millis, code: &str) -> Option<SocketId> {
        let shown = code.trim().split(',').next().unwrap_or_default();
        let mut waiting = self.sockets.iter().filter(|(_, socket)| socket.session.is_none());
        let page = waiting.find(|(_, socket)| {
            let mut refs = socket.refs.iter();
            refs.any(|(known, until)| known == shown && *until > now)
        });
        page.map(|(id, _)| *id)
    }

    /// The phone's owner types a pairing code. Spaces, dashes and small letters are fine.
    pub(crate) fn link(&mut self, now: Millis, phone: &Number, code: &str) -> Result<String, Refusal> {
        self.advance(now);
        self.may_link(phone)?;
        let typed: String = code
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect::<String>()
            .to_uppercase();
        let shown = self.sockets.iter().find_map(|(id, socket)| match &socket.code {
            Some((code, wanted)) if *code == typed && socket.session.is_none() && socket.code_until > now => {
                Some((*id, wanted.clone()))
            }
            _ => None,
        });
        let (socket, wanted) = shown.ok_or(Refusal::UnknownCode)?;
        if &wanted != phone {
            return Err(Refusal::OtherPhone);
        }
        Ok(self.pair(now, phone, socket))
    }

    fn pair(&mut self, now: Millis, phone: &Number, socket: SocketId) -> String {
        let session = format!("ses_{}", self.random_hex(6).to_lowercase());
        let secret: [u8; 24] = std::array::from_fn(|_| self.chance.random());
        let link = Link {
            phone: phone.clone(),
            token: STANDARD.encode(secret),
            linked_at: now,
            backlog: Default::default(),
            missed: false,
        };
        let token = json!(link.token);
        self.state.link(&session, link);
        self.seat(socket, &session);
        let mut frame = self.account_frame("paired", &session);
        frame["token"] = token;
        frame["historyFrames"] = json!(self.plan_history(now, socket, &session));
        self.push(socket, frame);
        self.touch_vital();
        session
    }

    /// Lets a socket speak for a session. An older socket of it gives way, as when a tab is
    /// opened a second time.
    fn seat(&mut self, socket: SocketId, session: &str) {
        if let Some(older) = self.socket_of(session)
            && older != socket
        {
            self.forget_socket(older);
            self.effects.push(Effect::Close(older));
        }
        // A page that comes anew hears again of what was kept from it.
        for arrival in self.state.muted_for(session) {
            self.state.mute(arrival, false);
        }
        if let Some(held) = self.sockets.get_mut(&socket) {
            held.session = Some(session.to_owned());
            held.refs.clear();
            held.code = None;
            self.seats.insert(session.to_owned(), socket);
        }
        self.state.traces.leave(Trace::Pages);
        self.state.trace_session(session);
        self.tell_presence(session);
    }

    /// Everything a page needs to show its account.
    fn account_frame(&self, verb: &str, session: &str) -> Value {
        let Some(link) = self.state.links.get(session) else {
            return json!({"t": verb});
        };
        let Some(phone) = self.state.phones.get(&link.phone) else {
            return json!({"t": verb});
        };
        let own = &link.phone;
        let mut peers = self.latest_chats(own);
        peers.truncate(CHATS);
        let contacts = self.contacts_for_page(own, &peers);
        let unheard = unheard(link);
        let chats: Vec<Value> = peers
            .iter()
            .map(|(id, chat)| self.chat_for_page(own, id, chat, &unheard))
            .collect();
        json!({
            "t": verb,
            "me": {"pn": own.pn(), "lid": own.lid(), "name": phone.name},
            "contacts": contacts,
            "chats": chats,
            "groups": self.groups_for_page(own),
            "blocklist": self.blocklist_for_page(own),
            "historyFrames": 0,
            "syncMs": self.state.timing.sync_ms.unwrap_or(self.rules.sync_ms),
        })
    }

    /// Tells a session that is back what it missed, in order.
    fn replay(&mut self, socket: SocketId, session: &str) {
        let missed = match self.state.links.get_mut(session) {
            Some(link) => std::mem::take(&mut link.backlog),
            None => return,
        };
        for news in missed {
            self.push_news(socket, session, news);
        }
    }

    /// What people call a number.
    pub(crate) fn name_of(&self, number: &Number) -> String {
        match self.state.phones.get(number) {
            Some(phone) => phone.name.clone(),
            None => format!("Phone {}", number.digits()),
        }
    }

    /// What a chat is called.
    pub(super) fn title_of(&self, chat: &ChatId) -> String {
        match chat {
            ChatId::Person(person) => self.name_of(person),
            ChatId::Group(id) => {
                let group = self.state.groups.get(id);
                group.map_or_else(|| id.to_string(), |group| group.subject.clone())
            }
            ChatId::Status => "Status".to_owned(),
        }
    }
}
