//! Deliveries per second of a server's processor time at 1,000 sockets.
//!
//! Two comparators: one writes every event to every socket by a call of its own, without a framework; the other is a
//! broadcast by the book of actix-web-actors, which gathers by itself whatever waits in a socket's mailbox once it cannot
//! keep up, without bound. Both keep nothing.
//!
//! Events are made alike on all sides: POSTs on 64 connections. Zaptor accepts a message for each (hold, commit,
//! journal) and its sockets read the journal, so Zaptor's processor time holds the acceptance too. "Burst" is as fast as
//! events are taken; "paced" is 100 events a second, where nothing can be gathered.

use std::{net::SocketAddr, time::Instant};

use crate::{
    Plan,
    children::Comparator,
    comparators::{BROADCAST, FRAMES},
    http_accept::requests,
    http_load::{self, Request, Until},
    node::Node,
    numbers::{rate, real},
    processes::{cpu_seconds, resident_mib},
    sockets::Sockets,
    table::{Aim, Table},
};

const SOCKETS: usize = 1_000;
const POSTING: usize = 64;
const BURST: u64 = 500;
const PACED: u64 = 200;
const PACE: u32 = 100;

/// A server with its sockets.
struct Side {
    address: SocketAddr,
    pid: u32,
    sockets: Sockets,
    kib_per_socket: f64,
}

/// What a turn came to.
struct Turn {
    per_cpu_second: f64,
    per_second: f64,
}

impl Side {
    fn open(address: SocketAddr, pid: u32, api_key: &str) -> Self {
        let before = resident_mib(pid);
        let sockets = Sockets::open(address, api_key, SOCKETS);
        Self {
            address,
            pid,
            kib_per_socket: (resident_mib(pid) - before) * 1_024.0 / real(SOCKETS),
            sockets,
        }
    }

    fn turn(&self, load: &[Request], until: Until) -> Turn {
        let (Until::Count(events) | Until::Paced(events, _)) = until else {
            unreachable!("a turn has a count")
        };
        let (cpu, had, begun) = (cpu_seconds(self.pid), self.sockets.events(), Instant::now());
        let deliveries = events * SOCKETS as u64;
        http_load::run(self.address, POSTING, load, until);
        self.sockets.until(had + deliveries);
        let elapsed = begun.elapsed();
        Turn {
            per_cpu_second: real(deliveries) / (cpu_seconds(self.pid) - cpu),
            per_second: rate(deliveries, elapsed),
        }
    }
}

/// The rounds of one side.
#[derive(Default)]
struct Rounds {
    per_cpu_second: Vec<f64>,
    per_second: Vec<f64>,
}

impl Rounds {
    fn add(&mut self, turn: &Turn) {
        self.per_cpu_second.push(turn.per_cpu_second);
        self.per_second.push(turn.per_second);
    }
}

pub(crate) fn measure(plan: &Plan, table: &mut Table) {
    let (frames, broadcast) = (Comparator::start(FRAMES), Comparator::start(BROADCAST));
    let node = Node::simulated();
    let account = node.resting_account();
    let load = requests(&node, &account, false);
    let sides = [
        Side::open(node.address, node.pid(), &node.api_key),
        Side::open(frames.address, frames.pid(), "none"),
        Side::open(broadcast.address, broadcast.pid(), "none"),
    ];
    let (burst, paced) = (BURST / plan.divide as u64, PACED / plan.divide as u64);
    for side in &sides {
        side.turn(&load, Until::Count(burst / 5)); // warm up
    }
    let per_event = real(sides[0].sockets.bytes()) / real(sides[0].sockets.events());
    for (name, until, aim) in [
        ("burst", Until::Count(burst), Aim::AtLeast(5.0)),
        ("paced", Until::Paced(paced, PACE), Aim::None),
    ] {
        let mut rounds = [(); 3].map(|()| Rounds::default());
        for _ in 0..plan.rounds {
            for (side, rounds) in sides.iter().zip(&mut rounds) {
                rounds.add(&side.turn(&load, until));
            }
        }
        let [ours, frames, broadcast] = rounds;
        let figure = format!("stream deliveries/CPU-s, {SOCKETS} sockets, {name}, vs a write each");
        table.ratio(&figure, &ours.per_cpu_second, &frames.per_cpu_second, aim);
        table.ratio(
            "  vs actix-web-actors by the book",
            &ours.per_cpu_second,
            &broadcast.per_cpu_second,
            Aim::None,
        );
        table.ratio(
            "  deliveries/s, vs a write each",
            &ours.per_second,
            &frames.per_second,
            Aim::None,
        );
    }
    let [ours, _, broadcast] = &sides;
    table.note(format!(
        "stream: events of {per_event:.0} bytes with their frame; Zaptor's processor time includes accepting each \
         message; memory of a socket {:.0} KiB, of one of actix-web-actors {:.0} KiB",
        ours.kib_per_socket, broadcast.kib_per_socket
    ));
}
