//! Prefixed, sortable, opaque ids: a prefix, then a ULID (48 bit of milliseconds, 80 bit of randomness, Crockford
//! base32), for example `msg_01JD8Z…`.

use std::{fmt, marker::PhantomData, str::FromStr};

use parking_lot::Mutex;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::clock::Clock;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const TEXT_LEN: usize = 26;

/// What an id names; gives the prefix.
pub trait Kind {
    /// The prefix without the underscore.
    const PREFIX: &'static str;
}

/// An id of one kind. Ids made by one [`IdSource`] sort in the order in which they were made.
pub struct Id<K>(u128, PhantomData<fn() -> K>);

/// Why a text is not an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an id of the form {prefix}_ and 26 characters")]
pub struct IdError {
    text: String,
    prefix: &'static str,
}

impl<K: Kind> Id<K> {
    /// Takes the 128 bits of a ULID.
    pub const fn from_bits(bits: u128) -> Self {
        Self(bits, PhantomData)
    }

    /// The 128 bits of the ULID.
    pub const fn bits(self) -> u128 {
        self.0
    }

    /// When it was made, as its first 48 bits say.
    pub fn made_at(self) -> super::Timestamp {
        super::Timestamp::from_millis(i64::try_from(self.0 >> 80).unwrap_or(i64::MAX))
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
impl<K> std::hash::Hash for Id<K> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0_u8; TEXT_LEN];
        let mut rest = self.0;
        for place in text.iter_mut().rev() {
            *place = ALPHABET[(rest & 31) as usize];
            rest >>= 5;
        }
        f.write_str(K::PREFIX)?;
        f.write_str("_")?;
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<K: Kind> FromStr for Id<K> {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let wrong = || IdError {
            text: text.chars().take(64).collect(),
            prefix: K::PREFIX,
        };
        let digits = text
            .strip_prefix(K::PREFIX)
            .and_then(|rest| rest.strip_prefix('_'))
            .ok_or_else(wrong)?;
        // 26 digits hold 130 bits: the first one may only use three of its five.
        if digits.len() != TEXT_LEN || digits.as_bytes()[0] > b'7' {
            return Err(wrong());
        }
        let mut bits = 0_u128;
        for digit in digits.bytes() {
            let value = ALPHABET
                .iter()
                .position(|&known| known == digit)
                .ok_or_else(wrong)?;
            bits = (bits << 5) | value as u128;
        }
        Ok(Self::from_bits(bits))
    }
}

impl<K: Kind> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, K: Kind> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <std::borrow::Cow<'_, str>>::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident $kind:ident $prefix:literal;)*) => {$(
        /// Marker of the id's kind.
        #[derive(Debug)]
        pub enum $kind {}
        impl Kind for $kind { const PREFIX: &'static str = $prefix; }
        $(#[$doc])*
        pub type $name = Id<$kind>;
    )*};
}

kinds! {
    /// A customer.
    TenantId TenantKind "ten";
    /// A person who signs in.
    UserId UserKind "usr";
    /// An API key.
    KeyId KeyKind "key";
    /// One WhatsApp number in our care.
    AccountId AccountKind "acc";
    /// A WhatsApp message; also the id of its token hold.
    MessageId MessageKind "msg";
    /// An event of the journal.
    EventId EventKind "evt";
    /// An entry of the ledger.
    EntryId EntryKind "ent";
    /// A running Zaptor process.
    NodeId NodeKind "nod";
    /// A request to the HTTP edge.
    RequestId RequestKind "req";
    /// A snapshot of a browser profile.
    SnapshotId SnapshotKind "snp";
    /// What was tried and seen in one repair of an account.
    BundleId BundleKind "rep";
}

/// Makes ids and random bytes. One per process, shared; seeded in tests.
pub struct IdSource {
    clock: Clock,
    state: Mutex<SourceState>,
}

struct SourceState {
    last: u128,
    rng: StdRng,
}

impl IdSource {
    /// A source seeded by the operating system.
    pub fn random(clock: Clock) -> Self {
        Self::with_rng(clock, rand::make_rng())
    }

    /// A source that makes the same ids for the same seed and clock. For tests.
    pub fn seeded(clock: Clock, seed: u64) -> Self {
        Self::with_rng(clock, StdRng::seed_from_u64(seed))
    }

    fn with_rng(clock: Clock, rng: StdRng) -> Self {
        Self {
            clock,
            state: Mutex::new(SourceState { last: 0, rng }),
        }
    }

    /// A new id, greater than every one that this source made before, even when the clock stands still or steps back.
    pub fn next<K: Kind>(&self) -> Id<K> {
        let millis = u128::try_from(self.clock.now().millis()).unwrap_or(0);
        let mut state = self.state.lock();
        let fresh = (millis << 80) | (state.rng.random::<u128>() >> 48);
        // Within one millisecond the randomness counts on from the last id, so that order is kept.
        state.last = if fresh >> 80 > state.last >> 80 {
            fresh
        } else {
            state.last + 1
        };
        Id::from_bits(state.last)
    }

    /// `N` random bytes, fit for secrets: the generator is cryptographic (ChaCha) and seeded by the operating system.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.state.lock().rng.fill(&mut bytes);
        bytes
    }

    /// A random number in `0.0..1.0`, for jitter.
    pub fn fraction(&self) -> f64 {
        self.state.lock().rng.random()
    }
}

impl fmt::Debug for IdSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdSource")
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::Timestamp;

    proptest! {
        #[test]
        fn every_id_survives_its_text_and_sorts_like_it(a: u128, b: u128) {
            let (a, b) = (MessageId::from_bits(a), MessageId::from_bits(b));
            prop_assert_eq!(a.to_string().parse::<MessageId>().unwrap(), a);
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text: String) {
            let _ = text.parse::<AccountId>();
            let _ = format!("acc_{text}").parse::<AccountId>();
        }
    }

    #[test]
    fn ids_of_one_source_only_rise() {
        let clock = Clock::manual(Timestamp::from_millis(1_000));
        let ids = IdSource::seeded(clock, 7);
        let made: Vec<MessageId> = (0..10_000).map(|_| ids.next()).collect();
        assert!(made.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn another_kind_is_refused() {
        let message: MessageId = IdSource::seeded(Clock::system(), 1).next();
        assert!(message.to_string().parse::<AccountId>().is_err());
    }
}
