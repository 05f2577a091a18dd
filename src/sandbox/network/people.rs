//! What people say about themselves, whom they want to hear nothing from, and what others see of them: names, texts,
//! pictures, presence, who is typing.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::changes::Actor;
use super::chat_id::ChatId;
use super::media::MediaKind;
use super::number::Number;
use super::state::{Millis, News, Phone};
use super::traces::Trace;
use super::verbs::ROBOT_ABOUT;
use super::{Network, Refusal, SocketId};

/// The longest name of a person, in characters.
pub(crate) const NAME_LIMIT: usize = 100;

/// The longest text about oneself, in characters (WhatsApp's help center, "How to edit your profile").
pub(crate) const ABOUT_LIMIT: usize = 139;

/// Names that one account keeps at most.
const CONTACTS_LIMIT: usize = 10_000;

/// Who has typed for this long without a further sign is not typing any more.
const TYPING_MS: Millis = 25_000;

/// The picture of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Picture {
    /// The one that is drawn for everybody who has none.
    #[default]
    Drawn,
    /// Media of this id.
    Media(String),
    /// None, and wants none.
    Removed,
}

/// What somebody does in a chat at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Typing {
    Composing,
    Recording,
    Paused,
}

impl Typing {
    /// The names of the states.
    pub(crate) const NAMES: [(&'static str, Typing); 3] = [
        ("composing", Typing::Composing),
        ("recording", Typing::Recording),
        ("paused", Typing::Paused),
    ];

    /// The state of this name.
    pub(crate) fn named(name: &str) -> Option<Typing> {
        let known = Typing::NAMES.iter().find(|(known, _)| *known == name);
        known.map(|(_, typing)| *typing)
    }

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        let known = Typing::NAMES.iter().find(|(_, typing)| *typing == self);
        known.map_or("paused", |(name, _)| name)
    }
}

/// What of a profile is set; the rest stays.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Profile {
    pub(crate) name: Option<String>,
    pub(crate) about: Option<String>,
    pub(crate) picture: Option<Picture>,
}

/// Where a page finds media.
pub(super) fn media_url(id: &str) -> String {
    format!("https://web.whatsapp.com/media/{id}")
}

impl Network {
    /// The owner of a phone changes what others see of it, on the phone.
    pub(crate) fn change_profile(
        &mut self,
        now: Millis,
        phone: &Number,
        profile: &Profile,
    ) -> Result<(), Refusal> {
        self.advance(now);
        self.set_profile(phone, profile)
    }

    /// Changes a profile, and tells those who see it.
    pub(super) fn set_profile(&mut self, own: &Number, profile: &Profile) -> Result<(), Refusal> {
        if let Some(Picture::Media(id)) = &profile.picture
            && !self.is_picture(id)
        {
            return Err(Refusal::UnknownMedia);
        }
        let phone = self.state.phone_mut(own).ok_or(Refusal::UnknownPhone)?;
        let before = (phone.name.clone(), phone.about.clone(), phone.picture.clone());
        if let Some(name) = &profile.name {
            phone.name.clone_from(name);
        }
        if let Some(about) = &profile.about {
            phone.about.clone_from(about);
        }
        if let Some(picture) = &profile.picture {
            phone.picture = picture.clone();
        }
        let (named, pictured) = (phone.name != before.0, phone.picture != before.2);
        let about = (phone.about != before.1).then(|| phone.about.clone());
        if named || pictured {
            self.show_contact(own);
            self.trace_person(own);
        }
        if let Some(about) = about {
            let frame = json!({"t": "about", "id": own.pn(), "about": about});
            for (socket, _) in self.onlookers(own) {
                self.push(socket, frame.clone());
            }
        }
        self.touch();
        Ok(())
    }

    /// The owner of a phone blocks somebody or lets them in again, on the phone.
    pub(crate) fn block(
        &mut self,
        now: Millis,
        phone: &Number,
        other: &Number,
        blocked: bool,
    ) -> Result<(), Refusal> {
        self.advance(now);
        let actor = Actor {
            person: phone,
            session: None,
        };
        self.set_blocked(actor, other, blocked)
    }

    /// Blocks somebody or lets them in again, and tells the other devices. Neither sees from now on whether the other is
    /// there, or does again.
    pub(super) fn set_blocked(
        &mut self,
        actor: Actor<'_>,
        other: &Number,
        blocked: bool,
    ) -> Result<(), Refusal> {
        let own = actor.person;
        let phone = self.state.phone_mut(own).ok_or(Refusal::UnknownPhone)?;
        if own == other {
            return Err(Refusal::OwnNumber);
        }
        let changed = if blocked {
            phone.blocked.insert(other.clone())
        } else {
            phone.blocked.remove(other)
        };
        if !changed {
            return Ok(());
        }
        let news = json!({"t": "blocklist", "ids": self.blocklist_for_page(own)});
        for session in self.state.sessions_of(own) {
            // One that is away finds the list when it is back.
            if let Some(socket) = self.socket_of(&session)
                && actor.session != Some(session.as_str())
            {
                self.push(socket, news.clone());
            }
        }
        for (seen, by) in [(own, other), (other, own)] {
            let online = self.looks_online(by, seen);
            for socket in self.sockets_watching(seen) {
                if self.phone_of(socket).as_ref() == Some(by) {
                    let frame = json!({"t": "presence", "id": seen.pn(), "online": online});
                    self.push(socket, frame);
                }
            }
        }
        self.touch();
        Ok(())
    }

    /// WhatsApp bans a phone: all its pages are logged out, and it links none any more.
    pub(crate) fn ban(&mut self, now: Millis, phone: &Number) -> Result<(), Refusal> {
        self.advance(now);
        if !self.state.phones.contains_key(phone) {
            return Err(Refusal::UnknownPhone);
        }
        self.state.banned.insert(phone.clone());
        self.state.traces.leave(Trace::Phone(phone.clone()));
        self.unlink_all(phone, "account_banned");
        Ok(())
    }

    /// The owner of a phone types in a chat, on the phone.
    pub(crate) fn types_on_phone(
        &mut self,
        now: Millis,
        phone: &Number,
        chat: &ChatId,
        typing: Typing,
    ) -> Result<(), Refusal> {
        self.advance(now);
        if !self.state.phones.contains_key(phone) {
            return Err(Refusal::UnknownPhone);
        }
        match chat {
            ChatId::Person(person) if person == phone => return Err(Refusal::OwnNumber),
            ChatId::Person(person) if !person.is_on_whatsapp() => return Err(Refusal::NotOnWhatsApp),
            ChatId::Person(_) => {}
            ChatId::Group(group) if self.groups_of(phone).contains(group) => {}
            ChatId::Group(_) | ChatId::Status => return Err(Refusal::UnknownGroup),
        }
        self.show_typing(now, phone, chat, typing);
        Ok(())
    }

    /// Shows those in the chat that `own` is typing, or has stopped. It is kept nowhere but in memory.
    pub(super) fn show_typing(&mut self, now: Millis, own: &Number, chat: &ChatId, typing: Typing) {
        self.typing.retain(|_, (_, since)| now - *since < TYPING_MS);
        let key = (chat.clone(), own.clone());
        match typing {
            Typing::Paused => self.typing.remove(&key),
            _ => self.typing.insert(key, (typing, now)),
        };
        let shown = Trace::Typing(chat.clone(), own.clone());
        self.state.traces.leave(shown);
        let mut frame = json!({"t": "presence", "id": own.pn(), "online": true, "state": typing.name()});
        let audience = match chat {
            ChatId::Person(person) => vec![person.clone()],
            ChatId::Group(_) if self.may_write(own, chat).is_ok() => {
                frame["chat"] = json!(chat.wid());
                self.recipients(own, chat)
            }
            ChatId::Group(_) | ChatId::Status => Vec::new(),
        };
        for person in audience {
            if person == *own || self.is_hidden(own, &person) {
                continue;
            }
            for session in self.state.sessions_of(&person) {
                if let Some(socket) = self.socket_of(&session) {
                    self.push(socket, frame.clone());
                }
            }
        }
        self.touch();
    }

    /// A message has come: its writer is not typing any more.
    pub(super) fn stops_typing(&mut self, person: &Number, chat: &ChatId) {
        if self.typing.remove(&(chat.clone(), person.clone())).is_some() {
            let stopped = Trace::Typing(chat.clone(), person.clone());
            self.state.traces.leave(stopped);
        }
    }

    /// Who types in a chat as `owner` has it.
    pub(crate) fn typing_in(&self, owner: &Number, chat: &ChatId, now: Millis) -> Vec<(Number, Typing)> {
        let typing = self.typing.iter().filter(|((at, by), (_, since))| {
            let here = match chat {
                ChatId::Person(peer) => by == peer && at.person() == Some(owner),
                chat => at == chat,
            };
            here && by != owner && now - *since < TYPING_MS && !self.is_hidden(by, owner)
        });
        typing
            .map(|((_, by), (typing, _))| (by.clone(), *typing))
            .collect()
    }

    /// Whether these two see nothing of one another, because one of them has blocked the other.
    pub(super) fn is_hidden(&self, one: &Number, other: &Number) -> bool {
        self.has_blocked(one, other) || self.has_blocked(other, one)
    }

    /// Whether `viewer` sees that `number` is online.
    pub(super) fn looks_online(&self, viewer: &Number, number: &Number) -> bool {
        self.seems_online(number) && !self.is_hidden(viewer, number)
    }

    /// Sockets that want to hear of this number's presence.
    pub(super) fn sockets_watching(&self, number: &Number) -> Vec<SocketId> {
        let watching = self.sockets.iter();
        let watching = watching.filter(|(_, socket)| socket.watches.contains(number));
        watching.map(|(id, _)| *id).collect()
    }

    /// What `viewer` reads about somebody; nothing if it was blocked there.
    pub(super) fn about_for(&self, viewer: &Number, id: &str) -> Option<String> {
        let number = Number::parse(id).filter(Number::is_on_whatsapp)?;
        if self.has_blocked(&number, viewer) {
            return None;
        }
        let known = self.state.phones.get(&number).map(|phone| phone.about.clone());
        Some(known.unwrap_or_else(|| ROBOT_ABOUT.to_owned()))
    }

    /// Where the picture of a person or a group is.
    pub(super) fn picture_for(&self, viewer: Option<&Number>, id: &str) -> Option<String> {
        match ChatId::parse(id)? {
            ChatId::Person(number) => {
                let hidden = viewer.is_some_and(|viewer| self.has_blocked(&number, viewer));
                (!hidden).then(|| self.picture_url(&number)).flatten()
            }
            ChatId::Group(group) => self.state.groups.get(&group)?.picture.as_deref().map(media_url),
            ChatId::Status => None,
        }
    }

    fn picture_url(&self, number: &Number) -> Option<String> {
        if !number.is_on_whatsapp() {
            return None;
        }
        let drawn = || format!("https://web.whatsapp.com/pictures/{}.svg", number.digits());
        match self.state.phones.get(number).map(|phone| &phone.picture) {
            None | Some(Picture::Drawn) => Some(drawn()),
            Some(Picture::Media(id)) => Some(media_url(id)),
            Some(Picture::Removed) => None,
        }
    }

    /// Whether there is media of this id that can be somebody's picture.
    pub(super) fn is_picture(&self, id: &str) -> bool {
        let media = self.state.media.get(id);
        media.is_some_and(|media| MediaKind::Image.rule().takes(&media.what.mimetype))
    }

    /// Keeps a name of one's own for somebody, or the one that they give themselves.
    pub(super) fn save_contact(&mut self, actor: Actor<'_>, other: &Number, name: Option<&str>) {
        let Some(phone) = self.state.phones.get_mut(actor.person) else {
            return;
        };
        match name {
            Some(name) if phone.contacts.len() < CONTACTS_LIMIT => {
                phone.contacts.insert(other.clone(), name.to_owned());
            }
            Some(_) => return,
            None => drop(phone.contacts.remove(other)),
        }
        let mut frame = self.contact_for_page(actor.person, other);
        frame["t"] = json!("contact");
        self.tell_others(actor.person, actor.session, &News::Frame(frame));
        self.touch();
    }

    /// Somebody as this account knows them, for its pages.
    pub(super) fn contact_for_page(&self, viewer: &Number, number: &Number) -> Value {
        let phone = self.state.phones.get(viewer);
        let kept = phone.and_then(|phone| phone.contacts.get(number)).cloned();
        let pushname = self.name_of(number);
        let name = kept.as_ref().unwrap_or(&pushname);
        let mut entry = json!({"id": number.pn(), "lid": number.lid(), "name": name, "pushname": pushname});
        if let Some(url) = self.picture_for(Some(viewer), &number.pn()) {
            entry["picture"] = json!(url);
        }
        entry
    }

    /// Everybody whom an account knows: all phones, with whom it has chats, and who is in its groups.
    pub(super) fn contacts_for_page(
        &self,
        own: &Number,
        chats: &[(&ChatId, &super::state::Chat)],
    ) -> Vec<Value> {
        let mut strangers: Vec<Number> = chats
            .iter()
            .filter_map(|(chat, _)| chat.person().cloned())
            .collect();
        for group in self.groups_of(own) {
            let group = self.state.groups.get(&group);
            strangers.extend(
                group
                    .into_iter()
                    .flat_map(|group| group.participants.keys().cloned()),
            );
        }
        strangers.sort_unstable();
        strangers.dedup();
        let strangers = strangers
            .iter()
            .filter(|person| !self.state.phones.contains_key(person));
        let known = self.state.phones.keys().chain(strangers);
        known.map(|number| self.contact_for_page(own, number)).collect()
    }

    /// Whom an account has blocked, as pages name them.
    pub(super) fn blocklist_for_page(&self, own: &Number) -> Vec<String> {
        let phone = self.state.phones.get(own);
        let blocked = phone.into_iter().flat_map(|phone| &phone.blocked);
        blocked.map(Number::pn).collect()
    }

    /// Tells all who see this phone what it is called and looks like now. A page that is away finds it when it is back.
    fn show_contact(&mut self, own: &Number) {
        for (socket, viewer) in self.onlookers(own) {
            let mut frame = self.contact_for_page(&viewer, own);
            frame["t"] = json!("contact");
            self.push(socket, frame);
        }
    }

    /// Chats with this person and the groups they are in are shown otherwise now.
    fn trace_person(&mut self, own: &Number) {
        let chat = ChatId::from(own);
        let phones = self.state.phones.iter();
        let owners = phones.filter(|(_, phone)| phone.chats.contains_key(&chat));
        let owners: Vec<Number> = owners.map(|(owner, _)| owner.clone()).collect();
        for owner in owners {
            self.state.traces.leave(Trace::Chat(owner, chat.clone()));
        }
        for group in self.groups_of(own) {
            self.state.traces.leave(Trace::Group(group));
        }
    }

    /// The pages that see this phone, its own among them.
    fn onlookers(&self, own: &Number) -> Vec<(SocketId, Number)> {
        let seated = self
            .sockets
            .keys()
            .filter_map(|socket| Some((*socket, self.phone_of(*socket)?)));
        seated
            .filter(|(_, viewer)| !self.has_blocked(own, viewer))
            .collect()
    }

    /// Pictures that people and groups wear: their media ids.
    pub(super) fn pictures_worn(&self) -> impl Iterator<Item = &String> {
        let people = self.state.phones.values().filter_map(Phone::picture_id);
        let groups = self.state.groups.values();
        people.chain(groups.filter_map(|group| group.picture.as_ref()))
    }
}

impl Phone {
    /// The media that its owner has set as a picture.
    pub(crate) fn picture_id(&self) -> Option<&String> {
        match &self.picture {
            Picture::Media(id) => Some(id),
            Picture::Drawn | Picture::Removed => None,
        }
    }
}
