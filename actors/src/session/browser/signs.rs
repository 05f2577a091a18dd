//! What is known of a page beside its answers: what is wrong with it, and the last lines of its console.

use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::{mpsc, watch};

use crate::{domain::redact, session::SessionEvent};

/// How many lines of the console are remembered.
const LINES: usize = 100;
/// How many events may wait for the forwarder; trouble is told once, so that few ever do.
const NEWS: usize = 16;

/// What is wrong with a page whose browser lives. Commands are refused until it is mended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It does not answer, neither a command nor the heartbeat.
    Silent(&'static str, Duration),
    /// Its process has ended.
    Crashed,
    /// A dialog of JavaScript holds it up; nothing runs before it is answered.
    Dialog(String),
    /// It is being replaced.
    Replaced,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silent(what, after) => write!(f, "the page gave no answer to {what} for {after:?}"),
            Self::Crashed => f.write_str("the page crashed"),
            Self::Dialog(kind) => write!(f, "a dialog ({kind}) holds the page up"),
            Self::Replaced => f.write_str("the page is being replaced"),
        }
    }
}

/// Dialogs of JavaScript are being answered. Whoever is cut off in that answers none any more.
pub(super) struct Answering<'a>(&'a AtomicBool);

impl Drop for Answering<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// The signs of one session's page, over its replacements.
pub(super) struct Signs {
    trouble: watch::Sender<Option<Trouble>>,
    console: Mutex<VecDeque<String>>,
    /// The dialog of the page's own that was told last.
    modal: Mutex<Option<String>>,
    /// Dialogs of JavaScript are being answered: one that follows is part of it.
    answering: AtomicBool,
    news: mpsc::Sender<SessionEvent>,
}

impl Signs {
    /// The signs, and what has to be told to the account.
    pub(super) fn new() -> (Arc<Self>, mpsc::Receiver<SessionEvent>) {
        let (news, told) = mpsc::channel(NEWS);
        let signs = Self {
            trouble: watch::Sender::new(None),
            console: Mutex::default(),
            modal: Mutex::default(),
            answering: AtomicBool::new(false),
            news,
        };
        (Arc::new(signs), told)
    }

    /// What is wrong with the page now.
    pub(super) fn trouble(&self) -> Option<Trouble> {
        self.trouble.borrow().clone()
    }

    /// Completes once something is wrong with the page.
    pub(super) async fn troubled(&self) -> Trouble {
        let mut watch = self.trouble.subscribe();
        let found = watch.wait_for(Option::is_some).await;
        // The sender is ours: it does not end before us.
        found
            .ok()
            .and_then(|found| found.clone())
            .unwrap_or(Trouble::Replaced)
    }

    /// Completes once the browser has noticed that the page's process is gone.
    pub(super) async fn crashed(&self) {
        let mut watch = self.trouble.subscribe();
        drop(watch.wait_for(|now| matches!(now, Some(Trouble::Crashed))).await);
    }

    /// Completes once a dialog of JavaScript holds the page up.
    pub(super) async fn held_up(&self) {
        let mut watch = self.trouble.subscribe();
        drop(
            watch
                .wait_for(|now| matches!(now, Some(Trouble::Dialog(_))))
                .await,
        );
    }

    /// Somebody answers dialogs of JavaScript as long as what this gives lives.
    pub(super) fn answering(&self) -> Answering<'_> {
        self.answering.store(true, Ordering::Release);
        Answering(&self.answering)
    }

    /// Notes trouble and tells it. While there is any, further trouble is part of it.
    pub(super) fn report(&self, trouble: Trouble) {
        let event = match &trouble {
            Trouble::Silent(..) => SessionEvent::Unresponsive {
                detail: trouble.to_string(),
            },
            Trouble::Crashed => SessionEvent::Crashed,
            Trouble::Dialog(_) => SessionEvent::Modal {
                what: "js_dialog".to_owned(),
            },
            Trouble::Replaced => return self.hold(),
        };
        let followed = matches!(trouble, Trouble::Dialog(_)) && self.answering.load(Ordering::Acquire);
        let mut fresh = false;
        self.trouble.send_if_modified(|now| {
            fresh = now.is_none();
            // A page that hung and whose process has ended is crashed: whoever mends it waits for that.
            let ended = matches!(
                (&now, &trouble),
                (Some(Trouble::Silent(..)), Trouble::Crashed)
                    // A page that is being replaced is held up by what the new one shows.
                    | (Some(Trouble::Replaced), Trouble::Dialog(_))
            );
            if fresh || ended {
                *now = Some(trouble);
            }
            fresh || ended
        });
        if fresh && !followed {
            // A full queue means that the account hears of trouble already.
            let _ = self.news.try_send(event);
        }
    }

    /// Keeps commands away while the page is mended. What was wrong stays noted.
    pub(super) fn hold(&self) {
        self.trouble.send_if_modified(|now| {
            let free = now.is_none();
            if free {
                *now = Some(Trouble::Replaced);
            }
            free
        });
    }

    /// The page is mended, or at least another one.
    pub(super) fn clear(&self) {
        self.trouble.send_replace(None);
        *self.modal.lock() = None;
    }

    /// The page answered a dialog by itself, or somebody did.
    pub(super) fn dialog_closed(&self) {
        self.trouble.send_if_modified(|now| {
            let was = matches!(now, Some(Trouble::Dialog(_)));
            if was {
                *now = None;
            }
            was
        });
    }

    /// What the page shows over itself; told once as long as it stays.
    pub(super) fn see_modal(&self, what: Option<&str>) {
        let mut told = self.modal.lock();
        if told.as_deref() == what {
            return;
        }
        *told = what.map(str::to_owned);
        if let Some(what) = what {
            let _ = self.news.try_send(SessionEvent::Modal {
                what: what.to_owned(),
            });
        }
    }

    /// Tells the account; waits while much is told.
    pub(super) async fn tell(&self, event: SessionEvent) {
        // Nobody listens any more: the session is over.
        let _ = self.news.send(event).await;
    }

    /// The last lines of the console, redacted, the oldest first.
    pub(super) fn console(&self) -> Vec<String> {
        self.console.lock().iter().cloned().collect()
    }

    /// Takes what the page wrote to its console: the kind and its first word alone, since the others are data.
    pub(super) fn note_console(&self, params: &Value) {
        let kind = params["type"].as_str().unwrap_or("log");
        let first = &params["args"][0];
        let said = first["value"].as_str().or_else(|| first["description"].as_str());
        if let Some(said) = said {
            self.note_line(format!(
                "{kind}: {}",
                redact(said.lines().next().unwrap_or_default())
            ));
        }
    }

    /// Takes what a dialog of JavaScript says, as far as that names nobody.
    pub(super) fn note_dialog(&self, kind: &str, said: &str) {
        self.note_line(format!(
            "dialog ({kind}): {}",
            redact(said.lines().next().unwrap_or_default())
        ));
    }

    /// Takes an exception that nobody caught.
    pub(super) fn note_exception(&self, params: &Value) {
        let details = &params["exceptionDetails"];
        let said = details["exception"]["description"]
            .as_str()
            .or_else(|| details["text"].as_str());
        let said = said.and_then(|said| said.lines().next()).unwrap_or("unknown");
        self.note_line(format!("uncaught: {}", redact(said)));
    }

    fn note_line(&self, line: String) {
        let mut console = self.console.lock();
        if console.len() == LINES {
            console.pop_front();
        }
        console.push_back(line);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn trouble_is_told_once_until_it_is_mended() {
        let (signs, mut told) = Signs::new();
        signs.report(Trouble::Crashed);
        signs.report(Trouble::Silent("status", Duration::from_secs(6)));
        assert!(matches!(told.try_recv(), Ok(SessionEvent::Crashed)));
        assert!(told.try_recv().is_err(), "what follows is part of it");
        signs.hold();
        assert_eq!(signs.trouble(), Some(Trouble::Crashed));
        signs.clear();
        signs.hold();
        signs.report(Trouble::Crashed);
        assert!(
            told.try_recv().is_err(),
            "a page that is being replaced may crash"
        );
        signs.clear();
        signs.report(Trouble::Dialog("alert".to_owned()));
        assert!(matches!(told.try_recv(), Ok(SessionEvent::Modal { .. })));
        signs.dialog_closed();
        assert_eq!(signs.trouble(), None);
        signs.hold();
        let answering = signs.answering();
        signs.report(Trouble::Dialog("confirm".to_owned()));
        assert_eq!(signs.trouble(), Some(Trouble::Dialog("confirm".to_owned())));
        assert!(told.try_recv().is_err(), "one that is answered is no news");
        drop(answering);
        signs.clear();
        signs.see_modal(Some("dialog"));
        signs.see_modal(Some("dialog"));
        assert!(told.try_recv().is_ok() && told.try_recv().is_err());
    }

    #[test]
    fn the_console_keeps_no_number_and_no_data() {
        let (signs, _told) = Signs::new();
        for n in 0..120 {
            let args = json!([{"type": "string", "value": format!("n{n} to 5511987654321 failed")}, {"value": "Hello Ana"}]);
            signs.note_console(&json!({"type": "warning", "args": args}));
        }
        signs.note_dialog("alert", "Call 5511987654321\nand tell Ana");
        signs.note_exception(
            &json!({"exceptionDetails": {"exception": {"description": "TypeError: x\n at y"}}}),
        );
        let lines = signs.console();
        assert_eq!(
            (lines.len(), lines[0].as_str()),
            (100, "warning: n22 to … failed")
        );
        assert_eq!(lines[98], "dialog (alert): Call …");
        assert_eq!(lines[99], "uncaught: TypeError: x");
    }
}
