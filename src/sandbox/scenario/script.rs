//! A scenario as it is written: who takes part, what happens when, and what is expected of it.

use serde_json::{Map, Value};
use zaptor_actors::domain::clock::Timestamp;

use super::cast::{Cast, Who};
use super::expectations::Expectation;
use super::keys::{Complaints, Keys};
use crate::sandbox::network::{Millis, Timing};
use crate::sandbox::server::words;

/// Steps of one scenario, each time they happen counted.
pub(super) const DEEDS_LIMIT: u64 = 200_000;

/// When a scenario begins if it does not say.
const START: &str = "2026-01-05T09:00:00Z";

/// A scenario that was read and found in order.
#[derive(Debug)]
pub(super) struct Script {
    pub(super) title: String,
    pub(super) seed: u64,
    pub(super) start: Millis,
    /// How long it goes on, from the start.
    pub(super) lasts: Millis,
    /// What the network is told first, in the words of `PATCH /_/api/network`.
    pub(super) network: Map<String, Value>,
    pub(super) cast: Cast,
    pub(super) steps: Vec<Step>,
    pub(super) expected: Vec<Expectation>,
}

/// Something that happens, once or again and again.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) place: String,
    pub(super) at: Millis,
    pub(super) every: Millis,
    pub(super) count: u64,
    /// Each time it happens up to so much later, drawn from the seed.
    pub(super) jitter: Millis,
    pub(super) act: Act,
}

/// What happens. Bodies are in the words of the control API.
#[derive(Debug)]
pub(super) enum Act {
    Send {
        from: Who,
        to: Who,
        body: Map<String, Value>,
        /// By which other steps name the message.
        name: Option<String>,
    },
    /// Something that a phone's owner does in a chat, mostly to a message: `react`, `edit`, `revoke`, `vote`, `typing`.
    Does {
        verb: &'static str,
        by: Who,
        chat: Who,
        message: Option<String>,
        body: Map<String, Value>,
    },
    Read {
        by: Who,
        from: Who,
    },
    Switch {
        who: Who,
        switch: Switch,
    },
    Fault {
        phone: Option<Who>,
        body: Map<String, Value>,
    },
    ClearFaults,
    Network {
        body: Map<String, Value>,
    },
    Page {
        who: Who,
        goes: Goes,
    },
}

/// What a phone's owner does to its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Switch {
    Online,
    Offline,
    Unlink,
}

impl Switch {
    const NAMES: [(&'static str, Switch); 3] = [
        ("online", Switch::Online),
        ("offline", Switch::Offline),
        ("unlink", Switch::Unlink),
    ];

    /// The last part of its path in the control API.
    pub(super) fn name(self) -> &'static str {
        Switch::NAMES
            .iter()
            .find(|(_, switch)| *switch == self)
            .map_or("", |(name, _)| name)
    }
}

/// What happens to a page's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goes {
    /// The tab is closed.
    Leaves,
    /// It is opened again, and remembers its link.
    Returns,
    /// Both at once.
    Reloads,
}

/// What one kind of step is called, and how the rest of it is read.
type Reader = fn(&Cast, Keys) -> Option<Act>;

const ACTS: [(&str, Reader); 12] = [
    ("send", send),
    ("react", |cast, keys| does("react", cast, keys)),
    ("edit", |cast, keys| does("edit", cast, keys)),
    ("revoke", |cast, keys| does("revoke", cast, keys)),
    ("vote", |cast, keys| does("vote", cast, keys)),
    ("typing", |cast, keys| does("typing", cast, keys)),
    ("read", read),
    ("phone", switch),
    ("fault", fault),
    ("clear_faults", |_, keys| {
        keys.done();
        Some(Act::ClearFaults)
    }),
    ("network", network),
    ("page", page),
];

impl Script {
    /// Reads a scenario out of the tables of its file. What is wrong is told line by line, each with its key.
    pub(super) fn read(file: Value) -> Result<Script, Vec<String>> {
        let complaints = Complaints::default();
        let mut keys = Keys::new("", file, &complaints);
        let title = keys.needed_text("title");
        let about = keys.text("about");
        let seed = keys.whole("seed", 0, u64::MAX).unwrap_or(1);
        let start = start(&mut keys);
        let lasts = keys.time("lasts");
        if lasts.is_none() {
            keys.wrong("lasts", "say how long the scenario goes on, such as \"10m\"");
        }
        let network = checked_network(keys.table("network"));
        if network.contains_key("seed") {
            keys.wrong(
                "network.seed",
                "the seed of a scenario stands at the top of its file",
            );
        }
        let mut cast = Cast::default();
        cast.read_phones(keys.named_tables("phones"));
        cast.read_pages(keys.named_tables("pages"));
        cast.read_groups(keys.named_tables("groups"));
        cast.read_pasts(keys.tables("history"));
        let steps: Vec<Step> = keys
            .tables("steps")
            .into_iter()
            .filter_map(|keys| step(&cast, keys))
            .collect();
        let deeds: u64 = steps.iter().map(|step| step.count).sum();
        if deeds > DEEDS_LIMIT {
            keys.wrong(
                "steps",
                format!("they happen {deeds} times; {DEEDS_LIMIT} is the most"),
            );
        }
        let expected: Vec<Expectation> = keys
            .tables("expect")
            .into_iter()
            .filter_map(|keys| Expectation::read(&cast, keys))
            .collect();
        keys.done();
        drop(about);
        let complaints = complaints.take();
        if !complaints.is_empty() {
            return Err(complaints);
        }
        Ok(Script {
            title: title.unwrap_or_default(),
            seed,
            start,
            lasts: lasts.unwrap_or_default(),
            network,
            cast,
            steps,
            expected,
        })
    }
}

fn start(keys: &mut Keys) -> Millis {
    let text = keys.text("start").unwrap_or_else(|| START.to_owned());
    match text.parse::<Timestamp>() {
        Ok(moment) => moment.millis(),
        Err(_) => {
            keys.wrong("start", "must be a moment such as \"2026-01-05T09:00:00Z\"");
            0
        }
    }
}

fn step(cast: &Cast, mut keys: Keys) -> Option<Step> {
    let place = keys.place().to_owned();
    let at = keys.time("at").unwrap_or(0);
    let count = keys.whole("count", 1, DEEDS_LIMIT);
    let every = keys.time("every");
    let jitter = keys.time("jitter").unwrap_or(0);
    if count.is_some_and(|count| count > 1) != every.is_some() {
        keys.wrong_here("\"every\" and \"count\" go together: say how often, and how many times");
    }
    let named: Vec<(&str, Reader)> = ACTS.iter().copied().filter(|(name, _)| keys.has(name)).collect();
    let act = match *named.as_slice() {
        [(name, reader)] => reader(cast, keys.table(name)),
        _ => {
            let names: Vec<&str> = ACTS.iter().map(|(name, _)| *name).collect();
            keys.wrong_here(format!("must have exactly one of: {}", names.join(", ")));
            named.iter().for_each(|(name, _)| drop(keys.take(name)));
            None
        }
    };
    keys.done();
    Some(Step {
        place,
        at,
        every: every.unwrap_or(0),
        count: count.unwrap_or(1),
        jitter,
        act: act?,
    })
}

/// Reads somebody who must be there.
pub(super) fn needed_who(cast: &Cast, keys: &mut Keys, key: &'static str) -> Option<Who> {
    let text = keys.needed_text(key)?;
    known_who(cast, keys, key, &text)
}

/// Reads somebody who may be left out.
pub(super) fn who(cast: &Cast, keys: &mut Keys, key: &'static str) -> Option<Who> {
    let text = keys.text(key)?;
    known_who(cast, keys, key, &text)
}

fn known_who(cast: &Cast, keys: &Keys, key: &str, text: &str) -> Option<Who> {
    cast.who(text).map_err(|why| keys.wrong(key, why)).ok()
}

/// Somebody who has a phone of this scenario, or (with `pages`) one of its pages.
fn acting(cast: &Cast, keys: &mut Keys, key: &'static str, pages: bool) -> Option<Who> {
    let who = needed_who(cast, keys, key)?;
    if who.is_phones() || (pages && who.is_pages()) {
        return Some(who);
    }
    keys.wrong(key, "must be a phone of this scenario");
    None
}

fn send(cast: &Cast, mut keys: Keys) -> Option<Act> {
    let from = acting(cast, &mut keys, "from", true);
    let to = needed_who(cast, &mut keys, "to");
    let name = keys.text("as");
    let mut body = keys.rest();
    body.insert("to".to_owned(), Value::from("5511987654321"));
    complain(&keys, words::message(&bytes(&body)));
    body.remove("to");
    Some(Act::Send {
        from: from?,
        to: to?,
        body,
        name,
    })
}

fn does(verb: &'static str, cast: &Cast, mut keys: Keys) -> Option<Act> {
    let by = acting(cast, &mut keys, "by", false);
    let chat = needed_who(cast, &mut keys, "chat");
    let message = match verb {
        "typing" => None,
        _ => keys.needed_text("message"),
    };
    let body = keys.rest();
    let mut whole = body.clone();
    whole.insert("to".to_owned(), Value::from("5511987654321"));
    if verb != "typing" {
        whole.insert("wa_message_id".to_owned(), Value::from("3EB0"));
    }
    complain(&keys, words::act(verb, &words::anybody(), &bytes(&whole)));
    Some(Act::Does {
        verb,
        by: by?,
        chat: chat?,
        message,
        body,
    })
}

fn read(cast: &Cast, mut keys: Keys) -> Option<Act> {
    let by = acting(cast, &mut keys, "by", true);
    let from = needed_who(cast, &mut keys, "from");
    keys.done();
    Some(Act::Read { by: by?, from: from? })
}

fn switch(cast: &Cast, mut keys: Keys) -> Option<Act> {
    let who = acting(cast, &mut keys, "who", false);
    let goes = keys.needed_text("goes");
    let known = |name: String| {
        let found = Switch::NAMES.iter().find(|(known, _)| *known == name);
        if found.is_none() {
            keys.wrong("goes", "must be \"online\", \"offline\" or \"unlink\"");
        }
        found.map(|(_, switch)| *switch)
    };
    let switch = goes.and_then(known);
    keys.done();
    Some(Act::Switch {
        who: who?,
        switch: switch?,
    })
}

fn fault(cast: &Cast, mut keys: Keys) -> Option<Act> {
    let named = keys.has("phone");
    let phone = if named {
        acting(cast, &mut keys, "phone", false)
    } else {
        None
    };
    // Here as everywhere in a scenario a length of time may be written with its unit.
    let lengths = [("after_ms", keys.time("after")), ("for_ms", keys.time("for"))];
    let mut body = keys.rest();
    for (key, length) in lengths {
        if let Some(millis) = length {
            body.insert(key.to_owned(), Value::from(millis));
        }
    }
    let mut whole = body.clone();
    if named {
        whole.insert("phone".to_owned(), Value::from("5511987654321"));
    }
    complain(&keys, words::fault(&bytes(&whole)));
    if named && phone.is_none() {
        return None;
    }
    Some(Act::Fault { phone, body })
}

fn network(_: &Cast, keys: Keys) -> Option<Act> {
    Some(Act::Network {
        body: checked_network(keys),
    })
}

fn checked_network(mut keys: Keys) -> Map<String, Value> {
    let mut body = keys.rest();
    // TOML knows no null, and "nobody reads" has to be said.
    for key in ["read_ms", "auto_reply"] {
        if body.get(key) == Some(&Value::Bool(false)) {
            body.insert(key.to_owned(), Value::Null);
        }
    }
    complain(&keys, words::timing(&bytes(&body), &Timing::default()));
    body
}

fn page(cast: &Cast, mut keys: Keys) -> Option<Act> {
    let who = needed_who(cast, &mut keys, "who");
    if who.as_ref().is_some_and(|who| !who.is_pages()) {
        keys.wrong("who", "must be a page of this scenario");
    }
    let goes = match keys.needed_text("goes").as_deref() {
        Some("leaves") => Some(Goes::Leaves),
        Some("returns") => Some(Goes::Returns),
        Some("reloads") => Some(Goes::Reloads),
        Some(_) => {
            keys.wrong("goes", "must be \"leaves\", \"returns\" or \"reloads\"");
            None
        }
        None => None,
    };
    keys.done();
    Some(Act::Page {
        who: who.filter(Who::is_pages)?,
        goes: goes?,
    })
}

fn bytes(body: &Map<String, Value>) -> Vec<u8> {
    serde_json::to_vec(body).unwrap_or_default()
}

/// Hands on what the control API would say of this body.
fn complain<T>(keys: &Keys, judged: Result<T, Vec<(String, String)>>) {
    for (pointer, detail) in judged.err().into_iter().flatten() {
        keys.wrong(&pointer.trim_start_matches('/').replace('/', "."), detail);
    }
}
