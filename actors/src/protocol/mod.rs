//! F1: what actors say to one another, one file per addressee. Commands are imperative, notices in the past tense.
//! A room of F4 knows its neighbours only through these types, held as [`actix::Recipient`].

pub mod account;
pub mod dispatcher;
pub mod registry;
