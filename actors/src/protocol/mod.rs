//! F1: what actors say to one another, one file per addressee. Commands are imperative, notices in the past tense.
//! A room of F4 knows its neighbours only through these types, held as [`actix::Recipient`].

use std::sync::Arc;

use actix::Recipient;

pub mod account;
pub mod billing;
pub mod dispatcher;
pub mod rate_limit;
pub mod registry;

/// Finds the addressee of `M` as it lives now: a restarted actor has another address. `None` while it is down.
pub type Line<M> = Arc<dyn Fn() -> Option<Recipient<M>> + Send + Sync>;
