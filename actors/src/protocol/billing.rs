//! What billing is told.

use actix::Message;

use crate::domain::{TenantId, Tokens};

/// Price these messages. One question for a whole batch; the answer has the same order.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Vec<Tokens>")]
pub struct Quote {
    /// Tenant and word of the type, one pair per message.
    pub items: Vec<(TenantId, &'static str)>,
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
