//! Phone numbers and the two WhatsApp ids that belong to each.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Shift between a number and its "hidden" id, so that either can be computed from the other.
const LID_SHIFT: u64 = 100_000_000_000;

/// A phone number in E.164 digits without the plus sign: 8 to 15 digits.
///
/// Holds only what [`Number::parse`] accepted, as a number whose first decimal digit is a 1 that stands before the digits
/// themselves: zeros in front are kept, and a number takes eight bytes however often it is written into receipts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) struct Number(u64);

impl Number {
    /// Reads `5511987654321`, `+5511987654321`, `5511987654321@c.us` or a `…@lid` id.
    /// Anything else (groups, letters, too short, too long) is `None`.
    pub(crate) fn parse(text: &str) -> Option<Number> {
        let (user, server) = match text.split_once('@') {
            None => (text.strip_prefix('+').unwrap_or(text), "c.us"),
            Some(parts) => parts,
        };
        // Ids of one device carry a suffix, as in `5511987654321:7@c.us`.
        let user = user.split(':').next().unwrap_or(user);
        if !user.bytes().all(|byte| byte.is_ascii_digit()) || !(8..=15).contains(&user.len()) {
            return None;
        }
        match server {
            "c.us" | "s.whatsapp.net" => Number::of_digits(user),
            "lid" => {
                let plain = user.parse::<u64>().ok()?.checked_sub(LID_SHIFT)?.to_string();
                (plain.len() >= 8).then(|| Number::of_digits(&plain)).flatten()
            }
            _ => None,
        }
    }

    fn of_digits(digits: &str) -> Option<Number> {
        format!("1{digits}").parse().ok().map(Number)
    }

    /// Whether this number has WhatsApp. All have, except those that start with `000` or
    /// `5500000`: tests use them as the numbers that nobody can reach.
    pub(crate) fn is_on_whatsapp(&self) -> bool {
        let digits = self.digits();
        !digits.starts_with("000") && !digits.starts_with("5500000")
    }

    /// The digits, as the control API shows them.
    pub(crate) fn digits(&self) -> String {
        self.0.to_string().split_off(1)
    }

    /// The id by phone number, `5511987654321@c.us`.
    pub(crate) fn pn(&self) -> String {
        format!("{self}@c.us")
    }

    /// The id that hides the number, `…@lid`.
    pub(crate) fn lid(&self) -> String {
        let plain: u64 = self
            .digits()
            .parse()
            .expect("at most 15 digits, checked by parse");
        format!("{}@lid", plain + LID_SHIFT)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.digits())
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Number({self})")
    }
}

impl From<Number> for String {
    fn from(number: Number) -> String {
        number.digits()
    }
}

impl TryFrom<String> for Number {
    type Error = String;

    fn try_from(text: String) -> Result<Number, String> {
        Number::parse(&text).ok_or_else(|| format!("{text:?} is no phone number"))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test panics where it fails")]
    use super::*;

    #[test]
    fn one_number_in_all_its_spellings() {
        let number = Number::parse("5511987654321").unwrap();
        for spelling in [
            "+5511987654321",
            "5511987654321@c.us",
            "5511987654321:3@s.whatsapp.net",
        ] {
            assert_eq!(Number::parse(spelling), Some(number.clone()), "{spelling}");
        }
        assert_eq!(Number::parse(&number.lid()), Some(number.clone()));
        assert_eq!(number.pn(), "5511987654321@c.us");
    }

    #[test]
    fn what_is_no_number() {
        for wrong in [
            "",
            "123",
            "abc",
            "+",
            "12036302@g.us",
            "5511 98765",
            "1234567890123456",
            "5@lid",
        ] {
            assert_eq!(Number::parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn the_unreachable_ones() {
        for (digits, there) in [
            ("5511987654321", true),
            ("0001234567", false),
            ("5500000999", false),
        ] {
            assert_eq!(Number::parse(digits).unwrap().is_on_whatsapp(), there, "{digits}");
        }
    }
}
