//! Names that say nothing, and words that must not stay behind.

use std::path::Path;

use super::{assert_none, sources};

/// A name that fits everything tells nothing about what is inside.
const NAMES_BANNED: [&str; 9] = [
    "utils", "util", "common", "helpers", "helper", "manager", "misc", "stuff", "shared",
];

/// Left-overs of work in progress and of the machine it was done on. Each is put together here, so that this file is
/// not its own finding.
fn words_banned() -> Vec<String> {
    [
        ("todo", "!("),
        ("unimplemented", "!("),
        ("dbg", "!("),
        ("../", "shared"),
        ("/work", "/"),
        ("arti", "factory"),
        ("facts", ".md"),
        ("<<<<", "<<< "),
    ]
    .iter()
    .map(|(head, tail)| format!("{head}{tail}"))
    .collect()
}

#[test]
fn no_name_is_empty_of_meaning() {
    let mut findings = Vec::new();
    for source in sources() {
        let named = Path::new(&source.path).components().any(|component| {
            let name = component.as_os_str().to_str().unwrap_or_default();
            let stem = name.split('.').next().unwrap_or_default();
            NAMES_BANNED.contains(&stem)
        });
        if named {
            findings.push(source.path);
        }
    }
    assert_none("files or folders with a name that says nothing", &findings);
}

#[test]
fn no_left_overs() {
    let mut findings = Vec::new();
    let banned = words_banned();
    for source in sources() {
        for (number, line) in source.text.lines().enumerate() {
            for word in banned.iter().filter(|word| line.contains(word.as_str())) {
                findings.push(format!("{}:{}: {word}", source.path, number + 1));
            }
        }
    }
    assert_none("words that must not stay behind", &findings);
}

/// A lock file that was written behind a mirror names the mirror, and then nobody else can install from it.
#[test]
fn npm_lock_files_name_the_public_registry() {
    let mut findings = Vec::new();
    for source in sources()
        .iter()
        .filter(|source| source.path.ends_with("package-lock.json"))
    {
        for (number, line) in source.text.lines().enumerate() {
            // A folder of ours has no host; whatever has one must be public.
            let elsewhere = line.contains("://") && !line.contains("https://registry.npmjs.org/");
            if line.contains("\"resolved\":") && elsewhere {
                findings.push(format!("{}:{}: {}", source.path, number + 1, line.trim()));
            }
        }
    }
    assert_none(
        "packages resolved elsewhere than at the public registry",
        &findings,
    );
}
