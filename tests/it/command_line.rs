//! The program from the outside, as far as it goes without a service: what is printed where, and the exit codes.

use std::process::{Command, Output};

use serde_json::Value;

use crate::support::servers::free_port;

/// Runs the program in an empty home.
fn zaptor(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_zaptor"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ZAPTOR_")) {
        command.env_remove(name);
    }
    command
        .current_dir(home.path())
        .env("HOME", home.path())
        .env_remove("XDG_CONFIG_HOME");
    command
        .args(arguments)
        .envs(environment.iter().copied())
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn config_tells_every_value_and_its_origin() {
    let environment = [
        ("ZAPTOR__SERVER__PORT", "1234"),
        ("ZAPTOR__STORE__URL", "postgres://zaptor:hunter2@db/zaptor"),
    ];
    let output = zaptor(&["config", "--json", "--host", "0.0.0.0"], &environment);
    assert!(output.status.success(), "{}", stderr(&output));
    let rows: Vec<Value> = serde_json::from_str(&stdout(&output)).unwrap();
    let row = |key: &str| rows.iter().find(|row| row["key"] == key).unwrap();
    assert_eq!(row("server.port")["value"], 1234);
    assert_eq!(row("server.port")["origin"], "environment ZAPTOR__SERVER__PORT");
    assert_eq!(row("server.host")["origin"], "flag --host");
    assert_eq!(row("stream.flush_ms")["origin"], "default");
    assert!(!stdout(&output).contains("hunter2"));
}

#[test]
fn a_wrong_setting_is_wrong_usage_and_names_the_key() {
    for command in ["config", "up", "serve", "doctor", "migrate"] {
        let output = zaptor(&[command], &[("ZAPTOR__SERVER__PROT", "1")]);
        assert_eq!(output.status.code(), Some(2), "{command}");
        assert!(
            stderr(&output).contains("server.prot"),
            "{command}: {}",
            stderr(&output)
        );
        assert!(stdout(&output).is_empty(), "talk goes to stderr");
    }
}

#[test]
fn wrong_usage_is_2() {
    assert_eq!(zaptor(&["fly"], &[]).status.code(), Some(2));
    assert_eq!(zaptor(&["send", "--to", "1"], &[]).status.code(), Some(2));
    assert_eq!(
        zaptor(&["account", "list", "--url", "ftp://nowhere"], &[])
            .status
            .code(),
        Some(2)
    );
}

#[test]
fn a_service_that_cannot_be_reached_is_3_and_named() {
    let url = format!("http://127.0.0.1:{}", free_port());
    for command in [
        ["account", "list"].as_slice(),
        &["wallet"],
        &["tail"],
        &["messages"],
        &["openapi"],
    ] {
        let output = zaptor(command, &[("ZAPTOR_URL", &url), ("ZAPTOR_API_KEY", "zk_test_x")]);
        assert_eq!(output.status.code(), Some(3), "{command:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(&url), "{command:?}: {}", stderr(&output));
        assert!(!stderr(&output).contains("zk_test_x"));
    }
}

#[test]
fn completions_name_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let output = zaptor(&["completions", shell], &[]);
        assert!(output.status.success());
        assert!(stdout(&output).contains("screenshot"), "{shell}");
    }
}
