//! Lists for people that must match what is there.

use std::fs;

use super::{assert_none, floors, folders, root};

/// `actors/README.md` has one table row for each room: "| `room/` | F2 | what it does |".
#[test]
fn the_room_list_equals_the_folders() {
    let text = fs::read_to_string(root().join("actors/README.md")).unwrap();
    let mut listed = Vec::new();
    let mut findings = Vec::new();
    for line in text.lines().filter(|line| line.starts_with("| `")) {
        let mut cells = line.split('|').map(str::trim).skip(1);
        let room = cells
            .next()
            .unwrap_or_default()
            .trim_matches('`')
            .trim_end_matches('/')
            .to_owned();
        let written = cells.next().unwrap_or_default();
        if let Some(floor) = floors::floor(&room)
            && written != format!("F{floor}")
        {
            findings.push(format!("{room} is on floor {floor}, the list says {written}"));
        }
        listed.push(room);
    }
    listed.sort();
    let there = folders("actors/src");
    findings.extend(
        there
            .iter()
            .filter(|room| !listed.contains(room))
            .map(|room| format!("{room} is not listed")),
    );
    findings.extend(
        listed
            .iter()
            .filter(|room| !there.contains(room))
            .map(|room| format!("{room} is not there")),
    );
    assert_none("actors/README.md and the folders of actors/src differ", &findings);
}

/// The default configuration is the manual: each key stands under a comment.
#[test]
fn every_default_setting_has_a_comment() {
    let text = fs::read_to_string(root().join("config/default.toml")).unwrap();
    let mut findings = Vec::new();
    let mut previous = "";
    for (number, line) in text.lines().enumerate() {
        let is_key = line.split_once(" = ").is_some_and(|(key, _)| {
            !key.is_empty()
                && key
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        });
        if is_key && !previous.starts_with('#') {
            findings.push(format!("config/default.toml:{}: {line}", number + 1));
        }
        previous = line;
    }
    assert_none("settings without a comment above them", &findings);
}
