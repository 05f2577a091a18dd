//! Whether a page still does anything, asked beside all commands: a page that hangs, a browser that is stopped, or a
//! native dialog that blocks everything behind it says nothing by itself, and an account at rest asks it nothing.
//!
//! What is asked is the smallest thing there is, a number; it never reaches WhatsApp. From the moment at which a page stops
//! to the end of its session it takes one interval and one patience at most.

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

/// Asks until the session is over; past the patience it dies. Without a socket of its own a page is not asked: one thing
/// at a time goes through chromedriver, and a long command would look like a page that hangs.
pub(super) async fn watch(page: Arc<Page>, clock: Clock, pulse: Pulse) {
    let Channel::Cdp(cdp) = &page.channel else {
        return;
    };
    let asked = json!({ "expression": "1", "silent": true });
    loop {
        tokio::select! {
            () = page.life.over.cancelled() => return,
            () = clock.sleep(pulse.interval) => {}
        }
        let answer = timeout(pulse.patience, cdp.run("Runtime.evaluate", asked.clone()));
        tokio::select! {
            () = page.life.over.cancelled() => return,
            answer = answer => if answer.is_err() {
                page.life.die(format!("the page did nothing for {:?}", pulse.patience));
                return;
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
    use crate::session::browser::{cdp::Cdp, events::Intake, life::Life};

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
    async fn a_page_that_stops_answering_ends_its_session() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("ws://{}/devtools/page/1", listener.local_addr().unwrap());
        tokio::spawn(browser(listener, 3));
        let life = Arc::new(Life::new("/nowhere/at/all".into()));
        let (intake, _pushed) = Intake::new();
        let cdp = Cdp::connect(url, Arc::clone(&life), intake, Clock::system(), true)
            .await
            .unwrap();
        let page = Page {
            life: Arc::clone(&life),
            channel: Channel::Cdp(cdp),
            command_timeout: Duration::from_secs(60),
        };
        let pulse = Pulse {
            interval: Duration::from_millis(1),
            patience: Duration::from_millis(300),
        };
        watch(Arc::new(page), Clock::system(), pulse).await;
        assert_eq!(life.death(), Some("the page did nothing for 300ms"));
    }
}
