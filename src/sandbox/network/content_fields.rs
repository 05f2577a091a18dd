//! Which fields each type of message has, and what may stand in them. Names are those of the real page's model.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::chat_id::ChatId;
use super::content::Kind;

/// The longest text of a message, in characters.
pub(crate) const TEXT_LIMIT: usize = 65_536;

/// The longest short text: a name, a title, an address of a web page.
const SHORT: usize = 4_096;

/// A thumbnail has at most this many bytes.
const THUMBNAIL: usize = 64 * 1024;

/// Mentions, cards and the like in one message.
const MANY: usize = 256;

/// Options of a poll.
const POLL_OPTIONS: usize = 12;

/// What is told of a quoted message, as JSON, has at most this many bytes.
const QUOTED: usize = 8 * 1024;

/// What may stand in a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Shape {
    /// A text of at most so many characters.
    Text(usize),
    /// Base64 of at most so many bytes.
    Base64(usize),
    /// A whole number from 0 to this; digits in a string are taken, too.
    Whole(u64),
    /// A number between the two.
    Real(f64, f64),
    Flag,
    /// The id of a person or chat.
    Wid,
    /// Ids of people.
    Wids,
    /// A media type: one of these, or any that begins with one that ends in a slash.
    Mime(&'static [&'static str]),
    /// An object of at most so many bytes of JSON.
    Object(usize),
    /// A list of objects that each have these texts, and at most so many.
    List(&'static [&'static str], usize),
    /// As a list, and no two may have the same name.
    Options,
    /// Anything that is small: colours and waveforms, which clients write in several ways.
    Small(usize),
}

/// One field: its name, whether it must be there, and what may stand in it.
pub(super) type Field = (&'static str, bool, Shape);

const NEEDED: bool = true;
const FREE: bool = false;

/// What any message may have.
const ANY: &[Field] = &[
    ("quotedStanzaID", FREE, Shape::Text(128)),
    ("quotedParticipant", FREE, Shape::Wid),
    ("quotedMsg", FREE, Shape::Object(QUOTED)),
    ("quotedRemoteJid", FREE, Shape::Wid),
    ("mentionedJidList", FREE, Shape::Wids),
    (
        "groupMentions",
        FREE,
        Shape::List(&["groupJid", "groupSubject"], MANY),
    ),
    ("isForwarded", FREE, Shape::Flag),
    ("forwardingScore", FREE, Shape::Whole(127)),
];

const MEDIA_ID: Field = ("mediaId", NEEDED, Shape::Text(128));
const HASH: Field = ("filehash", FREE, Shape::Text(128));
const SIZE: Field = ("size", FREE, Shape::Whole(u32::MAX as u64));
const WIDTH: Field = ("width", FREE, Shape::Whole(100_000));
const HEIGHT: Field = ("height", FREE, Shape::Whole(100_000));
const DURATION: Field = ("duration", FREE, Shape::Whole(1_000_000));
const CAPTION: Field = ("caption", FREE, Shape::Text(TEXT_LIMIT));
const THUMB: Field = ("body", FREE, Shape::Base64(THUMBNAIL));
const VIEW_ONCE: Field = ("isViewOnce", FREE, Shape::Flag);
const IMAGE_TYPES: &[&str] = &["image/jpeg", "image/png", "image/webp"];
const VIDEO_TYPES: &[&str] = &["video/mp4", "video/3gpp", "video/webm"];

const CHAT: &[Field] = &[
    ("body", NEEDED, Shape::Text(TEXT_LIMIT)),
    ("title", FREE, Shape::Text(SHORT)),
    ("description", FREE, Shape::Text(SHORT)),
    ("matchedText", FREE, Shape::Text(SHORT)),
    ("canonicalUrl", FREE, Shape::Text(SHORT)),
    ("thumbnail", FREE, Shape::Base64(THUMBNAIL)),
    ("richPreviewType", FREE, Shape::Small(64)),
    ("backgroundColor", FREE, Shape::Small(64)),
    ("font", FREE, Shape::Small(64)),
];

const IMAGE: &[Field] = &[
    MEDIA_ID,
    ("mimetype", NEEDED, Shape::Mime(IMAGE_TYPES)),
    HASH,
    SIZE,
    WIDTH,
    HEIGHT,
    CAPTION,
    THUMB,
    VIEW_ONCE,
];

const VIDEO: &[Field] = &[
    MEDIA_ID,
    ("mimetype", NEEDED, Shape::Mime(VIDEO_TYPES)),
    HASH,
    SIZE,
    WIDTH,
    HEIGHT,
    DURATION,
    CAPTION,
    THUMB,
    ("isGif", FREE, Shape::Flag),
    VIEW_ONCE,
];

const AUDIO: &[Field] = &[
    MEDIA_ID,
    ("mimetype", NEEDED, Shape::Mime(&["audio/"])),
    HASH,
    SIZE,
    DURATION,
];

const PTT: &[Field] = &[
    MEDIA_ID,
    ("mimetype", NEEDED, Shape::Mime(&["audio/"])),
    HASH,
    SIZE,
    DURATION,
    ("waveform", FREE, Shape::Small(1_024)),
    VIEW_ONCE,
];

const DOCUMENT: &[Field] = &[
    MEDIA_ID,
    ("mimetype", NEEDED, Shape::Mime(&["/"])),
    ("filename", FREE, Shape::Text(1_024)),
    HASH,
    SIZE,
    ("pageCount", FREE, Shape::Whole(1_000_000)),
    CAPTION,
    THUMB,
];

const STICKER: &[Field] = &[
    MEDIA_ID,
    ("mimetype", NEEDED, Shape::Mime(&["image/webp"])),
    HASH,
    SIZE,
    WIDTH,
    HEIGHT,
    ("isAnimated", FREE, Shape::Flag),
];

const LOCATION: &[Field] = &[
    ("lat", NEEDED, Shape::Real(-90.0, 90.0)),
    ("lng", NEEDED, Shape::Real(-180.0, 180.0)),
    ("loc", FREE, Shape::Text(SHORT)),
    ("clientUrl", FREE, Shape::Text(SHORT)),
    THUMB,
];

const VCARD: &[Field] = &[
    ("body", NEEDED, Shape::Text(TEXT_LIMIT)),
    ("vcardFormattedName", FREE, Shape::Text(SHORT)),
];

const MULTI_VCARD: &[Field] = &[("vcardList", NEEDED, Shape::List(&["displayName", "vcard"], MANY))];

const POLL: &[Field] = &[
    ("pollName", NEEDED, Shape::Text(SHORT)),
    ("pollOptions", NEEDED, Shape::Options),
    (
        "pollSelectableOptionsCount",
        FREE,
        Shape::Whole(POLL_OPTIONS as u64),
    ),
];

const NOTICE: &[Field] = &[
    ("subtype", NEEDED, Shape::Text(64)),
    ("recipients", FREE, Shape::Wids),
    ("body", FREE, Shape::Text(SHORT)),
];

/// The fields of a type of message: first its own, then those of all.
pub(super) fn fields_of(kind: Kind) -> impl Iterator<Item = Field> {
    let own = match kind {
        Kind::Chat => CHAT,
        Kind::Image => IMAGE,
        Kind::Video => VIDEO,
        Kind::Audio => AUDIO,
        Kind::Ptt => PTT,
        Kind::Document => DOCUMENT,
        Kind::Sticker => STICKER,
        Kind::Location => LOCATION,
        Kind::Vcard => VCARD,
        Kind::MultiVcard => MULTI_VCARD,
        Kind::Poll => POLL,
        Kind::Notice => NOTICE,
        Kind::Revoked => &[],
    };
    let any = if kind == Kind::Revoked { &[] } else { ANY };
    own.iter().chain(any).copied()
}

impl Shape {
    /// The value as it is kept; `None` if it may not stand here.
    pub(super) fn kept(self, value: &Value) -> Option<Value> {
        match self {
            Shape::Whole(limit) => whole(value).filter(|whole| *whole <= limit).map(Value::from),
            Shape::Real(from, to) => {
                let real = value.as_f64().filter(|real| (from..=to).contains(real));
                real.map(|_| value.clone())
            }
            Shape::Options => options(value),
            Shape::List(texts, most) => list(value, texts, most),
            shape => shape.allows(value).then(|| value.clone()),
        }
    }

    fn allows(self, value: &Value) -> bool {
        let text = value.as_str();
        match self {
            Shape::Text(limit) => {
                text.is_some_and(|text| text.len() <= limit || text.chars().count() <= limit)
            }
            // Clients wrap thumbnails at will; what counts is that they can be decoded at all.
            Shape::Base64(limit) => text.is_some_and(|text| {
                text.len() <= limit.div_ceil(3) * 4 && STANDARD.decode(text.trim()).is_ok()
            }),
            Shape::Flag => value.is_boolean(),
            Shape::Wid => text.is_some_and(|text| ChatId::parse(text).is_some()),
            Shape::Wids => value.as_array().is_some_and(|wids| {
                let mut texts = wids.iter().map(Value::as_str);
                wids.len() <= MANY && texts.all(|wid| wid.is_some_and(|wid| ChatId::parse(wid).is_some()))
            }),
            Shape::Mime(known) => text.is_some_and(|text| is_mime(text, known)),
            Shape::Object(limit) => value.is_object() && value.to_string().len() <= limit,
            Shape::Small(limit) => value.to_string().len() <= limit,
            Shape::Whole(_) | Shape::Real(..) | Shape::Options | Shape::List(..) => {
                self.kept(value).is_some()
            }
        }
    }
}

fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::String(digits) => digits.parse().ok(),
        Value::Number(number) => {
            let whole = number
                .as_f64()
                .map(f64::round)
                .filter(|real| *real >= 0.0 && *real <= 1e15);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "checked just above"
            )]
            number.as_u64().or(whole.map(|real| real as u64))
        }
        _ => None,
    }
}

/// Whether `text` is one of the `known` media types, whatever parameters it carries.
pub(crate) fn is_mime(text: &str, known: &[&str]) -> bool {
    let plain = text.split(';').next().unwrap_or(text).trim().to_ascii_lowercase();
    let whole = plain
        .split_once('/')
        .is_some_and(|(kind, sort)| !kind.is_empty() && !sort.is_empty());
    let mut known = known.iter();
    whole
        && text.len() <= 200
        && known.any(|known| match known.strip_suffix('/') {
            Some(kind) => kind.is_empty() || plain.starts_with(known),
            None => plain == *known,
        })
}

fn list(value: &Value, texts: &[&str], most: usize) -> Option<Value> {
    let entries = value
        .as_array()
        .filter(|entries| (1..=most).contains(&entries.len()))?;
    let kept = entries.iter().map(|entry| {
        let mut kept = serde_json::Map::new();
        for name in texts {
            let text = entry
                .get(name)?
                .as_str()
                .filter(|text| text.len() <= TEXT_LIMIT)?;
            kept.insert((*name).to_owned(), Value::from(text));
        }
        Some(Value::Object(kept))
    });
    kept.collect::<Option<Vec<Value>>>().map(Value::Array)
}

/// Options of a poll: named, all different, numbered by their place.
fn options(value: &Value) -> Option<Value> {
    let entries = value
        .as_array()
        .filter(|entries| (1..=POLL_OPTIONS).contains(&entries.len()))?;
    let mut names: Vec<&str> = Vec::new();
    for entry in entries {
        let name = entry.get("name")?.as_str()?;
        let sound = !name.trim().is_empty() && name.chars().count() <= 100;
        if !sound || names.contains(&name) {
            return None;
        }
        names.push(name);
    }
    let numbered = names.iter().enumerate();
    Some(
        numbered
            .map(|(place, name)| serde_json::json!({"name": name, "localId": place}))
            .collect(),
    )
}
