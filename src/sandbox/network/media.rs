//! What the network knows of pictures, videos, voices and files: what they are and how large. Their bytes lie elsewhere,
//! under their hash.
//!
//! An id is made of the hash of the bytes, their kind and type, and the seed. So the same script has the same ids in
//! every run, whichever of two uploads is whole first, and no upload takes anything from the chance of the rest of the
//! network. It cannot be guessed by somebody who has neither the bytes nor the seed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use super::Network;
use super::state::Millis;

const MIB: u64 = 1024 * 1024;

/// What a file takes on disk at least.
const BLOCK: u64 = 4096;

/// What a media file is sent as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MediaKind {
    Image,
    Video,
    Audio,
    Document,
    Sticker,
}

/// What one kind of media may be.
pub(crate) struct MediaRule {
    pub(crate) kind: MediaKind,
    pub(crate) name: &'static str,
    /// In bytes.
    pub(crate) limit: u64,
    /// Types that it may have: whole, or a family as in `audio/*`.
    types: &'static [&'static str],
}

/// Limits as published or reported of the real one. Each names its source.
pub(crate) const MEDIA_RULES: [MediaRule; 5] = [
    // 16 MB for photos and voice messages: WhatsApp's help center, "Maximum file size", as quoted all over.
    MediaRule {
        kind: MediaKind::Image,
        name: "image",
        limit: 16 * MIB,
        types: &["image/jpeg", "image/png", "image/webp"],
    },
    // WhatsApp Web takes more than a phone: "only 60mb", whatsapp-web.js issue 380; 64 MB in what other clients document.
    MediaRule {
        kind: MediaKind::Video,
        name: "video",
        limit: 64 * MIB,
        types: &["video/mp4", "video/3gpp", "video/webm"],
    },
    // Meta's Cloud API, "Media": audio 16 MB, documents 100 MB. The app itself sends documents of up to 2 GB, which a
    // sandbox would rather not keep.
    MediaRule {
        kind: MediaKind::Audio,
        name: "audio",
        limit: 16 * MIB,
        types: &["audio/*"],
    },
    MediaRule {
        kind: MediaKind::Document,
        name: "document",
        limit: 100 * MIB,
        types: &["*"],
    },
    // Meta's Cloud API, "Media": 500 KB for an animated sticker. People's apps are less strict.
    MediaRule {
        kind: MediaKind::Sticker,
        name: "sticker",
        limit: MIB,
        types: &["image/webp"],
    },
];

impl MediaKind {
    /// The kind of this name.
    pub(crate) fn named(name: &str) -> Option<MediaKind> {
        let rule = MEDIA_RULES.iter().find(|rule| rule.name == name);
        rule.map(|rule| rule.kind)
    }

    /// As which kind a phone would send a file of this type and size by itself: as a document if as nothing else.
    pub(crate) fn of(mimetype: &str, size: u64) -> MediaKind {
        let fits = |rule: &&MediaRule| rule.takes(mimetype) && size <= rule.limit;
        let rule = MEDIA_RULES.iter().find(fits);
        rule.map_or(MediaKind::Document, |rule| rule.kind)
    }

    /// What it may be.
    pub(crate) fn rule(self) -> &'static MediaRule {
        let [image, video, audio, document, sticker] = &MEDIA_RULES;
        match self {
            MediaKind::Image => image,
            MediaKind::Video => video,
            MediaKind::Audio => audio,
            MediaKind::Document => document,
            MediaKind::Sticker => sticker,
        }
    }
}

impl MediaRule {
    /// Whether media of this type may be of this kind. Parameters, as in `audio/ogg; codecs=opus`, do not matter.
    pub(crate) fn takes(&self, mimetype: &str) -> bool {
        let essence = mimetype.split(';').next().unwrap_or_default().trim();
        self.types.iter().any(|known| match known.strip_suffix('*') {
            Some(family) => essence
                .get(..family.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(family)),
            None => known.eq_ignore_ascii_case(essence),
        })
    }
}

/// The SHA-256 of a file's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct MediaHash(pub(crate) [u8; 32]);

impl MediaHash {
    /// As 64 small hexadecimal digits.
    pub(crate) fn hex(&self) -> String {
        hex(&self.0)
    }

    /// Reads [`MediaHash::hex`].
    pub(crate) fn from_hex(text: &str) -> Option<MediaHash> {
        if text.len() != 64 || !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
            *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
        }
        Some(MediaHash(bytes))
    }

    /// As pages call it: `filehash`.
    pub(crate) fn base64(&self) -> String {
        STANDARD.encode(self.0)
    }
}

impl Serialize for MediaHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.hex())
    }
}

impl<'de> Deserialize<'de> for MediaHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<MediaHash, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = || serde::de::Error::custom("a hash of media has 64 hexadecimal digits");
        MediaHash::from_hex(&text).ok_or_else(wrong)
    }
}

/// What somebody has stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct MediaDraft {
    pub(crate) hash: MediaHash,
    pub(crate) kind: MediaKind,
    pub(crate) mimetype: String,
    /// In bytes.
    pub(crate) size: u64,
}

/// Media that the network knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct MediaEntry {
    /// 32 hexadecimal digits: whoever has them may fetch the bytes.
    pub(crate) id: String,
    #[serde(flatten)]
    pub(crate) what: MediaDraft,
    /// Its place in the order in which media was last stored.
    order: u64,
}

/// All media of the network.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct MediaShelf {
    entries: BTreeMap<String, MediaEntry>,
    /// What they take together, in bytes on disk.
    taken: u64,
    orders: u64,
}

/// What came of storing something.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MediaPut {
    pub(crate) entry: MediaEntry,
    /// Bytes that nothing leads to any more, because room was needed.
    pub(crate) dropped: Vec<MediaHash>,
}

impl MediaShelf {
    /// The media of this id.
    pub(crate) fn get(&self, id: &str) -> Option<&MediaEntry> {
        self.entries.get(id)
    }

    /// Whether anything leads to these bytes.
    pub(crate) fn leads_to(&self, hash: &MediaHash) -> bool {
        self.entries.values().any(|entry| &entry.what.hash == hash)
    }

    /// The bytes that something leads to.
    pub(crate) fn hashes(&self) -> BTreeSet<MediaHash> {
        self.entries.values().map(|entry| entry.what.hash).collect()
    }

    /// Adds something, or makes what is there the youngest.
    fn put(&mut self, seed: u64, draft: &MediaDraft) -> MediaEntry {
        self.orders += 1;
        let entry = MediaEntry {
            id: media_id(seed, draft),
            what: draft.clone(),
            order: self.orders,
        };
        if self.entries.insert(entry.id.clone(), entry.clone()).is_none() {
            self.taken += on_disk(draft.size);
        }
        entry
    }

    /// Drops media until no more than nine tenths of `limit` are taken: first what nobody needs, the oldest first, then
    /// the rest, likewise. What `kept` names stays.
    fn make_room(&mut self, limit: u64, kept: &str, needed: &BTreeSet<String>) -> Vec<MediaHash> {
        let mut order: Vec<(bool, u64, String)> = self
            .entries
            .values()
            .filter(|entry| entry.id != kept)
            .map(|entry| (needed.contains(&entry.id), entry.order, entry.id.clone()))
            .collect();
        order.sort_unstable();
        let mut dropped = BTreeSet::new();
        for (_, _, id) in order {
            if self.taken <= limit / 10 * 9 {
                break;
            }
            if let Some(entry) = self.entries.remove(&id) {
                self.taken = self.taken.saturating_sub(on_disk(entry.what.size));
                dropped.insert(entry.what.hash);
            }
        }
        dropped.into_iter().filter(|hash| !self.leads_to(hash)).collect()
    }
}

impl Network {
    /// Media was stored: from now on its id is known. `limit` bounds what the media of the network takes on disk, in
    /// bytes; if it is more, the oldest that no message and no picture needs goes first.
    pub(crate) fn put_media(&mut self, now: Millis, draft: &MediaDraft, limit: u64) -> MediaPut {
        self.advance(now);
        let entry = self.state.media.put(self.rules.seed, draft);
        let mut dropped = Vec::new();
        if self.state.media.taken > limit {
            let needed = self.media_needed();
            dropped = self.state.media.make_room(limit, &entry.id, &needed);
        }
        self.touch_vital();
        MediaPut { entry, dropped }
    }

    /// All media.
    pub(crate) fn media(&self) -> &MediaShelf {
        &self.state.media
    }

    /// Ids that messages and pictures name.
    fn media_needed(&self) -> BTreeSet<String> {
        let messages = self.state.messages.values();
        let sent = messages.filter_map(|message| message.content.media_id().map(str::to_owned));
        sent.chain(self.pictures_worn().cloned()).collect()
    }

    /// Whether a message may name this media; one that names none is fine.
    pub(super) fn knows_media(&self, id: Option<&str>) -> bool {
        id.is_none_or(|id| self.state.media.get(id).is_some())
    }

    /// Whether this is the token of a linked page, which may then bring media.
    pub(crate) fn knows_token(&self, token: &str) -> bool {
        self.state.session_of(token).is_some()
    }
}

fn on_disk(size: u64) -> u64 {
    size.max(1).div_ceil(BLOCK).saturating_mul(BLOCK)
}

fn media_id(seed: u64, draft: &MediaDraft) -> String {
    let mut hash = Sha256::new();
    hash.update(b"media");
    hash.update(seed.to_le_bytes());
    hash.update(draft.hash.0);
    hash.update(draft.kind.rule().name);
    hash.update(b" ");
    hash.update(&draft.mimetype);
    let whole: [u8; 32] = hash.finalize().into();
    let [half @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = whole;
    hex(&half)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test panics where it fails")]
    use super::*;

    fn draft(content: u8, size: u64) -> MediaDraft {
        MediaDraft {
            hash: MediaHash([content; 32]),
            kind: MediaKind::Image,
            mimetype: "image/jpeg".to_owned(),
            size,
        }
    }

    #[test]
    fn rules_stand_in_the_order_of_the_kinds() {
        for rule in &MEDIA_RULES {
            assert_eq!(rule.kind.rule().name, rule.name);
            assert_eq!(MediaKind::named(rule.name), Some(rule.kind));
        }
        assert_eq!(MediaKind::named("gif"), None);
    }

    #[test]
    fn types_by_kind() {
        for (kind, mimetype, fine) in [
            ("image", "image/jpeg", true),
            ("image", "IMAGE/JPEG; q=1", true),
            ("image", "image/gif", false),
            ("image", "image/jpeg2000", false),
            ("image", "", false),
            ("video", "video/mp4", true),
            ("video", "image/jpeg", false),
            ("audio", "audio/ogg; codecs=opus", true),
            ("audio", "audio", false),
            ("audio", "é/ogg", false),
            ("document", "text/plain", true),
            ("sticker", "image/webp", true),
            ("sticker", "image/png", false),
        ] {
            let rule = MediaKind::named(kind).unwrap().rule();
            assert_eq!(rule.takes(mimetype), fine, "{kind} {mimetype}");
        }
    }

    #[test]
    fn what_is_too_large_for_its_type_goes_as_a_document() {
        for (mimetype, size, kind) in [
            ("image/png", MIB, MediaKind::Image),
            ("image/png", 17 * MIB, MediaKind::Document),
            ("video/mp4", 17 * MIB, MediaKind::Video),
            ("application/pdf", 1, MediaKind::Document),
        ] {
            assert_eq!(MediaKind::of(mimetype, size), kind, "{mimetype} {size}");
        }
    }

    #[test]
    fn ids_are_of_content_kind_and_seed() {
        let one = media_id(1, &draft(7, 10));
        assert_eq!(one.len(), 32);
        assert_eq!(one, media_id(1, &draft(7, 10)));
        let sticker = MediaDraft {
            kind: MediaKind::Sticker,
            ..draft(7, 10)
        };
        for other in [
            media_id(2, &draft(7, 10)),
            media_id(1, &draft(8, 10)),
            media_id(1, &sticker),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn hashes_are_written_as_they_are_read() {
        let hash = MediaHash(std::array::from_fn(|at| u8::try_from(at * 8).unwrap()));
        assert_eq!(MediaHash::from_hex(&hash.hex()), Some(hash));
        for wrong in ["", "00", &"G".repeat(64), &"A".repeat(64), &"é".repeat(32)] {
            assert_eq!(MediaHash::from_hex(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_oldest_that_nobody_needs_goes_first() {
        let mut shelf = MediaShelf::default();
        let ids: Vec<String> = (0..6)
            .map(|content| shelf.put(1, &draft(content, 10 * BLOCK)).id)
            .collect();
        assert_eq!(shelf.taken, 60 * BLOCK);
        // Stored once more: it is young again, and takes no more than before.
        shelf.put(1, &draft(1, 10 * BLOCK));
        assert_eq!(shelf.taken, 60 * BLOCK);
        let needed = BTreeSet::from([ids[0].clone()]);
        let dropped = shelf.make_room(50 * BLOCK, &ids[5], &needed);
        assert_eq!(dropped, [MediaHash([2; 32]), MediaHash([3; 32])]);
        assert_eq!(shelf.taken, 40 * BLOCK);
        // When all that is left is needed or new, the oldest goes all the same; only what has just come stays.
        let dropped = shelf.make_room(0, &ids[5], &needed);
        assert_eq!(dropped, [0, 1, 4].map(|content| MediaHash([content; 32])));
        assert_eq!(shelf.entries.keys().collect::<Vec<_>>(), [&ids[5]]);
    }

    #[test]
    fn bytes_stay_while_another_id_leads_to_them() {
        let mut shelf = MediaShelf::default();
        shelf.put(1, &draft(1, BLOCK));
        let sticker = MediaDraft {
            kind: MediaKind::Sticker,
            ..draft(1, BLOCK)
        };
        let kept = shelf.put(1, &sticker).id;
        assert_eq!(shelf.make_room(BLOCK, &kept, &BTreeSet::new()), []);
        assert!(shelf.leads_to(&MediaHash([1; 32])));
        assert_eq!(shelf.entries.len(), 1);
    }
}
