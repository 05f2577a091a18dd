//! Scripts of the npm packages, run by Node.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

/// Runs a script in the folder of its package, and fails with all that it said where it fails.
pub(crate) async fn succeeds(
    package: &str,
    arguments: &[&str],
    environment: &[(&str, &str)],
    within: Duration,
) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(package);
    let script = Command::new(node())
        .current_dir(folder)
        .args(arguments)
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = timeout(within, script)
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
