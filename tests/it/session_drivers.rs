//! chromedrivers that end: before they are of use, and under their accounts.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use zaptor_actors::session::browser::ChannelKind;

use super::session_browser::{Stage, run};
use zaptor::config;

/// A program that stands in for chromedriver: this script, with the real one as `$DRIVER` and a folder of its own as
/// `$HERE`.
pub(crate) fn driver(folder: &Path, script: &str) -> std::path::PathBuf {
    let real = config::load(None, [], &config::Flags::default()).unwrap().config;
    let real = config::chromedriver(&real.engine).expect("chromedriver is installed");
    let path = folder.join("driver.sh");
    let text = format!(
        "#!/bin/sh\nHERE={}\nDRIVER={}\n{script}\n",
        folder.display(),
        real.display()
    );
    // In one step: a program that is being written cannot be started.
    let fresh = folder.join("driver.new");
    fs::write(&fresh, text).unwrap();
    fs::set_permissions(&fresh, fs::Permissions::from_mode(0o755)).unwrap();
    fs::rename(&fresh, &path).unwrap();
    path
}

#[test]
fn a_chromedriver_whose_port_is_taken_is_started_anew_before_anybody_hears_of_chromium() {
    run(async {
        let own = tempfile::tempdir().unwrap();
        let script = "echo start >> $HERE/starts\n\
            [ $(wc -l < $HERE/starts) -lt 3 ] && { echo 'IPv4 port not available. Exiting...'; exit 1; }\n\
            exec $DRIVER \"$@\"";
        let chromedriver = driver(own.path(), script);
        let stage = Stage::set_with(ChannelKind::Cdp, |settings| {
            settings.chromedriver_path = chromedriver;
        })
        .await;
        let (session, _events) = stage.open(1).await;
        session.close().await;
        assert_eq!(
            fs::read_to_string(own.path().join("starts"))
                .unwrap()
                .lines()
                .count(),
            3
        );
        stage.strike().await;
    });
}
