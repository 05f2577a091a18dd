//! Messages that come in while nobody listens, with the real program and a real Chromium: a page that hangs, a profile that
//! is put back, a socket that breaks, a log that overflows. Each is told once and stored once, in the order in which it was
//! sent; what the page had told nobody of is marked.

use std::fs;
use std::net::{Shutdown, TcpStream};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use reqwest::Method;
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, Signal, kill_process, pidfd_getfd, pidfd_open};
use serde_json::Value;

use super::journal;
use super::journey::{CUSTOMER, SOON, brisk, call, linked_account, until_state, write_from};
use super::support::debugger::Debugger;
use super::support::processes::{Process, browser_on};
use super::support::wait;
use super::support::zaptor::{Sandbox, Zaptor};

/// Nobody hears what the page tells from here on: neither the browser nor Zaptor knows that something is wrong.
const MUTE: &str = "globalThis.__zaptorHeard = globalThis.__zaptorEvent; globalThis.__zaptorEvent = () => {}";

/// More events than the agent keeps for somebody who reads them (`BOUND` in `actors/agent/src/events.ts`). The next word
/// that is heard says that those before it are gone.
const OVERFLOW: &str = "for (let n = 0; n <= 5000; n += 1) WPP.emit('conn.qrcode_idle');
    globalThis.__zaptorEvent = globalThis.__zaptorHeard;
    WPP.emit('conn.qrcode_idle');";

/// So many of the longest texts have 18 MiB and more on their way.
const LONG: usize = 48;

/// How many messages the page has written down as reported: WhatsApp does not report them to its next document.
const KEPT: &str = "new Promise((done, failed) => {
    const open = indexedDB.open('sandbox', 1);
    open.onerror = () => failed(open.error);
    open.onsuccess = () => {
        const kept = open.result.transaction('profile').objectStore('profile').get('seen');
        kept.onsuccess = () => { open.result.close(); done(kept.result?.times.length ?? 0); };
    };
})";

/// One account that is online, on a sandbox that outlives its Zaptor.
struct Stage {
    zaptor: Zaptor,
    account: String,
    profile: PathBuf,
    /// What the customer wrote, in order.
    written: Vec<String>,
    _sandbox: Sandbox,
}

impl Stage {
    async fn set() -> Stage {
        let sandbox = Sandbox::start().await;
        let zaptor = Zaptor::start_with(brisk().on(&sandbox)).await;
        let account = linked_account(&zaptor).await;
        let data = fs::canonicalize(zaptor.data_dir()).unwrap();
        Stage {
            profile: data.join("profiles").join(&account),
            zaptor,
            account,
            written: Vec::new(),
            _sandbox: sandbox,
        }
    }

    /// The customer writes so many texts. Gives their ids.
    async fn write(&mut self, count: usize) -> Vec<String> {
        self.write_of(count, "text").await
    }

    /// The customer writes this so many times, with a number behind it.
    async fn write_of(&mut self, count: usize, text: &str) -> Vec<String> {
        let before = self.written.len();
        for n in before..before + count {
            let id = write_from(&self.zaptor, CUSTOMER, &format!("{text} {n}")).await;
            self.written.push(id);
        }
        self.written[before..].to_vec()
    }

    /// A hand at the page as it is now.
    async fn page(&self) -> Debugger {
        Debugger::at(&self.profile).await
    }

    /// The customer writes to a page that nobody hears, until the page has taken all of it in. Gives the ids, and the page.
    async fn write_unheard(&mut self, count: usize, text: &str) -> (Vec<String>, Debugger) {
        // What came before is heard.
        self.until_told().await;
        let mut page = self.page().await;
        page.evaluate(MUTE).await;
        let unheard = self.write_of(count, text).await;
        until_kept(&mut page, self.written.len()).await;
        (unheard, page)
    }

    /// What the journal has told of messages that came in, in its order: the id, and whether it was told late.
    async fn told(&self) -> Vec<(String, bool)> {
        let events = journal::after(&self.zaptor, 0).await;
        let received = events.iter().filter(|event| event.kind == "message.received");
        received.map(|event| marked(&event.data)).collect()
    }

    /// The messages that the API lists as received, the oldest first.
    async fn listed(&self) -> Vec<(String, bool)> {
        let (mut listed, mut after) = (Vec::new(), String::new());
        loop {
            let path = format!("/v1/messages?direction=inbound&limit=200{after}");
            let (_, page) = call(&self.zaptor, Method::GET, &path, None).await;
            listed.extend(page["data"].as_array().unwrap().iter().map(marked));
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        listed.reverse();
        listed
    }

    async fn until_told(&self) {
        wait::until("all of it to be told", SOON, || async {
            let told = self.told().await;
            if told.len() >= self.written.len() {
                Ok(())
            } else {
                Err((told.len(), self.written.len()))
            }
        })
        .await;
    }

    /// Waits until all is told and the account is online, and looks at what was told: each once, by the API, too, and what
    /// was `unheard` marked, and nothing else; both kinds in the order in which they were sent.
    async fn assert_told(&self, unheard: &[String]) {
        self.until_told().await;
        until_state(&self.zaptor, &self.account, "online", SOON).await;
        let told = self.told().await;
        let of = |late: bool| -> Vec<&String> {
            told.iter()
                .filter(|(_, is_late)| *is_late == late)
                .map(|(id, _)| id)
                .collect()
        };
        let live = self.written.iter().filter(|id| !unheard.contains(id));
        assert_eq!(of(false), live.collect::<Vec<_>>(), "what the page told");
        assert_eq!(of(true), unheard.iter().collect::<Vec<_>>(), "what it did not");
        assert_eq!(self.listed().await, told);
    }
}

fn marked(message: &Value) -> (String, bool) {
    let id = message["wa_message_id"].as_str().unwrap().to_owned();
    (id, message["backfilled"] == true)
}

async fn until_kept(page: &mut Debugger, count: usize) {
    let page = tokio::sync::Mutex::new(page);
    wait::until("the page to write them down", SOON, || async {
        let kept = page.lock().await.evaluate(KEPT).await;
        if kept == count { Ok(()) } else { Err(kept) }
    })
    .await;
}

/// Breaks the connection between a program and the browser on this profile, as if the network had: both ends hear of it.
fn cut(program: Pid, profile: &Path) {
    let file = fs::read_to_string(profile.join("DevToolsActivePort")).unwrap();
    let port: u16 = file.lines().next().unwrap().parse().unwrap();
    let pid = program.as_raw_nonzero();
    // proc_net_tcp(5): the remote address is field 3, the socket's number field 10.
    let table = fs::read_to_string(format!("/proc/{pid}/net/tcp")).unwrap();
    let leads_there = |fields: &Vec<&str>| fields[2].ends_with(&format!(":{port:04X}"));
    let rows = table
        .lines()
        .skip(1)
        .map(|row| row.split_ascii_whitespace().collect());
    let sockets: Vec<String> = rows
        .filter(leads_there)
        .map(|row| format!("socket:[{}]", row[9]))
        .collect();
    let handle = pidfd_open(program, PidfdFlags::empty()).unwrap();
    let mut done = 0;
    for entry in fs::read_dir(format!("/proc/{pid}/fd")).unwrap().flatten() {
        let is_one =
            fs::read_link(entry.path()).is_ok_and(|to| sockets.iter().any(|socket| to == Path::new(socket)));
        if is_one {
            let number = entry.file_name().to_str().unwrap().parse().unwrap();
            let socket: OwnedFd = pidfd_getfd(&handle, number, PidfdGetfdFlags::empty()).unwrap();
            TcpStream::from(socket).shutdown(Shutdown::Both).unwrap();
            done += 1;
        }
    }
    assert!(done > 0, "a socket leads from Zaptor to the browser");
}

fn is_renderer(process: &Process) -> bool {
    process.arguments().contains("--type=renderer")
}

#[tokio::test]
async fn browser_what_a_page_took_in_before_it_hung_is_told_once_and_marked() {
    let mut stage = Stage::set().await;
    let mut unheard = Vec::new();
    stage.write(3).await;
    // First its renderer hangs, then the browser with everything that belongs to it.
    for hangs in [is_renderer as fn(&Process) -> bool, |_| true] {
        let since = journal::last(&stage.zaptor).await;
        let (quietly, page) = stage.write_unheard(5, "text").await;
        unheard.extend(quietly);
        for process in browser_on(&stage.profile).iter().filter(|process| hangs(process)) {
            process.signal(Signal::STOP);
        }
        stage.write(5).await;
        journal::until(&stage.zaptor, "the end of the repair", (since, SOON), |event| {
            event.kind == "account.gap_closed" && event.data["found"] == 5
        })
        .await;
        stage.assert_told(&unheard).await;
        drop(page);
    }
}

#[tokio::test]
async fn browser_a_profile_from_before_tells_nothing_twice_and_forgets_nothing() {
    let mut stage = Stage::set().await;
    stage.write(5).await;
    stage.assert_told(&[]).await;
    // An orderly stop leaves a snapshot of a profile that knows of these five.
    let path = format!("/v1/accounts/{}", stage.account);
    call(&stage.zaptor, Method::POST, &format!("{path}/stop"), None).await;
    wait::until("a snapshot", SOON, || async {
        let (_, page) = call(
            &stage.zaptor,
            Method::GET,
            &format!("{path}/profile/snapshots"),
            None,
        )
        .await;
        if page["data"].as_array().is_some_and(|all| !all.is_empty()) {
            Ok(())
        } else {
            Err(page)
        }
    })
    .await;
    call(&stage.zaptor, Method::POST, &format!("{path}/start"), None).await;
    until_state(&stage.zaptor, &stage.account, "online", SOON).await;
    stage.write(5).await;
    stage.assert_told(&[]).await;
    let (_, page) = stage.write_unheard(5, "text").await;
    // What links the account is gone, and what it knew with it: only the snapshot can be put in its place.
    let database = stage
        .profile
        .join("Default/IndexedDB/https_web.whatsapp.com_0.indexeddb.leveldb");
    for file in fs::read_dir(database).unwrap() {
        fs::write(file.unwrap().path(), [0xA5; 4_096]).unwrap();
    }
    browser_on(&stage.profile)[0].signal(Signal::KILL);
    stage.write(5).await;
    // To the profile from before, all ten are news: WhatsApp reports them, and nothing is left to be found.
    stage.assert_told(&[]).await;
    drop(page);
}

#[tokio::test]
async fn browser_five_hundred_messages_while_the_socket_is_broken_are_told_once_and_in_order() {
    let mut stage = Stage::set().await;
    let zaptor = stage.zaptor.pid();
    stage.write(3).await;
    // The socket breaks while Zaptor cannot do anything about it, and again and again while it reads what came in.
    kill_process(zaptor, Signal::STOP).unwrap();
    cut(zaptor, &stage.profile);
    stage.write(500).await;
    kill_process(zaptor, Signal::CONT).unwrap();
    for _ in 0..5 {
        stage.write(20).await;
        cut(zaptor, &stage.profile);
    }
    stage.assert_told(&[]).await;
}

#[tokio::test]
async fn browser_what_a_log_that_overflows_has_dropped_is_found_in_the_page_and_marked() {
    let mut stage = Stage::set().await;
    stage.write(3).await;
    let since = journal::last(&stage.zaptor).await;
    let (unheard, mut page) = stage.write_unheard(500, "text").await;
    page.run(OVERFLOW).await;
    // Whatever comes meanwhile may be told by the comparison, and marked, before the page's own word is heard.
    journal::until(&stage.zaptor, "the end of the gap", (since, SOON), |event| {
        event.kind == "account.gap_closed" && event.data["found"] == 500
    })
    .await;
    stage.write(20).await;
    stage.assert_told(&unheard).await;
}

/// Texts of full length in letters that the DevTools protocol writes with six bytes each: more of them than fit into one
/// answer, or into one frame that is taken.
#[tokio::test]
async fn browser_many_long_texts_are_told_once_whether_the_page_tells_them_or_keeps_them() {
    let mut stage = Stage::set().await;
    let zaptor = stage.zaptor.pid();
    let long = "\u{436}".repeat(65_000);
    stage.write(3).await;
    // Nobody listens: the page's log has them all, and is asked for them.
    kill_process(zaptor, Signal::STOP).unwrap();
    cut(zaptor, &stage.profile);
    stage.write_of(LONG, &long).await;
    kill_process(zaptor, Signal::CONT).unwrap();
    stage.assert_told(&[]).await;
    // The page's store alone has them, and is compared.
    let (unheard, page) = stage.write_unheard(LONG, &long).await;
    browser_on(&stage.profile)[0].signal(Signal::KILL);
    stage.assert_told(&unheard).await;
    drop(page);
}
