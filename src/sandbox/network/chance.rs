//! How the source of chance is written down: as the base64 of its state, so that it goes on where it was.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::rngs::ChaCha12Rng;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serializer};

pub(super) fn serialize<S: Serializer>(chance: &ChaCha12Rng, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(chance.serialize_state()))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ChaCha12Rng, D::Error> {
    let text = String::deserialize(deserializer)?;
    let bytes = STANDARD.decode(text).map_err(D::Error::custom)?;
    let state =
        <[u8; 49]>::try_from(bytes).map_err(|_| D::Error::custom("a source of chance has 49 bytes"))?;
    Ok(ChaCha12Rng::deserialize_state(&state))
}
