//! What a page may ask about people: who they are, whether they are there, and whom it wants to hear nothing from.

use serde::Deserialize;
use serde_json::{Value, json};

use super::changes::Actor;
use super::chat_id::ChatId;
use super::groups::Setting;
use super::number::Number;
use super::people::{ABOUT_LIMIT, NAME_LIMIT, Picture, Profile, Typing};
use super::state::Millis;
use super::{Network, Refusal, SocketId};

/// A request of a page. All but the first two need a link.
#[derive(Debug, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub(super) enum PeopleVerb {
    Exists {
        id: String,
    },
    Picture {
        id: String,
    },
    About {
        id: String,
    },
    SetAbout {
        about: String,
    },
    SetName {
        name: String,
    },
    SetPicture {
        id: String,
        #[serde(rename = "mediaId")]
        media_id: Option<String>,
    },
    Block {
        id: String,
    },
    Unblock {
        id: String,
    },
    ContactSave {
        id: String,
        name: Option<String>,
    },
    /// How many devices somebody has: the phone, and the pages that it has linked.
    Devices {
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
}

impl Network {
    /// A page asks about people. Nothing is answered to what has its answer in a push.
    pub(super) fn obey_about_people(
        &mut self,
        now: Millis,
        socket: SocketId,
        verb: PeopleVerb,
    ) -> Option<Value> {
        let own = self.phone_of(socket);
        match (verb, own) {
            (PeopleVerb::Exists { id }, _) => Some(self.exists(&id)),
            (PeopleVerb::Picture { id }, own) => Some(match self.picture_for(own.as_ref(), &id) {
                Some(url) => json!({"url": url}),
                None => json!({}),
            }),
            (PeopleVerb::PresenceSub { id }, Some(own)) => self.watch(socket, &own, &id),
            (verb, Some(own)) => {
                let session = self.sockets.get(&socket)?.session.clone();
                let actor = Actor {
                    person: &own,
                    session: session.as_deref(),
                };
                Some(self.obey_linked_about_people(now, actor, verb))
            }
            (_, None) => Some(json!({"error": "not-linked"})),
        }
    }

    fn obey_linked_about_people(&mut self, now: Millis, actor: Actor<'_>, verb: PeopleVerb) -> Value {
        let own = actor.person;
        match verb {
            PeopleVerb::About { id } => json!({"about": self.about_for(own, &id)}),
            PeopleVerb::SetAbout { about } => self.page_sets_about(own, about),
            PeopleVerb::SetName { name } => self.page_sets_name(own, &name),
            PeopleVerb::SetPicture { id, media_id } => self.page_sets_picture(now, own, &id, media_id),
            PeopleVerb::Block { id } => self.page_blocks(actor, &id, true),
            PeopleVerb::Unblock { id } => self.page_blocks(actor, &id, false),
            PeopleVerb::ContactSave { id, name } => {
                let name = name
                    .map(|name| name.trim().to_owned())
                    .filter(|name| !name.is_empty());
                match Number::parse(&id) {
                    Some(_)
                        if name
                            .as_ref()
                            .is_some_and(|name| name.chars().count() > NAME_LIMIT) =>
                    {
                        json!({"error": "bad-content", "field": "name"})
                    }
                    Some(other) => {
                        self.save_contact(actor, &other, name.as_deref());
                        json!({})
                    }
                    None => json!({"error": "bad-id"}),
                }
            }
            PeopleVerb::Devices { id } => {
                let person = Number::parse(&id).filter(Number::is_on_whatsapp);
                let devices = person.map_or(0, |person| 1 + self.state.sessions_of(&person).len());
                json!({"devices": devices})
            }
            PeopleVerb::Presence { available } => {
                self.push_presence(own, available.unwrap_or(true));
                json!({"ok": 1})
            }
            PeopleVerb::Chatstate { id, state } => {
                if let (Some(chat), Some(typing)) = (ChatId::parse(&id), Typing::named(&state)) {
                    self.show_typing(now, own, &chat, typing);
                }
                json!({"ok": 1})
            }
            PeopleVerb::Exists { .. } | PeopleVerb::Picture { .. } | PeopleVerb::PresenceSub { .. } => {
                json!({"error": "unknown"})
            }
        }
    }

    fn page_sets_about(&mut self, own: &Number, about: String) -> Value {
        if about.chars().count() > ABOUT_LIMIT {
            return json!({"error": "bad-content", "field": "about"});
        }
        let profile = Profile {
            about: Some(about),
            ..Profile::default()
        };
        answer(self.set_profile(own, &profile), &json!({"status": 200}))
    }

    fn page_sets_name(&mut self, own: &Number, name: &str) -> Value {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > NAME_LIMIT {
            return json!({"error": "bad-content", "field": "name"});
        }
        let profile = Profile {
            name: Some(name.to_owned()),
            ..Profile::default()
        };
        answer(self.set_profile(own, &profile), &json!({}))
    }

    /// Of oneself, or of a group.
    fn page_sets_picture(&mut self, now: Millis, own: &Number, id: &str, media: Option<String>) -> Value {
        let url = media.as_deref().map(super::people::media_url);
        let url = url.map_or_else(|| json!({}), |url| json!({"url": url}));
        match ChatId::parse(id) {
            Some(ChatId::Person(person)) if person == *own => {
                let profile = Profile {
                    picture: Some(media.map_or(Picture::Removed, Picture::Media)),
                    ..Profile::default()
                };
                answer(self.set_profile(own, &profile), &url)
            }
            Some(ChatId::Group(_)) => match self.page_sets_group(now, own, id, vec![Setting::Picture(media)])
            {
                Ok(_) => url,
                Err(refusal) => json!({"error": refusal.word()}),
            },
            _ => json!({"error": "not-yours"}),
        }
    }

    fn page_blocks(&mut self, actor: Actor<'_>, id: &str, blocked: bool) -> Value {
        let Some(other) = Number::parse(id) else {
            return json!({"error": "bad-id"});
        };
        match self.set_blocked(actor, &other, blocked) {
            Ok(()) => json!({"ids": self.blocklist_for_page(actor.person)}),
            Err(_) => json!({"error": "bad-id"}),
        }
    }

    fn exists(&self, id: &str) -> Value {
        match ChatId::parse(id) {
            Some(ChatId::Person(number)) if number.is_on_whatsapp() => {
                json!({"wid": number.pn(), "lid": number.lid()})
            }
            Some(ChatId::Group(group)) if self.group(&group).is_ok() => json!({"wid": group}),
            _ => json!({}),
        }
    }

    fn watch(&mut self, socket: SocketId, own: &Number, id: &str) -> Option<Value> {
        let number = Number::parse(id)?;
        let online = self.looks_online(own, &number);
        self.sockets.get_mut(&socket)?.watches.insert(number.clone());
        let frame = json!({"t": "presence", "id": number.pn(), "online": online});
        self.push(socket, frame);
        None
    }
}

fn answer(outcome: Result<(), Refusal>, done: &Value) -> Value {
    match outcome {
        Ok(()) => done.clone(),
        Err(Refusal::UnknownMedia) => json!({"error": "unknown-media"}),
        Err(_) => json!({"error": "not-linked"}),
    }
}
