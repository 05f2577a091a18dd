//! The dashboard in a real browser on the real program, as a new user meets it.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use super::support::zaptor::Zaptor;

/// Two browsers start in it, the account's and the user's.
const DEADLINE: Duration = Duration::from_secs(90);

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
    let package = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/dashboard/ui");
    let script = Command::new(node())
        .current_dir(package)
        .arg("test/smoke.mjs")
        .args([&zaptor.ready.url, &admin.email, &admin.password])
        .arg(sandbox)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = timeout(DEADLINE, script)
        .await
        .expect("the script has a deadline for every step")
        .expect("node runs; `make setup` installs it");
    assert!(
        output.status.success(),
        "{}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The Node that setup fetched where the system's is too old, else the system's.
fn node() -> PathBuf {
    let fetched = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/tools/node_modules/node/bin/node");
    if fetched.exists() {
        fetched
    } else {
        PathBuf::from("node")
    }
}
