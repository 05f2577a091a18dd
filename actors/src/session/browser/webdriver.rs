//! What goes through chromedriver: DevTools commands before the page is opened, and the slow way to call the page.

use fantoccini::{Client, error::CmdError, wd::WebDriverCompatibleCommand};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};
use tokio_tungstenite::tungstenite::http::Method;

/// A DevTools command that chromedriver passes on.
#[derive(Debug)]
struct DevTools {
    method: &'static str,
    params: Value,
}

impl WebDriverCompatibleCommand for DevTools {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!(
            "session/{}/goog/cdp/execute",
            session.unwrap_or_default()
        ))
    }

    fn method_and_body(&self, _url: &url::Url) -> (Method, Option<String>) {
        let body = json!({ "cmd": self.method, "params": self.params });
        (Method::POST, Some(body.to_string()))
    }
}

/// Asks chromedriver at `url` for a browser.
pub(super) async fn new_session(
    url: String,
    capabilities: Map<String, Value>,
) -> Result<Client, fantoccini::error::NewSessionError> {
    fantoccini::ClientBuilder::new(HttpConnector::new())
        .capabilities(capabilities)
        .connect(&url)
        .await
}

/// Runs a DevTools command through chromedriver.
pub(super) async fn devtools(
    client: &Client,
    method: &'static str,
    params: Value,
) -> Result<Value, CmdError> {
    client.issue_cmd(DevTools { method, params }).await
}

/// The size of a screenshot. The window itself is smaller: buffers of what nobody looks at are wasted.
const PICTURE: (u32, u32) = (800, 600);

/// Takes a picture of the page, as PNG.
pub(super) async fn screenshot(client: &Client) -> Result<Vec<u8>, CmdError> {
    let (width, height) = PICTURE;
    let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
    devtools(client, "Emulation.setDeviceMetricsOverride", metrics).await?;
    let taken = client.screenshot().await;
    let restored = devtools(client, "Emulation.clearDeviceMetricsOverride", json!({})).await;
    restored.and(taken)
}

/// Why a script brought no answer.
pub(super) enum ScriptError {
    /// The browser or its driver is gone.
    Dead(String),
    /// The script timeout of the session ran out.
    TimedOut,
    /// The page was replaced while it ran.
    Lost(String),
}

/// Calls the agent through chromedriver, which waits for the promise.
pub(super) async fn call(client: &Client, command: &str, order: &str) -> Result<String, ScriptError> {
    let script = "return globalThis.__zaptor ? __zaptor.call(arguments[0], arguments[1]) : '\"absent\"'";
    match client.execute(script, vec![command.into(), order.into()]).await {
        Ok(Value::String(text)) => Ok(text),
        Ok(_) => Err(ScriptError::Lost("the page gave no text".to_owned())),
        Err(error) if error.is_script_timeout() => Err(ScriptError::TimedOut),
        Err(CmdError::Standard(error)) if error.error != fantoccini::error::ErrorStatus::InvalidSessionId => {
            Err(ScriptError::Lost(error.to_string()))
        }
        // fantoccini cannot read some statuses of chromedriver; a crashed tab is one of them.
        Err(error) => Err(ScriptError::Dead(error.to_string())),
    }
}
