//! This program again, as a comparator in a process of its own, so that its processor time can be told apart.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::SocketAddr,
    process::{Child, Command, Stdio},
};

use rustix::process::{Signal, set_parent_process_death_signal};

/// Names the part that this process plays; set by its parent only.
pub(crate) const ROLE: &str = "ZAPTOR_BENCH_ROLE";

/// The part of this process, if it was started by [`Comparator::start`].
pub(crate) fn role() -> Option<String> {
    let role = std::env::var(ROLE).ok()?;
    // A comparator never outlives the run that started it.
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
    Some(role)
}

/// Makes this program, started by `command`, play a part.
pub(crate) fn as_role(command: &mut Command, role: &str) {
    command.env(ROLE, role);
}

/// Tells the parent where this comparator listens.
pub(crate) fn say_address(address: SocketAddr) {
    let mut out = std::io::stdout();
    let _ = writeln!(out, "{address}").and_then(|()| out.flush());
}

/// A comparator at work. Dropping it ends it.
pub(crate) struct Comparator {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Comparator {
    /// Starts one; returns when it listens.
    pub(crate) fn start(role: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .env(ROLE, role)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut first)
            .unwrap();
        let address = first.trim().parse().unwrap();
        Self { child, address }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Comparator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
