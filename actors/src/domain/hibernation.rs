//! Parking: an account whose browser is closed to give its memory back, and which wakes when there is something to do.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{Timestamp, account::words};

/// Why an account is parked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HibernationCause {
    /// Nothing came in or went out for as long as its settings allow.
    Idle,
    /// Somebody asked for it.
    Asked,
    /// The machine's memory ran short, and this one had the least to do.
    Memory,
}

impl HibernationCause {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Idle, Self::Asked, Self::Memory];
}

words!(HibernationCause { Idle = "idle", Asked = "asked", Memory = "memory" });

/// What is meant to hold of a parked account. It is kept while the account is awake for a moment only (to send what
/// waited, or to look for messages), so that it sleeps again afterwards; whether it sleeps now is said by its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hibernation {
    /// Since when it is parked.
    pub since: Timestamp,
    /// When it is opened next to look for messages; `None` while it is awake, and where that is turned off.
    pub wake_at: Option<Timestamp>,
    /// Why.
    pub why: HibernationCause,
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_as_in_the_contract() {
        let hibernation = Hibernation {
            since: Timestamp::from_millis(0),
            wake_at: None,
            why: HibernationCause::Asked,
        };
        let json = serde_json::to_string(&hibernation).unwrap();
        assert_eq!(
            json,
            r#"{"since":"1970-01-01T00:00:00.000Z","wake_at":null,"why":"asked"}"#
        );
        assert_eq!(serde_json::from_str::<Hibernation>(&json).unwrap(), hibernation);
    }
}
