//! The figures that Zaptor promises, held against comparators in the same run: `make bench`, or
//!
//! ```text
//! cargo bench --bench figures                  everything, some five minutes
//! cargo bench --bench figures -- --quick       fewer and shorter rounds: a look, not a claim
//! cargo bench --bench figures -- store http    these parts only (store, latency, http, stream, sandbox, memory, crowd,
//!                                              browsers; and flags and leak, which only run when they are named)
//! ```
//!
//! Rules of the house: both sides run in the same minutes on the same machine, in turns; a figure is the median of the
//! rounds with the smallest and the largest beside it; a ratio is made within a round, so that whatever else the machine
//! does weighs on both sides; durability is stated; work per second of a server's processor time stands beside work per
//! second of the wall clock. The comparators are what a careful person would write without our tricks, not straw men.
//!
//! Everything listens on loopback, works in folders of its own under cargo's target folder (a real disk: an fsync is
//! an fsync) and is stopped by its process id.
#![expect(
    clippy::unwrap_used,
    reason = "a measurement that cannot be made stops its part"
)]
#![expect(clippy::disallowed_methods, reason = "real time is what is measured here")]

mod bare_frames;
mod browsers;
mod children;
mod comparators;
mod crowd;
mod http_accept;
mod http_load;
mod latency;
mod memory;
mod node;
mod numbers;
mod platforms;
mod processes;
mod sandbox;
mod sockets;
mod store_accept;
mod stream;
mod table;

#[path = "../../tests/it/support/load.rs"]
#[expect(
    dead_code,
    reason = "the file serves several binaries, each with what it needs"
)]
mod load;

#[path = "../../tests/it/support/servers.rs"]
#[expect(
    dead_code,
    reason = "the file serves several binaries, each with what it needs"
)]
mod servers;

use std::{panic, process::ExitCode, time::Duration};

use table::Table;

/// How much is measured.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Rounds of every comparison; odd, so that the median is one of them.
    pub(crate) rounds: usize,
    /// How long one side of a round lasts, where time is the measure.
    pub(crate) turn: Duration,
    /// Divides counts, where counts are the measure.
    pub(crate) divide: usize,
    parts: Vec<String>,
}

impl Plan {
    fn from_arguments() -> Self {
        // Cargo says `--bench`; other words that begin with a dash are for other harnesses.
        let words: Vec<String> = std::env::args().skip(1).collect();
        let quick =
            words.iter().any(|word| word == "--quick") || std::env::var_os("ZAPTOR_BENCH_QUICK").is_some();
        let parts = words.into_iter().filter(|word| !word.starts_with('-')).collect();
        let (rounds, turn, divide) = if quick {
            (3, Duration::from_millis(800), 5)
        } else {
            (5, Duration::from_secs(3), 1)
        };
        Self {
            rounds,
            turn,
            divide,
            parts,
        }
    }

    fn wants(&self, part: &str) -> bool {
        self.parts.is_empty() || self.names(part)
    }

    fn names(&self, part: &str) -> bool {
        self.parts.iter().any(|wanted| part.starts_with(wanted.as_str()))
    }
}

type Part = (&'static str, fn(&Plan, &mut Table));

/// From the cheapest to the one that needs most.
const PARTS: [Part; 8] = [
    ("store", store_accept::measure),
    ("latency", latency::measure),
    ("http", http_accept::measure),
    ("stream", stream::measure),
    ("sandbox", sandbox::measure),
    ("memory", memory::measure),
    ("crowd", crowd::measure),
    ("browsers", browsers::beside::measure),
];

/// Measured only when they are named: each takes a quarter of an hour.
const LONG: [Part; 2] = [
    ("flags", browsers::flags::measure),
    ("leak", browsers::leak::measure),
];

fn main() -> ExitCode {
    // Where this program is a whole Zaptor, it also guards its browsers.
    if let Some(done) = zaptor_actors::session::browser::stand_in() {
        return done;
    }
    if let Some(role) = children::role() {
        if role.starts_with(crowd::CROWD) {
            crowd::serve(&role);
        } else if role == node::WITHOUT_PAUSES {
            node::serve_without_pauses();
        } else {
            comparators::serve(&role);
        }
        return ExitCode::SUCCESS;
    }
    let plan = Plan::from_arguments();
    numbers::allow_many_files();
    let mut table = Table::default();
    let mut failed = Vec::new();
    let long = LONG.into_iter().filter(|(name, _)| plan.names(name));
    for (name, measure) in PARTS.into_iter().filter(|(name, _)| plan.wants(name)).chain(long) {
        eprintln!("measuring: {name}");
        let outcome = panic::catch_unwind(panic::AssertUnwindSafe(|| measure(&plan, &mut table)));
        if outcome.is_err() {
            failed.push(name);
        }
    }
    table.print(&plan);
    if failed.is_empty() {
        return ExitCode::SUCCESS;
    }
    println!("not measured, see above: {}", failed.join(", "));
    ExitCode::FAILURE
}
