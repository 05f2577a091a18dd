//! The real program as a child process: `zaptor up` on free ports with a data directory of its own.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder};
use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::wait;

const READY_DEADLINE: Duration = Duration::from_secs(60);
const STOP_DEADLINE: Duration = Duration::from_secs(20);
const REQUEST_DEADLINE: Duration = Duration::from_secs(30);

/// The first line of `zaptor up --json`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Ready {
    pub(crate) url: String,
    pub(crate) sandbox_url: Option<String>,
    /// Only on the first start of a data directory.
    pub(crate) admin: Option<Admin>,
    /// Only on the first start of a data directory.
    pub(crate) api_key: Option<String>,
}

/// The first administrator.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Admin {
    pub(crate) email: String,
    pub(crate) password: String,
}

/// How a Zaptor is to be started. `Plan::default()` is: a new data directory, a sandbox of its own, free ports.
#[derive(Default, Clone)]
pub(crate) struct Plan {
    data: Option<Arc<TempDir>>,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    api_key: Option<String>,
    sandbox_url: Option<String>,
    own_temp_folder: bool,
}

impl Plan {
    /// Has temporary files of it and its children in a folder of their own, so that what is left of them is seen.
    pub(crate) fn temp_folder_of_its_own(mut self) -> Self {
        self.own_temp_folder = true;
        self
    }

    /// Uses a sandbox that runs on its own and so outlives this Zaptor, as the real WhatsApp would.
    pub(crate) fn on(mut self, sandbox: &Sandbox) -> Self {
        self.sandbox_url = Some(sandbox.url.clone());
        self
    }

    /// Adds an argument of `zaptor up`, for example `--no-sandbox`.
    pub(crate) fn argument(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Sets one setting, for example `("rate_limit.burst", "100")`.
    pub(crate) fn setting(mut self, key: &str, value: impl Into<String>) -> Self {
        let name = format!("ZAPTOR__{}", key.replace('.', "__").to_uppercase());
        self.environment.push((name, value.into()));
        self
    }
}

/// A running Zaptor. Dropping it stops the process and whatever still works in its data directory.
pub(crate) struct Zaptor {
    child: Child,
    plan: Plan,
    data: Arc<TempDir>,
    client: Client,
    /// Set when the next Zaptor is to find the browsers of this one, as after a real crash.
    keeps_browsers: bool,
    /// What it printed when it was ready.
    pub(crate) ready: Ready,
}

impl Zaptor {
    /// Starts with a new data directory and waits until it is ready.
    pub(crate) async fn start() -> Self {
        Self::start_with(Plan::default()).await
    }

    /// Starts along `plan` and waits until it is ready. Panics with its log if it is not within a minute.
    pub(crate) async fn start_with(mut plan: Plan) -> Self {
        let data = plan
            .data
            .take()
            .unwrap_or_else(|| Arc::new(tempfile::Builder::new().prefix("zaptor-it-").tempdir().unwrap()));
        let mut child = command(&plan, data.path()).spawn().unwrap();
        let ready: Ready = first_line(&mut child, data.path()).await;
        if ready.api_key.is_some() {
            plan.api_key.clone_from(&ready.api_key);
        }
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().timeout(REQUEST_DEADLINE).build().unwrap();
        Self {
            child,
            plan,
            data,
            client,
            keeps_browsers: false,
            ready,
        }
    }

    /// A request to this Zaptor with its API key. `path` begins with `/`.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.anonymous(method, path);
        match &self.plan.api_key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }

    /// A request without credentials. `path` begins with `/`.
    pub(crate) fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.ready.url))
    }

    /// A request to the sandbox's control. `path` begins with `/`.
    pub(crate) fn sandbox(&self, method: Method, path: &str) -> RequestBuilder {
        let url = self
            .ready
            .sandbox_url
            .as_deref()
            .expect("this Zaptor has a sandbox");
        self.client.request(method, format!("{url}{path}"))
    }

    /// The API key of the first start, kept over restarts.
    pub(crate) fn api_key(&self) -> &str {
        self.plan
            .api_key
            .as_deref()
            .expect("the first start printed a key")
    }

    /// The data directory.
    pub(crate) fn data_dir(&self) -> &Path {
        self.data.path()
    }

    /// Keeps the data directory beyond the end of this Zaptor.
    pub(crate) fn data_folder(&self) -> Arc<TempDir> {
        Arc::clone(&self.data)
    }

    /// Where its temporary files are, if they have a folder of their own.
    pub(crate) fn temp_folder(&self) -> PathBuf {
        temp_folder(self.data.path())
    }

    /// The process id of Zaptor itself.
    pub(crate) fn pid(&self) -> Pid {
        let id = self.child.id().expect("it runs");
        Pid::from_raw(i32::try_from(id).unwrap()).unwrap()
    }

    /// The processes besides Zaptor that name its data directory on their command line: its browsers and drivers.
    pub(crate) fn browser_processes(&self) -> Vec<Pid> {
        let own = self.child.id();
        let mut pids = processes_naming(self.data.path());
        pids.retain(|pid| Some(pid.as_raw_nonzero().get().cast_unsigned()) != own);
        pids
    }

    /// Kills Zaptor itself with SIGKILL, its browsers stay as a real crash would leave them, and starts it again on
    /// the same data directory and with the same plan.
    pub(crate) async fn kill_and_restart(mut self) -> Self {
        kill_process(self.pid(), Signal::KILL).unwrap();
        self.child.wait().await.unwrap();
        let mut plan = self.plan.clone();
        plan.data = Some(Arc::clone(&self.data));
        self.keeps_browsers = true;
        drop(self);
        Self::start_with(plan).await
    }

    /// Ends Zaptor in order and starts it again on the same data directory and with the same plan.
    pub(crate) async fn stop_and_restart(self) -> Self {
        let mut plan = self.plan.clone();
        plan.data = Some(Arc::clone(&self.data));
        let status = self.stop().await;
        assert!(status.success(), "{status}");
        Self::start_with(plan).await
    }

    /// Runs a client command against this Zaptor with `input` as its stdin; gives its exit code and what it printed.
    pub(crate) async fn command(&self, arguments: &[&str], input: &str) -> (i32, String) {
        self.command_as(self.api_key(), arguments, input).await
    }

    /// The same with another key, or the token of somebody who has logged in.
    pub(crate) async fn command_as(&self, key: &str, arguments: &[&str], input: &str) -> (i32, String) {
        let mut command = quiet_command(self.data.path());
        command
            .args(arguments)
            .env("ZAPTOR_URL", &self.ready.url)
            .env("ZAPTOR_API_KEY", key)
            .stdin(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // A command that does not read has ended already.
        let _ = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
        let output = child.wait_with_output().await.unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.code().unwrap(), text)
    }

    /// Asks Zaptor to end (SIGTERM) and waits for it.
    pub(crate) async fn stop(mut self) -> ExitStatus {
        kill_process(self.pid(), Signal::TERM).unwrap();
        let ended = timeout(STOP_DEADLINE, self.child.wait()).await;
        ended.expect("zaptor ends when it is asked to").unwrap()
    }
}

impl Drop for Zaptor {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("-- end of zaptor's log\n{}", log_tail(self.data.path()));
        }
        let _ = self.child.start_kill();
        if self.keeps_browsers {
            return;
        }
        // Several rounds: while the first are killed, a driver may still start another browser.
        for _ in 0..5 {
            let left = processes_naming(self.data.path());
            if left.is_empty() {
                break;
            }
            for pid in left {
                let _ = kill_process(pid, Signal::KILL);
            }
        }
    }
}

fn command(plan: &Plan, data: &Path) -> Command {
    let mut command = quiet_command(data);
    command
        .args(["up", "--json", "--port", "0", "--data-dir"])
        .arg(data);
    match &plan.sandbox_url {
        Some(url) => command.args(["--sandbox-url", url]),
        None => command.args(["--sandbox-port", "0"]),
    };
    command
        .args(&plan.arguments)
        .envs(plan.environment.iter().cloned());
    if plan.own_temp_folder {
        std::fs::create_dir_all(temp_folder(data)).unwrap();
        command.env("TMPDIR", temp_folder(data));
    }
    command
}

fn temp_folder(data: &Path) -> PathBuf {
    data.join("tmp")
}

/// The program, without the settings and credentials of the person who runs the tests, and with its talk in a file.
fn quiet_command(data: &Path) -> Command {
    let log = File::options()
        .create(true)
        .append(true)
        .open(log_path(data))
        .unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_zaptor"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("ZAPTOR_") {
            command.env_remove(name);
        }
    }
    command.env("XDG_CONFIG_HOME", data.join("xdg"));
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .kill_on_drop(true);
    command
}

/// Waits for the first line, then keeps the pipe empty: whatever a process prints later would fill it up and stall it.
async fn first_line<T: DeserializeOwned>(child: &mut Child, data: &Path) -> T {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = match timeout(READY_DEADLINE, lines.next_line()).await {
        Ok(Ok(Some(first))) => first,
        other => {
            let _ = child.kill().await;
            panic!("not ready ({other:?}):\n{}", log_tail(data));
        }
    };
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    serde_json::from_str(&first)
        .unwrap_or_else(|error| panic!("the first line is not what is promised: {error}: {first}"))
}

/// A sandbox as a process of its own.
pub(crate) struct Sandbox {
    child: Child,
    data: Arc<TempDir>,
    /// Its control: phones, deliveries, network, faults.
    pub(crate) url: String,
    /// Port of the page's door.
    pub(crate) tls_port: u16,
    /// With these arguments any Chromium finds it at web.whatsapp.com.
    pub(crate) chromium_args: Vec<String>,
}

impl Sandbox {
    /// Starts it on free ports and waits until it is ready.
    pub(crate) async fn start() -> Self {
        let data = tempfile::Builder::new()
            .prefix("zaptor-it-sandbox-")
            .tempdir()
            .unwrap();
        Self::start_in(Arc::new(data)).await
    }

    async fn start_in(data: Arc<TempDir>) -> Self {
        #[derive(Deserialize)]
        struct First {
            sandbox_url: String,
            tls_port: u16,
            chromium_args: Vec<String>,
        }
        let mut command = quiet_command(data.path());
        command
            .args(["sandbox", "--json", "--port", "0", "--data-dir"])
            .arg(data.path());
        let mut child = command.spawn().unwrap();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let first: First = first_line(&mut child, data.path()).await;
        Self {
            child,
            data,
            url: first.sandbox_url,
            tls_port: first.tls_port,
            chromium_args: first.chromium_args,
        }
    }

    /// The data directory.
    pub(crate) fn data_dir(&self) -> &Path {
        self.data.path()
    }

    /// Kills it with SIGKILL and starts it again on the same data directory.
    pub(crate) async fn kill_and_restart(mut self) -> Self {
        self.child.kill().await.unwrap();
        Self::start_in(Arc::clone(&self.data)).await
    }
}

fn log_path(data: &Path) -> PathBuf {
    data.join("stderr.log")
}

fn log_tail(data: &Path) -> String {
    let log = std::fs::read_to_string(log_path(data)).unwrap_or_default();
    // Requests are what the test itself has made.
    let lines: Vec<&str> = log
        .lines()
        .filter(|line| !line.contains("zaptor::access"))
        .collect();
    lines[lines.len().saturating_sub(80)..].join("\n")
}

/// Every process whose command line contains `folder`, which is a temporary one and so belongs to one test.
fn processes_naming(folder: &Path) -> Vec<Pid> {
    let needle = folder.to_str().unwrap();
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(|pid| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(needle)
    })
    .filter_map(Pid::from_raw)
    .collect()
}

/// Waits until `path` answers with a 2xx status.
pub(crate) async fn until_ok(zaptor: &Zaptor, path: &str, deadline: Duration) -> serde_json::Value {
    wait::until(path, deadline, || async {
        let answer = zaptor
            .request(Method::GET, path)
            .send()
            .await
            .map_err(|error| error.to_string())?;
        let status = answer.status();
        let body = answer.text().await.map_err(|error| error.to_string())?;
        if !status.is_success() {
            return Err(format!("{status}: {body}"));
        }
        serde_json::from_str(&body).map_err(|error| error.to_string())
    })
    .await
}
