//! Why the network does not do what it was asked through the control API.

/// Why the network does not do what it was asked through the control API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("there is no such phone: create it first")]
    UnknownPhone,
    #[error("no page shows this code now: codes expire, take a fresh one")]
    UnknownCode,
    #[error("this pairing code was asked for another phone number")]
    OtherPhone,
    #[error("this phone has linked four devices already, as many as it may: log one of them out first")]
    TooManyDevices,
    #[error("this number is not on WhatsApp")]
    NotOnWhatsApp,
    #[error("a phone does not write to itself here")]
    OwnNumber,
    #[error("this phone has no such message in that chat")]
    UnknownMessage,
    #[error("this phone is banned from WhatsApp")]
    Banned,
    #[error("there is no such media: upload it first")]
    UnknownMedia,
    #[error("this phone is in no such group")]
    UnknownGroup,
    #[error("this phone has linked no such session")]
    UnknownSession,
    #[error("too many faults wait already: clear them first")]
    TooManyFaults,
    /// Refused in the words that pages know.
    #[error("{}", sentence(.0))]
    Denied(&'static str),
}

impl Refusal {
    /// The refusal that a page would have been told in this word.
    pub(super) fn of(word: &'static str) -> Refusal {
        match word {
            "not-on-whatsapp" => Refusal::NotOnWhatsApp,
            "unknown-message" => Refusal::UnknownMessage,
            "unknown-group" => Refusal::UnknownGroup,
            "unknown-media" => Refusal::UnknownMedia,
            word => Refusal::Denied(word),
        }
    }
}

/// What the words mean.
const SENTENCES: &[(&str, &str)] = &[
    ("not-yours", "only who wrote a message may do this"),
    ("too-late", "the message is too old for this"),
    ("not-a-member", "this phone is not in the group"),
    ("not-an-admin", "only admins of the group may do this"),
    ("not-a-poll", "the message is no poll"),
    ("unknown-option", "the poll has no such option"),
    ("bad-content", "a message cannot say this"),
];

fn sentence(word: &'static str) -> &'static str {
    let known = SENTENCES.iter().find(|(known, _)| *known == word);
    known.map_or(word, |(_, sentence)| sentence)
}
