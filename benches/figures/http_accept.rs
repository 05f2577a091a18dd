//! `POST /v1/messages` on 64 keep-alive connections, against a bare JSON echo.
//!
//! Zaptor's side is the real program as it comes: API key, validation, request log, price, guarded hold, message, outbox
//! row, event, and a 202 after the fsynced commit (SQLite, `synchronous=FULL`). The account is stopped, so that what is
//! accepted waits; beside it stand the same with an `Idempotency-Key` of its own on every request, and with the account
//! online, whose messages meanwhile go out on the simulated engine.

use std::time::Duration;

use serde_json::json;

use crate::{
    Plan,
    children::Comparator,
    comparators::ECHO,
    http_load::{self, Request, Until},
    node::Node,
    numbers::{Spread, percentile, rate, real},
    processes::{cpu_seconds, written_bytes},
    table::{Aim, Table},
};

const CONNECTIONS: usize = 64;

/// One side, round by round: answers per second of the clock and of the server's processor time.
#[derive(Default)]
struct Side {
    per_second: Vec<f64>,
    per_cpu_second: Vec<f64>,
    times: Vec<f64>,
    written_per_answer: Vec<f64>,
}

impl Side {
    fn turn(&mut self, server: (std::net::SocketAddr, u32), requests: &[Request], time: Duration) {
        let (address, pid) = server;
        let (before, written) = (cpu_seconds(pid), written_bytes(pid));
        let outcome = http_load::run(address, CONNECTIONS, requests, Until::Time(time));
        let worked = cpu_seconds(pid) - before;
        self.per_second.push(rate(outcome.answers, outcome.elapsed));
        self.per_cpu_second.push(real(outcome.answers) / worked);
        self.written_per_answer
            .push((written_bytes(pid) - written) / real(outcome.answers));
        self.times.extend(outcome.times);
    }
}

/// Messages to so many numbers, one for each connection.
pub(crate) fn requests(node: &Node, account: &str, keyed: bool) -> Vec<Request> {
    (0..CONNECTIONS)
        .map(|i| {
            let body = json!({
                "account": account,
                "to": format!("55119{i:08}"),
                "type": "text",
                "text": { "body": "Hello, this is a message of a usual length." },
            });
            Request::post("/v1/messages", &node.api_key, &body, keyed)
        })
        .collect()
}

pub(crate) fn measure(plan: &Plan, table: &mut Table) {
    let echo = Comparator::start(ECHO);
    let node = Node::simulated();
    let resting = node.resting_account();
    let busy = node.create_account("simulated");
    let limit = Duration::from_secs(30);
    node.until_state(&busy, "online", limit)
        .unwrap_or_else(|last| panic!("it does not link: {last}"));
    let (plain, keyed, sent) = (
        requests(&node, &resting, false),
        requests(&node, &resting, true),
        requests(&node, &busy, false),
    );
    let servers = [(echo.address, echo.pid()), (node.address, node.pid())];
    let [
        mut echoed,
        mut accepted,
        mut with_key,
        mut echoed_again,
        mut sending,
    ] = [(); 5].map(|()| Side::default());
    for server in servers {
        Side::default().turn(server, &plain, plan.turn / 2); // warm up
    }
    for _ in 0..plan.rounds {
        echoed.turn(servers[0], &plain, plan.turn);
        accepted.turn(servers[1], &plain, plan.turn);
        with_key.turn(servers[1], &keyed, plan.turn);
    }
    // What is accepted here goes on being sent: last, so that it disturbs nothing else.
    for _ in 0..plan.rounds {
        echoed_again.turn(servers[0], &plain, plan.turn);
        sending.turn(servers[1], &sent, plan.turn);
    }
    table.ratio(
        "HTTP accept/s, 64 connections, vs echo",
        &accepted.per_second,
        &echoed.per_second,
        Aim::AtLeast(0.25),
    );
    table.ratio(
        "  per CPU-second of the server",
        &accepted.per_cpu_second,
        &echoed.per_cpu_second,
        Aim::None,
    );
    table.ratio(
        "  with an Idempotency-Key each",
        &with_key.per_second,
        &echoed.per_second,
        Aim::None,
    );
    table.ratio(
        "  while the account also sends",
        &sending.per_second,
        &echoed_again.per_second,
        Aim::None,
    );
    let [p50, p99] = [0.5, 0.99].map(|share| percentile(&accepted.times, share) * 1_000.0);
    let written = Spread::of(&accepted.written_per_answer).median / 1_024.0;
    table.note(format!(
        "HTTP accept: SQLite FULL, the account stopped; p50 {p50:.1} ms, p99 {p99:.1} ms at 64 connections; \
         {written:.1} KiB written per message; the load client shares the processors with both servers"
    ));
}
