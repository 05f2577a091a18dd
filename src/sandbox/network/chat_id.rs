//! What a message is addressed to: a person, a group, or the status that everybody sees.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::number::Number;

/// Where status posts go.
const STATUS: &str = "status@broadcast";

/// A group's id without its server: digits, in groups of the old kind with a dash in between.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) struct GroupId(String);

impl GroupId {
    /// Reads `120363021234567890@g.us`. Anything else is `None`.
    pub(crate) fn parse(text: &str) -> Option<GroupId> {
        let user = text.strip_suffix("@g.us")?;
        let signs = user.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        let framed = user.starts_with('-') || user.ends_with('-');
        ((8..=40).contains(&user.len()) && signs && !framed).then(|| GroupId(user.to_owned()))
    }

    /// The group with this number.
    pub(crate) fn of(number: u64) -> GroupId {
        GroupId(format!("120363{number:012}"))
    }
}

impl fmt::Display for GroupId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}@g.us", self.0)
    }
}

impl From<GroupId> for String {
    fn from(group: GroupId) -> String {
        group.to_string()
    }
}

impl TryFrom<String> for GroupId {
    type Error = String;

    fn try_from(text: String) -> Result<GroupId, String> {
        GroupId::parse(&text).ok_or_else(|| format!("{text:?} is no group"))
    }
}

/// A chat as one phone has it, and the address of a message. Written as one string: digits, `…@g.us`, or
/// `status@broadcast`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) enum ChatId {
    /// The chat with one person; with one's own number, the notes to oneself.
    Person(Number),
    /// A group.
    Group(GroupId),
    /// The status posts of everybody.
    Status,
}

impl ChatId {
    /// Reads every spelling of a number that [`Number::parse`] does, `…@g.us`, and `status@broadcast`.
    pub(crate) fn parse(text: &str) -> Option<ChatId> {
        if text == STATUS {
            return Some(ChatId::Status);
        }
        if let Some(group) = GroupId::parse(text) {
            return Some(ChatId::Group(group));
        }
        Number::parse(text).map(ChatId::Person)
    }

    /// The id that pages know: `…@c.us`, `…@g.us`, `status@broadcast`.
    pub(crate) fn wid(&self) -> String {
        match self {
            ChatId::Person(number) => number.pn(),
            other => other.to_string(),
        }
    }

    /// The id that hides the number, where it is a person.
    pub(crate) fn lid(&self) -> Option<String> {
        self.person().map(Number::lid)
    }

    /// The other person, where it is one.
    pub(crate) fn person(&self) -> Option<&Number> {
        match self {
            ChatId::Person(number) => Some(number),
            _ => None,
        }
    }

    /// The group, where it is one.
    pub(crate) fn group(&self) -> Option<&GroupId> {
        match self {
            ChatId::Group(group) => Some(group),
            _ => None,
        }
    }
}

impl From<Number> for ChatId {
    fn from(number: Number) -> ChatId {
        ChatId::Person(number)
    }
}

impl From<&Number> for ChatId {
    fn from(number: &Number) -> ChatId {
        ChatId::Person(number.clone())
    }
}

impl From<GroupId> for ChatId {
    fn from(group: GroupId) -> ChatId {
        ChatId::Group(group)
    }
}

impl fmt::Display for ChatId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ChatId::Person(number) => number.fmt(formatter),
            ChatId::Group(group) => group.fmt(formatter),
            ChatId::Status => formatter.write_str(STATUS),
        }
    }
}

impl From<ChatId> for String {
    fn from(chat: ChatId) -> String {
        chat.to_string()
    }
}

impl TryFrom<String> for ChatId {
    type Error = String;

    fn try_from(text: String) -> Result<ChatId, String> {
        ChatId::parse(&text).ok_or_else(|| format!("{text:?} is no chat"))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test panics where it fails")]
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn written_as_one_string_and_read_back() {
        for (spelling, written, wid) in [
            ("+5511987654321", "5511987654321", "5511987654321@c.us"),
            ("5511987654321@c.us", "5511987654321", "5511987654321@c.us"),
            (
                "120363021234567890@g.us",
                "120363021234567890@g.us",
                "120363021234567890@g.us",
            ),
            (
                "5511987654321-1600000000@g.us",
                "5511987654321-1600000000@g.us",
                "5511987654321-1600000000@g.us",
            ),
            ("status@broadcast", "status@broadcast", "status@broadcast"),
        ] {
            let chat = ChatId::parse(spelling).unwrap();
            assert_eq!((chat.to_string().as_str(), chat.wid().as_str()), (written, wid));
            let map = BTreeMap::from([(chat.clone(), 1)]);
            let json = serde_json::to_string(&map).unwrap();
            assert_eq!(json, format!("{{\"{written}\":1}}"));
            assert_eq!(serde_json::from_str::<BTreeMap<ChatId, i32>>(&json).unwrap(), map);
        }
        assert_eq!(GroupId::of(7).to_string(), "120363000000000007@g.us");
    }

    #[test]
    fn what_is_no_chat() {
        for wrong in [
            "",
            "x@g.us",
            "-12345678@g.us",
            "12345678@broadcast",
            "1@g.us",
            "123",
        ] {
            assert_eq!(ChatId::parse(wrong), None, "{wrong:?}");
        }
    }
}
