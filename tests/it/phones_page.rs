//! The phones' page of the sandbox in a real browser, as somebody meets it who has read no manual.

use std::time::Duration;

use super::support::script;
use super::support::zaptor::Sandbox;

/// Two browsers start in it: that of the person, and that of the page that is linked.
const DEADLINE: Duration = Duration::from_secs(120);

#[tokio::test]
async fn chromium_people_link_and_chat_and_break_things_on_the_phones_page() {
    let sandbox = Sandbox::start().await;
    script::succeeds(
        "src/sandbox/phones",
        &["test/smoke.mjs", &sandbox.url],
        &[],
        DEADLINE,
    )
    .await;
}
