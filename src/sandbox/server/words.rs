//! The control API's words without HTTP, for scenarios: they write down what they want in the same bodies, are told the
//! same mistakes, and judge the same lines of the delivery log.

use serde_json::Value;

use super::{control, faults, message_body, messages, shapes};
use crate::sandbox::network::{ChatId, Content, Fault, Message, Number, Timing, inputs};

/// Mistakes in a body: JSON pointer, and what to do.
pub(in crate::sandbox) type Mistakes = Vec<(String, String)>;

/// The body of `POST /_/api/faults`.
pub(in crate::sandbox) fn fault(body: &[u8]) -> Result<Fault, Mistakes> {
    faults::fault_of(body).map_err(|problem| problem.wrongs())
}

/// The body of `PATCH /_/api/network`: what becomes of the timing before it, and the new seed.
pub(in crate::sandbox) fn timing(body: &[u8], before: &Timing) -> Result<(Timing, Option<u64>), Mistakes> {
    control::timing_of(body, before.clone()).map_err(|problem| problem.wrongs())
}

/// The body of `POST /_/api/phones/{phone}/messages`: to which chat, what, and the message that it answers. Files are
/// not among the words: they lie in the store of a sandbox that runs.
pub(in crate::sandbox) fn message(body: &[u8]) -> Result<(ChatId, Content, Option<String>), Mistakes> {
    message_body::without_file(body).map_err(|problem| problem.wrongs())
}

/// A line of the delivery log.
pub(in crate::sandbox) fn delivery(message: &Message) -> Value {
    shapes::delivery(message)
}

/// Any number, for whoever only wants to know whether a body makes sense.
pub(in crate::sandbox) fn anybody() -> Number {
    Number::parse("5511987654321").expect("these are the digits of a number")
}

/// The body of `POST /_/api/phones/{phone}/history`.
pub(in crate::sandbox) fn seed(phone: Number, body: &[u8]) -> Result<inputs::SeedHistory, Mistakes> {
    messages::history_of(phone, body).map_err(|problem| problem.wrongs())
}

/// Something that a phone's owner does in a chat.
pub(in crate::sandbox) enum Act {
    React(inputs::React),
    Edit(inputs::Edit),
    Revoke(inputs::Revoke),
    Vote(inputs::Vote),
    Types(inputs::TypesOnPhone),
}

/// The body of `POST /_/api/phones/{phone}/{verb}`, where the verb is `react`, `edit`, `revoke`, `vote` or `typing`.
pub(in crate::sandbox) fn act(verb: &str, phone: &Number, body: &[u8]) -> Result<Act, Mistakes> {
    let phone = phone.clone();
    let act = match verb {
        "react" => messages::react_of(phone, body).map(Act::React),
        "edit" => messages::edit_of(phone, body).map(Act::Edit),
        "revoke" => messages::revoke_of(phone, body).map(Act::Revoke),
        "vote" => messages::vote_of(phone, body).map(Act::Vote),
        _ => messages::typing_of(phone, body).map(Act::Types),
    };
    act.map_err(|problem| problem.wrongs())
}
