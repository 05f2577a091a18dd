//! Whether the page brings the files of messages and people's pictures into the browser by itself. Unless the account asks
//! for it, it does not: a gateway that nobody looks through pays for every picture with traffic, memory and disk.
//!
//! Two locks, because a change of WhatsApp Web may open either. The agent turns the page's own preference off, which saves
//! the attempt. Requests for such files that are made all the same are refused by the browser, told by what stands in their
//! addresses; an address that nobody knows passes, so that a change costs traffic and never a function. Only fetching is
//! refused, never an upload, and never what the page needs to synchronise: history and state lie on the same hosts, under
//! other names.

use serde_json::{Value, json};

/// Addresses of media, as the protocol's wildcards. WhatsApp's file servers name the kind of a file in its path, whichever
/// host serves it; the numbers are those that messages carry in `directPath`.
const MEDIA: [&str; 7] = [
    "*/t62.7118-24/*",                  // images
    "*/t62.7161-24/*",                  // videos
    "*/t62.7117-24/*",                  // voice notes and other audio
    "*/t62.7119-24/*",                  // documents
    "*/t62.15575-24/*",                 // stickers
    "https://pps.whatsapp.net/*",       // pictures of people and groups
    "https://web.whatsapp.com/media/*", // all of these in the sandbox; the real site has nothing there
];

/// What the agent is told about the account, before its own script: see `actors/agent/src/downloads.ts`.
pub(super) fn options(origin: &str, downloads: bool) -> String {
    format!(
        "if (window === window.top && location.origin === {}) window.__zaptorOptions = {};",
        Value::from(origin),
        json!({ "media_downloads": downloads })
    )
}

/// The parameters of `Fetch.enable` that have the browser ask before it fetches media, and nothing else.
pub(super) fn watched() -> Value {
    let patterns: Vec<Value> = MEDIA
        .iter()
        .map(|address| json!({ "urlPattern": address, "requestStage": "Request" }))
        .collect();
    json!({ "patterns": patterns })
}

/// What is answered to a request that the browser asks about (`Fetch.requestPaused`): a method of the protocol and its
/// parameters. Nothing if it is not understood.
pub(super) fn verdict(paused: &Value) -> Option<(&'static str, Value)> {
    let id = paused["requestId"].as_str()?;
    Some(match paused["request"]["method"].as_str() {
        Some("GET") => (
            "Fetch.failRequest",
            json!({ "requestId": id, "errorReason": "BlockedByClient" }),
        ),
        _ => ("Fetch.continueRequest", json!({ "requestId": id })),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_fetching_is_refused() {
        for (method, answer) in [
            ("GET", "Fetch.failRequest"),
            ("POST", "Fetch.continueRequest"),
            ("HEAD", "Fetch.continueRequest"),
            ("OPTIONS", "Fetch.continueRequest"),
        ] {
            let paused = json!({ "requestId": "interception-1", "request": { "method": method } });
            let (told, params) = verdict(&paused).expect("it is understood");
            assert_eq!((told, &params["requestId"]), (answer, &json!("interception-1")));
        }
        assert_eq!(verdict(&json!({})), None);
    }
}
