//! One page of a scenario: speaks the page's side of the wire as `page/src/protocol.ts` has it, and writes down what it
//! was told. It knows no network: frames come in, and what it wants to do goes out.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::cast::PagePlan;
use crate::sandbox::network::Millis;

/// How often a page sends the same id again before it gives up.
const REPEATS_LIMIT: u32 = 20;

/// How late every frame is at a page that is slow, as of the real page that is slowed down.
const SLOW_MS: Millis = 1_000;

/// What a page wants done.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Wish {
    /// Send this frame now.
    Say(Value),
    /// Let its owner scan this code.
    Scan(String),
    /// Come back to this then.
    Later(Millis, Later),
}

/// What a page does later.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Later {
    /// Opens a connection and says hello.
    Opens,
    /// Hears a frame that had to wait, on the connection on which it came.
    Hears(u64, Value),
    /// The person at the page looks at a chat.
    Sees(String),
    /// The person at the page answers.
    Answers(String, String),
    /// Looks whether this id was acknowledged.
    Repeats(String),
    /// Somebody dismisses the dialog.
    Dismisses(u64),
}

/// A message that this page sent.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    frame: Value,
    pub(super) refused: Option<String>,
    pub(super) answered: bool,
    times: u32,
}

/// A message that this page was told of.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    pub(super) chat: String,
    /// Digits of who wrote it.
    pub(super) author: String,
    pub(super) id: String,
    pub(super) from_me: bool,
}

/// The page.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) plan: PagePlan,
    /// The number of its present connection among those that it has had.
    pub(super) connection: u64,
    pub(super) connected: bool,
    pub(super) linked: bool,
    token: Option<String>,
    ever_linked: bool,
    /// It was there before and remembers what it knew.
    resumes: bool,
    requests: BTreeMap<u64, String>,
    last_request: u64,
    busy_until: Millis,
    slow_until: Millis,
    hears_last: Millis,
    hello_at: Millis,
    frames_due: u64,
    // What it can tell afterwards.
    pub(super) sent: BTreeMap<String, Sent>,
    pub(super) heard: Vec<Heard>,
    known: BTreeSet<(String, String)>,
    /// Messages that it was told of more than once.
    pub(super) doubles: u64,
    acks: BTreeMap<String, u64>,
    /// Acknowledgements that fell.
    pub(super) fallen: u64,
    /// Messages that it got as history when it was linked.
    pub(super) history: u64,
    /// How long that took.
    pub(super) synced_ms: Option<Millis>,
}

impl Page {
    pub(super) fn new(plan: PagePlan) -> Page {
        Page {
            plan,
            connection: 0,
            connected: false,
            linked: false,
            token: None,
            ever_linked: false,
            resumes: false,
            requests: BTreeMap::new(),
            last_request: 0,
            busy_until: 0,
            slow_until: 0,
            hears_last: 0,
            hello_at: 0,
            frames_due: 0,
            sent: BTreeMap::new(),
            heard: Vec::new(),
            known: BTreeSet::new(),
            doubles: 0,
            acks: BTreeMap::new(),
            fallen: 0,
            history: 0,
            synced_ms: None,
        }
    }

    /// It has a connection again, and says hello on it.
    pub(super) fn opened(&mut self, now: Millis) -> Vec<Wish> {
        self.connected = true;
        self.connection += 1;
        self.hello_at = now;
        self.requests.clear();
        let mut hello = json!({"t": "hello", "v": "2.3000.1"});
        if let Some(token) = &self.token {
            hello["token"] = json!(token);
            hello["resumes"] = json!(self.resumes);
        }
        vec![Wish::Say(hello)]
    }

    /// Its connection is gone. `crashed`: it has forgotten everything but its link.
    pub(super) fn closed(&mut self, now: Millis, crashed: bool) -> Vec<Wish> {
        self.connected = false;
        self.resumes &= !crashed;
        let wait = self.plan.returns.map(|wait| wait.max(1));
        wait.map(|wait| Wish::Later(now + wait, Later::Opens))
            .into_iter()
            .collect()
    }

    /// Sends a message under this id.
    pub(super) fn send(&mut self, now: Millis, to: &str, id: String, msg: Value) -> Vec<Wish> {
        let frame = json!({"t": "send", "to": to, "id": id, "msg": msg});
        let sent = Sent {
            frame,
            refused: None,
            answered: false,
            times: 0,
        };
        self.sent.insert(id.clone(), sent);
        self.say_send(now, &id)
    }

    fn say_send(&mut self, now: Millis, id: &str) -> Vec<Wish> {
        let Some(sent) = self.sent.get_mut(id) else {
            return Vec::new();
        };
        let mut wishes = Vec::new();
        if self.connected && self.linked {
            sent.times += 1;
            self.last_request += 1;
            self.requests.insert(self.last_request, id.to_owned());
            let mut frame = sent.frame.clone();
            frame["rid"] = json!(self.last_request);
            wishes.push(Wish::Say(frame));
        }
        if let Some(wait) = self.plan.repeats
            && sent.times <= REPEATS_LIMIT
        {
            wishes.push(Wish::Later(now + wait.max(1), Later::Repeats(id.to_owned())));
        }
        wishes
    }

    /// The person at the page looks at a chat.
    pub(super) fn see(&self, chat: &str) -> Vec<Wish> {
        match self.connected && self.linked {
            true => vec![Wish::Say(json!({"t": "seen", "id": chat}))],
            false => Vec::new(),
        }
    }

    /// Something that it wanted to do later is due. Opening is not the page's own affair.
    pub(super) fn does(&mut self, now: Millis, later: Later) -> Vec<Wish> {
        match later {
            Later::Opens => Vec::new(),
            Later::Hears(connection, frame) if connection == self.connection && self.connected => {
                self.understand(now, &frame)
            }
            Later::Hears(..) => Vec::new(),
            Later::Sees(chat) => self.see(&chat),
            Later::Answers(..) => Vec::new(),
            Later::Repeats(id) => match self.sent.get(&id) {
                Some(sent) if !sent.answered && sent.refused.is_none() => self.say_send(now, &id),
                _ => Vec::new(),
            },
            Later::Dismisses(fault) => vec![Wish::Say(json!({"t": "dismissed", "id": fault}))],
        }
    }

    /// A frame comes in. A page that hangs or is slow hears it later.
    pub(super) fn hear(&mut self, now: Millis, frame: Value) -> Vec<Wish> {
        let slow = if now < self.slow_until { now + SLOW_MS } else { now };
        let at = slow.max(self.busy_until).max(self.hears_last);
        self.hears_last = at;
        if at > now {
            return vec![Wish::Later(at, Later::Hears(self.connection, frame))];
        }
        self.understand(now, &frame)
    }

    fn understand(&mut self, now: Millis, frame: &Value) -> Vec<Wish> {
        match frame["t"].as_str() {
            None => {
                self.answered(frame);
                Vec::new()
            }
            Some("welcome") if frame["refs"].is_array() => self.shown(frame),
            Some("refs") => self.shown(frame),
            Some("welcome") => self.welcomed(now, frame),
            Some("paired") => {
                self.token = frame["token"].as_str().map(str::to_owned);
                self.welcomed(now, frame)
            }
            Some("history") => {
                self.synced(now, frame);
                Vec::new()
            }
            Some("msg") => self.told(now, frame),
            Some("receipt") => {
                self.receipt(frame);
                Vec::new()
            }
            Some("logout") => {
                self.linked = false;
                self.token = None;
                self.resumes = false;
                Vec::new()
            }
            Some("fault") => self.struck(now, frame),
            Some(_) => Vec::new(),
        }
    }

    /// Codes to show. The first time its owner scans one; a page that was logged out stays so.
    fn shown(&self, frame: &Value) -> Vec<Wish> {
        let code = frame["refs"][0].as_str().filter(|_| !self.ever_linked);
        code.map(|code| Wish::Scan(code.to_owned())).into_iter().collect()
    }

    fn welcomed(&mut self, now: Millis, frame: &Value) -> Vec<Wish> {
        self.linked = true;
        self.ever_linked = true;
        self.frames_due = frame["historyFrames"].as_u64().unwrap_or(0);
        if !self.resumes {
            self.history = 0;
            let chats = frame["chats"].as_array().into_iter().flatten();
            let messages = chats.flat_map(|chat| chat["msgs"].as_array().into_iter().flatten());
            for message in messages {
                self.history += 1;
                self.know(&message["fromMe"], &message["id"]);
            }
        }
        if self.frames_due == 0 {
            self.synced_ms.get_or_insert(now - self.hello_at);
        }
        self.resumes = true;
        let waiting: Vec<String> = self
            .sent
            .iter()
            .filter(|(_, sent)| !sent.answered && sent.refused.is_none())
            .map(|(id, _)| id.clone())
            .collect();
        waiting.iter().flat_map(|id| self.say_send(now, id)).collect()
    }

    fn synced(&mut self, now: Millis, frame: &Value) {
        let chats = frame["chats"].as_array().into_iter().flatten();
        for message in chats.flat_map(|chat| chat["msgs"].as_array().into_iter().flatten()) {
            self.history += 1;
            self.know(&message["fromMe"], &message["id"]);
        }
        self.frames_due = self.frames_due.saturating_sub(1);
        if self.frames_due == 0 {
            self.synced_ms.get_or_insert(now - self.hello_at);
        }
    }

    /// Remembers a message; answers whether it was new.
    fn know(&mut self, from_me: &Value, id: &Value) -> bool {
        let side = from_me.as_bool().unwrap_or(false).to_string();
        self.known
            .insert((side, id.as_str().unwrap_or_default().to_owned()))
    }

    fn told(&mut self, now: Millis, frame: &Value) -> Vec<Wish> {
        let raw = &frame["raw"];
        // A notice of what happened to a group: nobody wrote it.
        if raw["type"] == "gp2" {
            return Vec::new();
        }
        let (chat, id) = (
            frame["chat"].as_str().unwrap_or_default(),
            raw["id"].as_str().unwrap_or_default(),
        );
        if !self.know(&raw["fromMe"], &raw["id"]) {
            self.doubles += 1;
        }
        let from_me = raw["fromMe"].as_bool().unwrap_or(false);
        self.heard.push(Heard {
            author: raw["author"]
                .as_str()
                .unwrap_or(chat)
                .split('@')
                .next()
                .unwrap_or_default()
                .to_owned(),
            chat: chat.to_owned(),
            id: id.to_owned(),
            from_me,
        });
        let mut wishes = Vec::new();
        if from_me {
            return wishes;
        }
        if let Some(wait) = self.plan.sees {
            wishes.push(Wish::Later(now + wait, Later::Sees(chat.to_owned())));
        }
        if let Some((text, wait)) = &self.plan.answers {
            wishes.push(Wish::Later(
                now + wait,
                Later::Answers(chat.to_owned(), text.clone()),
            ));
        }
        wishes
    }

    fn receipt(&mut self, frame: &Value) {
        let ack = frame["ack"].as_u64().unwrap_or(0);
        // In a group every participant has an acknowledgement of their own.
        let by = frame["participant"].as_str().unwrap_or_default();
        for id in frame["ids"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            let known = self.acks.entry(format!("{id} {by}")).or_default();
            self.fallen += u64::from(ack < *known);
            *known = ack.max(*known);
        }
    }

    fn answered(&mut self, frame: &Value) {
        let request = frame["rid"].as_u64().unwrap_or(0);
        let sent = self
            .requests
            .remove(&request)
            .and_then(|id| self.sent.get_mut(&id));
        let Some(sent) = sent else { return };
        match frame["error"].as_str() {
            Some(error) => sent.refused = Some(error.to_owned()),
            None => sent.answered = true,
        }
    }

    fn struck(&mut self, now: Millis, frame: &Value) -> Vec<Wish> {
        let lasts = frame["forMs"].as_i64().unwrap_or(0);
        match frame["kind"].as_str() {
            Some("page_hang") => self.busy_until = now + lasts,
            Some("page_slow") => self.slow_until = now + lasts,
            Some("modal") if self.plan.dismisses => {
                let fault = frame["id"].as_u64().unwrap_or(0);
                return vec![Wish::Later(now + SLOW_MS, Later::Dismisses(fault))];
            }
            _ => {}
        }
        Vec::new()
    }
}
