//! Reads what a phone is to send: the body of `POST /_/api/phones/{phone}/messages`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::fields::Fields;
use super::problem::{Problem, Wrong};
use crate::sandbox::network::{ChatId, Content, Kind, MediaKind, Number};

/// Mentions and cards in one message, at most.
const MANY: usize = 256;

/// Options of a poll, at most.
pub(super) const OPTIONS: usize = 12;

/// A message as it was asked for; what is known of a file is still missing.
pub(super) struct Order {
    pub(super) to: ChatId,
    pub(super) kind: Kind,
    /// Name of the object in the body, for complaints.
    pub(super) name: &'static str,
    /// Fields as the page names them.
    pub(super) page: Map<String, Value>,
    pub(super) media: Option<MediaOrder>,
    /// The message that it answers.
    pub(super) quoted: Option<String>,
}

/// The file that goes with a message.
pub(super) struct MediaOrder {
    pub(super) kind: MediaKind,
    pub(super) source: Source,
    pub(super) mime_type: Option<String>,
}

/// Where the file comes from.
pub(super) enum Source {
    /// Stored already, under this id.
    Id(String),
    /// In the request itself.
    Data(Bytes),
}

/// Types by their names in the control API.
const TYPES: [(&str, Kind, Option<MediaKind>); 9] = [
    ("text", Kind::Chat, None),
    ("image", Kind::Image, Some(MediaKind::Image)),
    ("video", Kind::Video, Some(MediaKind::Video)),
    ("audio", Kind::Audio, Some(MediaKind::Audio)),
    ("document", Kind::Document, Some(MediaKind::Document)),
    ("sticker", Kind::Sticker, Some(MediaKind::Sticker)),
    ("location", Kind::Location, None),
    ("contacts", Kind::Vcard, None),
    ("poll", Kind::Poll, None),
];

/// What a field of a media message is called in the page, and for which types there is one.
type Detail = (&'static str, &'static str, &'static [Kind]);

const TEXTS: [Detail; 2] = [
    ("caption", "caption", &[Kind::Image, Kind::Video, Kind::Document]),
    ("filename", "filename", &[Kind::Document]),
];

const FLAGS: [Detail; 3] = [
    ("gif", "isGif", &[Kind::Video]),
    ("animated", "isAnimated", &[Kind::Sticker]),
    ("view_once", "isViewOnce", &[Kind::Image, Kind::Video]),
];

/// Reads an order; what is wrong with it is noted.
pub(super) fn read(fields: &mut Fields) -> Option<Order> {
    let to = fields.needed_chat("to");
    let named = fields.text("type").unwrap_or_else(|| "text".to_owned());
    let Some((name, mut kind, media_kind)) = TYPES.iter().copied().find(|(name, _, _)| *name == named) else {
        let names: Vec<&str> = TYPES.iter().map(|(name, _, _)| *name).collect();
        fields.note(
            "type",
            "unsupported",
            format!("must be one of {}", names.join(", ")),
        );
        return None;
    };
    let mut page = Map::new();
    let mut media = None;
    match kind {
        Kind::Chat => read_text(fields, &mut page),
        Kind::Vcard => kind = read_contacts(fields, &mut page),
        _ => {
            if let Some(mut object) = needed_object(fields, name) {
                match (kind, media_kind) {
                    (Kind::Location, _) => read_location(&mut object, &mut page),
                    (Kind::Poll, _) => read_poll(&mut object, &mut page),
                    (_, Some(sort)) => media = read_media(&mut object, &mut kind, sort, &mut page),
                    _ => {}
                }
                fields.close(object);
            }
        }
    }
    let quoted = read_context(fields);
    let mentions = fields.phones("mentions", MANY);
    if !mentions.is_empty() {
        page.insert(
            "mentionedJidList".to_owned(),
            mentions.iter().map(Number::pn).collect(),
        );
    }
    if fields.flag("forwarded") {
        page.insert("isForwarded".to_owned(), json!(true));
        page.insert("forwardingScore".to_owned(), json!(1));
    }
    Some(Order {
        to: to?,
        kind,
        name,
        page,
        media,
        quoted,
    })
}

/// Reads a message without a file.
pub(super) fn without_file(body: &[u8]) -> Result<(ChatId, Content, Option<String>), Problem> {
    let mut fields = Fields::read(body)?;
    let order = read(&mut fields);
    if order.as_ref().is_some_and(|order| order.media.is_some()) {
        fields.note(
            "type",
            "unsupported",
            "only a running sandbox has a store of files",
        );
    }
    let order = fields.done_with(order)?;
    let content = finished(&order)?;
    Ok((order.to, content, order.quoted))
}

/// What is sent, once everything is known of it.
pub(super) fn finished(order: &Order) -> Result<Content, Problem> {
    let wrong = |_| {
        Problem::invalid(vec![Wrong {
            pointer: format!("/{}", order.name),
            code: "bad_content",
            detail: "a message cannot say this".to_owned(),
        }])
    };
    Content::of(order.kind, &order.page).map_err(wrong)
}

fn needed_object(fields: &mut Fields, name: &str) -> Option<Fields> {
    if !fields.has(name) {
        fields.note(name, "missing", "is required");
    }
    fields.object(name)
}

fn read_context(fields: &mut Fields) -> Option<String> {
    let mut context = fields.object("context")?;
    let id = context.needed_text("message_id");
    fields.close(context);
    id
}

/// `"text":"…"` or `"text":{"body":"…"}`, the latter with a preview of a link.
fn read_text(fields: &mut Fields, page: &mut Map<String, Value>) {
    let mut put = |name: &str, text: Option<String>| {
        if let Some(text) = text {
            page.insert(name.to_owned(), json!(text));
        }
    };
    if fields.is_text("text") || !fields.has("text") {
        return put("body", fields.needed_text("text"));
    }
    let Some(mut text) = fields.object("text") else {
        return;
    };
    put("body", text.needed_text("body"));
    // The public API has this one; a phone makes no preview by itself.
    text.flag("preview_url");
    if let Some(mut preview) = text.object("preview") {
        let url = preview.needed_text("url");
        put("matchedText", url.clone());
        put("canonicalUrl", url);
        put("title", preview.needed_text("title"));
        put("description", preview.text("description"));
        text.close(preview);
    }
    fields.close(text);
}

fn read_location(object: &mut Fields, page: &mut Map<String, Value>) {
    let latitude = object.needed_real("latitude", -90.0, 90.0);
    let longitude = object.needed_real("longitude", -180.0, 180.0);
    let (name, address) = (object.text("name"), object.text("address"));
    let lines: Vec<String> = [name, address].into_iter().flatten().collect();
    page.insert("lat".to_owned(), json!(latitude));
    page.insert("lng".to_owned(), json!(longitude));
    if !lines.is_empty() {
        page.insert("loc".to_owned(), json!(lines.join("\n")));
    }
    if let Some(url) = object.text("url") {
        page.insert("clientUrl".to_owned(), json!(url));
    }
}

fn read_poll(object: &mut Fields, page: &mut Map<String, Value>) {
    let name = object.needed_text("name");
    let before = object.complaints();
    let options = object.texts("options", OPTIONS);
    let different = options.iter().enumerate();
    let different = different
        .clone()
        .all(|(place, option)| !options[..place].contains(option));
    let sound = options
        .iter()
        .all(|option| !option.trim().is_empty() && option.chars().count() <= 100);
    if object.complaints() == before && (options.is_empty() || !different || !sound) {
        let detail = format!("must be 1 to {OPTIONS} different names of at most 100 characters");
        object.note("options", "out_of_range", detail);
    }
    let selectable = object.whole("selectable_count", OPTIONS as u64).unwrap_or(0);
    page.insert("pollName".to_owned(), json!(name));
    let options = options.iter().map(|option| json!({"name": option}));
    page.insert("pollOptions".to_owned(), options.collect());
    page.insert("pollSelectableOptionsCount".to_owned(), json!(selectable));
}

/// One card is a message of another kind than several.
fn read_contacts(fields: &mut Fields, page: &mut Map<String, Value>) -> Kind {
    let before = fields.complaints();
    let objects = fields.objects("contacts", MANY);
    if objects.is_empty() && fields.complaints() == before {
        fields.note("contacts", "missing", "must name 1 to 256 people");
    }
    let mut cards = Vec::new();
    for mut object in objects {
        cards.extend(read_card(&mut object));
        fields.close(object);
    }
    if let [(name, vcard)] = cards.as_slice() {
        page.insert("vcardFormattedName".to_owned(), json!(name));
        page.insert("body".to_owned(), json!(vcard));
        return Kind::Vcard;
    }
    let cards = cards
        .iter()
        .map(|(name, vcard)| json!({"displayName": name, "vcard": vcard}));
    page.insert("vcardList".to_owned(), cards.collect());
    Kind::MultiVcard
}

/// A card's name, and the card as it is sent.
fn read_card(object: &mut Fields) -> Option<(String, String)> {
    if object.has("vcard") {
        let vcard = object.needed_text("vcard")?;
        let name = vcard.lines().find_map(|line| line.strip_prefix("FN:"));
        return Some((name.unwrap_or_default().trim().to_owned(), vcard));
    }
    let mut named = needed_object(object, "name")?;
    let name = named.needed_text("formatted_name");
    object.close(named);
    let mut lines = String::new();
    let before = object.complaints();
    let phones = object.objects("phones", 16);
    if phones.is_empty() && object.complaints() == before {
        object.note("phones", "missing", "must have at least one");
    }
    for mut phone in phones {
        if let Some(number) = phone.needed_phone("phone") {
            lines += &format!("TEL;type=CELL;type=VOICE;waid={number}:+{number}\n");
        }
        object.close(phone);
    }
    let name = name?.replace(['\n', '\r'], " ");
    let vcard = format!("BEGIN:VCARD\nVERSION:3.0\nN:;{name};;;\nFN:{name}\n{lines}END:VCARD");
    Some((name, vcard))
}

fn read_media(
    object: &mut Fields,
    kind: &mut Kind,
    sort: MediaKind,
    page: &mut Map<String, Value>,
) -> Option<MediaOrder> {
    if *kind == Kind::Audio && object.flag("voice") {
        *kind = Kind::Ptt;
    }
    for (name, field, kinds) in TEXTS {
        if kinds.contains(kind)
            && let Some(text) = object.text(name)
        {
            page.insert(field.to_owned(), json!(text));
        }
    }
    for (name, field, kinds) in FLAGS {
        if kinds.contains(kind) && object.flag(name) {
            page.insert(field.to_owned(), json!(true));
        }
    }
    if matches!(*kind, Kind::Audio | Kind::Ptt | Kind::Video)
        && let Some(seconds) = object.whole("seconds", 1_000_000)
    {
        page.insert("duration".to_owned(), json!(seconds));
    }
    let mime_type = object.text("mime_type");
    let source = read_source(object)?;
    Some(MediaOrder {
        kind: sort,
        source,
        mime_type,
    })
}

fn read_source(object: &mut Fields) -> Option<Source> {
    if object.has("media") == object.has("data") {
        object.long_text("data");
        object.note(
            "media",
            "missing",
            "give either `media`, the id of an upload, or `data`, base64",
        );
        object.text("media");
        return None;
    }
    if object.has("media") {
        return object.needed_text("media").map(Source::Id);
    }
    let data = object.long_text("data")?;
    match STANDARD.decode(data.trim()) {
        Ok(bytes) if !bytes.is_empty() => Some(Source::Data(Bytes::from(bytes))),
        _ => {
            object.note("data", "invalid_base64", "must be base64 of at least one byte");
            None
        }
    }
}
