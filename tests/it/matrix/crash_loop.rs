//! An account whose browser dies whenever it has one, beside an account that works: the one gives up after its budget and
//! says so, the other one notices nothing.

use std::time::Duration;

use reqwest::Method;
use rustix::process::Signal;

use super::cell::{Moment, beside};
use super::faults::Fault;
use super::leftovers::Seen;
use super::messages::Messages;
use super::stage::Stage;
use crate::journal;
use crate::journey::{SOON, call, until_state};
use crate::support::processes::browser_on;
use crate::support::wait;

/// Six deaths with their pauses, and as many starts of a browser.
const GIVEN_UP: Duration = Duration::from_secs(120);

#[tokio::test]
async fn costs_the_others_nothing() {
    let stage = Stage::set(Fault::BrowserKilled, Moment::Idle).await;
    let before = beside(&stage).await;
    let since = journal::last(&stage.zaptor).await;
    let mut seen = Seen::default();
    let mut messages = Messages::default();
    messages.send(&stage, &stage.beside, 10).await;
    messages.write(&stage, &stage.beside, 10).await;

    let failed = wait::until("the account to be given up", GIVEN_UP, || async {
        if let Some(browser) = browser_on(&stage.struck.profile).first() {
            browser.signal(Signal::KILL);
        }
        let account = stage.show(&stage.struck).await;
        if account["state"] == "failed" {
            Ok(account)
        } else {
            Err(account)
        }
    })
    .await;
    seen.look(&stage);
    assert!(
        failed["reason"].is_string() && failed["action"].is_string(),
        "{failed}"
    );
    messages.until_all_arrived(&stage, &stage.beside, SOON).await;
    messages.assert_each_once(&stage, &stage.beside, false).await;
    assert_eq!(beside(&stage).await, before, "the account beside was touched");
    for event in journal::after(&stage.zaptor, since).await {
        assert_eq!(event.says(&stage.beside.id), None, "{event:?}");
    }

    // Somebody looks at it, and starts it again.
    let path = format!("/v1/accounts/{}/restart", stage.struck.id);
    let (status, answer) = call(&stage.zaptor, Method::POST, &path, None).await;
    assert!(status.is_success(), "{answer}");
    until_state(&stage.zaptor, &stage.struck.id, "online", SOON).await;
    seen.assert_tidy(&stage, &[&stage.struck, &stage.beside]).await;
    super::cell::end(stage, &seen).await;
}
