//! The dashboard in a real browser on the real program, as a new user meets it.

use std::time::Duration;

use super::support::script;
use super::support::zaptor::Zaptor;

/// Two browsers start in it, the account's and the user's.
const DEADLINE: Duration = Duration::from_secs(120);

#[tokio::test]
async fn browser_a_new_user_links_sends_and_gets_an_answer_in_the_dashboard() {
    let zaptor = Zaptor::start().await;
    let admin = zaptor
        .ready
        .admin
        .as_ref()
        .expect("the first start names the administrator");
    let sandbox = zaptor
        .ready
        .sandbox_url
        .as_deref()
        .expect("this Zaptor has a sandbox");
    let arguments = [
        "test/smoke.mjs",
        &zaptor.ready.url,
        &admin.email,
        &admin.password,
        sandbox,
    ];
    script::succeeds("src/dashboard/ui", &arguments, &[], DEADLINE).await;
}
