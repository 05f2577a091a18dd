//! What billing is told.

use actix::Message;

use crate::domain::{TenantId, Tokens};

/// What does a message cost? The intake asks for each tenant and kind once a second at most.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Tokens")]
pub struct Quote {
    /// Who sends.
    pub tenant: TenantId,
    /// The word of the message's type.
    pub kind: &'static str,
}

/// A wallet moved to this balance: billing warns when it falls below its threshold. A nudge; losing it loses a warning
/// until the next move.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct BalanceMoved {
    /// Whose wallet.
    pub tenant: TenantId,
    /// What is free to use now.
    pub available: Tokens,
    /// What a refused message would have needed; `None` when nothing was refused.
    pub refused: Option<Tokens>,
}
