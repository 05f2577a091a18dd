//! A browser that chromedriver was asked for, followed until it is known what came of that. Whoever asked may have given up
//! long before: a browser that comes then must go, and no other one may run on its profile until it is sure not to come.

use std::{sync::Arc, time::Duration};

use fantoccini::Client;
use serde_json::{Map, Value};

use super::{driver::Driver, life::Life, webdriver};
use crate::{domain::Clock, session::ProfileHold};

/// What was asked, and of whom.
pub(super) struct Asked {
    pub(super) driver: Arc<Driver>,
    pub(super) capabilities: Map<String, Value>,
    pub(super) life: Arc<Life>,
    pub(super) clock: Clock,
    /// How long chromedriver may still take to answer when nobody waits for the browser any more. One whose browser was
    /// killed says so within milliseconds; one that has just begun takes as long as any start.
    pub(super) patience: Duration,
    pub(super) hold: ProfileHold,
}

impl Asked {
    /// Gives the browser, or why there is none. Where the session is over by then, nothing of the browser is left, and only
    /// then the profile is free. A chromedriver that says nothing for so long that nobody could tell is ended, with the
    /// accounts that it serves: it could neither start nor close a browser for them.
    pub(super) async fn client(self) -> Result<Client, String> {
        let connecting = webdriver::new_session(self.driver.url(), self.capabilities);
        let over = &self.life.over;
        let given_up = async {
            over.cancelled().await;
            self.clock.sleep(self.patience).await;
        };
        let client = tokio::select! {
            client = connecting => client.map_err(|error| error.to_string()),
            () = given_up => {
                tracing::error!(account = ?self.life.account(), after = ?self.patience,
                    "chromedriver does not say what became of a browser that nobody waits for any more; it is ended");
                self.driver.over().await;
                Err("chromedriver did not answer".to_owned())
            }
        };
        if over.is_cancelled() {
            self.life.kill();
            self.life.bury(&self.clock).await;
        }
        drop(self.hold);
        client
    }
}
