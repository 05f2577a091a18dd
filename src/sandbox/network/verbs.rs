//! What a page may say, and what the server answers: JSON text frames, the verb in `t`. A request
//! carries a `rid`, and its answer comes back with the same one.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::changes::Actor;
use super::chat_id::ChatId;
use super::content::Content;
use super::group_verbs::GroupVerb;
use super::message::Draft;
use super::message_verbs::MessageVerb;
use super::number::Number;
use super::people_verbs::PeopleVerb;
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
        } else if let Ok(verb) = PeopleVerb::deserialize(&frame) {
            self.obey_about_people(now, socket, verb)
        } else if let Ok(verb) = GroupVerb::deserialize(&frame) {
            Some(match self.phone_of(socket) {
                Some(own) => self.obey_about_groups(now, &own, verb),
                None => json!({"error": "not-linked"}),
            })
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
            Verb::PairingCode { phone } => Some(self.pairing_code(now, socket, &phone)),
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
}
