//! What an account costs beside whatsapp-web.js and wppconnect: proportional memory of the browsers of three accounts, and
//! the time from asking for a linked account to its being ready, in turns. All meet the same sandbox. Ours is ready when it
//! has proven a round trip to the server; theirs when the client says so.
//!
//! The others are given the headless shell, too, which is more than they take by themselves; a row shows what they take.

use std::{
    fs,
    io::{BufRead as _, BufReader, Lines, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{OwnCopy, browsers_below, total_mib};
use crate::{
    Plan, http_load,
    node::{Node, folder},
    numbers::{Spread, real},
    processes::{descendants, proportional_mib, resident_mib},
    sandbox::Sandbox,
    table::{Aim, Table},
};

const ACCOUNTS: usize = 3;
/// After which a page has settled: our engine collects a page's garbage after ten quiet seconds.
const SETTLE: Duration = Duration::from_secs(13);
const LIMIT: Duration = Duration::from_secs(90);
const CLIENTS: [&str; 2] = ["whatsapp-web.js", "wppconnect"];

pub(crate) fn measure(plan: &Plan, table: &mut Table) {
    let folder = folder();
    let chromium = OwnCopy::below(folder.path());
    let sandbox = Sandbox::start();
    let ours = Ours::start(&sandbox, &chromium.headless_shell());
    let (shell, full) = (chromium.headless_shell(), chromium.full());
    let theirs: Vec<Theirs> = CLIENTS
        .iter()
        .map(|client| Theirs::start(client, &sandbox, &shell, &folder.path().join(client)))
        .collect();
    // A quick run has no time for them.
    let by_default: Vec<Theirs> = CLIENTS
        .iter()
        .filter(|_| plan.divide == 1)
        .map(|client| {
            Theirs::start(
                client,
                &sandbox,
                &full,
                &folder.path().join(format!("{client}-full")),
            )
        })
        .collect();
    let mut contestants: Vec<(String, Box<dyn Contestant>)> = vec![("Zaptor".to_owned(), Box::new(ours))];
    for (note, list) in [
        ("headless shell", theirs),
        ("full Chromium, as by default", by_default),
    ] {
        for (client, theirs) in CLIENTS.iter().zip(list) {
            contestants.push((format!("{client}, {note}"), Box::new(theirs)));
        }
    }
    let mut seen: Vec<Seen> = contestants.iter().map(|_| Seen::default()).collect();
    for (_, contestant) in &mut contestants {
        contestant.link();
    }
    for _ in 0..plan.rounds {
        for ((_, contestant), seen) in contestants.iter_mut().zip(&mut seen) {
            seen.round(contestant.as_mut());
        }
    }
    report(table, &contestants, &seen);
}

/// Somebody who runs accounts.
trait Contestant {
    /// Links all accounts once, and closes them.
    fn link(&mut self);
    /// Opens an account that is linked. Gives the time until it is ready, in milliseconds.
    fn open(&mut self, account: usize) -> f64;
    fn close(&mut self);
    /// The process that all others come from.
    fn root(&self) -> u32;
}

/// What was seen of one, round by round.
#[derive(Default)]
struct Seen {
    first: Vec<f64>,
    further: Vec<f64>,
    /// Of the first account of each round: nothing of its own runs yet.
    ready_ms: Vec<f64>,
    processes: usize,
    /// What drives the browsers, chromedrivers or Node.js, with all accounts open.
    drivers: Vec<f64>,
    own: Vec<f64>,
}

impl Seen {
    fn round(&mut self, contestant: &mut dyn Contestant) {
        self.ready_ms.push(contestant.open(0));
        thread::sleep(SETTLE);
        let browsers = browsers_below(contestant.root());
        let first = total_mib(&browsers);
        self.processes = browsers.len();
        for account in 1..ACCOUNTS {
            contestant.open(account);
        }
        thread::sleep(SETTLE);
        let all = total_mib(&browsers_below(contestant.root()));
        self.first.push(first);
        self.further.push((all - first) / real(ACCOUNTS - 1));
        let drivers = descendants(contestant.root());
        let drivers = drivers.iter().filter(|(_, line)| line.contains("chromedriver"));
        self.drivers
            .push(drivers.map(|(pid, _)| proportional_mib(*pid)).sum());
        self.own.push(resident_mib(contestant.root()));
        contestant.close();
    }
}

fn report(table: &mut Table, contestants: &[(String, Box<dyn Contestant>)], seen: &[Seen]) {
    let (ours, others) = (&seen[0], &seen[1..]);
    let spread = Spread::of;
    table.alone(
        "first browser (PSS)",
        spread(&ours.first),
        1,
        "MiB",
        Aim::AtMost(190.0),
    );
    table.alone(
        "each further browser (PSS)",
        spread(&ours.further),
        1,
        "MiB",
        Aim::AtMost(50.0),
    );
    table.alone(
        &format!("  chromedriver, shared by these {ACCOUNTS}"),
        spread(&ours.drivers),
        1,
        "MiB",
        Aim::None,
    );
    for ((name, _), other) in contestants[1..].iter().zip(others) {
        table.ratio(
            &format!("  first browser, against {name}"),
            &ours.first,
            &other.first,
            Aim::None,
        );
        table.ratio(
            &format!("  each further, against {name}"),
            &ours.further,
            &other.further,
            Aim::None,
        );
        table.ratio(
            &format!("linked account to ready, against {name}"),
            &ours.ready_ms,
            &other.ready_ms,
            Aim::AtMost(1.3),
        );
    }
    for ((name, _), seen) in contestants.iter().zip(seen) {
        table.note(format!(
            "{name}: {} processes for the first account; the gateway itself {:.0} MiB resident; ready after {:.0} ms",
            seen.processes,
            spread(&seen.own).median,
            spread(&seen.ready_ms).median,
        ));
    }
}

fn phone(account: usize, of: &str) -> String {
    let salt: u32 = of.bytes().map(u32::from).sum();
    format!("55119{:04}{account:04}", salt % 10_000)
}

/// Zaptor itself, as a process of its own.
struct Ours {
    node: Node,
    accounts: Vec<String>,
}

impl Ours {
    fn start(sandbox: &Sandbox, browser: &Path) -> Self {
        let browser = browser.to_string_lossy().into_owned();
        let node = Node::start(
            &["--sandbox-url", &sandbox.url],
            &[("engine.chromium_path", &browser)],
        );
        Self {
            node,
            accounts: Vec::new(),
        }
    }

    fn ask(&self, account: usize, what: &str) {
        self.node.call(
            "POST",
            &format!("/v1/accounts/{}/{what}", self.accounts[account]),
            None,
        );
    }
}

impl Contestant for Ours {
    fn link(&mut self) {
        for account in 0..ACCOUNTS {
            let id = self.node.create_account("browser");
            self.node
                .link(&id, &phone(account, "zaptor"), LIMIT)
                .unwrap_or_else(|last| panic!("it does not link: {last}"));
            self.accounts.push(id);
        }
        self.close();
    }

    fn open(&mut self, account: usize) -> f64 {
        let begun = Instant::now();
        self.ask(account, "start");
        self.node
            .until_state(&self.accounts[account], "online", LIMIT)
            .unwrap_or_else(|last| panic!("it does not come online: {last}"));
        begun.elapsed().as_secs_f64() * 1_000.0
    }

    fn close(&mut self) {
        for account in 0..self.accounts.len() {
            self.ask(account, "stop");
        }
        for account in &self.accounts {
            self.node
                .until_state(account, "stopped", LIMIT)
                .unwrap_or_else(|last| panic!("it does not stop: {last}"));
        }
    }

    fn root(&self) -> u32 {
        self.node.pid()
    }
}

/// Another gateway, in a Node.js of its own: `tests/clients/src/beside.ts`.
struct Theirs {
    child: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    phones: Vec<String>,
}

impl Theirs {
    fn start(client: &str, sandbox: &Sandbox, browser: &Path, folder: &Path) -> Self {
        fs::create_dir(folder).unwrap();
        let place = folder.file_name().unwrap().to_string_lossy().into_owned();
        let phones: Vec<String> = (0..ACCOUNTS).map(|account| phone(account, &place)).collect();
        for phone in &phones {
            let body = json!({ "phone": phone, "name": "Bench" });
            http_load::call(sandbox.address(), "POST", "/_/api/phones", "", Some(&body));
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/dist/beside.mjs");
        assert!(
            script.is_file(),
            "run `npm ci && npm run build` in tests/clients first"
        );
        let mut child = Command::new("node")
            .arg(script)
            .arg(client)
            .arg(folder)
            .arg(&sandbox.url)
            .args(&sandbox.chromium_args)
            .env("CHROMIUM", browser)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap()).lines();
        Self {
            orders: child.stdin.take().unwrap(),
            child,
            answers,
            phones,
        }
    }

    fn ask(&mut self, order: &str) -> Value {
        writeln!(self.orders, "{order}").unwrap();
        // Clients and their browsers say other things, too.
        loop {
            let line = self.answers.next().expect("the client lives").unwrap();
            if let Ok(answer @ Value::Object(_)) = serde_json::from_str(&line) {
                return answer;
            }
        }
    }
}

impl Contestant for Theirs {
    fn link(&mut self) {
        for account in 0..ACCOUNTS {
            self.open(account);
        }
        self.close();
    }

    fn open(&mut self, account: usize) -> f64 {
        let order = format!("open {}", self.phones[account]);
        self.ask(&order)["ready_ms"].as_f64().expect("it becomes ready")
    }

    fn close(&mut self) {
        self.ask("close");
    }

    fn root(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Theirs {
    fn drop(&mut self) {
        let browsers = browsers_below(self.child.id());
        let _ = self.child.kill();
        let _ = self.child.wait();
        crate::processes::kill(&browsers);
    }
}
