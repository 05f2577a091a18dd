//! Who takes part: phones, the pages that they link, groups; and how a scenario names them.

use std::collections::BTreeMap;
use std::ops::Range;

use rand::RngExt;
use rand::rngs::ChaCha12Rng;
use serde_json::{Map, Value};

use super::keys::Keys;
use crate::sandbox::network::{Millis, Number};
use crate::sandbox::server::words;

/// How a scenario names the place of status posts.
const STATUS: &str = "status";

/// Phones that one scenario may have; also pages.
const CAST_LIMIT: u64 = 2_000;

/// One phone.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) number: Number,
    pub(super) name: String,
}

/// How a page behaves. Pages exist in virtual time alone; against a running sandbox they are real ones.
#[derive(Clone, Debug)]
pub(super) struct PagePlan {
    /// Its name in reports: that of the file, with a number if it is one of several.
    pub(super) name: String,
    /// Whose page it is.
    pub(super) owner: usize,
    /// When it is opened and its code scanned, from the start.
    pub(super) opens: Millis,
    /// How long after a message came the person at the page sees it; `None`: nobody looks.
    pub(super) sees: Option<Millis>,
    /// What the person answers to each message of somebody else, and how long that takes.
    pub(super) answers: Option<(String, Millis)>,
    /// How long it waits before it connects anew; `None`: it stays away.
    pub(super) returns: Option<Millis>,
    /// How long it waits for an acknowledgement before it sends the same id again; `None`: for ever.
    pub(super) repeats: Option<Millis>,
    /// Whether somebody dismisses the "What's new" dialog.
    pub(super) dismisses: bool,
}

/// A group that there is from the start.
#[derive(Clone, Debug)]
pub(super) struct GroupPlan {
    pub(super) name: String,
    pub(super) subject: String,
    pub(super) creator: usize,
    pub(super) members: Vec<usize>,
}

/// Chats of the past that a phone has from the start, all read.
#[derive(Clone, Debug)]
pub(super) struct PastPlan {
    pub(super) place: String,
    pub(super) phone: usize,
    /// As `POST /_/api/phones/{phone}/history` takes it.
    pub(super) body: Map<String, Value>,
}

/// Everybody.
#[derive(Debug, Default)]
pub(super) struct Cast {
    pub(super) people: Vec<Person>,
    pub(super) pages: Vec<PagePlan>,
    pub(super) groups: Vec<GroupPlan>,
    pub(super) pasts: Vec<PastPlan>,
    phones_named: BTreeMap<String, Range<usize>>,
    pages_named: BTreeMap<String, Range<usize>>,
}

/// One who does something, or to whom it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Party {
    Phone(usize),
    Page(usize),
    Group(usize),
    /// Where status posts go.
    Status,
    /// A number that nobody has created: it is delivered to and reads by itself.
    Robot(Number),
}

/// A name as the file writes it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Who {
    text: String,
    all: All,
    pick: Pick,
}

#[derive(Clone, Debug, PartialEq)]
enum All {
    Phones(Range<usize>),
    Pages(Range<usize>),
    Group(usize),
    Status,
    Robot(Number),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Pick {
    /// The next one each time.
    Turn,
    /// One drawn from the seed.
    Any,
    /// All of them.
    Each,
    /// This one.
    Only(usize),
}

impl Cast {
    /// Reads `[phones.…]`.
    pub(super) fn read_phones(&mut self, tables: Vec<(String, Keys)>) {
        for (name, mut keys) in tables {
            let number = keys.needed_text("phone");
            let shown = keys.text("name").unwrap_or_else(|| name.clone());
            let count = keys.whole("count", 1, CAST_LIMIT);
            let Some(number) = number else {
                keys.done();
                continue;
            };
            let first = Number::parse(&number).filter(Number::is_on_whatsapp);
            let Some(first) = first else {
                keys.wrong(
                    "phone",
                    "must be the digits of a number on WhatsApp, such as \"5511987654321\"",
                );
                keys.done();
                continue;
            };
            let begin = self.people.len();
            for i in 0..count.unwrap_or(1) {
                let number = following(&first, i);
                let taken = |number: &Number| self.people.iter().any(|known| &known.number == number);
                match number.filter(|number| !taken(number)) {
                    Some(number) => self.people.push(Person {
                        number,
                        name: count.map_or_else(|| shown.clone(), |_| format!("{shown} {}", i + 1)),
                    }),
                    None => {
                        keys.wrong(
                            "phone",
                            "another phone has this number, or one that counting up comes to",
                        );
                        break;
                    }
                }
            }
            self.phones_named.insert(name, begin..self.people.len());
            keys.done();
        }
    }

    /// Reads `[pages.…]`: a page for every phone that is named.
    pub(super) fn read_pages(&mut self, tables: Vec<(String, Keys)>) {
        for (name, mut keys) in tables {
            if self.phones_named.contains_key(&name) {
                keys.wrong_here("a phone has this name: choose another");
            }
            let phone = keys.needed_text("phone");
            let answers = keys.text("answers");
            let answer_after = keys.time("answer_after").unwrap_or(500);
            let mut plan = PagePlan {
                name: name.clone(),
                owner: 0,
                opens: keys.time("opens").unwrap_or(0),
                sees: keys.time("sees_after"),
                answers: answers.map(|text| (text, answer_after)),
                returns: Some(keys.time("returns_after").unwrap_or(1_000)),
                repeats: keys.time("repeats_after"),
                dismisses: keys.flag("dismisses").unwrap_or(true),
            };
            if keys.flag("returns") == Some(false) {
                plan.returns = None;
            }
            let owners = phone.and_then(|phone| {
                let named = self.phones_named.get(&phone).cloned();
                if named.is_none() {
                    keys.wrong(
                        "phone",
                        format!("there is no phone \"{phone}\": {}", self.known()),
                    );
                }
                named
            });
            let begin = self.pages.len();
            for owner in owners.unwrap_or(0..0) {
                plan.owner = owner;
                let several = self
                    .phones_named
                    .values()
                    .any(|set| set.len() > 1 && set.contains(&owner));
                if several {
                    plan.name = format!("{name} {}", self.pages.len() - begin + 1);
                }
                self.pages.push(plan.clone());
            }
            self.pages_named.insert(name, begin..self.pages.len());
            keys.done();
        }
    }

    /// Reads `[groups.…]`.
    pub(super) fn read_groups(&mut self, tables: Vec<(String, Keys)>) {
        for (name, mut keys) in tables {
            if self.phones_named.contains_key(&name) || self.pages_named.contains_key(&name) {
                keys.wrong_here("a phone or a page has this name: choose another");
            }
            let subject = keys.text("subject").unwrap_or_else(|| name.clone());
            let creator = keys.needed_text("creator");
            let creator = creator.and_then(|text| self.phones_of(&keys, "creator", &text).first().copied());
            let mut members = Vec::new();
            for text in keys.texts("members") {
                members.extend(self.phones_of(&keys, "members", &text));
            }
            keys.done();
            members.retain(|member| Some(*member) != creator);
            if let Some(creator) = creator {
                self.groups.push(GroupPlan {
                    name,
                    subject,
                    creator,
                    members,
                });
            }
        }
    }

    /// Reads `[[history]]`.
    pub(super) fn read_pasts(&mut self, tables: Vec<Keys>) {
        for mut keys in tables {
            let phones = keys.needed_text("phone");
            let phones = phones.map_or_else(Vec::new, |text| self.phones_of(&keys, "phone", &text));
            let place = keys.place().to_owned();
            let body = keys.rest();
            let said = serde_json::to_vec(&body).unwrap_or_default();
            for (pointer, detail) in words::seed(words::anybody(), &said).err().into_iter().flatten() {
                keys.wrong(pointer.trim_start_matches('/'), detail);
            }
            self.pasts.extend(phones.into_iter().map(|phone| PastPlan {
                place: place.clone(),
                phone,
                body: body.clone(),
            }));
        }
    }

    /// All phones that a name may mean.
    fn phones_of(&self, keys: &Keys, key: &str, text: &str) -> Vec<usize> {
        let who = match self.who(text) {
            Ok(who) if who.is_phones() => who,
            Ok(_) => {
                keys.wrong(key, "must be phones of this scenario");
                return Vec::new();
            }
            Err(why) => {
                keys.wrong(key, why);
                return Vec::new();
            }
        };
        let phone = |party| match party {
            Party::Phone(phone) => Some(phone),
            _ => None,
        };
        who.everybody().into_iter().filter_map(phone).collect()
    }

    /// Reads a name: `shop`, `customers` (the next one each time), `customers 3`, `any customers`, `each customers`, or
    /// the digits of a number that nobody has created.
    pub(super) fn who(&self, text: &str) -> Result<Who, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (pick, name) = match *words.as_slice() {
            ["any", name] => (Pick::Any, name),
            ["each", name] => (Pick::Each, name),
            [name, place] => match place.parse::<usize>() {
                Ok(place) if place > 0 => (Pick::Only(place - 1), name),
                _ => {
                    return Err(format!(
                        "\"{text}\" names nobody: write \"{name} 3\", \"any {name}\" or \"each {name}\""
                    ));
                }
            },
            [name] => (Pick::Turn, name),
            _ => return Err(format!("\"{text}\" names nobody: {}", self.known())),
        };
        let all = if let Some(phones) = self.phones_named.get(name) {
            All::Phones(phones.clone())
        } else if let Some(pages) = self.pages_named.get(name) {
            All::Pages(pages.clone())
        } else if let Some(group) = self.groups.iter().position(|group| group.name == name) {
            All::Group(group)
        } else if name == STATUS {
            All::Status
        } else if let Some(robot) = Number::parse(name) {
            All::Robot(robot)
        } else {
            return Err(format!("there is nobody called \"{name}\": {}", self.known()));
        };
        let who = Who {
            text: text.to_owned(),
            all,
            pick,
        };
        if let Pick::Only(place) = pick
            && place >= who.len()
        {
            return Err(format!("there are only {} of \"{name}\"", who.len()));
        }
        Ok(who)
    }

    fn known(&self) -> String {
        let names: Vec<&str> = self
            .phones_named
            .keys()
            .chain(self.pages_named.keys())
            .map(String::as_str)
            .chain(self.groups.iter().map(|group| group.name.as_str()))
            .collect();
        format!("there are {}", names.join(", "))
    }

    /// The number of a party; that of a page is its owner's, that of a group its creator's.
    pub(super) fn number(&self, party: &Party) -> Option<Number> {
        let person = match party {
            Party::Phone(phone) => *phone,
            Party::Page(page) => self.pages[*page].owner,
            Party::Group(_) | Party::Status => return None,
            Party::Robot(number) => return Some(number.clone()),
        };
        Some(self.people[person].number.clone())
    }
}

/// The chat of a party as the control API names it. `groups` are the ids of the scenario's groups.
pub(super) fn chat_of(cast: &Cast, groups: &[String], party: &Party) -> Option<String> {
    match party {
        Party::Group(group) => groups.get(*group).cloned(),
        Party::Status => Some("status@broadcast".to_owned()),
        party => Some(cast.number(party)?.digits()),
    }
}

impl Who {
    /// As the file has it.
    pub(super) fn name(&self) -> String {
        self.text.clone()
    }

    fn len(&self) -> usize {
        match &self.all {
            All::Phones(set) | All::Pages(set) => set.len(),
            All::Group(_) | All::Status | All::Robot(_) => 1,
        }
    }

    /// Whether these are pages.
    pub(super) fn is_pages(&self) -> bool {
        matches!(self.all, All::Pages(_))
    }

    /// Whether these are phones that the scenario has made.
    pub(super) fn is_phones(&self) -> bool {
        matches!(self.all, All::Phones(_))
    }

    /// Who it is the `turn`th time, counted from 0.
    pub(super) fn picked(&self, turn: usize, chance: &mut ChaCha12Rng) -> Vec<Party> {
        let count = self.len().max(1);
        match self.pick {
            Pick::Turn => vec![self.party(turn % count)],
            Pick::Any => vec![self.party(chance.random_range(0..count))],
            Pick::Only(place) => vec![self.party(place)],
            Pick::Each => (0..self.len()).map(|place| self.party(place)).collect(),
        }
    }

    /// All whom the name may mean.
    pub(super) fn everybody(&self) -> Vec<Party> {
        match self.pick {
            Pick::Only(place) => vec![self.party(place)],
            Pick::Turn | Pick::Any | Pick::Each => (0..self.len()).map(|place| self.party(place)).collect(),
        }
    }

    fn party(&self, place: usize) -> Party {
        match &self.all {
            All::Phones(set) => Party::Phone(set.start + place),
            All::Pages(set) => Party::Page(set.start + place),
            All::Group(group) => Party::Group(*group),
            All::Status => Party::Status,
            All::Robot(number) => Party::Robot(number.clone()),
        }
    }
}

/// The number that comes `steps` after this one.
fn following(first: &Number, steps: u64) -> Option<Number> {
    let digits = first.digits();
    let next = digits.parse::<u64>().ok()?.checked_add(steps)?;
    Number::parse(&format!("{next:0width$}", width = digits.len()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test panics where it fails")]
    use rand::SeedableRng;
    use serde_json::json;

    use super::super::keys::Complaints;
    use super::*;

    fn cast(file: Value) -> (Cast, Vec<String>) {
        let complaints = Complaints::default();
        let mut keys = Keys::new("", file, &complaints);
        let mut cast = Cast::default();
        cast.read_phones(keys.named_tables("phones"));
        cast.read_pages(keys.named_tables("pages"));
        keys.done();
        (cast, complaints.take())
    }

    #[test]
    fn names_by_table() {
        let (cast, complaints) = cast(json!({
            "phones": {"shop": {"phone": "5511900000001"}, "people": {"phone": "5511900000100", "count": 3}},
            "pages": {"till": {"phone": "shop"}, "tabs": {"phone": "people"}},
        }));
        assert_eq!(complaints, [""; 0]);
        let mut chance = ChaCha12Rng::seed_from_u64(1);
        let mut picked = |text: &str, turn| {
            let who = cast.who(text).unwrap();
            let parties = who.picked(turn, &mut chance);
            parties
                .iter()
                .map(|party| cast.number(party).unwrap().digits())
                .collect::<Vec<_>>()
        };
        let rows: [(&str, usize, &[&str]); 7] = [
            ("shop", 5, &["5511900000001"]),
            ("till", 5, &["5511900000001"]),
            ("people", 1, &["5511900000101"]),
            ("people", 3, &["5511900000100"]),
            ("people 3", 0, &["5511900000102"]),
            (
                "each tabs",
                0,
                &["5511900000100", "5511900000101", "5511900000102"],
            ),
            ("5511955555555", 0, &["5511955555555"]),
        ];
        for (text, turn, numbers) in rows {
            assert_eq!(picked(text, turn), numbers, "{text}, {turn}");
        }
        assert_eq!(picked("any people", 0).len(), 1);
    }

    #[test]
    fn who_is_nobody_is_told_who_there_is() {
        let (cast, _) = cast(json!({"phones": {"shop": {"phone": "5511900000001"}}}));
        for (text, says) in [
            ("shoop", "there is nobody called \"shoop\": there are shop"),
            ("shop 2", "there are only 1 of \"shop\""),
            ("shop x", "\"shop x\" names nobody"),
            ("", "\"\" names nobody"),
        ] {
            let told = cast.who(text).unwrap_err();
            assert!(told.starts_with(says), "{text}: {told}");
        }
    }

    #[test]
    fn mistakes_in_phones_and_pages() {
        let (_, complaints) = cast(json!({
            "phones": {"a": {"phone": "12"}, "b": {"phone": "5511900000001"}, "c": {"phone": "5511900000000", "count": 2}},
            "pages": {"b": {"phone": "b"}, "tab": {"phone": "nobody"}},
        }));
        let begins = [
            "phones.a.phone: must be the digits",
            "phones.c.phone: another phone has this number",
            "pages.b: a phone has this name",
            "pages.tab.phone: there is no phone \"nobody\"",
        ];
        assert_eq!(complaints.len(), begins.len(), "{complaints:?}");
        for (complaint, begin) in complaints.iter().zip(begins) {
            assert!(complaint.starts_with(begin), "{complaint}");
        }
    }
}
