//! Whether anything grows: accounts in real browsers that prove their round trip over and over, as many times as in a day,
//! without the pauses in between. What is looked at is the slope of memory, processes and open files over the probes, by
//! Theil and Sen, whom no single outlier moves, with its confidence.
//!
//! ```text
//! ZAPTOR_BENCH_ACCOUNTS=30 ZAPTOR_BENCH_DAYS=1 ZAPTOR_BENCH_MINUTES=15 cargo bench --bench figures -- leak
//! ZAPTOR_BENCH_ENGINE=simulated … -- leak         without browsers: whether Zaptor itself grows
//! ```

use std::{
    thread,
    time::{Duration, Instant},
};

use super::{OwnCopy, browsers_below, open_files, total_mib};
use crate::{
    Plan, http_load,
    node::{Node, folder},
    numbers::{Slope, real},
    processes::resident_mib,
    sandbox::Sandbox,
    table::Table,
};

/// Probes of an account in a day: one in 6 seconds, as `account.probe_interval_s` comes.
const DAY: f64 = 14_400.0;
/// From one look at all processes to the next; each takes some milliseconds for each browser.
const EVERY: Duration = Duration::from_secs(5);
/// This share of a run warms up: caches fill, code is compiled.
const WARM_UP: f64 = 0.15;
const LIMIT: Duration = Duration::from_secs(240);

/// What was seen at one moment.
struct Look {
    /// Probes of one account so far, on average.
    probes: f64,
    /// Per account, in MiB.
    browsers: f64,
    processes: f64,
    files: f64,
    /// Zaptor's own, in MiB.
    own: f64,
    own_files: f64,
}

pub(crate) fn measure(plan: &Plan, table: &mut Table) {
    let number = |name: &str, default: u64| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let quick = plan.divide > 1;
    let accounts = number("ZAPTOR_BENCH_ACCOUNTS", if quick { 4 } else { 30 });
    let limit = Duration::from_secs(60 * number("ZAPTOR_BENCH_MINUTES", if quick { 2 } else { 15 }));
    let folder = folder();
    let chromium = OwnCopy::below(folder.path());
    let sandbox = Sandbox::start();
    let browser = chromium.headless_shell().to_string_lossy().into_owned();
    let node = Node::without_pauses(&sandbox.url, &[("engine.chromium_path", &browser)]);
    let kind = std::env::var("ZAPTOR_BENCH_ENGINE").unwrap_or_else(|_| "browser".to_owned());
    for account in 0..accounts {
        let id = node.create_account(&kind);
        if kind == "simulated" {
            continue; // it links by itself
        }
        node.link(&id, &format!("551192222{account:04}"), LIMIT)
            .unwrap_or_else(|last| panic!("it does not link: {last}"));
    }
    let probes = DAY * real(number("ZAPTOR_BENCH_DAYS", 1));
    let looks = watch(&node, real(accounts), probes, limit);
    report(table, &looks, accounts);
}

fn watch(node: &Node, accounts: f64, until: f64, limit: Duration) -> Vec<Look> {
    let (begun, before) = (Instant::now(), probes(node));
    let mut looks = Vec::new();
    while begun.elapsed() < limit {
        thread::sleep(EVERY);
        let (own, browsers) = (node.pid(), browsers_below(node.pid()));
        let look = Look {
            probes: (probes(node) - before) / accounts,
            browsers: total_mib(&browsers) / accounts,
            processes: real(browsers.len()) / accounts,
            files: real(open_files(&browsers)) / accounts,
            own: resident_mib(own),
            own_files: real(open_files(&[own])),
        };
        eprintln!(
            "  {:.0} probes each; {:.1} MiB, {:.1} processes, {:.0} files each; Zaptor {:.1} MiB, {} files",
            look.probes, look.browsers, look.processes, look.files, look.own, look.own_files
        );
        let done = look.probes >= until;
        looks.push(look);
        if done {
            break;
        }
    }
    looks
}

/// Answered probes of all accounts so far, as `/metrics` tells them.
fn probes(node: &Node) -> f64 {
    let text = http_load::text(node.address, "/metrics");
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("zaptor_probes_total{outcome=\"answered\"}"));
    line.and_then(|count| count.trim().parse().ok())
        .unwrap_or_default()
}

type Pick = (&'static str, &'static str, fn(&Look) -> f64);

const SERIES: [Pick; 5] = [
    ("a browser's memory (PSS)", "MiB", |look| look.browsers),
    ("a browser's processes", "", |look| look.processes),
    ("a browser's open files", "", |look| look.files),
    ("Zaptor's memory (RSS)", "MiB", |look| look.own),
    ("Zaptor's open files", "", |look| look.own_files),
];

fn report(table: &mut Table, looks: &[Look], accounts: u64) {
    let last = looks.last().expect("at least one look").probes;
    let warm: Vec<&Look> = looks
        .iter()
        .filter(|look| look.probes >= last * WARM_UP)
        .collect();
    for (what, unit, pick) in SERIES {
        let points: Vec<(f64, f64)> = warm.iter().map(|look| (look.probes, pick(look))).collect();
        let slope = Slope::of(&points);
        let (begin, end) = (pick(warm[0]), pick(warm[warm.len() - 1]));
        table.note(format!(
            "{what}, slope per day of {DAY} probes: {:+.3} {unit} (95 %: {:+.3} to {:+.3}); {begin:.1} → {end:.1}",
            slope.median * DAY,
            slope.low * DAY,
            slope.high * DAY,
        ));
    }
    table.note(format!(
        "leak: {accounts} accounts, {last:.0} probes each, of {} looks the last {}",
        looks.len(),
        warm.len()
    ));
}
