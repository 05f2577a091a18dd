//! The real program as a child process, in a data folder of its own.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;
use zaptor::{
    cli::{Mode, Ready, ServeOptions},
    config,
};

use crate::{children, http_load, processes};

const LOOK_EVERY: Duration = Duration::from_millis(20);
const STOP_DEADLINE: Duration = Duration::from_secs(20);

/// A running Zaptor. Dropping it ends it and its browsers.
pub(crate) struct Node {
    child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) api_key: String,
    sandbox: Option<SocketAddr>,
    pub(crate) data: TempDir,
}

/// A folder on the disk that holds cargo's target folder: `/tmp` may be memory, where an fsync costs nothing.
pub(crate) fn folder() -> TempDir {
    tempfile::Builder::new()
        .prefix("zaptor-bench-")
        .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
        .unwrap()
}

impl Node {
    /// Starts `zaptor up` without sandbox, for accounts of the simulated engine. Pace is opened and the wallet is full;
    /// everything else is as it comes.
    pub(crate) fn simulated() -> Self {
        Self::start(&["--no-sandbox"], &[("engine.kind", "simulated")])
    }

    /// Starts `zaptor up` with these arguments and settings.
    pub(crate) fn start(arguments: &[&str], settings: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_zaptor"));
        command.args(["up", "--json", "--port", "0"]).args(arguments);
        Self::run(command, settings)
    }

    /// The same on the sandbox at this address, with accounts that prove their round trip over and over without a pause: no
    /// setting allows that. See [`serve_without_pauses`].
    pub(crate) fn without_pauses(sandbox_url: &str, settings: &[(&str, &str)]) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--sandbox-url", sandbox_url]);
        children::as_role(&mut command, WITHOUT_PAUSES);
        Self::run(command, settings)
    }

    fn run(mut command: Command, settings: &[(&str, &str)]) -> Self {
        let data = folder();
        let log = File::create(data.path().join("stderr.log")).unwrap();
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("ZAPTOR_") && name != children::ROLE {
                command.env_remove(name);
            }
        }
        let open = [
            ("billing.trial_tokens", "1000000000"),
            ("rate_limit.messages_per_minute", "100000"),
            ("rate_limit.burst", "10000"),
        ];
        for (key, value) in open.iter().chain(settings) {
            command.env(
                format!("ZAPTOR__{}", key.replace('.', "__").to_uppercase()),
                value,
            );
        }
        let mut child = command
            .arg("--data-dir")
            .arg(data.path())
            .env("XDG_CONFIG_HOME", data.path().join("xdg"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut first)
            .unwrap();
        let ready: Value = serde_json::from_str(&first).unwrap_or_else(|error| {
            let _ = child.kill();
            let log = std::fs::read_to_string(data.path().join("stderr.log")).unwrap_or_default();
            panic!("zaptor did not start: {error}\n{log}")
        });
        let address = |url: &Value| url.as_str()?.strip_prefix("http://")?.parse().ok();
        Self {
            child,
            address: address(&ready["url"]).expect("the first line holds the address"),
            api_key: ready["api_key"]
                .as_str()
                .expect("a first start prints a key")
                .to_owned(),
            sandbox: address(&ready["sandbox_url"]),
            data,
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A request with the API key; the answer must be a success.
    pub(crate) fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let (status, answer) = http_load::call(self.address, method, path, &self.api_key, body);
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }

    /// Creates an account and gives its id.
    pub(crate) fn create_account(&self, engine: &str) -> String {
        let account = self.call(
            "POST",
            "/v1/accounts",
            Some(&json!({ "name": "Bench", "engine": engine })),
        );
        account["id"].as_str().unwrap().to_owned()
    }

    /// Waits until the account is in `state`. Gives what it was last if it does not get there.
    pub(crate) fn until_state(&self, account: &str, state: &str, limit: Duration) -> Result<(), Value> {
        let path = format!("/v1/accounts/{account}");
        until(limit, || {
            let account = self.call("GET", &path, None);
            if account["state"] == state {
                Ok(())
            } else {
                Err(account)
            }
        })
    }

    /// An account of the simulated engine whose messages stay: it is stopped, so that nothing but acceptance is
    /// measured.
    pub(crate) fn resting_account(&self) -> String {
        let account = self.create_account("simulated");
        self.call("POST", &format!("/v1/accounts/{account}/stop"), None);
        let limit = Duration::from_secs(20);
        self.until_state(&account, "stopped", limit)
            .unwrap_or_else(|last| panic!("it does not stop: {last}"));
        account
    }

    /// Links an account of the browser engine with a phone of the sandbox and waits until it is online.
    pub(crate) fn link(&self, account: &str, phone: &str, limit: Duration) -> Result<(), Value> {
        let sandbox = self.sandbox.expect("this Zaptor has a sandbox");
        self.until_state(account, "pairing", limit)?;
        http_load::call(
            sandbox,
            "POST",
            "/_/api/phones",
            "",
            Some(&json!({ "phone": phone, "name": "Bench" })),
        );
        until(limit, || {
            let path = format!("/v1/accounts/{account}/pairing");
            let (_, pairing) = http_load::call(self.address, "GET", &path, &self.api_key, None);
            let code = json!({ "code": pairing["code"] });
            let scan = format!("/_/api/phones/{phone}/scan");
            let (status, answer) = http_load::call(sandbox, "POST", &scan, "", Some(&code));
            if (200..300).contains(&status) {
                Ok(())
            } else {
                Err(answer)
            }
        })?;
        self.until_state(account, "online", limit)
    }
}

/// The role of a child that is a whole Zaptor but for one setting, which is out of its bounds.
pub(crate) const WITHOUT_PAUSES: &str = "without-pauses";

/// `zaptor up --json` on a sandbox, with accounts that prove their round trip without a pause in between. Reads
/// `--sandbox-url URL --data-dir FOLDER` from the command line and its settings from the environment.
pub(crate) fn serve_without_pauses() {
    let mut words = std::env::args().skip(1);
    let mut flags = config::Flags::default();
    flags.set("bench", "server.port", 0);
    while let (Some(flag), Some(value)) = (words.next(), words.next()) {
        match flag.as_str() {
            "--sandbox-url" => {
                flags.set("bench", "sandbox.url", value);
                flags.set("bench", "sandbox.enabled", true);
            }
            _ => flags.set("bench", "data.dir", value),
        }
    }
    let environment = std::env::vars();
    let mut config = config::load(
        None,
        environment.filter(|(name, _)| name != children::ROLE),
        &flags,
    )
    .unwrap()
    .config;
    config.account.probe_interval_s = 0;
    let on_ready = |ready: Ready| println!("{}", json!(ready));
    let options = ServeOptions {
        config,
        mode: Mode::Up,
        on_ready: Box::new(on_ready),
    };
    zaptor::serve::run(options).unwrap();
}

/// Looks again until it is so, or gives what was seen last.
fn until<T>(limit: Duration, mut look: impl FnMut() -> Result<T, Value>) -> Result<T, Value> {
    let begun = Instant::now();
    loop {
        match look() {
            Ok(seen) => return Ok(seen),
            Err(last) if begun.elapsed() > limit => return Err(last),
            Err(_) => thread::sleep(LOOK_EVERY),
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let begun = Instant::now();
        while begun.elapsed() < STOP_DEADLINE && matches!(self.child.try_wait(), Ok(None)) {
            thread::sleep(LOOK_EVERY);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        for (pid, _) in processes::naming(self.data.path()) {
            if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
                let _ = kill_process(pid, Signal::KILL);
            }
        }
    }
}
