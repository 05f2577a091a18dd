//! Real parts for tests. Everything here owns what it starts, waits with a deadline and leaves nothing behind.
#![allow(
    dead_code,
    reason = "each module of the tests uses its own share of this room"
)]

pub(crate) mod control;
pub(crate) mod debugger;
pub(crate) mod load;
pub(crate) mod node;
pub(crate) mod page;
pub(crate) mod processes;
pub(crate) mod proxy;
pub(crate) mod script;
pub(crate) mod servers;
pub(crate) mod wait;
pub(crate) mod zaptor;
