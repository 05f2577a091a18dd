//! Reads a table of a scenario key by key, and collects everything that is wrong with it, each with its place: whoever
//! writes a scenario sees all mistakes at once.

use std::cell::RefCell;
use std::rc::Rc;

use serde_json::{Map, Value};

use crate::sandbox::network::Millis;

/// The longest time that may be named anywhere: ten years.
const LONGEST_MS: u64 = 10 * 366 * 86_400_000;

/// Everything that is wrong so far, in order: `place: what to do`.
pub(super) type Complaints = Rc<RefCell<Vec<String>>>;

/// A table of which nobody has asked for the rest yet.
pub(super) struct Keys {
    place: String,
    left: Map<String, Value>,
    /// Every key that was asked for, for whoever misspelt one.
    known: Vec<&'static str>,
    complaints: Complaints,
}

impl Keys {
    /// The table at `place`; what is no table is noted, and reads as an empty one.
    pub(super) fn new(place: impl Into<String>, value: Value, complaints: &Complaints) -> Keys {
        let place = place.into();
        let left = match value {
            Value::Object(left) => left,
            _ => {
                complaints
                    .borrow_mut()
                    .push(format!("{place}: must be a table of keys and values"));
                Map::new()
            }
        };
        Keys {
            place,
            left,
            known: Vec::new(),
            complaints: Rc::clone(complaints),
        }
    }

    /// Where this table stands.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// Where a key of this table stands.
    pub(super) fn place_of(&self, key: &str) -> String {
        match self.place.as_str() {
            "" => key.to_owned(),
            place => format!("{place}.{key}"),
        }
    }

    /// Notes something wrong with a key.
    pub(super) fn wrong(&self, key: &str, what: impl AsRef<str>) {
        let line = format!("{}: {}", self.place_of(key), what.as_ref());
        self.complaints.borrow_mut().push(line);
    }

    /// Notes something wrong with the table as a whole.
    pub(super) fn wrong_here(&self, what: impl AsRef<str>) {
        let place = if self.place.is_empty() {
            "the file"
        } else {
            &self.place
        };
        let line = format!("{place}: {}", what.as_ref());
        self.complaints.borrow_mut().push(line);
    }

    /// Whether the table has this key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.left.contains_key(key)
    }

    /// Whatever stands under a key.
    pub(super) fn take(&mut self, key: &'static str) -> Option<Value> {
        self.known.push(key);
        self.left.remove(key)
    }

    /// A text.
    pub(super) fn text(&mut self, key: &'static str) -> Option<String> {
        match self.take(key)? {
            Value::String(text) if !text.trim().is_empty() => Some(text),
            _ => {
                self.wrong(key, "must be a text in quotes that is not empty");
                None
            }
        }
    }

    /// A text that must be there.
    pub(super) fn needed_text(&mut self, key: &'static str) -> Option<String> {
        if !self.has(key) {
            self.known.push(key);
            self.wrong(key, "is missing: add it");
            return None;
        }
        self.text(key)
    }

    /// Texts: a list of them, or one alone.
    pub(super) fn texts(&mut self, key: &'static str) -> Vec<String> {
        let items = match self.take(key) {
            None => return Vec::new(),
            Some(Value::Array(items)) => items,
            Some(alone) => vec![alone],
        };
        let text = |item: &Value| item.as_str().map(str::to_owned);
        let texts: Vec<String> = items.iter().filter_map(text).collect();
        if texts.len() < items.len() {
            self.wrong(key, "must be texts in quotes");
        }
        texts
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, key: &'static str) -> Option<bool> {
        let value = self.take(key)?;
        if value.as_bool().is_none() {
            self.wrong(key, "must be true or false");
        }
        value.as_bool()
    }

    /// A whole number within these bounds.
    pub(super) fn whole(&mut self, key: &'static str, least: u64, most: u64) -> Option<u64> {
        let value = self.take(key)?;
        let whole = value.as_u64().filter(|whole| (least..=most).contains(whole));
        if whole.is_none() {
            self.wrong(key, format!("must be a whole number from {least} to {most}"));
        }
        whole
    }

    /// A number within these bounds.
    pub(super) fn number(&mut self, key: &'static str, least: f64, most: f64) -> Option<f64> {
        let value = self.take(key)?;
        let number = value.as_f64().filter(|number| (least..=most).contains(number));
        if number.is_none() {
            self.wrong(key, format!("must be a number from {least} to {most}"));
        }
        number
    }

    /// A length of time, in milliseconds: `250`, `"250ms"`, `"2s"`, `"5m"`, `"1h"`, `"30d"`.
    pub(super) fn time(&mut self, key: &'static str) -> Option<Millis> {
        let value = self.take(key)?;
        let millis = match &value {
            Value::String(text) => millis_of(text),
            value => value.as_u64(),
        };
        let millis = millis.filter(|millis| *millis <= LONGEST_MS);
        if millis.is_none() {
            self.wrong(
                key,
                "must be a length of time such as \"250ms\", \"2s\", \"5m\", \"1h\" or \"30d\"",
            );
        }
        millis.and_then(|millis| Millis::try_from(millis).ok())
    }

    /// A table under a key; an empty one if it is not there.
    pub(super) fn table(&mut self, key: &'static str) -> Keys {
        let value = self.take(key).unwrap_or_else(|| Value::Object(Map::new()));
        Keys::new(self.place_of(key), value, &self.complaints)
    }

    /// Tables by the names that the file gives them: `[phones.shop]`.
    pub(super) fn named_tables(&mut self, key: &'static str) -> Vec<(String, Keys)> {
        let Some(value) = self.take(key) else {
            return Vec::new();
        };
        let Value::Object(tables) = value else {
            self.wrong(key, format!("must be tables with names, as [{key}.somebody]"));
            return Vec::new();
        };
        let place = self.place_of(key);
        let table = |(name, value): (String, Value)| {
            let keys = Keys::new(format!("{place}.{name}"), value, &self.complaints);
            (name, keys)
        };
        tables.into_iter().map(table).collect()
    }

    /// A list of tables: `[[steps]]`.
    pub(super) fn tables(&mut self, key: &'static str) -> Vec<Keys> {
        let Some(value) = self.take(key) else {
            return Vec::new();
        };
        let Value::Array(items) = value else {
            self.wrong(key, format!("must be a list of tables, as [[{key}]]"));
            return Vec::new();
        };
        let place = self.place_of(key);
        let table = |(i, value)| Keys::new(format!("{place}[{i}]"), value, &self.complaints);
        items.into_iter().enumerate().map(table).collect()
    }

    /// Everything that nobody has asked for, for those who judge it elsewhere.
    pub(super) fn rest(&mut self) -> Map<String, Value> {
        std::mem::take(&mut self.left)
    }

    /// The end of reading: what is left is unknown.
    pub(super) fn done(mut self) {
        for key in self.rest().keys() {
            let known = self.known.join(", ");
            self.wrong(key, format!("there is no such key here; there are: {known}"));
        }
    }
}

fn millis_of(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit: u64 = match unit.trim() {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn complaints(value: Value, read: impl FnOnce(&mut Keys)) -> Vec<String> {
        let complaints = Complaints::default();
        let mut keys = Keys::new("steps[2]", value, &complaints);
        read(&mut keys);
        keys.done();
        complaints.take()
    }

    type Read = fn(&mut Keys);

    #[test]
    fn each_key_says_where_it_is_and_what_to_do() {
        let rows: [(Value, Read, &str); 6] = [
            (
                json!({"at": "2 weeks"}),
                |keys| {
                    let _ = keys.time("at");
                },
                "steps[2].at: must be a length of time",
            ),
            (
                json!({}),
                |keys| {
                    let _ = keys.needed_text("to");
                },
                "steps[2].to: is missing: add it",
            ),
            (
                json!({"count": 0}),
                |keys| {
                    let _ = keys.whole("count", 1, 9);
                },
                "steps[2].count: must be a whole number from 1 to 9",
            ),
            (
                json!({"share": 2}),
                |keys| {
                    let _ = keys.number("share", 0.0, 1.0);
                },
                "steps[2].share: must be a number from 0 to 1",
            ),
            (
                json!({"att": 1}),
                |keys| {
                    let _ = keys.time("at");
                },
                "steps[2].att: there is no such key here; there are: at",
            ),
            (json!([]), |_| (), "steps[2]: must be a table"),
        ];
        for (value, read, begins) in rows {
            let found = complaints(value.clone(), read);
            assert!(
                found.len() == 1 && found[0].starts_with(begins),
                "{value}: {found:?}"
            );
        }
    }

    #[test]
    fn lengths_of_time() {
        let rows = [
            ("250ms", Some(250)),
            ("2s", Some(2_000)),
            ("5 m", Some(300_000)),
            ("1h", Some(3_600_000)),
            ("2d", Some(172_800_000)),
            ("2", None),
            ("s", None),
            ("-1s", None),
            ("99999999999999999999d", None),
        ];
        for (text, millis) in rows {
            assert_eq!(millis_of(text), millis, "{text}");
        }
    }
}
