//! The control API's words without HTTP, for scenarios: they write down what they want in the same bodies, are told the
//! same mistakes, and judge the same lines of the delivery log.

use serde_json::Value;

use super::{control, faults, message_body, shapes};
use crate::sandbox::network::{ChatId, Content, Fault, Message, Timing};

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
