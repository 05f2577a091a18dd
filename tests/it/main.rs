//! The integration tests of Zaptor, in one binary: each further binary would link everything once more.
//!
//! `tidy` holds the source tree to its rules. `support` starts real parts (Zaptor, PostgreSQL, Redis) on free ports
//! in folders of their own and stops them by process id.
#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

mod agent;
mod api_auth;
mod api_contract;
mod api_forensics;
mod api_health;
mod api_messages;
mod api_profile;
mod api_resources;
mod api_settings;
mod backfill;
mod clients;
mod command_line;
mod companions;
mod crash;
mod dashboard;
mod first_light;
mod hibernation;
mod journal;
mod journey;
mod matrix;
mod phones_page;
mod profile;
mod refusals;
mod repair_ladder;
mod resources;
mod sandbox;
mod sandbox_cut;
mod sandbox_faults;
mod sandbox_load;
mod sandbox_media;
mod sandbox_messages;
mod sandbox_page;
mod sandbox_people;
mod sandbox_process;
mod sandbox_watch;
mod scenarios;
mod servers;
mod session_browser;
#[path = "../../actors/tests/it/session_conformance.rs"]
mod session_conformance;
mod session_drivers;
mod session_linking;
mod session_media;
mod session_mending;
mod session_processes;
mod session_proxy;
mod stream;
mod stream_slow;
mod support;
mod tidy;
