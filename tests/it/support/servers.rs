//! PostgreSQL and Redis of a test's own: on a free port, in a temporary folder, stopped when dropped.
//!
//! This file is also included by the tests of the `zaptor-actors` package (`#[path = …]`), so it uses nothing but the
//! standard library, `tempfile` and `rustix`. It blocks: a server is up when `start` returns (about a second for
//! PostgreSQL). Both listen on 127.0.0.1 alone.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

const START_DEADLINE: Duration = Duration::from_secs(30);
const STOP_DEADLINE: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// A free port may be taken by somebody else between our look and the server's start.
const PORT_ATTEMPTS: usize = 5;

/// A PostgreSQL server with one superuser (`zaptor`, no password) and its database `postgres`.
pub(crate) struct Postgres {
    server: Server,
}

impl Postgres {
    /// Creates a cluster and starts it. Panics with the server's log if that fails, or with the way to install it.
    ///
    /// Nobody pulls the plug on a test: without fsync the suite takes a third of the time.
    pub(crate) fn start() -> Self {
        Self::with_fsync("off")
    }

    /// The same, and what it commits is on the disk: for measurements.
    pub(crate) fn durable() -> Self {
        Self::with_fsync("on")
    }

    fn with_fsync(fsync: &str) -> Self {
        let fsync = format!("fsync={fsync}");
        let bin = postgres_bin();
        let folder = tempfile::Builder::new().prefix("zaptor-pg-").tempdir().unwrap();
        let user = unprivileged_user();
        if let Some((uid, gid)) = user {
            chown(folder.path(), Some(uid), Some(gid)).unwrap();
        }
        let data = folder.path().join("data");
        let mut initdb = Command::new(bin.join("initdb"));
        initdb.args([
            "--no-sync",
            "--auth=trust",
            "--username=zaptor",
            "--encoding=UTF8",
            "--locale=C",
            "-D",
        ]);
        let output = as_user(initdb.arg(&data), user, folder.path()).output().unwrap();
        assert!(
            output.status.success(),
            "initdb: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let server = Server::start("PostgreSQL", folder, move |port, folder| {
            let mut command = Command::new(bin.join("postgres"));
            command.arg("-D").arg(&data).arg("-p").arg(port.to_string());
            for setting in [
                "listen_addresses=127.0.0.1",
                "unix_socket_directories=",
                &fsync,
                "max_connections=60",
            ] {
                command.args(["-c", setting]);
            }
            as_user(&mut command, user, folder);
            command
        });
        Self { server }
    }

    /// Where a client connects.
    pub(crate) fn url(&self) -> String {
        format!("postgres://zaptor@127.0.0.1:{}/postgres", self.server.port)
    }

    /// Ends every process of the server at once, as a crash would; `revive` brings it back on the same port.
    pub(crate) fn crash(&mut self) {
        self.server.stop(Signal::QUIT);
    }

    /// Starts the server again after `crash`.
    pub(crate) fn revive(&mut self) {
        self.server.revive();
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.server.stop(Signal::QUIT);
    }
}

/// A Redis server that keeps nothing on disk.
pub(crate) struct Redis {
    server: Server,
}

impl Redis {
    /// Starts the server. Panics with its log if that fails, or with the way to install it.
    pub(crate) fn start() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("zaptor-redis-")
            .tempdir()
            .unwrap();
        let server = Server::start("Redis", folder, |port, folder| {
            let mut command = Command::new("redis-server");
            command.args([
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
                "--port",
            ]);
            command.arg(port.to_string()).arg("--dir").arg(folder);
            command
        });
        Self { server }
    }

    /// Where a client connects.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.server.port)
    }

    /// Kills the server, as a crash would; `revive` brings an empty one back on the same port.
    pub(crate) fn crash(&mut self) {
        self.server.stop(Signal::KILL);
    }

    /// Starts the server again after `crash`, empty.
    pub(crate) fn revive(&mut self) {
        self.server.revive();
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.server.stop(Signal::KILL);
    }
}

/// Makes the command of a server, given its port and its folder.
type CommandFor = Box<dyn Fn(u16, &Path) -> Command + Send + Sync>;

/// What both have in common: a child process that listens on a port and logs into its folder.
struct Server {
    name: &'static str,
    port: u16,
    command: CommandFor,
    child: Option<Child>,
    folder: TempDir,
}

impl Server {
    fn start(
        name: &'static str,
        folder: TempDir,
        command: impl Fn(u16, &Path) -> Command + Send + Sync + 'static,
    ) -> Self {
        let mut server = Self {
            name,
            port: 0,
            command: Box::new(command),
            child: None,
            folder,
        };
        for _ in 0..PORT_ATTEMPTS {
            server.port = free_port();
            if server.spawn() {
                return server;
            }
        }
        panic!("{name} does not start:\n{}", server.log());
    }

    fn revive(&mut self) {
        assert!(
            self.spawn(),
            "{} does not start again:\n{}",
            self.name,
            self.log()
        );
    }

    /// Starts the process and waits until it accepts connections. `false` if it ended by itself.
    fn spawn(&mut self) -> bool {
        let log = File::create(self.folder.path().join("server.log")).unwrap();
        let mut command = (self.command)(self.port, self.folder.path());
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}; `.ci/setup --tests` installs it", self.name));
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let deadline = within(START_DEADLINE);
        while !is_over(deadline) {
            if child.try_wait().unwrap().is_some() {
                return false;
            }
            if self.accepts(address) {
                self.child = Some(child);
                return true;
            }
            pause();
        }
        let _ = child.kill();
        let _ = child.wait();
        panic!(
            "{} is not up after {START_DEADLINE:?}:\n{}",
            self.name,
            self.log()
        );
    }

    /// Redis serves as soon as it listens; PostgreSQL listens while it still recovers, and says in its log when it
    /// is ready.
    fn accepts(&self, address: SocketAddr) -> bool {
        let ready = self.log().to_lowercase().contains("ready to accept connections");
        ready && TcpStream::connect_timeout(&address, LOOK_EVERY).is_ok()
    }

    fn stop(&mut self, signal: Signal) {
        let Some(mut child) = self.child.take() else {
            return;
        };
        let pid = Pid::from_child(&child);
        let _ = kill_process(pid, signal);
        let deadline = within(STOP_DEADLINE);
        while !is_over(deadline) {
            if matches!(child.try_wait(), Ok(Some(_)) | Err(_)) {
                return;
            }
            pause();
        }
        let _ = child.kill();
        let _ = child.wait();
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("server.log")).unwrap_or_default()
    }
}

/// A port that nobody listens on at this moment.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// The moment by which a real process must have done something.
#[expect(
    clippy::disallowed_methods,
    reason = "real processes are watched here, in real time"
)]
fn within(limit: Duration) -> Instant {
    Instant::now() + limit
}

#[expect(
    clippy::disallowed_methods,
    reason = "real processes are watched here, in real time"
)]
fn is_over(deadline: Instant) -> bool {
    Instant::now() > deadline
}

#[expect(
    clippy::disallowed_methods,
    reason = "between two looks at a process that has a deadline"
)]
fn pause() {
    std::thread::sleep(LOOK_EVERY);
}

/// The newest PostgreSQL that Debian installed, which keeps its programs out of the search path.
fn postgres_bin() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut found: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            let bin = entry.path().join("bin");
            bin.join("initdb").exists().then_some((version, bin))
        })
        .collect();
    found.sort();
    let newest = found.pop();
    newest
        .expect("no PostgreSQL under /usr/lib/postgresql; `.ci/setup --tests` installs it")
        .1
}

/// PostgreSQL refuses to run as root. Root therefore hands it to the user `postgres` (or `nobody`); everybody else
/// runs it as himself.
fn unprivileged_user() -> Option<(u32, u32)> {
    if !rustix::process::getuid().is_root() {
        return None;
    }
    let passwd = fs::read_to_string("/etc/passwd").unwrap();
    let user = |name: &str| {
        let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    Some(
        user("postgres")
            .or_else(|| user("nobody"))
            .expect("neither postgres nor nobody in /etc/passwd"),
    )
}

fn as_user<'a>(command: &'a mut Command, user: Option<(u32, u32)>, folder: &Path) -> &'a mut Command {
    if let Some((uid, gid)) = user {
        command.uid(uid).gid(gid);
    }
    // The folder we were started in may be closed to that user.
    command.current_dir(folder).env("HOME", folder).env("LC_ALL", "C")
}
