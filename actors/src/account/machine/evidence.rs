//! What a state rests on.

use serde::Serialize;

use crate::domain::{HibernationCause, Timestamp};

/// What was seen before a state was said. Published with it; holds no code, number, text or address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Evidence {
    /// A round trip to WhatsApp's server and back.
    RoundTrip {
        /// How long it took, in milliseconds.
        round_trip_ms: u64,
        /// Which probe proved it; they are numbered within a generation, from 1.
        probe: u64,
    },
    /// Probes that brought no answer from there.
    Missed {
        /// How many in a row.
        missed_probes: u32,
        /// Why the last one failed.
        last_error: String,
    },
    /// What the page has said.
    Page {
        /// A stable word: `shows_code`, `shows_no_code`, `linked`, `ready`, `connection_lost`, `logged_out`, …
        page: &'static str,
        /// Its own words, where it has any.
        #[serde(skip_serializing_if = "Option::is_none")]
        detail: Option<String>,
    },
    /// What the way through the account's proxy came to.
    Proxy {
        /// A stable word: `proxy_unreachable`, `proxy_refused` or `proxy_not_allowed`.
        proxy: &'static str,
        /// What was seen.
        detail: String,
    },
    /// What the page lacks.
    Missing {
        /// The paths in wa-js of what is missing and needed.
        missing: Vec<String>,
    },
    /// The generation that says it has raised the epoch and begins.
    Began {
        /// Under which epoch everything is written.
        epoch: i64,
        /// What was done with the profile before, where something had to be.
        #[serde(skip_serializing_if = "Option::is_none")]
        profile: Option<String>,
    },
    /// How a generation ended.
    Exit {
        /// Why.
        exit: String,
        /// Which: they are numbered from 1 in this process.
        generation: u64,
    },
    /// It was parked.
    Parked {
        /// Why.
        parked: HibernationCause,
        /// When a message came in or went out last, if any did since it was started.
        #[serde(skip_serializing_if = "Option::is_none")]
        last_activity_at: Option<Timestamp>,
    },
    /// What is left of the memory that browsers may take.
    Memory {
        /// A stable word: `memory`.
        waits_for: &'static str,
        /// What the account's browser is expected to take.
        needs_bytes: u64,
        /// What is left of the budget.
        free_bytes: u64,
    },
    /// What the session shares with others ends again and again.
    Ended {
        /// What: `chromedriver`.
        waits_for: &'static str,
        /// How often it has ended since one worked for long.
        ended_times: u32,
        /// Within how long.
        within_seconds: u64,
        /// How it ended last.
        last_exit: String,
    },
    /// Somebody asked for it.
    Asked {
        /// For what: `stop`, `restart`.
        asked: &'static str,
    },
}

impl Evidence {
    pub(super) const fn page(page: &'static str) -> Self {
        Self::Page { page, detail: None }
    }

    /// Whether it is the connection to WhatsApp that it tells of.
    pub(super) fn is_of_the_connection(&self) -> bool {
        match self {
            Self::Missed { .. } => true,
            Self::Page { page, .. } => matches!(*page, "connection_lost" | "repair_failed"),
            _ => false,
        }
    }

    /// As it is stored and published: with the time at which it was written down.
    pub(in crate::account) const fn at(&self, at: Timestamp) -> Dated<'_> {
        Dated { what: self, at }
    }
}

/// Evidence with its time.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Dated<'a> {
    #[serde(flatten)]
    what: &'a Evidence,
    at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_is_one_flat_object_with_its_time() {
        let at = Timestamp::from_millis(1_764_000_000_000);
        for (evidence, text) in [
            (
                Evidence::RoundTrip {
                    round_trip_ms: 84,
                    probe: 17,
                },
                r#"{"round_trip_ms":84,"probe":17,"at":"2025-11-24T16:00:00.000Z"}"#,
            ),
            (
                Evidence::Missed {
                    missed_probes: 2,
                    last_error: "no answer".to_owned(),
                },
                r#"{"missed_probes":2,"last_error":"no answer","at":"2025-11-24T16:00:00.000Z"}"#,
            ),
            (
                Evidence::Missing {
                    missing: vec!["chat.find".to_owned()],
                },
                r#"{"missing":["chat.find"],"at":"2025-11-24T16:00:00.000Z"}"#,
            ),
            (
                Evidence::Proxy {
                    proxy: "proxy_refused",
                    detail: "status 407".to_owned(),
                },
                r#"{"proxy":"proxy_refused","detail":"status 407","at":"2025-11-24T16:00:00.000Z"}"#,
            ),
            (
                Evidence::page("linked"),
                r#"{"page":"linked","at":"2025-11-24T16:00:00.000Z"}"#,
            ),
            (
                Evidence::Parked {
                    parked: HibernationCause::Idle,
                    last_activity_at: None,
                },
                r#"{"parked":"idle","at":"2025-11-24T16:00:00.000Z"}"#,
            ),
        ] {
            let written = serde_json::to_string(&evidence.at(at)).expect("evidence is plain data");
            assert_eq!(written, text);
        }
    }
}
