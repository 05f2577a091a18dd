//! How the control API shows what a message says: names of its own, the same for all clients.

use serde_json::{Map, Value, json};

use super::content::{Content, Kind};
use super::number::Number;

impl Content {
    /// The object that stands under the name of the type. Fields that say nothing are left out.
    pub(crate) fn to_public(&self) -> Value {
        match self.kind {
            Kind::Chat => self.public_text(),
            Kind::Location => self.public_location(),
            Kind::Vcard => json!([card(
                self.text_of("vcardFormattedName").unwrap_or_default(),
                self.text_of("body").unwrap_or_default()
            )]),
            Kind::MultiVcard => {
                let cards = self.field("vcardList").and_then(Value::as_array);
                let cards = cards.into_iter().flatten();
                let text = |entry: &Value, name: &str| entry[name].as_str().unwrap_or_default().to_owned();
                cards
                    .map(|entry| card(&text(entry, "displayName"), &text(entry, "vcard")))
                    .collect()
            }
            Kind::Poll => self.public_poll(),
            Kind::Notice => self.renamed(&[("subtype", "action"), ("body", "body")], |object| {
                object.insert("recipients".to_owned(), self.people("recipients"));
            }),
            Kind::Revoked => json!({}),
            _ => self.public_media(),
        }
    }

    /// Whom it mentions, by number.
    pub(crate) fn mentions(&self) -> Value {
        self.people("mentionedJidList")
    }

    /// The message that it answers: its id, who wrote it, and what it said.
    pub(crate) fn quoted(&self) -> Option<Value> {
        let id = self.field("quotedStanzaID")?;
        let writer = self.text_of("quotedParticipant").and_then(Number::parse);
        let told = self.field("quotedMsg").and_then(Value::as_object);
        let told = told.and_then(|given| Kind::named(given.get("type")?.as_str()?).map(|kind| (kind, given)));
        let quoted = told.and_then(|(kind, given)| Content::of(kind, given).ok());
        Some(json!({
            "wa_message_id": id, "author": writer,
            "type": told.map(|(kind, _)| kind.public_name()),
            "body": quoted.as_ref().map(Content::body).or_else(|| told?.1.get("body")?.as_str()),
        }))
    }

    /// Whether it was sent on.
    pub(crate) fn is_forwarded(&self) -> bool {
        self.field("isForwarded") == Some(&json!(true))
    }

    fn people(&self, field: &str) -> Value {
        let wids = self.field(field).and_then(Value::as_array);
        let people = wids.into_iter().flatten().filter_map(Value::as_str);
        people
            .filter_map(Number::parse)
            .map(|number| json!(number))
            .collect()
    }

    /// Fields under other names, and what else belongs to it.
    fn renamed(&self, names: &[(&str, &str)], more: impl FnOnce(&mut Map<String, Value>)) -> Value {
        let mut object = Map::new();
        for (page, public) in names {
            if let Some(value) = self.field(page) {
                object.insert((*public).to_owned(), value.clone());
            }
        }
        more(&mut object);
        Value::Object(object)
    }

    fn public_text(&self) -> Value {
        self.renamed(
            &[
                ("body", "body"),
                ("backgroundColor", "background"),
                ("font", "font"),
            ],
            |object| {
                if self.field("title").is_some() || self.field("canonicalUrl").is_some() {
                    let preview = [
                        ("title", "title"),
                        ("description", "description"),
                        ("canonicalUrl", "url"),
                        ("thumbnail", "thumbnail"),
                    ];
                    object.insert("preview".to_owned(), self.renamed(&preview, |_| {}));
                }
            },
        )
    }

    fn public_location(&self) -> Value {
        let names = [
            ("lat", "latitude"),
            ("lng", "longitude"),
            ("clientUrl", "url"),
            ("body", "thumbnail"),
        ];
        self.renamed(&names, |object| {
            let mut lines = self.text_of("loc").unwrap_or_default().splitn(2, '\n');
            for name in ["name", "address"] {
                if let Some(line) = lines.next().filter(|line| !line.is_empty()) {
                    object.insert(name.to_owned(), json!(line));
                }
            }
        })
    }

    fn public_poll(&self) -> Value {
        let names = [
            ("pollName", "name"),
            ("pollSelectableOptionsCount", "selectable_count"),
        ];
        self.renamed(&names, |object| {
            let options = self.field("pollOptions").and_then(Value::as_array);
            let names = options.into_iter().flatten().map(|option| option["name"].clone());
            object.insert("options".to_owned(), names.collect());
        })
    }

    fn public_media(&self) -> Value {
        let names = [
            ("mediaId", "media"),
            ("mimetype", "mime_type"),
            ("filehash", "filehash"),
            ("size", "size"),
            ("width", "width"),
            ("height", "height"),
            ("duration", "seconds"),
            ("caption", "caption"),
            ("filename", "filename"),
            ("pageCount", "pages"),
            ("isGif", "gif"),
            ("isAnimated", "animated"),
            ("isViewOnce", "view_once"),
            ("waveform", "waveform"),
            ("body", "thumbnail"),
        ];
        self.renamed(&names, |object| {
            if self.kind == Kind::Ptt {
                object.insert("voice".to_owned(), json!(true));
            }
        })
    }
}

/// A contact card: the name, the numbers in it, and the whole card.
fn card(name: &str, vcard: &str) -> Value {
    let numbers = vcard
        .lines()
        .filter(|line| line.starts_with("TEL") || line.contains(".TEL"));
    let numbers = numbers.filter_map(|line| line.rsplit_once(':'));
    let phones: Vec<Value> = numbers
        .map(|(_, number)| json!({"phone": number.trim()}))
        .collect();
    let formatted = vcard.lines().find_map(|line| line.strip_prefix("FN:"));
    let name = if name.is_empty() {
        formatted.unwrap_or_default()
    } else {
        name
    };
    json!({"name": {"formatted_name": name.trim()}, "phones": phones, "vcard": vcard})
}
