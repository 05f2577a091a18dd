//! What the agent in a page says of itself and of what it found there.

use serde::{Deserialize, Serialize};

use super::Timestamp;

/// Something of wa-js or WhatsApp Web that the agent uses and the page does not have, or has in another shape.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lack {
    /// Its path in wa-js, for example `whatsapp.functions.addAndSendMsgToChat`.
    pub name: String,
    /// What it is needed for, in the agent's words: see [`SelfTest::stops`].
    pub needed_for: Vec<String>,
}

/// The agent's self-test on one page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SelfTest {
    /// Which files run there: the start of their common SHA-256.
    pub build: String,
    /// The agent's version.
    pub version: String,
    /// The version of wa-js, where it could be told.
    pub wa_js: Option<String>,
    /// The version of WhatsApp Web, where it could be told.
    pub whatsapp_web: Option<String>,
    /// What is missing; empty where all is there.
    pub missing: Vec<Lack>,
    /// Whether the page is linked, or would be if it could say so: another one is only asked for what links it.
    #[serde(skip)]
    pub linked: bool,
}

/// What an account cannot do without, by the agent's word for it, and whether a linked one is meant.
///
/// | word | what is lost without it | an account may stay online |
/// |---|---|---|
/// | `link` | whether the page is linked, and to whom | no |
/// | `probe` | the proof of a round trip | no |
/// | `send` | sending | no |
/// | `receive` | what comes in | no |
/// | `look_up` | whether a message in doubt was sent: it could go twice | no |
/// | `pairing` | codes; of no use to a linked page | yes, if it is linked |
/// | `phone_code` | codes that are typed on a phone | yes |
/// | `acks` | delivered, read, played | yes |
/// | `backfill` | what came in while nobody listened | yes |
/// | `log_out` | ending the link from here | yes |
/// | `names` | names, and numbers of people with a hidden identity | yes |
const VITAL: [&str; 5] = ["link", "probe", "send", "receive", "look_up"];

impl SelfTest {
    /// The names of what is missing and keeps an account from working: a linked one from sending and receiving without
    /// loss, another one from being linked.
    pub fn stops(&self, linked: bool) -> Vec<String> {
        let vital = |word: &String| {
            if linked {
                VITAL.contains(&word.as_str())
            } else {
                matches!(word.as_str(), "link" | "pairing")
            }
        };
        let stopping = self
            .missing
            .iter()
            .filter(|lack| lack.needed_for.iter().any(vital));
        stopping.map(|lack| lack.name.clone()).collect()
    }

    /// What cannot be done without what is missing, in the agent's words, each once.
    pub fn lost(&self) -> Vec<&str> {
        let mut lost = Vec::new();
        for word in self.missing.iter().flat_map(|lack| &lack.needed_for) {
            if !lost.contains(&word.as_str()) {
                lost.push(word.as_str());
            }
        }
        lost
    }
}

/// The newest self-test of an account's page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentReport {
    /// The test.
    #[serde(flatten)]
    pub test: SelfTest,
    /// When it was heard of.
    pub tested_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test_of(lacks: &[(&str, &[&str])]) -> SelfTest {
        let lack = |(name, words): &(&str, &[&str])| Lack {
            name: (*name).to_owned(),
            needed_for: words.iter().map(|word| (*word).to_owned()).collect(),
        };
        SelfTest {
            missing: lacks.iter().map(lack).collect(),
            ..SelfTest::default()
        }
    }

    #[test]
    fn what_an_account_can_do_without_is_decided_by_what_it_is_for() {
        let cases: [(&[&str], bool, bool); 8] = [
            (&["send"], true, false),
            (&["acks", "receive"], true, false),
            (&["look_up", "backfill"], true, false),
            (&["link", "names"], true, true),
            (&["pairing"], false, true),
            (&["acks"], false, false),
            (&["log_out", "names", "backfill"], false, false),
            (&["something new"], false, false),
        ];
        for (words, stops_linked, stops_unlinked) in cases {
            let test = test_of(&[("a", words), ("b", &["names"])]);
            let named = |stops: bool| if stops { vec!["a".to_owned()] } else { Vec::new() };
            assert_eq!(test.stops(true), named(stops_linked), "{words:?}");
            assert_eq!(test.stops(false), named(stops_unlinked), "{words:?}");
        }
    }

    #[test]
    fn what_is_lost_is_named_once() {
        let test = test_of(&[("a", &["send", "probe"]), ("b", &["send", "acks"])]);
        assert_eq!(test.lost(), ["send", "probe", "acks"]);
    }
}
