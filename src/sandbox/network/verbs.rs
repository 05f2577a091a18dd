//! What a page may say, and what the server answers: JSON text frames, the verb in `t`. A request
//! carries a `rid`, and its answer comes back with the same one.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::changes::Actor;
use super::chat_id::ChatId;
use super::content::Content;
use super::message::Draft;
use super::message_verbs::MessageVerb;
use super::number::Number;
use super::state::Millis;
use super::{Network, SocketId};

/// The about text of a number that nobody created.
pub(super) const ROBOT_ABOUT: &str = "Available";

/// A WhatsApp id is short; a longer one is a mistake.
pub(super) const ID_LIMIT: usize = 128;

#[derive(Debug, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
enum Verb {
    Hello {
        token: Option<String>,
        /// It has the history.
        #[serde(default)]
        resumes: bool,
    },
    Refs,
    PairingCode {
        phone: String,
    },
    Send {
        to: String,
        id: String,
        msg: Map<String, Value>,
    },
    Exists {
        id: String,
    },
    About {
        id: String,
    },
    SetAbout {
        about: String,
    },
    Picture {
        id: String,
    },
    Presence {
        available: Option<bool>,
    },
    PresenceSub {
        id: String,
    },
    Chatstate {
        id: String,
        state: String,
    },
    /// The "What's new" dialog was dismissed.
    Dismissed {
        id: u64,
    },
    Logout,
}

impl Network {
    /// A page sent a frame. What is no frame of this protocol is answered `{error}` if it can be
    /// answered at all, and changes nothing.
    pub(crate) fn frame(&mut self, now: Millis, socket: SocketId, text: &str) {
        self.advance(now);
        if !self.sockets.contains_key(&socket) {
            return;
        }
        let Ok(frame) = serde_json::from_str::<Value>(text) else {
            return;
        };
        let rid = frame.get("rid").cloned();
        let answer = if let Ok(verb) = Verb::deserialize(&frame) {
            self.obey(now, socket, rid.as_ref(), verb)
        } else if let Ok(verb) = MessageVerb::deserialize(&frame) {
            self.obey_message_verb(now, socket, verb)
        } else {
            Some(json!({"error": "unknown"}))
        };
        let Some(mut answer) = answer else { return };
        match rid {
            Some(rid) => answer["rid"] = rid,
            None if answer.get("t").is_none() => return,
            None => {}
        }
        self.push(socket, answer);
    }

    fn obey(&mut self, now: Millis, socket: SocketId, rid: Option<&Value>, verb: Verb) -> Option<Value> {
        match verb {
            Verb::Hello { token, resumes } => self.hello(now, socket, token.as_deref(), resumes),
            Verb::Refs => Some(json!({"t": "refs", "refs": self.fresh_refs(now, socket)})),
            Verb::PairingCode { phone } => Some(self.pairing_code(socket, &phone)),
            Verb::Exists { id } => Some(exists(&id)),
            Verb::Picture { id } => Some(picture(&id)),
            verb => match self.phone_of(socket) {
                Some(phone) => self.obey_linked(now, socket, &phone, rid, verb),
                None => Some(json!({"error": "not-linked"})),
            },
        }
    }

    fn obey_message_verb(&mut self, now: Millis, socket: SocketId, verb: MessageVerb) -> Option<Value> {
        let session = self.sockets.get(&socket)?.session.clone();
        let Some((person, session)) = self.phone_of(socket).zip(session) else {
            return Some(json!({"error": "not-linked"}));
        };
        let actor = Actor {
            person: &person,
            session: Some(&session),
        };
        Some(self.obey_about_messages(now, actor, verb))
    }

    /// What only a linked page may ask.
    fn obey_linked(
        &mut self,
        now: Millis,
        socket: SocketId,
        own: &Number,
        rid: Option<&Value>,
        verb: Verb,
    ) -> Option<Value> {
        match verb {
            Verb::Send { to, id, msg } => {
                let rid = rid.map_or_else(|| "null".to_owned(), Value::to_string);
                self.send_verb(now, socket, own, &rid, (&to, id, &msg))
            }
            Verb::About { id } => Some(json!({"about": self.about_of(&id)})),
            Verb::SetAbout { about } => {
                if let Some(phone) = self.state.phones.get_mut(own) {
                    phone.about = about;
                    self.touch();
                }
                Some(json!({"status": 200}))
            }
            Verb::Presence { available } => {
                self.push_presence(own, json!({"online": available.unwrap_or(true)}));
                Some(json!({"ok": 1}))
            }
            Verb::PresenceSub { id } => self.watch(socket, &id),
            Verb::Chatstate { id, state } => {
                if let Some(peer) = Number::parse(&id) {
                    self.show_chatstate(own, &peer, &state);
                }
                Some(json!({"ok": 1}))
            }
            Verb::Dismissed { id } => {
                self.dismissed(socket, id);
                Some(json!({"ok": 1}))
            }
            Verb::Logout => {
                self.page_logout(socket);
                Some(json!({"ok": 1}))
            }
            _ => Some(json!({"error": "unknown"})),
        }
    }

    fn send_verb(
        &mut self,
        now: Millis,
        socket: SocketId,
        own: &Number,
        rid: &str,
        (to, id, msg): (&str, String, &Map<String, Value>),
    ) -> Option<Value> {
        let Some(to) = ChatId::parse(to) else {
            return Some(json!({"error": "bad-recipient"}));
        };
        if id.is_empty() || id.len() > ID_LIMIT {
            return Some(json!({"error": "bad-id"}));
        }
        if let Err(error) = self.may_write(own, &to) {
            return Some(json!({"error": error}));
        }
        let content = match Content::from_page(msg) {
            Ok(content) => content,
            Err(bad) => return Some(bad.answer()),
        };
        if !self.knows_media(content.media_id()) {
            return Some(json!({"error": "unknown-media"}));
        }
        let draft = Draft {
            id,
            to,
            content,
            automatic: false,
        };
        self.send_from_page(now, socket, rid, draft)
    }

    fn about_of(&self, id: &str) -> Option<String> {
        let number = Number::parse(id).filter(Number::is_on_whatsapp)?;
        let known = self.state.phones.get(&number).map(|phone| phone.about.clone());
        Some(known.unwrap_or_else(|| ROBOT_ABOUT.to_owned()))
    }

    fn watch(&mut self, socket: SocketId, id: &str) -> Option<Value> {
        let number = Number::parse(id)?;
        let online = self.seems_online(&number);
        self.sockets.get_mut(&socket)?.watches.insert(number.clone());
        self.push(
            socket,
            json!({"t": "presence", "id": number.pn(), "online": online}),
        );
        None
    }

    /// Shows the pages of `peer` that `own` is typing or has stopped.
    fn show_chatstate(&mut self, own: &Number, peer: &Number, state: &str) {
        let frame = json!({"t": "presence", "id": own.pn(), "online": true, "state": state});
        for session in self.state.sessions_of(peer) {
            if let Some(socket) = self.socket_of(&session) {
                self.push(socket, frame.clone());
            }
        }
    }
}

fn exists(id: &str) -> Value {
    match Number::parse(id).filter(Number::is_on_whatsapp) {
        Some(number) => json!({"wid": number.pn(), "lid": number.lid()}),
        // Groups and the like exist as far as the page can tell.
        None if id.contains("@g.us") => json!({"wid": id}),
        None => json!({}),
    }
}

fn picture(id: &str) -> Value {
    match Number::parse(id).filter(Number::is_on_whatsapp) {
        Some(number) => {
            json!({"url": format!("https://web.whatsapp.com/pictures/{}.svg", number.digits())})
        }
        None => json!({}),
    }
}
