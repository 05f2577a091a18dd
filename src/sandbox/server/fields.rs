//! Reads a JSON body field by field, and collects everything that is wrong with it.

use serde_json::{Map, Value};

use super::problem::{Problem, Wrong};
use crate::sandbox::network::{ChatId, Number, TEXT_LIMIT};

const PHONE: &str = "must be 8 to 15 digits in E.164, such as 5511987654321";

/// The members of a body that nobody has asked for yet, and what was wrong with the others.
pub(super) struct Fields {
    /// Where in the body this object stands.
    place: String,
    members: Map<String, Value>,
    wrong: Vec<Wrong>,
}

impl Fields {
    /// Takes a body that must be a JSON object; an empty one counts as `{}`.
    pub(super) fn read(body: &[u8]) -> Result<Fields, Problem> {
        let body = if body.is_empty() { b"{}" } else { body };
        let bad = |code, detail: String| {
            Problem::invalid(vec![Wrong {
                pointer: String::new(),
                code,
                detail,
            }])
        };
        let value: Value =
            serde_json::from_slice(body).map_err(|error| bad("invalid_json", error.to_string()))?;
        match value {
            Value::Object(members) => Ok(Fields {
                place: String::new(),
                members,
                wrong: Vec::new(),
            }),
            _ => Err(bad("wrong_type", "the body must be a JSON object".to_owned())),
        }
    }

    /// Notes something wrong with a field.
    pub(super) fn note(&mut self, name: &str, code: &'static str, detail: impl Into<String>) {
        let wrong = Wrong {
            pointer: format!("{}/{name}", self.place),
            code,
            detail: detail.into(),
        };
        self.wrong.push(wrong);
    }

    /// An object within the body, to be read and then given to [`Fields::close`].
    pub(super) fn object(&mut self, name: &str) -> Option<Fields> {
        match self.members.remove(name)? {
            Value::Null => None,
            Value::Object(members) => Some(self.within(name, members)),
            _ => {
                self.note(name, "wrong_type", "must be an object");
                None
            }
        }
    }

    /// The objects of a list, each to be read and then given to [`Fields::close`].
    pub(super) fn objects(&mut self, name: &str, most: usize) -> Vec<Fields> {
        let entries = self.list(name, most);
        let mut objects = Vec::new();
        for (place, entry) in entries.into_iter().enumerate() {
            let name = format!("{name}/{place}");
            match entry {
                Value::Object(members) => objects.push(self.within(&name, members)),
                _ => self.note(&name, "wrong_type", "must be an object"),
            }
        }
        objects
    }

    fn within(&self, name: &str, members: Map<String, Value>) -> Fields {
        Fields {
            place: format!("{}/{name}", self.place),
            members,
            wrong: Vec::new(),
        }
    }

    /// The end of reading an object within: what was wrong with it, and what is left of it.
    pub(super) fn close(&mut self, mut object: Fields) {
        object.note_unknown();
        self.wrong.append(&mut object.wrong);
    }

    fn note_unknown(&mut self) {
        let left: Vec<String> = self.members.keys().cloned().collect();
        for name in left {
            self.note(&name, "unknown_field", "there is no such field");
        }
    }

    /// A list of at most so many; an absent one is empty.
    pub(super) fn list(&mut self, name: &str, most: usize) -> Vec<Value> {
        match self.members.remove(name) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(entries)) if entries.len() <= most => entries,
            Some(Value::Array(_)) => {
                self.note(name, "too_long", format!("at most {most} of them"));
                Vec::new()
            }
            Some(_) => {
                self.note(name, "wrong_type", "must be a list");
                Vec::new()
            }
        }
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, name: &str, most: usize) -> Vec<String> {
        let mut texts = Vec::new();
        for (place, entry) in self.list(name, most).into_iter().enumerate() {
            match entry {
                Value::String(text) => texts.push(text),
                _ => self.note(&format!("{name}/{place}"), "wrong_type", "must be a string"),
            }
        }
        texts
    }

    /// A list of phone numbers.
    pub(super) fn phones(&mut self, name: &str, most: usize) -> Vec<Number> {
        let mut phones = Vec::new();
        for (place, text) in self.texts(name, most).into_iter().enumerate() {
            match Number::parse(&text) {
                Some(number) => phones.push(number),
                None => self.note(&format!("{name}/{place}"), "invalid_phone", PHONE),
            }
        }
        phones
    }

    /// True or false; absent and null are false.
    pub(super) fn flag(&mut self, name: &str) -> bool {
        match self.members.remove(name) {
            None | Some(Value::Null) => false,
            Some(Value::Bool(flag)) => flag,
            Some(_) => {
                self.note(name, "wrong_type", "must be true or false");
                false
            }
        }
    }

    /// A number between the two, which must be there.
    pub(super) fn needed_real(&mut self, name: &str, from: f64, to: f64) -> Option<f64> {
        let real = self.members.remove(name);
        let Some(real) = real else {
            self.note(name, "missing", "is required");
            return None;
        };
        let real = real.as_f64().filter(|real| (from..=to).contains(real));
        if real.is_none() {
            self.note(
                name,
                "out_of_range",
                format!("must be a number from {from} to {to}"),
            );
        }
        real
    }

    /// A chat that must be there: a phone, a group, or the status.
    pub(super) fn needed_chat(&mut self, name: &str) -> Option<ChatId> {
        let text = self.needed_text(name)?;
        let chat = ChatId::parse(&text);
        if chat.is_none() {
            let detail = "must be a phone number in E.164, a group's id, or status@broadcast";
            self.note(name, "invalid_phone", detail);
        }
        chat
    }

    /// How much was wrong so far.
    pub(super) fn complaints(&self) -> usize {
        self.wrong.len()
    }

    /// Whether the body has this field, be it null.
    pub(super) fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// A text if it is there; null counts as absent.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        match self.members.remove(name)? {
            Value::Null => None,
            Value::String(text) if text.chars().count() <= TEXT_LIMIT => Some(text),
            Value::String(_) => {
                self.note(name, "too_long", format!("at most {TEXT_LIMIT} characters"));
                None
            }
            _ => {
                self.note(name, "wrong_type", "must be a string");
                None
            }
        }
    }

    /// A text that must be there and say something.
    pub(super) fn needed_text(&mut self, name: &str) -> Option<String> {
        let before = self.wrong.len();
        match self.text(name) {
            Some(text) if !text.trim().is_empty() => Some(text),
            Some(_) => {
                self.note(name, "empty", "must not be empty");
                None
            }
            None if self.wrong.len() == before => {
                self.note(name, "missing", "is required");
                None
            }
            None => None,
        }
    }

    /// A phone number that must be there.
    pub(super) fn needed_phone(&mut self, name: &str) -> Option<Number> {
        let text = self.needed_text(name)?;
        let number = Number::parse(&text);
        if number.is_none() {
            self.note(name, "invalid_phone", PHONE);
        }
        number
    }

    /// A whole number of at most `limit` if it is there; null counts as absent.
    pub(super) fn whole(&mut self, name: &str, limit: u64) -> Option<u64> {
        match self.members.remove(name)? {
            Value::Null => None,
            value => {
                let whole = value.as_u64().filter(|whole| *whole <= limit);
                if whole.is_none() {
                    self.note(
                        name,
                        "out_of_range",
                        format!("must be a whole number from 0 to {limit}"),
                    );
                }
                whole
            }
        }
    }

    /// A whole number between `-limit` and `limit`; `None` when it is absent or none.
    pub(super) fn signed(&mut self, name: &str, limit: u64) -> Option<i64> {
        let value = self.members.remove(name)?.as_i64();
        value.filter(|value| value.unsigned_abs() <= limit)
    }

    /// A share from 0 to 1 if it is there.
    pub(super) fn share(&mut self, name: &str) -> Option<f64> {
        let share = self
            .members
            .remove(name)?
            .as_f64()
            .filter(|share| (0.0..=1.0).contains(share));
        if share.is_none() {
            self.note(name, "out_of_range", "must be a number from 0 to 1");
        }
        share
    }

    /// A text as long as it likes if it is there: a file in base64.
    pub(super) fn long_text(&mut self, name: &str) -> Option<String> {
        match self.members.remove(name)? {
            Value::Null => None,
            Value::String(text) => Some(text),
            _ => {
                self.note(name, "wrong_type", "must be a string");
                None
            }
        }
    }

    /// Whether the field is a plain text.
    pub(super) fn is_text(&self, name: &str) -> bool {
        self.members.get(name).is_some_and(Value::is_string)
    }

    /// The end of reading: fails if anything was wrong, or if a field is left that nobody knows.
    pub(super) fn done(self) -> Result<(), Problem> {
        self.done_with(Some(()))
    }

    /// The end of reading, and the value that was read from it. A reader that answers `None` for something needed
    /// has noted why.
    pub(super) fn done_with<T>(mut self, value: Option<T>) -> Result<T, Problem> {
        self.note_unknown();
        match value {
            Some(value) if self.wrong.is_empty() => Ok(value),
            _ => Err(Problem::invalid(self.wrong)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(body: &str, read: impl FnOnce(&mut Fields)) -> Vec<(String, &'static str)> {
        let mut fields = match Fields::read(body.as_bytes()) {
            Ok(fields) => fields,
            Err(_) => return vec![(String::new(), "body")],
        };
        read(&mut fields);
        fields.note("end", "end", "");
        let mut wrong: Vec<_> = fields
            .wrong
            .iter()
            .map(|wrong| (wrong.pointer.clone(), wrong.code))
            .collect();
        wrong.pop();
        wrong
    }

    #[test]
    fn each_field_says_what_is_wrong_with_it() {
        let phone = |fields: &mut Fields| {
            fields.needed_phone("to");
        };
        assert_eq!(complaints("[]", phone), [(String::new(), "body")]);
        assert_eq!(complaints("{}", phone), [("/to".to_owned(), "missing")]);
        assert_eq!(
            complaints(r#"{"to":7}"#, phone),
            [("/to".to_owned(), "wrong_type")]
        );
        assert_eq!(
            complaints(r#"{"to":"x"}"#, phone),
            [("/to".to_owned(), "invalid_phone")]
        );
        assert_eq!(complaints(r#"{"to":"5511987654321"}"#, phone), []);
    }

    #[test]
    fn unknown_fields_are_refused() {
        assert!(Fields::read(b"").is_ok_and(|fields| fields.done().is_ok()));
        assert!(Fields::read(br#"{"nope":1}"#).is_ok_and(|fields| fields.done().is_err()));
    }
}
