//! How chromedrivers are started: under a guard, on a port of their own, until they answer.

use std::{
    io,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    process::{Child, Command},
};

use super::{
    cgroup::{self, Groups},
    guard,
    life::House,
    processes,
    table::{Named, ProcessTable},
    temporary::Temporary,
};
use crate::domain::Clock;

/// How many starts are given to a chromedriver that does not get its port.
const PORT_ATTEMPTS: usize = 5;

/// The longest answer to `/status` that is read, in bytes.
const ANSWER_MAX: usize = 16_384;

/// How drivers are started.
#[derive(Clone)]
pub(super) struct Garage {
    /// chromedriver.
    pub(super) program: PathBuf,
    /// This program, which guards it; nothing: it is started by itself, and only killed by its process group.
    pub(super) guard: Option<Guarding>,
    pub(super) clock: Clock,
}

/// What a guard needs.
#[derive(Clone)]
pub(super) struct Guarding {
    pub(super) program: PathBuf,
    /// What the guard's browsers are, behind their start.
    pub(super) browser: PathBuf,
    pub(super) temporary: Arc<Temporary>,
    pub(super) groups: Option<Groups>,
    /// What a browser may hold at most, in bytes, where the kernel holds it to that.
    pub(super) memory_max: Option<u64>,
}

/// A chromedriver that answers.
pub(super) struct Made {
    /// It, or its guard.
    pub(super) child: Child,
    pub(super) port: u16,
    /// Of the child.
    pub(super) pid: u32,
    /// The driver itself, where it is known.
    pub(super) process: Option<Named>,
    /// Where its browsers run, under a guard.
    pub(super) house: Option<House>,
}

impl Garage {
    fn command(&self, port: u16, room: Option<&Path>) -> Command {
        let mut command = match &self.guard {
            None => Command::new(&self.program),
            Some(guard) => {
                let mut command = Command::new(&guard.program);
                command.arg0(guard::DRIVER).arg(&self.program);
                command
            }
        };
        guard::forget_settings(command.as_std_mut());
        match (&self.guard, room) {
            (Some(guard), Some(room)) => {
                // Its end tells the guard that we are gone.
                command.stdin(Stdio::piped());
                command.env(guard::ROOM, room).env("TMPDIR", room);
                command.env(guard::PROGRAM, &guard.browser);
                if let Some(groups) = &guard.groups {
                    command.env(cgroup::GROUPS, groups.path());
                }
                if let Some(bytes) = guard.memory_max {
                    command.env(cgroup::LIMIT, bytes.to_string());
                }
            }
            _ => {
                command.stdin(Stdio::null()).kill_on_drop(true);
                processes::die_with_parent(command.as_std_mut());
            }
        }
        command
            .arg(format!("--port={port}"))
            .arg("--log-level=SEVERE")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0);
        command
    }

    /// Starts a chromedriver and waits until it answers.
    pub(super) async fn start(self) -> io::Result<Made> {
        let room = match &self.guard {
            Some(guard) => Some(guard.temporary.room()?),
            None => None,
        };
        let (child, port) = self.listen(room.as_deref()).await?;
        let pid = child.id().ok_or(io::ErrorKind::NotFound)?;
        while !answers(port).await.unwrap_or(false) {
            self.clock.sleep(Duration::from_millis(20)).await;
        }
        // An unguarded one is our own child.
        let table = ProcessTable::read();
        let parent = if room.is_some() { pid } else { std::process::id() };
        let process = table
            .children(parent)
            .find(|child| room.is_some() || child.pid == pid);
        let house = room.map(|room| House {
            guard: pid,
            room,
            groups: self.guard.as_ref().and_then(|guard| guard.groups.clone()),
        });
        Ok(Made {
            child,
            port,
            pid,
            process,
            house,
        })
    }

    /// Starts chromedriver until one listens, and gives its port.
    ///
    /// With `--port=0` it takes a free port of IPv6 and then wants the same number of IPv4. On a busy machine that one is
    /// somebody else's now and then: it says so and ends, before anybody could use it, and the next one finds another
    /// number. Without IPv6 it takes some port and says that it was 0; then we choose one, which may be taken likewise.
    async fn listen(&self, room: Option<&Path>) -> io::Result<(Child, u16)> {
        let (mut port, mut trouble) = (0, io::Error::from(io::ErrorKind::AddrInUse));
        for _ in 0..PORT_ATTEMPTS {
            if let Some(room) = room {
                // The guard of an earlier attempt took it along.
                let _ = std::fs::create_dir(room);
            }
            match self.listen_on(port, room).await {
                Ok((child, 0)) => {
                    self.dismiss(child).await;
                    port = free_port()?;
                }
                Ok(started) => return Ok(started),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                    port = if port == 0 { 0 } else { free_port()? };
                    trouble = error;
                }
                Err(error) => return Err(error),
            }
        }
        Err(trouble)
    }

    async fn dismiss(&self, mut child: Child) {
        drop(child.stdin.take());
        if self.guard.is_none() {
            let _ = child.start_kill();
        }
        let _ = child.wait().await;
    }

    /// Starts chromedriver on a port (0: one of its own choice) and gives the port that it names.
    async fn listen_on(&self, port: u16, room: Option<&Path>) -> io::Result<(Child, u16)> {
        let mut child = self.command(port, room).spawn()?;
        let output = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let mut lines = BufReader::new(output).lines();
        let mut last = String::new();
        let port = loop {
            let Some(line) = lines.next_line().await? else {
                self.dismiss(child).await;
                return Err(unheard(&last));
            };
            if let Some(port) = port_in(&line) {
                break port;
            }
            last = line;
        };
        // Read on to the end, or it blocks on a full pipe one day.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok((child, port))
    }
}

/// What chromedriver says when somebody else has the port that it wants.
const PORT_TAKEN: &str = "port not available";

/// How many characters of chromedriver's last words are told.
const LAST_WORDS: usize = 200;

/// Why a chromedriver ended before it listened, by the last line that it wrote.
fn unheard(last: &str) -> io::Error {
    if last.contains(PORT_TAKEN) {
        return io::Error::new(io::ErrorKind::AddrInUse, last.to_owned());
    }
    let last: String = last.chars().take(LAST_WORDS).collect();
    let words = if last.is_empty() { "nothing" } else { &last };
    io::Error::other(format!("it ended before it listened; its last words: {words}"))
}

fn free_port() -> io::Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?
        .local_addr()?
        .port())
}

/// The port in `ChromeDriver was started successfully on port 38641.`
fn port_in(line: &str) -> Option<u16> {
    line.split_once("successfully on port ")?
        .1
        .trim_end_matches('.')
        .parse()
        .ok()
}

/// Whether chromedriver says that it is ready.
pub(super) async fn answers(port: u16) -> io::Result<bool> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let request = "GET /status HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await?;
    // It says that it will close the connection and does not: the answer is over where the word is.
    let mut answer = Vec::new();
    while answer.len() < ANSWER_MAX && stream.read_buf(&mut answer).await? > 0 {
        let text = String::from_utf8_lossy(&answer);
        if let Some((_, ready)) = text.split_once("\"ready\":")
            && ready.len() >= "true".len()
        {
            return Ok(ready.starts_with("true"));
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_a_port_that_somebody_else_has_is_worth_another_start() {
        let taken = super::unheard("IPv4 port not available. Exiting...");
        assert_eq!(taken.kind(), std::io::ErrorKind::AddrInUse);
        for last in ["", "libnss3.so: cannot open shared object file"] {
            let error = super::unheard(last);
            assert_ne!(error.kind(), std::io::ErrorKind::AddrInUse);
            assert!(error.to_string().contains(last), "{error}");
        }
    }

    #[test]
    fn the_port_is_read_from_the_last_line_only() {
        let line = "ChromeDriver was started successfully on port 38641.";
        assert_eq!(super::port_in(line), Some(38_641));
        assert_eq!(super::port_in("Starting ChromeDriver 156.0 on port 0"), None);
        let without_ipv6 = "ChromeDriver was started successfully on port 0.";
        assert_eq!(super::port_in(without_ipv6), Some(0), "then we choose one");
    }
}
