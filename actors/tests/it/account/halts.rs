//! Where a session stands still until it is let go, so that a test can strike at that very moment.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::jumpy::Verb;

/// The next halt, of whichever session comes there first.
#[derive(Clone, Default)]
pub(super) struct Halts(Arc<Mutex<Option<Armed>>>);

struct Armed {
    at: Verb,
    reached: oneshot::Sender<()>,
    go: oneshot::Receiver<()>,
}

/// A session that will stand still, or does. Dropped, it is let go.
pub(super) struct Halted {
    reached: Option<oneshot::Receiver<()>>,
    _go: oneshot::Sender<()>,
}

impl Halted {
    /// Completes once the session stands still there.
    pub(super) async fn reached(&mut self) {
        if let Some(reached) = self.reached.take() {
            reached
                .await
                .expect("the halt is not armed anew before it is reached");
        }
    }
}

impl Halts {
    /// The next session that comes there stands still.
    pub(super) fn arm(&self, at: Verb) -> Halted {
        let (tell_reached, reached) = oneshot::channel();
        let (tell_go, go) = oneshot::channel();
        *self.0.lock() = Some(Armed {
            at,
            reached: tell_reached,
            go,
        });
        Halted {
            reached: Some(reached),
            _go: tell_go,
        }
    }

    pub(super) async fn pass(&self, at: Verb) {
        let armed = {
            let mut next = self.0.lock();
            match &*next {
                Some(armed) if armed.at == at => next.take(),
                _ => None,
            }
        };
        if let Some(armed) = armed {
            let _ = armed.reached.send(());
            // Let go by an end of the other half, whichever.
            let _ = armed.go.await;
        }
    }
}
