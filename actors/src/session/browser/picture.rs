//! Pictures of a page. A veiled one shows nothing that anybody wrote or could scan: it goes into what is kept of a repair.
//!
//! Never here: a veiled picture of a page of which it is not known, before and after, that the veil lay on it.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde_json::json;
use tokio::time::timeout;

use super::{
    cdp::Cdp,
    mending::{order, refused},
    session::BrowserSession,
};
use crate::session::SessionError;

const COMMAND: &str = "screenshot";

/// Answers `veiled` once the page is drawn under the veil, and `bare` where the page does not let it have any effect.
const VEIL: &str = include_str!("veil.js");
/// Answers `unveiled` where the veil was still in effect. A page that is another one by now never had it.
const UNVEIL: &str = include_str!("unveil.js");

impl BrowserSession {
    /// A picture of the page over the socket. `veiled`: with every text, code and picture hidden.
    pub(super) async fn picture(&self, veiled: bool) -> Result<Vec<u8>, SessionError> {
        let cdp = self.cdp(COMMAND)?;
        if let Some(trouble) = self.page.signs.trouble() {
            return Err(refused(COMMAND, trouble.to_string()));
        }
        take(&cdp, self.deadlines.command, veiled).await
    }
}

/// Takes the picture, each step within `limit`.
async fn take(cdp: &Cdp, limit: Duration, veiled: bool) -> Result<Vec<u8>, SessionError> {
    if veiled {
        has_answered(cdp, limit, VEIL, "veiled", "the page could not be veiled").await?;
    } else {
        // Whoever gave up waiting for a veiled picture has left the veil there; mostly there is none.
        let _ = timeout(limit, cdp.evaluate(UNVEIL.to_owned())).await;
    }
    let shot = order(
        cdp,
        limit,
        COMMAND,
        "Page.captureScreenshot",
        json!({ "format": "png" }),
    )
    .await;
    if veiled {
        has_answered(cdp, limit, UNVEIL, "unveiled", "the page did not stay veiled").await?;
    }
    let shot = shot?;
    let data = shot["data"].as_str().unwrap_or_default();
    BASE64
        .decode(data)
        .map_err(|error| refused(COMMAND, error.to_string()))
}

/// Has the page run the script; anything but the wanted answer is a refusal.
async fn has_answered(
    cdp: &Cdp,
    limit: Duration,
    script: &str,
    wanted: &str,
    otherwise: &str,
) -> Result<(), SessionError> {
    match timeout(limit, cdp.evaluate(script.to_owned())).await {
        Ok(Ok(answer)) if answer == wanted => Ok(()),
        _ => Err(refused(COMMAND, otherwise)),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use std::sync::Arc;

    use futures::{SinkExt as _, StreamExt as _};
    use serde_json::Value;
    use tokio::net::TcpListener;
    use tokio_tungstenite::{accept_async, tungstenite::Message};

    use super::*;
    use crate::{
        domain::Clock,
        session::browser::{events::Intake, life::Life, signs::Signs},
    };

    /// What the page answers to the veil and to the end of it; nothing: what ran there is lost with the page.
    type Answers = (Option<&'static str>, Option<&'static str>);

    async fn browser(listener: TcpListener, (veil, unveil): Answers) {
        let (stream, _) = listener.accept().await.unwrap();
        let mut socket = accept_async(stream).await.unwrap();
        while let Some(Ok(Message::Text(text))) = socket.next().await {
            let asked: Value = serde_json::from_str(text.as_str()).unwrap();
            let said = match asked["params"]["expression"].as_str() {
                Some(VEIL) => veil,
                Some(UNVEIL) => unveil,
                _ => Some(""),
            };
            let answer = match said {
                Some(word) => {
                    json!({ "id": asked["id"], "result": { "data": BASE64.encode("seen"), "result": { "value": word } } })
                }
                None => json!({ "id": asked["id"], "error": { "message": "navigated or closed" } }),
            };
            socket.send(Message::text(answer.to_string())).await.unwrap();
        }
    }

    async fn taken(answers: Answers, veiled: bool) -> Result<Vec<u8>, SessionError> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("ws://{}/devtools/page/1", listener.local_addr().unwrap());
        tokio::spawn(browser(listener, answers));
        let life = Arc::new(Life::new("/nowhere/at/all".into()));
        let own = (Intake::new().0, Signs::new().0);
        let cdp = Cdp::connect(url, Arc::clone(&life), own, Clock::system(), true).await;
        let taken = take(&cdp.unwrap(), Duration::from_secs(60), veiled).await;
        life.finish();
        taken
    }

    #[tokio::test]
    async fn a_picture_is_kept_only_where_the_veil_lay_on_the_page_before_and_after() {
        let (bare, moved) = ("the page could not be veiled", "the page did not stay veiled");
        for (answers, why) in [
            ((Some("veiled"), Some("unveiled")), None),
            ((Some("bare"), Some("unveiled")), Some(bare)),
            ((None, Some("unveiled")), Some(bare)),
            ((Some("veiled"), Some("gone")), Some(moved)),
            ((Some("veiled"), None), Some(moved)),
        ] {
            match (taken(answers, true).await, why) {
                (Ok(picture), None) => assert_eq!(picture, b"seen"),
                (Err(SessionError::Refused { detail, .. }), Some(why)) => assert_eq!(detail, why),
                (taken, _) => panic!("{answers:?}: {taken:?}"),
            }
        }
        for unveiled in [Some("gone"), Some("unveiled"), None] {
            assert_eq!(taken((None, unveiled), false).await.unwrap(), b"seen");
        }
    }
}
