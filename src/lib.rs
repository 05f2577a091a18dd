//! Zaptor: a WhatsApp gateway. This package is the program and its HTTP edge; everything below HTTP is `zaptor-actors`.

pub mod api;
pub mod auth;
pub mod cli;
pub mod config;
pub mod dashboard;
pub mod edge;
pub mod sandbox;
pub mod serve;
pub mod stream;
pub mod telemetry;
