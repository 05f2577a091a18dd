//! Phone numbers and WhatsApp's addresses.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A phone number in E.164, digits only: 7 to 15 of them, the first not zero (ITU-T E.164, section 6).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Phone(String);

/// Why a text is not an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not 7 to 15 digits.
    #[error(
        "is not a phone number: write 7 to 15 digits with the country code, without +, spaces or a leading zero"
    )]
    Phone,
    /// A JID of a server that a message cannot go to.
    #[error("is not a WhatsApp address: write a phone number, …@c.us, …@lid or a group …@g.us")]
    Jid,
}

impl Phone {
    /// Takes digits, with an optional leading `+`.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let digits = text.strip_prefix('+').unwrap_or(text);
        let fits = (7..=15).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0');
        if fits {
            Ok(Self(digits.to_owned()))
        } else {
            Err(AddressError::Phone)
        }
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An address on WhatsApp: `…@c.us` (a phone), `…@lid` (a hidden identity) or `…@g.us` (a group). The phone form
/// `…@s.whatsapp.net` of the protocol is taken and written as `…@c.us`, the form of the web page.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Jid(String);

impl Jid {
    /// Takes a phone number or a JID.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let Some((user, server)) = text.split_once('@') else {
            return Ok(Self::of_phone(&Phone::parse(text)?));
        };
        let digits = |allowed: &str| {
            (1..=64).contains(&user.len()) && user.chars().all(|c| c.is_ascii_digit() || allowed.contains(c))
        };
        match server {
            "c.us" | "s.whatsapp.net" if Phone::parse(user).is_ok() => Ok(Self(format!("{user}@c.us"))),
            "lid" if digits("") => Ok(Self(text.to_owned())),
            "g.us" if digits("-") => Ok(Self(text.to_owned())),
            _ => Err(AddressError::Jid),
        }
    }

    /// The address of a phone.
    pub fn of_phone(phone: &Phone) -> Self {
        Self(format!("{}@c.us", phone.as_str()))
    }

    /// The phone behind the address, where the address shows it.
    pub fn phone(&self) -> Option<Phone> {
        Phone::parse(self.0.strip_suffix("@c.us")?).ok()
    }

    /// Whether this is a group.
    pub fn is_group(&self) -> bool {
        self.0.ends_with("@g.us")
    }

    /// The whole address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

macro_rules! text_type {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        // Numbers are personal data: a debug print in a log shows only the last two digits.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let user = self.0.split('@').next().unwrap_or("");
                write!(
                    f,
                    concat!(stringify!($name), "(…{})"),
                    &user[user.len().saturating_sub(2)..]
                )
            }
        }
        impl FromStr for $name {
            type Err = AddressError;
            fn from_str(text: &str) -> Result<Self, AddressError> {
                Self::parse(text)
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::parse(&<std::borrow::Cow<'_, str>>::deserialize(deserializer)?)
                    .map_err(D::Error::custom)
            }
        }
    };
}
text_type!(Phone);
text_type!(Jid);

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_by_table() {
        let rows = [
            ("5511987654321", Some("5511987654321@c.us")),
            ("+5511987654321", Some("5511987654321@c.us")),
            ("5511987654321@s.whatsapp.net", Some("5511987654321@c.us")),
            ("120363041234567890@g.us", Some("120363041234567890@g.us")),
            ("4930-1600000000@g.us", Some("4930-1600000000@g.us")),
            ("123456789012345@lid", Some("123456789012345@lid")),
            ("", None),
            ("12345", None),
            ("0551198765432", None),
            ("55 11 98765", None),
            ("5511987654321@example.org", None),
            ("@c.us", None),
            ("x@g.us", None),
            ("1234567890123456", None),
        ];
        for (text, jid) in rows {
            assert_eq!(
                Jid::parse(text).ok().map(|jid| jid.to_string()).as_deref(),
                jid,
                "{text}"
            );
        }
        assert_eq!(
            Jid::parse("5511987654321").unwrap().phone().unwrap().as_str(),
            "5511987654321"
        );
    }

    #[test]
    fn a_debug_print_does_not_show_the_number() {
        assert_eq!(format!("{:?}", Jid::parse("5511987654321").unwrap()), "Jid(…21)");
    }

    proptest! {
        #[test]
        fn whatever_parses_survives_its_text(text in "[0-9a-z@.+-]{0,40}") {
            if let Ok(jid) = Jid::parse(&text) {
                prop_assert_eq!(Jid::parse(jid.as_str()).unwrap(), jid);
            }
        }
    }
}
