//! chromedriver processes. Each serves a few accounts; when one dies, its sessions die with it and say so.

use std::{
    io,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, Weak},
    time::Duration,
};

use parking_lot::Mutex;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    process::{Child, Command},
    runtime::Handle,
};
use tokio_util::sync::CancellationToken;

use super::{life::Life, processes};
use crate::{domain::Clock, session::SessionError};

/// How many ports of our own choice are tried.
const PORT_ATTEMPTS: usize = 5;

/// How long a fresh chromedriver may take until it answers.
const START: Duration = Duration::from_secs(15);

/// The longest answer to `/status` that is read, in bytes.
const ANSWER_MAX: usize = 16_384;

/// One chromedriver.
pub(super) struct Driver {
    port: u16,
    pid: u32,
    seats: Mutex<Vec<Weak<Life>>>,
    /// No more seats here.
    gone: CancellationToken,
    /// The process has ended.
    ended: CancellationToken,
}

impl Driver {
    /// Where fantoccini connects to.
    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Takes a seat for a session, if one of `seats` is free.
    fn seat(&self, life: &Arc<Life>, seats: usize) -> bool {
        let mut taken = self.seats.lock();
        taken.retain(|seat| seat.upgrade().is_some_and(|life| !life.over.is_cancelled()));
        let free = !self.gone.is_cancelled() && taken.len() < seats;
        if free {
            taken.push(Arc::downgrade(life));
        }
        free
    }

    /// Its sessions die, and whatever is left of its process group is killed: browsers outlive their driver otherwise.
    fn end(&self) {
        self.gone.cancel();
        for life in self.seats.lock().iter().filter_map(Weak::upgrade) {
            life.die("chromedriver gone");
        }
        processes::kill_group(self.pid);
    }
}

/// All chromedrivers of the engine.
pub(super) struct Drivers {
    program: PathBuf,
    seats: usize,
    runtime: Handle,
    clock: Clock,
    all: tokio::sync::Mutex<Vec<Arc<Driver>>>,
}

impl Drivers {
    /// `runtime` outlives every session: on Linux a child that asked to die with its parent dies with the thread that
    /// started it.
    pub(super) fn new(program: PathBuf, seats: u16, runtime: Handle, clock: Clock) -> Self {
        Self {
            program,
            seats: usize::from(seats.max(1)),
            runtime,
            clock,
            all: tokio::sync::Mutex::new(Vec::new()),
        }
    }

    /// A driver with a seat for this session; starts one when none has.
    pub(super) async fn seat(&self, life: &Arc<Life>) -> Result<Arc<Driver>, SessionError> {
        let mut all = self.all.lock().await;
        all.retain(|driver| !driver.gone.is_cancelled());
        if let Some(driver) = all.iter().find(|driver| driver.seat(life, self.seats)) {
            return Ok(Arc::clone(driver));
        }
        let start = start(self.program.clone(), self.clock.clone());
        let started = self.runtime.spawn(tokio::time::timeout(START, start)).await;
        let (child, driver) = match started {
            Ok(Ok(Ok(started))) => started,
            Ok(Ok(Err(error))) => return Err(open(&format!("chromedriver: {error}"))),
            Ok(Err(_)) => return Err(open(&format!("chromedriver does not answer within {START:?}"))),
            Err(_) => return Err(open("the runtime of the engine has ended")),
        };
        driver.seat(life, self.seats);
        self.runtime.spawn(watch(child, Arc::clone(&driver)));
        all.push(Arc::clone(&driver));
        Ok(driver)
    }

    /// Ends every driver and everything that it started.
    pub(super) async fn shut_down(&self) {
        for driver in self.all.lock().await.drain(..) {
            driver.end();
            driver.ended.cancelled().await;
        }
    }
}

impl Drop for Drivers {
    fn drop(&mut self) {
        for driver in self.all.get_mut() {
            driver.end();
        }
    }
}

fn open(detail: &str) -> SessionError {
    SessionError::Open(detail.to_owned())
}

async fn watch(mut child: Child, driver: Arc<Driver>) {
    // However it ended, it is gone.
    let _ = child.wait().await;
    driver.end();
    driver.ended.cancel();
}

#[expect(
    unsafe_code,
    reason = "only between fork and exec can a process ask to die with its parent"
)]
fn command(program: &Path, port: u16) -> Command {
    let mut command = Command::new(program);
    command
        .arg(format!("--port={port}"))
        .arg("--log-level=SEVERE")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .kill_on_drop(true);
    // SAFETY: prctl is async-signal-safe and touches nothing of this process.
    unsafe {
        command.pre_exec(|| {
            rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))
                .map_err(io::Error::from)
        });
    }
    command
}

async fn start(program: PathBuf, clock: Clock) -> io::Result<(Child, Arc<Driver>)> {
    let (mut child, mut port) = listen(&program, 0).await?;
    // Without IPv6, chromedriver takes some port and says that it was 0. A port that we choose may be taken by somebody
    // else between our look and its start: then it ends, and the next one is tried.
    for _ in 0..PORT_ATTEMPTS {
        if port != 0 {
            break;
        }
        let _ = child.kill().await;
        if let Ok(started) = listen(&program, free_port()?).await {
            (child, port) = started;
        }
    }
    let pid = child.id().ok_or(io::ErrorKind::NotFound)?;
    while !answers(port).await.unwrap_or(false) {
        clock.sleep(Duration::from_millis(20)).await;
    }
    let driver = Driver {
        port,
        pid,
        seats: Mutex::default(),
        gone: CancellationToken::new(),
        ended: CancellationToken::new(),
    };
    Ok((child, Arc::new(driver)))
}

/// Starts chromedriver on a port (0: one of its own choice) and gives the port that it names.
async fn listen(program: &Path, port: u16) -> io::Result<(Child, u16)> {
    let mut child = command(program, port).spawn()?;
    let output = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let mut lines = BufReader::new(output).lines();
    let port = loop {
        let line = lines.next_line().await?.ok_or(io::ErrorKind::UnexpectedEof)?;
        if let Some(port) = port_in(&line) {
            break port;
        }
    };
    // Read on to the end, or it blocks on a full pipe one day.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    Ok((child, port))
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
async fn answers(port: u16) -> io::Result<bool> {
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
    fn the_port_is_read_from_the_last_line_only() {
        let line = "ChromeDriver was started successfully on port 38641.";
        assert_eq!(super::port_in(line), Some(38_641));
        assert_eq!(super::port_in("Starting ChromeDriver 156.0 on port 0"), None);
        let without_ipv6 = "ChromeDriver was started successfully on port 0.";
        assert_eq!(super::port_in(without_ipv6), Some(0), "then we choose one");
    }
}
