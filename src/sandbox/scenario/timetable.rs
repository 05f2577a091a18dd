//! What happens when: every step as often as it happens, with all that chance decides decided.
//!
//! All of it is drawn before anything happens, in the order of the file: whatever a run brings about, the same seed gives
//! the same timetable.

use rand::rngs::ChaCha12Rng;
use rand::{RngExt, SeedableRng};
use serde_json::{Map, Value};

use super::cast::{Cast, Party};
use super::script::{Act, DEEDS_LIMIT, Goes, Script, Step, Switch};
use crate::sandbox::network::{Millis, Number};

/// Keeps the chance of the timetable apart from that of the network, which has the same seed.
const OWN_CHANCE: u64 = 0x7363_656e_6172_696f;

/// One thing that happens, at its moment.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Deed {
    /// From the start.
    pub(super) at: Millis,
    /// The step of the file.
    pub(super) place: String,
    pub(super) what: What,
}

/// What happens, to whom.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum What {
    Send {
        from: Party,
        to: Party,
        body: Map<String, Value>,
        name: Option<String>,
    },
    Does {
        verb: &'static str,
        by: Number,
        chat: Party,
        /// The name of the message.
        message: Option<String>,
        body: Map<String, Value>,
    },
    Read {
        by: Party,
        from: Party,
    },
    Switch {
        phone: Number,
        switch: Switch,
    },
    Fault {
        body: Map<String, Value>,
    },
    ClearFaults,
    Network {
        body: Map<String, Value>,
    },
    Page {
        page: usize,
        goes: Goes,
    },
}

/// Everything that happens, by time; what happens at the same moment keeps the order of the file.
pub(super) fn timetable(script: &Script, seed: u64) -> Vec<Deed> {
    let mut chance = ChaCha12Rng::seed_from_u64(seed ^ OWN_CHANCE);
    let mut deeds = Vec::new();
    for step in &script.steps {
        for turn in 0..step.count {
            if deeds.len() as u64 >= DEEDS_LIMIT {
                break;
            }
            let late = if step.jitter > 0 {
                chance.random_range(0..=step.jitter)
            } else {
                0
            };
            let nth = Millis::try_from(turn).unwrap_or(Millis::MAX);
            let at = step
                .at
                .saturating_add(step.every.saturating_mul(nth))
                .saturating_add(late);
            deeds.extend(
                happenings(&script.cast, step, turn, &mut chance)
                    .into_iter()
                    .map(|what| Deed {
                        at,
                        place: step.place.clone(),
                        what,
                    }),
            );
        }
    }
    deeds.sort_by_key(|deed| deed.at);
    deeds
}

/// What a step brings about the `turn`th time: more than one thing where it names `each` of several.
fn happenings(cast: &Cast, step: &Step, turn: u64, chance: &mut ChaCha12Rng) -> Vec<What> {
    let place = usize::try_from(turn).unwrap_or(usize::MAX);
    let pairs = |one: &super::cast::Who, other: &super::cast::Who, chance: &mut ChaCha12Rng| {
        let mut pairs = Vec::new();
        for one in one.picked(place, chance) {
            for other in other.picked(place, chance) {
                pairs.push((one.clone(), other));
            }
        }
        pairs
    };
    match &step.act {
        Act::Send { from, to, body, name } => {
            let of = |(from, to): (Party, Party)| {
                // Whoever is drawn by chance must not write to himself.
                (cast.number(&from) != cast.number(&to)).then(|| What::Send {
                    from,
                    to,
                    body: counted(body, turn + 1),
                    name: name.clone(),
                })
            };
            pairs(from, to, chance).into_iter().filter_map(of).collect()
        }
        Act::Does {
            verb,
            by,
            chat,
            message,
            body,
        } => {
            let of = |(by, chat): (Party, Party)| {
                Some(What::Does {
                    verb,
                    by: cast.number(&by)?,
                    chat,
                    message: message.clone(),
                    body: counted(body, turn + 1),
                })
            };
            pairs(by, chat, chance).into_iter().filter_map(of).collect()
        }
        Act::Read { by, from } => {
            let of = |(by, from)| What::Read { by, from };
            pairs(by, from, chance).into_iter().map(of).collect()
        }
        act => done_to(cast, act, place, chance),
    }
}

/// What a step that is about one side alone brings about.
fn done_to(cast: &Cast, act: &Act, place: usize, chance: &mut ChaCha12Rng) -> Vec<What> {
    match act {
        Act::Send { .. } | Act::Does { .. } | Act::Read { .. } => Vec::new(),
        Act::Switch { who, switch } => {
            let of = |party: Party| {
                Some(What::Switch {
                    phone: cast.number(&party)?,
                    switch: *switch,
                })
            };
            who.picked(place, chance).into_iter().filter_map(of).collect()
        }
        Act::Fault { phone: None, body } => vec![What::Fault { body: body.clone() }],
        Act::Fault {
            phone: Some(who),
            body,
        } => {
            let aimed = |party: Party| {
                let mut body = body.clone();
                let phone = Value::from(cast.number(&party)?.digits());
                body.insert("phone".to_owned(), phone);
                Some(What::Fault { body })
            };
            who.picked(place, chance).into_iter().filter_map(aimed).collect()
        }
        Act::ClearFaults => vec![What::ClearFaults],
        Act::Network { body } => vec![What::Network { body: body.clone() }],
        Act::Page { who, goes } => {
            let pages = who.picked(place, chance).into_iter();
            let of = |party| match party {
                Party::Page(page) => Some(What::Page { page, goes: *goes }),
                _ => None,
            };
            pages.filter_map(of).collect()
        }
    }
}

/// The body with the number of this time in place of `{n}`.
fn counted(body: &Map<String, Value>, n: u64) -> Map<String, Value> {
    let members = body
        .iter()
        .map(|(key, value)| (key.clone(), counted_value(value, n)));
    members.collect()
}

fn counted_value(value: &Value, n: u64) -> Value {
    match value {
        Value::String(text) if text.contains("{n}") => Value::from(text.replace("{n}", &n.to_string())),
        Value::Array(items) => items.iter().map(|item| counted_value(item, n)).collect(),
        Value::Object(members) => Value::Object(counted(members, n)),
        other => other.clone(),
    }
}
