//! chromedriver processes. Each serves a few accounts; when one dies, its sessions die with it and say so.

use std::{
    io,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    process::{Child, ChildStdin, Command},
    runtime::Handle,
};
use tokio_util::sync::CancellationToken;

use super::{
    cgroup::{self, Groups},
    guard,
    life::{House, Life},
    processes,
    temporary::Temporary,
};
use crate::{
    domain::{AccountId, Clock},
    session::{SessionError, Shard},
};

/// How many starts are given to a chromedriver that does not get its port.
const PORT_ATTEMPTS: usize = 5;

/// How long a fresh chromedriver may take until it answers.
const START: Duration = Duration::from_secs(15);

/// How long a guard may take to end what is below it.
const GUARD_PATIENCE: Duration = Duration::from_secs(5);

/// The longest answer to `/status` that is read, in bytes.
const ANSWER_MAX: usize = 16_384;

/// One chromedriver.
pub(super) struct Driver {
    number: u64,
    port: u16,
    /// The driver's own number, or its guard's. It leads a process group.
    pid: u32,
    /// Where its browsers run, under a guard.
    house: Option<House>,
    /// Held as long as the driver shall live: the guard's standard input.
    leash: Mutex<Option<ChildStdin>>,
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

    /// Whether one of `seats` is free.
    fn has_seat(&self, seats: usize) -> bool {
        let taken = self.seats.lock();
        let lives = |seat: &&Weak<Life>| seat.upgrade().is_some_and(|life| !life.over.is_cancelled());
        !self.gone.is_cancelled() && taken.iter().filter(lives).count() < seats
    }

    /// Takes a seat for a session, if one of `seats` is free.
    fn seat(&self, life: &Arc<Life>, seats: usize) -> bool {
        let mut taken = self.seats.lock();
        taken.retain(|seat| seat.upgrade().is_some_and(|life| !life.over.is_cancelled()));
        let free = !self.gone.is_cancelled() && taken.len() < seats;
        if free {
            taken.push(Arc::downgrade(life));
            if let Some(house) = &self.house {
                life.move_in(house.clone());
            }
        }
        free
    }

    fn accounts(&self) -> Vec<AccountId> {
        let seats = self.seats.lock();
        let lives = seats.iter().filter_map(Weak::upgrade);
        lives
            .filter(|life| !life.over.is_cancelled())
            .filter_map(|life| life.account())
            .collect()
    }

    /// Its sessions die, and whatever is left of its process group is killed: browsers outlive their driver otherwise.
    fn end(&self) {
        self.gone.cancel();
        for life in self.seats.lock().iter().filter_map(Weak::upgrade) {
            life.die("chromedriver gone");
        }
        match &self.house {
            // The guard kills them, and tidies up behind them.
            Some(_) => drop(self.leash.lock().take()),
            None => processes::kill_group(self.pid),
        }
    }
}

/// All chromedrivers of the engine.
pub(super) struct Drivers {
    garage: Garage,
    seats: usize,
    runtime: Handle,
    all: tokio::sync::Mutex<Vec<Arc<Driver>>>,
    started: AtomicU64,
    /// The same drivers, for those who only look.
    seen: Mutex<Vec<Weak<Driver>>>,
}

impl Drivers {
    /// `runtime` outlives every session: on Linux a child that asked to die with its parent dies with the thread that
    /// started it.
    pub(super) fn new(garage: Garage, seats: u16, runtime: Handle) -> Self {
        Self {
            garage,
            seats: usize::from(seats.max(1)),
            runtime,
            all: tokio::sync::Mutex::new(Vec::new()),
            started: AtomicU64::new(0),
            seen: Mutex::default(),
        }
    }

    /// A driver with a seat for this session; starts one when none has.
    pub(super) async fn seat(&self, life: &Arc<Life>) -> Result<Arc<Driver>, SessionError> {
        let mut all = self.all.lock().await;
        all.retain(|driver| !driver.gone.is_cancelled());
        for driver in all.iter() {
            if !driver.has_seat(self.seats) {
                continue;
            }
            // One that was killed just now is not known to be gone before its guard has tidied up.
            if !answers(driver.port).await.unwrap_or(false) {
                driver.end();
            } else if driver.seat(life, self.seats) {
                return Ok(Arc::clone(driver));
            }
        }
        let number = self.started.fetch_add(1, Ordering::Relaxed) + 1;
        let start = self.garage.clone().start(number);
        let started = self.runtime.spawn(tokio::time::timeout(START, start)).await;
        let (child, driver) = match started {
            Ok(Ok(Ok(started))) => started,
            Ok(Ok(Err(error))) => return Err(open(&format!("chromedriver: {error}"))),
            Ok(Err(_)) => return Err(open(&format!("chromedriver does not answer within {START:?}"))),
            Err(_) => return Err(open("the runtime of the engine has ended")),
        };
        driver.seat(life, self.seats);
        let clock = self.garage.clock.clone();
        self.runtime.spawn(watch(child, Arc::clone(&driver), clock));
        all.push(Arc::clone(&driver));
        self.seen.lock().push(Arc::downgrade(&driver));
        Ok(driver)
    }

    /// The drivers that live, with the accounts of their sessions.
    pub(super) fn shards(&self) -> Vec<Shard> {
        let mut seen = self.seen.lock();
        seen.retain(|driver| driver.upgrade().is_some_and(|driver| !driver.gone.is_cancelled()));
        seen.iter()
            .filter_map(Weak::upgrade)
            .map(|driver| Shard {
                number: driver.number,
                accounts: driver.accounts(),
            })
            .collect()
    }

    /// Ends every driver and everything that it started.
    pub(super) async fn shut_down(&self) {
        for driver in self.all.lock().await.drain(..) {
            driver.end();
            driver.ended.cancelled().await;
        }
        if let Some(guard) = &self.garage.guard {
            guard.temporary.clear();
            if let Some(groups) = &guard.groups {
                groups.clear();
            }
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

/// Waits for the end of a driver, or of its guard, and sees to it that nothing of it is left.
async fn watch(mut child: Child, driver: Arc<Driver>, clock: Clock) {
    tokio::select! {
        _ = child.wait() => {}
        () = driver.gone.cancelled() => {
            // A guard kills by itself what is below it, and cannot be late but on a machine that stands still.
            let late = clock.sleep(GUARD_PATIENCE);
            tokio::select! {
                _ = child.wait() => {}
                () = late => {
                    processes::kill_group(driver.pid);
                    let _ = child.wait().await;
                }
            }
        }
    }
    // However it ended, it is gone.
    driver.end();
    if let Some(House { room, .. }) = &driver.house {
        // Only a guard that was killed itself leaves something.
        processes::kill(&processes::in_room(room));
        guard::clear(room);
    }
    driver.ended.cancel();
}

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

    async fn start(self, number: u64) -> io::Result<(Child, Arc<Driver>)> {
        let room = match &self.guard {
            Some(guard) => Some(guard.temporary.room()?),
            None => None,
        };
        let (mut child, port) = self.listen(room.as_deref()).await?;
        let pid = child.id().ok_or(io::ErrorKind::NotFound)?;
        while !answers(port).await.unwrap_or(false) {
            self.clock.sleep(Duration::from_millis(20)).await;
        }
        let house = room.map(|room| House {
            guard: pid,
            room,
            groups: self.guard.as_ref().and_then(|guard| guard.groups.clone()),
        });
        let driver = Driver {
            number,
            port,
            pid,
            house,
            leash: Mutex::new(child.stdin.take()),
            seats: Mutex::default(),
            gone: CancellationToken::new(),
            ended: CancellationToken::new(),
        };
        Ok((child, Arc::new(driver)))
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
