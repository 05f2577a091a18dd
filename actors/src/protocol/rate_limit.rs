//! What the rate limit is told.

use std::time::Duration;

use actix::Message;

use crate::domain::AccountId;

/// May this account send one message now? The answer `Wait` has not used anything up.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Pace")]
pub struct AskPace {
    /// Which.
    pub account: AccountId,
}

/// The pace's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Go; it is counted.
    Go,
    /// Not before this time has passed.
    Wait(Duration),
}
