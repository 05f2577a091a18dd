//! Other people's clients, unmodified, in a real Chromium on a real `zaptor sandbox`: each is asked to do everything that
//! it can, and must not do less than the table in the sandbox's README says.

use std::time::Duration;

use super::support::script;

/// The run itself gives up earlier, and says where it was.
const DEADLINE: Duration = Duration::from_secs(300);

async fn does_what_the_table_says(client: &str) {
    let program = ("ZAPTOR", env!("CARGO_BIN_EXE_zaptor"));
    script::succeeds("tests/clients", &["dist/run.mjs", client], &[program], DEADLINE).await;
}

#[tokio::test]
async fn wa_js_in_chromium() {
    does_what_the_table_says("wa-js").await;
}

#[tokio::test]
async fn whatsapp_web_js_in_chromium() {
    does_what_the_table_says("whatsapp-web.js").await;
}

#[tokio::test]
async fn wppconnect_in_chromium() {
    does_what_the_table_says("wppconnect").await;
}
