//! Integration tests of everything below HTTP, in one binary: each binary links the whole tree anew.

#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

mod account;
mod bus;
mod dispatcher;
mod session_conformance;
mod session_given_up;
mod session_simulated;
mod store_conformance;
mod vault;
