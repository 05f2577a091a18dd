//! Reads a JSON body field by field, and collects everything that is wrong with it.

use serde_json::{Map, Value};

use super::problem::{Problem, Wrong};
use crate::sandbox::network::Number;

/// The longest text of a message, in characters.
const TEXT_LIMIT: usize = 65_536;

/// The members of a body that nobody has asked for yet, and what was wrong with the others.
pub(super) struct Fields {
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
                members,
                wrong: Vec::new(),
            }),
            _ => Err(bad("wrong_type", "the body must be a JSON object".to_owned())),
        }
    }

    /// Notes something wrong with a field.
    pub(super) fn note(&mut self, name: &str, code: &'static str, detail: impl Into<String>) {
        let wrong = Wrong {
            pointer: format!("/{name}"),
            code,
            detail: detail.into(),
        };
        self.wrong.push(wrong);
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
            self.note(
                name,
                "invalid_phone",
                "must be 8 to 15 digits in E.164, such as 5511987654321",
            );
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

    /// The text of a message: `"text":"…"` or `"text":{"body":"…"}`.
    pub(super) fn needed_message(&mut self) -> Option<String> {
        if let Some(Value::Object(text)) = self.members.get_mut("text") {
            let body = text.remove("body");
            let foreign = text.keys().find(|key| *key != "preview_url").cloned();
            if let Some(key) = foreign {
                self.note(&format!("text/{key}"), "unknown_field", "there is no such field");
            }
            self.members
                .insert("text".to_owned(), body.unwrap_or(Value::Null));
        }
        self.needed_text("text")
    }

    /// The end of reading: fails if anything was wrong, or if a field is left that nobody knows.
    pub(super) fn done(self) -> Result<(), Problem> {
        self.done_with(Some(()))
    }

    /// The end of reading, and the value that was read from it. A reader that answers `None` for something needed
    /// has noted why.
    pub(super) fn done_with<T>(mut self, value: Option<T>) -> Result<T, Problem> {
        let left: Vec<String> = self.members.keys().cloned().collect();
        for name in left {
            self.note(&name, "unknown_field", "there is no such field");
        }
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
        let phone = |fields: &mut Fields| drop(fields.needed_phone("to"));
        let message = |fields: &mut Fields| drop(fields.needed_message());
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
        assert_eq!(
            complaints(r#"{"text":{}}"#, message),
            [("/text".to_owned(), "missing")]
        );
        assert_eq!(
            complaints(r#"{"text":{"body":"x","y":1}}"#, message),
            [("/text/y".to_owned(), "unknown_field")]
        );
        assert_eq!(
            complaints(r#"{"text":" "}"#, message),
            [("/text".to_owned(), "empty")]
        );
    }

    #[test]
    fn unknown_fields_are_refused() {
        assert!(Fields::read(b"").is_ok_and(|fields| fields.done().is_ok()));
        assert!(Fields::read(br#"{"nope":1}"#).is_ok_and(|fields| fields.done().is_err()));
    }
}
