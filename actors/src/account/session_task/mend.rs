//! What the session is told to do about its page.

use std::time::Duration;

use super::{Mend, SEE, Seen, Task, gone};
use crate::session::{Session, SessionError};

impl Task {
    /// Past its limit the page is given up, not the session: another page may do.
    pub(super) async fn mend(
        &self,
        session: &mut dyn Session,
        by: Mend,
        limit: Duration,
    ) -> Result<(), SessionError> {
        let (command, work) = match by {
            Mend::Dismiss => ("dismiss_modal", session.dismiss_modal()),
            Mend::Reload => ("reload", session.reload()),
            Mend::NewPage => ("new_page", session.new_page()),
        };
        tokio::select! {
            biased;
            () = self.token.cancelled() => Err(gone()),
            done = work => done,
            () = self.clock.sleep(limit) => Err(SessionError::Refused {
                command,
                detail: format!("not done within {limit:?}"),
            }),
        }
    }

    /// What the page has written, and a veiled picture of it.
    pub(super) async fn see(&self, session: &mut dyn Session) -> Seen {
        let console = session.console();
        let picture = tokio::select! {
            () = self.token.cancelled() => Err("the session was ended".to_owned()),
            picture = session.veiled_screenshot() => picture.map_err(|error| match error {
                SessionError::Refused { detail, .. } => detail,
                error => error.to_string(),
            }),
            () = self.clock.sleep(SEE) => Err(format!("the page did not answer within {} s", SEE.as_secs())),
        };
        (console, picture)
    }
}
