//! The page of the sandbox in real Chromium, with the unmodified wa-js.

use std::time::Duration;

use zaptor::sandbox::{self, Settings};

use crate::support::script;

/// Each step of the scripts has its own deadline.
const DEADLINE: Duration = Duration::from_secs(150);

/// Runs one script of the page's on a sandbox of its own; `change` says what is different there.
fn run_script(name: &str, change: impl FnOnce(&mut Settings)) {
    actix_rt::System::new().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::in_dir(folder.path());
        change(&mut settings);
        let sandbox = sandbox::start(settings).await.unwrap();
        let url = sandbox.info().sandbox_url.clone();
        script::succeeds(
            "src/sandbox/page",
            &["scripts/test.mjs", "test/live", name],
            &[("SANDBOX_URL", url.as_str())],
            DEADLINE,
        )
        .await;
        sandbox.stop().await;
    });
}

#[test]
fn a_page_links_stays_linked_and_logs_out_in_chromium() {
    // It sees a code renew.
    run_script("linking", |settings| settings.ref_ms = 4_000);
}

#[test]
fn messages_of_every_type_go_and_come_in_chromium() {
    run_script("messages", |_| {});
}

#[test]
fn groups_and_people_are_the_same_on_the_page_and_on_the_phones_in_chromium() {
    run_script("people", |_| {});
}

#[test]
fn a_long_past_is_in_the_page_within_seconds_in_chromium() {
    run_script("history", |_| {});
}
