//! Faults of the sandbox, in real Chromium with the unmodified wa-js; and that a browser on the sandbox stays there.

use std::time::Duration;

use zaptor::sandbox::{self, Settings};

use crate::support::script;

/// Each step of the script has its own deadline; some of them wait for faults to pass.
const DEADLINE: Duration = Duration::from_secs(150);

#[test]
fn faults_hit_the_page_in_chromium_as_they_are_reported_of_the_real_one() {
    on_a_sandbox("faults");
}

#[test]
fn a_browser_in_chromium_reaches_the_sandbox_and_no_other_host() {
    on_a_sandbox("confined");
}

/// Runs one of the page's live scripts on a sandbox of its own.
fn on_a_sandbox(script: &str) {
    actix_rt::System::new().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = sandbox::start(Settings::in_dir(folder.path())).await.unwrap();
        let url = sandbox.info().sandbox_url.clone();
        script::succeeds(
            "src/sandbox/page",
            &["scripts/test.mjs", "test/live", script],
            &[("SANDBOX_URL", url.as_str())],
            DEADLINE,
        )
        .await;
        sandbox.stop().await;
    });
}
