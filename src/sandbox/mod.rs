//! The sandbox.
mod network;
