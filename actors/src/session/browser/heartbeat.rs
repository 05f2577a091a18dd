//! Whether a page still does anything, asked beside all commands: a page that hangs, a browser that is stopped, or a
//! native dialog that blocks everything behind it says nothing by itself, and an account at rest asks it nothing.
//!
//! What is asked is what covers the page, in two looks; it never reaches WhatsApp. From the moment at which a page stops to
//! the word of it it takes one interval and one patience at most, and a second for the browser to say that it lives.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use tokio::time::timeout;

use super::page::{Channel, Page};
use crate::domain::Clock;

/// How often a page is asked, and how long it may take to answer.
#[derive(Clone, Copy)]
pub(super) struct Pulse {
    pub(super) interval: Duration,
    pub(super) patience: Duration,
}

/// Asks until the session is over. A page that does not answer is in trouble, a browser that does not answer either is
/// dead; what covers the page is told. Without a socket of its own a page is not asked: one thing at a time goes through
/// chromedriver, and a long command would look like a page that hangs.
pub(super) async fn watch(page: Arc<Page>, clock: Clock, pulse: Pulse) {
    let asked = json!({ "expression": include_str!("modal.js"), "silent": true, "returnByValue": true });
    loop {
        tokio::select! {
            () = page.life.over.cancelled() => return,
            () = clock.sleep(pulse.interval) => {}
        }
        let Channel::Cdp(cdp) = page.channel() else {
            return;
        };
        if page.signs.trouble().is_some() {
            continue;
        }
        let answer = timeout(pulse.patience, cdp.run("Runtime.evaluate", asked.clone()));
        tokio::select! {
            () = page.life.over.cancelled() => return,
            _ = page.signs.troubled() => {}
            answer = answer => match answer {
                Ok(Ok(answer)) => {
                    let modal = answer.pointer("/result/value").and_then(|word| word.as_str());
                    page.signs.see_modal(modal.filter(|word| !word.is_empty()));
                }
                // On its way to another document.
                Ok(Err(_)) => {}
                Err(_) => drop(page.late("the heartbeat", pulse.patience).await),
            },
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use futures::{SinkExt as _, StreamExt as _};
    use serde_json::Value;
    use tokio::net::TcpListener;
    use tokio_tungstenite::{accept_async, tungstenite::Message};

    use super::*;
    use crate::session::{
        SessionEvent,
        browser::{cdp::Cdp, events::Intake, life::Life, signs::Signs},
    };

    /// A browser whose page answers so many questions, and then lies still with its socket open.
    async fn browser(listener: TcpListener, mut answers: usize) {
        let (stream, _) = listener.accept().await.unwrap();
        let mut socket = accept_async(stream).await.unwrap();
        while let Some(Ok(Message::Text(text))) = socket.next().await {
            let order: Value = serde_json::from_str(text.as_str()).unwrap();
            if order["method"] != "Runtime.evaluate" || answers > 0 {
                answers -= usize::from(order["method"] == "Runtime.evaluate");
                let answer = json!({ "id": order["id"], "result": {} });
                socket.send(Message::text(answer.to_string())).await.unwrap();
            }
        }
    }

    #[tokio::test]
    async fn a_page_that_stops_answering_is_in_trouble() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("ws://{}/devtools/page/1", listener.local_addr().unwrap());
        tokio::spawn(browser(listener, 3));
        let life = Arc::new(Life::new("/nowhere/at/all".into()));
        let (intake, _pushed) = Intake::new();
        let (signs, mut told) = Signs::new();
        let own = (Arc::clone(&intake), Arc::clone(&signs));
        let cdp = Cdp::connect(url, Arc::clone(&life), own, Clock::system(), true)
            .await
            .unwrap();
        let page = Page::new(
            Arc::clone(&life),
            (intake, signs),
            Channel::Cdp(cdp),
            Duration::from_secs(60),
        );
        let pulse = Pulse {
            interval: Duration::from_millis(1),
            patience: Duration::from_millis(300),
        };
        tokio::spawn(watch(Arc::new(page), Clock::system(), pulse));
        let event = told.recv().await.unwrap();
        assert!(matches!(event, SessionEvent::Unresponsive { .. }), "{event:?}");
        assert!(life.alive().is_ok(), "the browser lives");
        life.finish();
    }
}
