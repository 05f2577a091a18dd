//! Deliveries per second of a server's processor time at 1,000 sockets, against a broadcast that writes one frame for
//! each socket and event.
//!
//! Events are made alike on both sides: POSTs on 16 connections. Zaptor accepts a message for each (hold, commit,
//! journal) and its socket reads the journal; the comparator keeps nothing. So Zaptor's processor time holds the
//! acceptance too. "Burst" is as fast as they are taken; "paced" is 100 events a second, where less can be gathered.

use std::{net::SocketAddr, time::Instant};

use crate::{
    Plan,
    children::Comparator,
    comparators::BROADCAST,
    http_accept::requests,
    http_load::{self, Request, Until},
    node::Node,
    numbers::{rate, real},
    processes::{cpu_seconds, resident_mib},
    sockets::Sockets,
    table::{Aim, Table},
};

const SOCKETS: usize = 1_000;
const POSTING: usize = 16;
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

pub(crate) fn measure(plan: &Plan, table: &mut Table) {
    let broadcast = Comparator::start(BROADCAST);
    let node = Node::simulated();
    let account = node.resting_account();
    let load = requests(&node, &account, false);
    let ours = Side::open(node.address, node.pid(), &node.api_key);
    let theirs = Side::open(broadcast.address, broadcast.pid(), "none");
    let (burst, paced) = (BURST / plan.divide as u64, PACED / plan.divide as u64);
    for side in [&ours, &theirs] {
        side.turn(&load, Until::Count(burst / 5)); // warm up
    }
    let bytes = (ours.sockets.bytes(), ours.sockets.events());
    let per_event = real(bytes.0) / real(bytes.1);
    let kinds = [
        ("burst", Until::Count(burst), Aim::AtLeast(5.0)),
        ("paced", Until::Paced(paced, PACE), Aim::None),
    ];
    for (name, until, aim) in kinds {
        let (mut mine, mut other) = (Vec::new(), Vec::new());
        for _ in 0..plan.rounds {
            mine.push(ours.turn(&load, until));
            other.push(theirs.turn(&load, until));
        }
        let cpu = |turns: &[Turn]| turns.iter().map(|turn| turn.per_cpu_second).collect::<Vec<f64>>();
        let clock = |turns: &[Turn]| turns.iter().map(|turn| turn.per_second).collect::<Vec<f64>>();
        let figure = format!("stream deliveries/CPU-s, {SOCKETS} sockets, {name}");
        table.ratio(&figure, &cpu(&mine), &cpu(&other), aim);
        if matches!(until, Until::Count(_)) {
            table.ratio(
                "  deliveries/s of the clock",
                &clock(&mine),
                &clock(&other),
                Aim::None,
            );
        }
    }
    table.note(format!(
        "stream: events of {per_event:.0} bytes with their frame; Zaptor's processor time includes accepting each \
         message; memory of a socket {:.0} KiB, of the comparator's {:.0} KiB",
        ours.kib_per_socket, theirs.kib_per_socket
    ));
}
