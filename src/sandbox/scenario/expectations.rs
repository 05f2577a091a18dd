//! What a scenario expects, and what was seen instead.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Value, json};

use super::cast::{Cast, Party, Who, chat_of};
use super::keys::Keys;
use super::page::{Heard, Page};
use super::script::who;
use crate::sandbox::network::{Millis, Number};

/// One thing that is expected.
#[derive(Debug)]
pub(super) struct Expectation {
    place: String,
    /// When it must hold, from the start; `None`: at the end.
    pub(super) by: Option<Millis>,
    claim: Claim,
    least: f64,
    most: f64,
}

/// What is counted or measured.
#[derive(Debug)]
enum Claim {
    /// Lines of the delivery log.
    Deliveries(Filter),
    /// The share of them that came at least so far.
    Acked(Filter, u64),
    /// The share of what pages sent that was refused, with this error if one is named.
    Refused(Who, Option<String>),
    /// What pages sent and nobody has answered.
    Unanswered(Who),
    /// What pages were told of, without their own.
    Heard(Who, Option<Who>),
    /// Messages that a page was told of again, and acknowledgements that fell.
    Doubles(Option<Who>),
    /// Messages that a page was told of after a later one of the same chat.
    Disorder(Option<Who>),
    /// Messages that pages got as history.
    History(Who),
    /// How long the slowest page took to have its history, in milliseconds.
    Synced(Who),
    /// Phones that have a linked page.
    Linked(Who),
}

/// Which lines of the delivery log.
#[derive(Debug)]
struct Filter {
    from: Option<Who>,
    to: Option<Who>,
    kind: Option<String>,
}

/// What can be looked at when an expectation is judged.
pub(super) struct Facts<'a> {
    pub(super) cast: &'a Cast,
    /// Ids of the scenario's groups.
    pub(super) groups: &'a [String],
    /// The delivery log in the form of the control API, in order of arrival.
    pub(super) deliveries: &'a [Value],
    /// The pages; none where they are somebody's browsers.
    pub(super) pages: Option<&'a [Page]>,
    pub(super) linked: &'a dyn Fn(&Number) -> bool,
}

/// How one expectation came out.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Where it stands in the file.
    pub place: String,
    /// What it is about, in words.
    pub about: String,
    /// The bounds, in words.
    pub expected: String,
    /// What was seen; `None`: it cannot be seen here.
    pub seen: Option<f64>,
    /// Whether it holds; `None`: it cannot be seen here.
    pub met: Option<bool>,
}

impl Verdict {
    /// For programs.
    pub fn json(&self) -> Value {
        json!({"place": self.place, "about": self.about, "expected": self.expected, "seen": self.seen, "met": self.met})
    }
}

type Reader = fn(&Cast, Keys) -> Option<Claim>;

const CLAIMS: [(&str, Reader); 10] = [
    ("deliveries", |cast, keys| {
        Some(Claim::Deliveries(filter(cast, keys, &mut |_| ())))
    }),
    ("acked", acked),
    ("refused", refused),
    ("unanswered", |cast, keys| {
        pages(cast, keys).map(Claim::Unanswered)
    }),
    ("heard", heard),
    ("doubles", |cast, mut keys| {
        let page = some_pages(cast, &mut keys);
        keys.done();
        Some(Claim::Doubles(page))
    }),
    ("disorder", |cast, mut keys| {
        let page = some_pages(cast, &mut keys);
        keys.done();
        Some(Claim::Disorder(page))
    }),
    ("history", |cast, keys| pages(cast, keys).map(Claim::History)),
    ("synced_ms", |cast, keys| pages(cast, keys).map(Claim::Synced)),
    ("linked", |cast, mut keys| {
        let phone = super::script::needed_who(cast, &mut keys, "phone");
        keys.done();
        phone.map(Claim::Linked)
    }),
];

impl Expectation {
    /// Reads one of `[[expect]]`.
    pub(super) fn read(cast: &Cast, mut keys: Keys) -> Option<Expectation> {
        let place = keys.place().to_owned();
        let by = keys.time("by");
        let bound = |keys: &mut Keys, key| keys.number(key, 0.0, 1e9);
        let exactly = bound(&mut keys, "is");
        let least = bound(&mut keys, "at_least");
        let most = bound(&mut keys, "at_most");
        if exactly.is_none() && least.is_none() && most.is_none() {
            keys.wrong_here("say what is expected: \"is\", \"at_least\" or \"at_most\"");
        }
        if exactly.is_some() && (least.is_some() || most.is_some()) {
            keys.wrong("is", "says all by itself: leave \"at_least\" and \"at_most\" out");
        }
        let named: Vec<(&str, Reader)> = CLAIMS
            .iter()
            .copied()
            .filter(|(name, _)| keys.has(name))
            .collect();
        let claim = match *named.as_slice() {
            [(name, reader)] => reader(cast, keys.table(name)),
            _ => {
                let names: Vec<&str> = CLAIMS.iter().map(|(name, _)| *name).collect();
                keys.wrong_here(format!("must have exactly one of: {}", names.join(", ")));
                named.iter().for_each(|(name, _)| drop(keys.take(name)));
                None
            }
        };
        keys.done();
        Some(Expectation {
            place,
            by,
            claim: claim?,
            least: exactly.or(least).unwrap_or(0.0),
            most: exactly.or(most).unwrap_or(f64::INFINITY),
        })
    }

    /// Judges it by what there is now.
    pub(super) fn judge(&self, facts: &Facts<'_>) -> Verdict {
        let seen = self.claim.measure(facts);
        let expected = match (self.least, self.most) {
            (least, most) if most.is_infinite() => format!("at least {least}"),
            (least, most) if (most - least).abs() < f64::EPSILON => format!("{least}"),
            (0.0, most) => format!("at most {most}"),
            (least, most) => format!("{least} to {most}"),
        };
        Verdict {
            place: self.place.clone(),
            about: self.claim.words(),
            expected,
            seen,
            met: seen.map(|seen| (self.least..=self.most).contains(&seen)),
        }
    }
}

fn filter(cast: &Cast, mut keys: Keys, more: &mut dyn FnMut(&mut Keys)) -> Filter {
    let filter = Filter {
        from: who(cast, &mut keys, "from"),
        to: who(cast, &mut keys, "to"),
        kind: keys.text("type"),
    };
    more(&mut keys);
    keys.done();
    filter
}

fn acked(cast: &Cast, keys: Keys) -> Option<Claim> {
    let mut ack = None;
    let filter = filter(cast, keys, &mut |keys| {
        ack = keys.whole("ack", 1, 4);
        if ack.is_none() {
            keys.wrong("ack", "say how far: 1 server, 2 delivered, 3 read, 4 played");
        }
    });
    ack.map(|ack| Claim::Acked(filter, ack))
}

fn some_pages(cast: &Cast, keys: &mut Keys) -> Option<Who> {
    let pages = who(cast, keys, "page");
    if pages.as_ref().is_some_and(|who| !who.is_pages()) {
        keys.wrong("page", "must be a page of this scenario");
        return None;
    }
    pages
}

fn needed_pages(cast: &Cast, keys: &mut Keys) -> Option<Who> {
    if !keys.has("page") {
        keys.wrong("page", "is missing: say which page");
    }
    some_pages(cast, keys)
}

fn pages(cast: &Cast, mut keys: Keys) -> Option<Who> {
    let pages = needed_pages(cast, &mut keys);
    keys.done();
    pages
}

fn refused(cast: &Cast, mut keys: Keys) -> Option<Claim> {
    let pages = needed_pages(cast, &mut keys);
    let error = keys.text("error");
    keys.done();
    pages.map(|pages| Claim::Refused(pages, error))
}

fn heard(cast: &Cast, mut keys: Keys) -> Option<Claim> {
    let pages = needed_pages(cast, &mut keys);
    let from = who(cast, &mut keys, "from");
    keys.done();
    pages.map(|pages| Claim::Heard(pages, from))
}

impl Filter {
    fn lines<'f>(&self, facts: &'f Facts<'_>) -> Vec<&'f Value> {
        let (from, to) = (named(facts, self.from.as_ref()), named(facts, self.to.as_ref()));
        let in_set = |set: &Option<BTreeSet<String>>, value: &Value| {
            set.as_ref()
                .is_none_or(|set| value.as_str().is_some_and(|digits| set.contains(digits)))
        };
        let fits = |line: &&Value| {
            in_set(&from, &line["from"])
                && in_set(&to, &line["to"])
                && self
                    .kind
                    .as_ref()
                    .is_none_or(|kind| line["type"] == kind.as_str())
        };
        facts.deliveries.iter().filter(fits).collect()
    }

    fn words(&self) -> String {
        let mut words = String::new();
        if let Some(kind) = &self.kind {
            words += &format!(" of type {kind}");
        }
        for (word, who) in [("from", &self.from), ("to", &self.to)] {
            if let Some(who) = who {
                words += &format!(" {word} {}", who.name());
            }
        }
        words
    }
}

/// Everybody whom a name may mean, as the delivery log names them.
fn named(facts: &Facts<'_>, who: Option<&Who>) -> Option<BTreeSet<String>> {
    let name = |party: &Party| chat_of(facts.cast, facts.groups, party);
    who.map(|who| who.everybody().iter().filter_map(name).collect())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "what is counted here is far below 2^52"
)]
fn real(count: usize) -> f64 {
    count as f64
}

/// A share of nothing counts as none.
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { real(part) / real(whole) }
}

impl Claim {
    /// `None` where it takes a page of ours to see it.
    fn measure(&self, facts: &Facts<'_>) -> Option<f64> {
        match self {
            Claim::Deliveries(filter) => Some(real(filter.lines(facts).len())),
            Claim::Acked(filter, ack) => {
                let lines = filter.lines(facts);
                let reached = lines
                    .iter()
                    .filter(|line| line["ack"].as_u64() >= Some(*ack))
                    .count();
                Some(share(reached, lines.len()))
            }
            Claim::Linked(who) => {
                let parties = who.everybody();
                let linked = parties
                    .iter()
                    .filter(|party| {
                        facts
                            .cast
                            .number(party)
                            .is_some_and(|number| (facts.linked)(&number))
                    })
                    .count();
                Some(real(linked))
            }
            claim => claim.measure_pages(facts, facts.pages?),
        }
    }

    fn measure_pages(&self, facts: &Facts<'_>, all: &[Page]) -> Option<f64> {
        let these = |who: Option<&Who>| -> Vec<&Page> {
            let Some(who) = who else {
                return all.iter().collect();
            };
            let page = |party| match party {
                Party::Page(page) => all.get(page),
                _ => None,
            };
            who.everybody().into_iter().filter_map(page).collect()
        };
        let sum = |who: Option<&Who>, of: &dyn Fn(&Page) -> usize| real(these(who).into_iter().map(of).sum());
        Some(match self {
            Claim::Refused(who, error) => {
                let counts = |page: &Page| {
                    let fits = |why: &String| error.as_ref().is_none_or(|error| error == why);
                    page.sent
                        .values()
                        .filter(|sent| sent.refused.as_ref().is_some_and(fits))
                        .count()
                };
                let sent: usize = these(Some(who)).iter().map(|page| page.sent.len()).sum();
                share(these(Some(who)).into_iter().map(counts).sum(), sent)
            }
            Claim::Unanswered(who) => sum(Some(who), &|page| {
                page.sent
                    .values()
                    .filter(|sent| !sent.answered && sent.refused.is_none())
                    .count()
            }),
            Claim::Heard(who, from) => {
                let from = named(facts, from.as_ref());
                sum(Some(who), &|page| {
                    // In a group either the group is meant, or who wrote there.
                    let fits = |heard: &&Heard| {
                        let of = |from: &BTreeSet<String>| {
                            from.contains(&heard.chat) || from.contains(&heard.author)
                        };
                        !heard.from_me && from.as_ref().is_none_or(of)
                    };
                    page.heard.iter().filter(fits).count()
                })
            }
            Claim::Doubles(who) => sum(who.as_ref(), &|page| {
                usize::try_from(page.doubles + page.fallen).unwrap_or(usize::MAX)
            }),
            Claim::Disorder(who) => {
                let places = places(facts.deliveries);
                sum(who.as_ref(), &|page| disorder(page, &places))
            }
            Claim::History(who) => sum(Some(who), &|page| {
                usize::try_from(page.history).unwrap_or(usize::MAX)
            }),
            Claim::Synced(who) => {
                let times: Vec<Millis> = these(Some(who))
                    .into_iter()
                    .filter_map(|page| page.synced_ms)
                    .collect();
                real(usize::try_from(times.into_iter().max()?).unwrap_or(usize::MAX))
            }
            Claim::Deliveries(_) | Claim::Acked(..) | Claim::Linked(_) => return None,
        })
    }

    fn words(&self) -> String {
        let of = |who: &Option<Who>| who.as_ref().map_or("every page".to_owned(), Who::name);
        match self {
            Claim::Deliveries(filter) => format!("messages{}", filter.words()),
            Claim::Acked(filter, ack) => {
                let far = ["", "on the server", "delivered", "read", "played"];
                let far = far
                    .get(usize::try_from(*ack).unwrap_or(0))
                    .copied()
                    .unwrap_or_default();
                format!("share of messages{} that are {far}", filter.words())
            }
            Claim::Refused(who, None) => format!("share of what {} sent that was refused", who.name()),
            Claim::Refused(who, Some(error)) => {
                format!("share of what {} sent that was refused with {error}", who.name())
            }
            Claim::Unanswered(who) => format!("messages of {} that nobody acknowledged", who.name()),
            Claim::Heard(who, None) => format!("messages that {} was told of", who.name()),
            Claim::Heard(who, Some(from)) => {
                format!("messages from {} that {} was told of", from.name(), who.name())
            }
            Claim::Doubles(who) => format!(
                "messages told twice, and acknowledgements that fell, at {}",
                of(who)
            ),
            Claim::Disorder(who) => format!("messages told out of their order at {}", of(who)),
            Claim::History(who) => format!("messages that {} got as history", who.name()),
            Claim::Synced(who) => format!("milliseconds until {} had its history", who.name()),
            Claim::Linked(who) => format!("phones of {} with a linked page", who.name()),
        }
    }
}

/// The place of each message in the order in which the server took them, by sender and id.
fn places(deliveries: &[Value]) -> HashMap<(String, String), usize> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let place = |(i, line): (usize, &Value)| ((text(&line["from"]), text(&line["wa_message_id"])), i);
    deliveries.iter().enumerate().map(place).collect()
}

/// Messages of others that came after a later one of the same chat.
fn disorder(page: &Page, places: &HashMap<(String, String), usize>) -> usize {
    let mut last: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wrong = 0;
    for heard in page.heard.iter().filter(|heard| !heard.from_me) {
        let Some(place) = places.get(&(heard.author.clone(), heard.id.clone())) else {
            continue;
        };
        let latest = last.entry(heard.chat.as_str()).or_default();
        wrong += usize::from(place < latest);
        *latest = (*latest).max(*place);
    }
    wrong
}
