//! Everything of Zaptor below HTTP.
//!
//! The rooms stand on floors and imports point down only: F0 `domain`, F1 `protocol`, F2 `store`, `session`, `bus`,
//! `supervision`, `vault`,
//! `forensics`, F3 `journal`, `outbox`, `ledger`, F4 `account`, `dispatcher`, `billing`, `rate_limit`,
//! F5 `registry`, F6 `platform`. Rooms of one floor never import one another; a test holds it.

pub mod account;
pub mod billing;
pub mod bus;
pub mod dispatcher;
pub mod domain;
pub mod forensics;
pub mod journal;
pub mod ledger;
pub mod outbox;
pub mod platform;
pub mod protocol;
pub mod rate_limit;
pub mod registry;
pub mod session;
pub mod store;
pub mod supervision;
pub mod vault;
