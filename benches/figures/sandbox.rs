//! The sandbox under load: 200 linked pages on WebSockets over TLS, writing to one another; each message is taken, written
//! to the sandbox's log, acknowledged, told to the other page, and its sender is told that it was delivered and read.
//!
//! The comparator is the same server stack without a sandbox behind it: actix-web-actors over rustls, which answers every
//! frame with one frame. A message of the sandbox is one frame in and four out, and a line in a file. The load client
//! shares the processors with both.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    Plan,
    children::Comparator,
    comparators::TLS_ECHO,
    load::{self, Outcome, Pages, Until},
    node::folder,
    numbers::{Spread, percentile, rate, real},
    processes::cpu_seconds,
    table::{Aim, Table},
};

const PAGES: usize = 200;
const IN_FLIGHT: usize = 8;

/// `zaptor sandbox` as a process of its own. Dropping it ends it.
pub(crate) struct Sandbox {
    child: Child,
    pub(crate) url: String,
    pub(crate) chromium_args: Vec<String>,
    tls_port: u16,
    data: TempDir,
}

impl Sandbox {
    pub(crate) fn start() -> Sandbox {
        let data = folder();
        let log = File::create(data.path().join("stderr.log")).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_zaptor"))
            .args(["sandbox", "--json", "--port", "0", "--seed", "1", "--data-dir"])
            .arg(data.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut first)
            .unwrap();
        let first: Value = serde_json::from_str(&first).unwrap();
        Sandbox {
            child,
            url: first["sandbox_url"].as_str().unwrap().to_owned(),
            chromium_args: serde_json::from_value(first["chromium_args"].clone()).unwrap(),
            tls_port: u16::try_from(first["tls_port"].as_u64().unwrap()).unwrap(),
            data,
        }
    }

    /// Where its control listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.url.strip_prefix("http://").unwrap().parse().unwrap()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let _ = self.child.wait();
    }
}

pub(crate) fn measure(plan: &Plan, table: &mut Table) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(rounds(plan, table));
}

async fn rounds(plan: &Plan, table: &mut Table) {
    let sandbox = Sandbox::start();
    let mut pages = Pages::link(&sandbox.url, sandbox.data.path(), sandbox.tls_port, PAGES).await;
    let certificate = sandbox.data.path().join("tls");
    let echo = Comparator::start(&format!("{TLS_ECHO} {}", certificate.display()));
    let mut echoes = Pages::connect(&certificate.join("certificate.pem"), echo.address.port(), PAGES).await;
    // A claim is made over ten seconds; a look takes less.
    let turn = plan.turn.mul_f64(10.0 / 3.0).min(Duration::from_secs(10));
    let load = load::Plan {
        in_flight: IN_FLIGHT,
        until: Until::Time(turn),
    };
    let (mut ours, mut theirs, mut per_cpu, mut acks) = (vec![], vec![], vec![], vec![]);
    for round in 0..plan.rounds {
        let cpu = cpu_seconds(sandbox.child.id());
        let outcome = pages.run(load, round as u64).await;
        check(&outcome);
        per_cpu.push(real(outcome.sent) / (cpu_seconds(sandbox.child.id()) - cpu));
        ours.push(rate(outcome.sent, outcome.took));
        acks.push(percentile(&outcome.ack_ms, 0.99));
        let echoed = echoes.echo(load).await;
        theirs.push(rate(echoed.sent, echoed.took));
    }
    let figure = format!("sandbox messages/s, {PAGES} pages over TLS, with both receipts");
    table.alone(&figure, Spread::of(&ours), 0, "/s", Aim::AtLeast(2_000.0));
    table.ratio(
        "  vs frames echoed by the same server stack",
        &ours,
        &theirs,
        Aim::None,
    );
    table.alone(
        "  messages per CPU-second of the sandbox",
        Spread::of(&per_cpu),
        0,
        "",
        Aim::None,
    );
    table.alone(
        "  send → ack, p99, network's own 5 ms included",
        Spread::of(&acks),
        1,
        "ms",
        Aim::None,
    );
}

/// A figure of a sandbox that loses or doubles messages would be worth nothing.
fn check(outcome: &Outcome) {
    assert_eq!(outcome.acked, outcome.sent, "each is acknowledged");
    assert_eq!(
        (outcome.delivered, outcome.read),
        (outcome.sent, outcome.sent),
        "each is delivered and read"
    );
    assert_eq!(outcome.astray, 0, "none is told twice or to the wrong page");
}
