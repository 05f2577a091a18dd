//! What a message says: its type and its fields, checked against the table in `content_fields`.

use serde::de::Error as _;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::content_fields::fields_of;

/// Types of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    /// A text.
    Chat,
    Image,
    Video,
    /// A sound file.
    Audio,
    /// A voice note.
    Ptt,
    Document,
    Sticker,
    Location,
    /// One person's card.
    Vcard,
    /// Several cards.
    MultiVcard,
    Poll,
    /// What has happened in a group; the server alone makes these.
    Notice,
    /// What is left of a message that was taken back.
    Revoked,
}

impl Kind {
    const NAMES: [(&'static str, &'static str, Kind); 13] = [
        ("chat", "text", Kind::Chat),
        ("image", "image", Kind::Image),
        ("video", "video", Kind::Video),
        ("audio", "audio", Kind::Audio),
        ("ptt", "audio", Kind::Ptt),
        ("document", "document", Kind::Document),
        ("sticker", "sticker", Kind::Sticker),
        ("location", "location", Kind::Location),
        ("vcard", "contacts", Kind::Vcard),
        ("multi_vcard", "contacts", Kind::MultiVcard),
        ("poll_creation", "poll", Kind::Poll),
        ("gp2", "system", Kind::Notice),
        ("revoked", "revoked", Kind::Revoked),
    ];

    /// The kind that the page calls so.
    pub(crate) fn named(name: &str) -> Option<Kind> {
        let found = Kind::NAMES.iter().find(|(page, _, _)| *page == name);
        found.map(|(_, _, kind)| *kind)
    }

    fn names(self) -> (&'static str, &'static str) {
        let found = Kind::NAMES.iter().find(|(_, _, kind)| *kind == self);
        found.map_or(("", ""), |(page, public, _)| (page, public))
    }

    /// The page's word for it.
    pub(crate) fn name(self) -> &'static str {
        self.names().0
    }

    /// The control API's word for it.
    pub(crate) fn public_name(self) -> &'static str {
        self.names().1
    }

    /// Whether it carries a file.
    pub(crate) fn is_media(self) -> bool {
        matches!(
            self,
            Kind::Image | Kind::Video | Kind::Audio | Kind::Ptt | Kind::Document | Kind::Sticker
        )
    }
}

/// Why a content is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadContent {
    /// There is no such type, or pages may not send it.
    Type,
    /// This field is missing, or something stands in it that may not.
    Field(&'static str),
}

impl BadContent {
    /// The answer to a page.
    pub(super) fn answer(self) -> Value {
        match self {
            BadContent::Type => json!({"error": "bad-type"}),
            BadContent::Field(field) => json!({"error": "bad-content", "field": field}),
        }
    }
}

/// A type and its fields, in the order of the table. Written as one object with `type` and the fields beside it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Content {
    pub(crate) kind: Kind,
    fields: Vec<(&'static str, Value)>,
}

impl Content {
    /// A text.
    pub(crate) fn text(body: &str) -> Content {
        Content {
            kind: Kind::Chat,
            fields: vec![("body", json!(body))],
        }
    }

    /// What has happened in a group: its action, those whom it has happened to, and a text that belongs to it.
    pub(crate) fn notice(action: &'static str, recipients: &[String], body: Option<&str>) -> Content {
        let mut fields = vec![("subtype", json!(action)), ("recipients", json!(recipients))];
        fields.extend(body.map(|body| ("body", json!(body))));
        Content {
            kind: Kind::Notice,
            fields,
        }
    }

    /// What is left of a message that was taken back.
    pub(crate) fn revoked() -> Content {
        Content {
            kind: Kind::Revoked,
            fields: Vec::new(),
        }
    }

    /// What a page wants to send: `type` and the fields of that type. Fields that the type does not have are dropped.
    pub(crate) fn from_page(given: &Map<String, Value>) -> Result<Content, BadContent> {
        let named = given.get("type").and_then(Value::as_str).and_then(Kind::named);
        match named {
            Some(kind) if kind != Kind::Notice && kind != Kind::Revoked => Content::of(kind, given),
            _ => Err(BadContent::Type),
        }
    }

    /// A content of this kind, of the fields that are given.
    pub(crate) fn of(kind: Kind, given: &Map<String, Value>) -> Result<Content, BadContent> {
        let mut fields = Vec::new();
        for (name, needed, shape) in fields_of(kind) {
            match given.get(name) {
                None | Some(Value::Null) if needed => return Err(BadContent::Field(name)),
                None | Some(Value::Null) => {}
                Some(value) => fields.push((name, shape.kept(value).ok_or(BadContent::Field(name))?)),
            }
        }
        fields.shrink_to_fit();
        Ok(Content { kind, fields })
    }

    /// Type and fields as the page has them.
    pub(crate) fn to_page(&self) -> Map<String, Value> {
        let mut page = Map::new();
        page.insert("type".to_owned(), json!(self.kind.name()));
        for (name, value) in &self.fields {
            page.insert((*name).to_owned(), value.clone());
        }
        page
    }

    /// One field.
    pub(crate) fn field(&self, name: &str) -> Option<&Value> {
        let found = self.fields.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value)
    }

    /// One field that is a text.
    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        self.field(name).and_then(Value::as_str)
    }

    fn set(&mut self, name: &'static str, value: Value) {
        match self.fields.iter_mut().find(|(known, _)| *known == name) {
            Some((_, kept)) => *kept = value,
            None => self.fields.push((name, value)),
        }
    }

    /// Whether it says nothing by itself: a notice, or what is left of a message.
    pub(crate) fn is_hollow(&self) -> bool {
        matches!(self.kind, Kind::Notice | Kind::Revoked)
    }

    /// The file it carries.
    pub(crate) fn media_id(&self) -> Option<&str> {
        self.text_of("mediaId")
    }

    /// What a person reads at a glance: the text, the caption, the name of what was sent.
    pub(crate) fn body(&self) -> &str {
        let names: &[&str] = match self.kind {
            Kind::Chat | Kind::Notice => &["body"],
            Kind::Document => &["caption", "filename"],
            Kind::Location => &["loc"],
            Kind::Vcard => &["vcardFormattedName"],
            Kind::Poll => &["pollName"],
            _ => &["caption"],
        };
        let mut texts = names.iter().filter_map(|name| self.text_of(name));
        texts.find(|text| !text.is_empty()).unwrap_or_default()
    }

    /// The field that an edit changes, where it can be edited.
    pub(crate) fn editable(&self) -> Option<&'static str> {
        match self.kind {
            Kind::Chat => Some("body"),
            Kind::Image | Kind::Video | Kind::Document => Some("caption"),
            _ => None,
        }
    }

    /// Puts another text in its place. Answers whether it can be edited.
    pub(crate) fn edit(&mut self, text: &str) -> bool {
        let Some(field) = self.editable() else {
            return false;
        };
        self.set(field, json!(text));
        true
    }

    /// The same as it goes on to others: without what it quoted, and marked as forwarded.
    pub(crate) fn forwarded(&self) -> Content {
        let mut copy = self.clone();
        copy.fields.retain(|(name, _)| !name.starts_with("quoted"));
        let score = self.field("forwardingScore").and_then(Value::as_u64).unwrap_or(0);
        copy.set("isForwarded", json!(true));
        copy.set("forwardingScore", json!((score + 1).min(127)));
        copy
    }

    /// The same as an answer to the message `id` that `writer` has written.
    pub(crate) fn quoting(mut self, id: &str, writer: &str, chat: Option<&str>, quoted: &Content) -> Content {
        self.set("quotedStanzaID", json!(id));
        self.set("quotedParticipant", json!(writer));
        self.set("quotedMsg", Value::Object(quoted.digest()));
        if let Some(chat) = chat {
            self.set("quotedRemoteJid", json!(chat));
        }
        self
    }

    /// What an answer tells of it: enough to show, and never long.
    fn digest(&self) -> Map<String, Value> {
        let mut digest = Map::new();
        digest.insert("type".to_owned(), json!(self.kind.name()));
        for (name, value) in &self.fields {
            let told = match value {
                Value::String(text) if text.chars().count() > 1_024 => {
                    json!(text.chars().take(1_024).collect::<String>())
                }
                other => other.clone(),
            };
            // A thumbnail cut short is none.
            let thumbnail = self.kind != Kind::Chat && self.kind != Kind::Vcard && *name == "body";
            let fits = told.to_string().len() <= 2_048;
            if fits && !thumbnail && !name.starts_with("quoted") && *name != "thumbnail" {
                digest.insert((*name).to_owned(), told);
            }
        }
        digest
    }
}

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.fields.len() + 1))?;
        map.serialize_entry("type", self.kind.name())?;
        for (name, value) in &self.fields {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Content {
    /// What was checked once is not checked again: rules may have become stricter since.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Content, D::Error> {
        let mut given = Map::deserialize(deserializer)?;
        let named = given.get("type").and_then(Value::as_str).and_then(Kind::named);
        let kind = named.ok_or_else(|| D::Error::custom("a message without a known type"))?;
        let fields = fields_of(kind);
        let mut fields: Vec<_> = fields
            .filter_map(|(name, _, _)| Some((name, given.remove(name)?)))
            .collect();
        fields.shrink_to_fit();
        Ok(Content { kind, fields })
    }
}
