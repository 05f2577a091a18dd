//! What a session does about its page: answers what holds it up, loads it anew, or puts another page in its place.
//!
//! A page whose process does not answer cannot be loaded anew, so that process is killed first; the browser then makes
//! another one and keeps what was attached to the page. All of it goes over the DevTools socket: chromedriver waits for a
//! page that hangs.

use std::time::Duration;

use fantoccini::wd::WindowHandle;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use super::{
    cdp::{Cdp, CdpError},
    open::inject,
    page::Channel,
    processes,
    session::BrowserSession,
    signs::Trouble,
    table::ProcessTable,
    webdriver,
};
use crate::session::SessionError;

/// The command that closes what covers a page.
const DISMISSING: &str = "dismiss_modal";
/// A page that shows more dialogs of JavaScript than this one behind the other is loaded anew.
const DIALOGS_MAX: usize = 20;

const DISMISS: &str = include_str!("dismiss.js");
/// How long the browser itself may take for an order that no page takes part in.
const ORDER: Duration = Duration::from_secs(5);
/// How often a page is asked whether its agent is there yet.
const LOOK: Duration = Duration::from_millis(20);
/// How long a page may take to come, until it is asked for once more.
const COMES: Duration = Duration::from_secs(4);
/// How long the agent may take to be there, once the page is on its way.
const AGENT: Duration = Duration::from_secs(15);
/// The longest answer of the browser's own HTTP server, in bytes.
const ANSWER_MAX: usize = 65_536;

pub(super) fn refused(command: &'static str, detail: impl Into<String>) -> SessionError {
    SessionError::Refused {
        command,
        detail: detail.into(),
    }
}

/// Runs an order of the protocol within `limit`.
pub(super) async fn order(
    cdp: &Cdp,
    limit: Duration,
    command: &'static str,
    method: &'static str,
    params: Value,
) -> Result<Value, SessionError> {
    match timeout(limit, cdp.run(method, params)).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(CdpError::Lost(detail) | CdpError::Refused(detail))) => {
            Err(refused(command, format!("{method}: {detail}")))
        }
        Err(_) => Err(refused(
            command,
            format!("no answer to {method} within {limit:?}"),
        )),
    }
}

impl BrowserSession {
    pub(super) fn cdp(&self, command: &'static str) -> Result<Cdp, SessionError> {
        self.life.alive()?;
        match self.page.channel() {
            Channel::Cdp(cdp) => Ok(cdp),
            Channel::WebDriver(_) => Err(refused(command, "that needs a socket to the browser")),
        }
    }

    /// Closes what covers the page: dialogs of JavaScript, one behind the other, and the page's own.
    pub(super) async fn dismiss(&self) -> Result<(), SessionError> {
        let cdp = self.cdp(DISMISSING)?;
        let _answering = self.page.signs.answering();
        self.uncover(&cdp).await
    }

    async fn uncover(&self, cdp: &Cdp) -> Result<(), SessionError> {
        for _ in 0..DIALOGS_MAX {
            self.answer_dialog(cdp, DISMISSING).await;
            let left = tokio::select! {
                () = self.page.signs.held_up() => continue,
                left = timeout(self.deadlines.command, cdp.evaluate(DISMISS.to_owned())) => left,
            };
            return match left {
                Ok(Ok(left)) if left == "0" => {
                    self.page.signs.see_modal(None);
                    Ok(())
                }
                Ok(Ok(left)) => Err(refused(DISMISSING, format!("{left} dialogs are still there"))),
                Ok(Err(CdpError::Lost(detail) | CdpError::Refused(detail))) => {
                    Err(refused(DISMISSING, detail))
                }
                Err(_) => Err(refused(DISMISSING, "the page does not answer")),
            };
        }
        Err(refused(DISMISSING, "one dialog follows the other"))
    }

    /// Answers the dialog of JavaScript that holds the page up, if one does, as somebody who does not want it. The browser
    /// says when it is closed; the next one may be open by then.
    async fn answer_dialog(&self, cdp: &Cdp, command: &'static str) -> bool {
        let held_up = matches!(self.page.signs.trouble(), Some(Trouble::Dialog(_)));
        if held_up {
            let answer = json!({ "accept": false });
            let answered = order(cdp, ORDER, command, "Page.handleJavaScriptDialog", answer);
            if answered.await.is_err() {
                // There is none any more.
                self.page.signs.dialog_closed();
            }
        }
        held_up
    }

    /// Loads the page anew.
    pub(super) async fn load_anew(&self) -> Result<(), SessionError> {
        const COMMAND: &str = "reload";
        let cdp = self.cdp(COMMAND)?;
        self.make_way(&cdp).await;
        self.page.signs.hold();
        let done = self.visit(&cdp, COMMAND).await;
        self.settle(done)
    }

    /// Puts another page in the place of this one, in the same browser.
    pub(super) async fn another_page(&mut self) -> Result<(), SessionError> {
        const COMMAND: &str = "new_page";
        let old = self.cdp(COMMAND)?;
        self.make_way(&old).await;
        self.page.signs.hold();
        let done = self.put_beside(&old).await;
        self.settle(done)
    }

    async fn put_beside(&mut self, old: &Cdp) -> Result<(), SessionError> {
        const COMMAND: &str = "new_page";
        let address = old
            .address()
            .ok_or_else(|| refused(COMMAND, "the browser's address is unknown"))?;
        let made = http(&address, "PUT", "/json/new?about:blank").await?;
        let made: Value = serde_json::from_str(&made).map_err(|error| refused(COMMAND, error.to_string()))?;
        let id = made["id"].as_str().unwrap_or_default();
        let url = format!("ws://{address}/devtools/page/{id}");
        let cdp = old.beside(url).await.map_err(|detail| refused(COMMAND, detail))?;
        if !self.dressed_by_driver(id).await {
            self.dress_over(&cdp).await?;
        }
        self.page.replace(Channel::Cdp(cdp.clone()));
        old.retire();
        if let Some(gone) = old.page_id() {
            // A page that hangs is closed in its own time; nobody waits for it.
            let close = async move {
                drop(timeout(ORDER, http(&address, "GET", &format!("/json/close/{gone}"))).await)
            };
            self.runtime.spawn(close);
        }
        self.visit(&cdp, COMMAND).await
    }

    /// Has chromedriver turn to the new page and make it ready: what it put there it can exchange later.
    async fn dressed_by_driver(&mut self, id: &str) -> bool {
        let (Some(client), Ok(window)) = (self.client.clone(), WindowHandle::try_from(id)) else {
            return false;
        };
        let injection = self.build.injection(&self.origin);
        let done = async {
            client.switch_to_window(window).await.ok()?;
            for (method, params) in &self.dress {
                webdriver::devtools(&client, method, params.clone()).await.ok()?;
            }
            webdriver::devtools(&client, "Page.enable", json!({}))
                .await
                .ok()?;
            inject(&client, &injection).await.ok()
        };
        match timeout(ORDER, done).await {
            Ok(Some(script)) => {
                self.script = script;
                true
            }
            _ => false,
        }
    }

    /// The same past chromedriver.
    async fn dress_over(&self, cdp: &Cdp) -> Result<(), SessionError> {
        const COMMAND: &str = "new_page";
        for (method, params) in &self.dress {
            order(cdp, ORDER, COMMAND, method, params.clone()).await?;
        }
        let source = json!({ "source": self.build.injection(&self.origin) });
        order(
            cdp,
            ORDER,
            COMMAND,
            "Page.addScriptToEvaluateOnNewDocument",
            source,
        )
        .await
        .map(drop)
    }

    /// Whatever came of it, commands may try: a page without an agent answers that it is loading.
    fn settle(&self, done: Result<(), SessionError>) -> Result<(), SessionError> {
        self.page.signs.clear();
        self.page.ask_for_events();
        done
    }

    /// Ends what would hold up another load of the page: a dialog, or a process that does not answer.
    async fn make_way(&self, cdp: &Cdp) {
        match self.page.signs.trouble() {
            Some(Trouble::Dialog(_)) => {
                self.answer_dialog(cdp, "reload").await;
            }
            Some(Trouble::Silent(..)) => {
                let renderers = self.life.browser().map(|browser| {
                    let family = ProcessTable::read().family(browser);
                    family
                        .into_iter()
                        .filter(|&pid| processes::is_renderer(pid))
                        .collect::<Vec<_>>()
                });
                processes::kill(&renderers.unwrap_or_default());
                // Until the browser knows, it would put another page into the process that is gone.
                drop(timeout(ORDER, self.page.signs.crashed()).await);
            }
            _ => {}
        }
    }

    /// Goes to the page's address and waits for its agent.
    async fn visit(&self, cdp: &Cdp, command: &'static str) -> Result<(), SessionError> {
        let visits = async {
            loop {
                self.go(cdp, command).await?;
                // A page that was asked for while its process ended may never come: asked for again, a new process has it.
                if timeout(COMES, self.agent_is_there(cdp)).await.is_ok() {
                    return Ok(());
                }
            }
        };
        tokio::select! {
            () = self.life.over.cancelled() => Err(self.life.alive().err().unwrap_or_else(|| refused(command, "closed"))),
            there = visits => there,
            () = self.clock.sleep(AGENT) => Err(refused(command, "the agent is not on the page")),
        }
    }

    async fn go(&self, cdp: &Cdp, command: &'static str) -> Result<(), SessionError> {
        let address = json!({ "url": self.address });
        let went = order(cdp, self.deadlines.command, command, "Page.navigate", address).await?;
        match went["errorText"].as_str() {
            Some(error) => Err(refused(command, error)),
            None => Ok(()),
        }
    }

    /// A page that asks something while it loads is answered, or it would never come.
    async fn agent_is_there(&self, cdp: &Cdp) {
        while !self.page.has_agent(cdp).await {
            if self.answer_dialog(cdp, "visit").await {
                self.page.signs.hold();
            }
            self.clock.sleep(LOOK).await;
        }
    }
}

/// One request to the browser's own HTTP server on loopback.
async fn http(address: &str, method: &str, path: &str) -> Result<String, SessionError> {
    let failed = |error: std::io::Error| refused("new_page", format!("the browser's address: {error}"));
    let asked = async {
        let mut stream = TcpStream::connect(address).await?;
        let request = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        loop {
            let whole = body_of(&String::from_utf8_lossy(&answer)).map(str::to_owned);
            if let Some(body) = whole {
                return Ok(body);
            }
            if answer.len() > ANSWER_MAX || stream.read_buf(&mut answer).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
        }
    };
    match timeout(ORDER, asked).await {
        Ok(answer) => answer.map_err(failed),
        Err(_) => Err(failed(std::io::ErrorKind::TimedOut.into())),
    }
}

/// The body of an answer that is there as a whole: the browser keeps the connection open whatever it is asked.
fn body_of(answer: &str) -> Option<&str> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().ok())?
    })?;
    body.get(..length)
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_answer_is_read_when_it_is_whole() {
        let head = "HTTP/1.1 200 OK\r\nContent-Length:4\r\n\r\n";
        assert_eq!(super::body_of(head), None);
        assert_eq!(super::body_of(&format!("{head}{{}} ")), None);
        assert_eq!(super::body_of(&format!("{head}{{ }} more")), Some("{ } "));
    }
}
