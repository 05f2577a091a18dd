//! What is published about the machine is what it is.

use super::Phase;

/// The lines of a document's part that begins and ends with these.
fn part<'a>(document: &'a str, from: &str, to: &str) -> Vec<&'a str> {
    let bare = |line: &'a str| match line.strip_prefix("//!") {
        Some(comment) => comment.strip_prefix(' ').unwrap_or(comment),
        None => line,
    };
    let lines = document.lines().map(bare);
    let mut inside = lines.skip_while(|line| !line.starts_with(from));
    let first = inside.next();
    first
        .into_iter()
        .chain(inside.take_while(|line| !line.starts_with(to)))
        .collect()
}

#[test]
fn what_is_published_about_the_machine_is_what_it_is() {
    let (own, published) = (
        include_str!("mod.rs"),
        include_str!("../../../../ARCHITECTURE.md"),
    );
    let published = published
        .split_once("## Accounts")
        .expect("there is a part about accounts")
        .1;
    let drawn = |document| part(document, "             TookOver", "```");
    assert_eq!(drawn(own), drawn(published), "the diagram");
    assert!(drawn(own).len() > 10);
    let rows: Vec<String> = Phase::ALL
        .into_iter()
        .map(|phase| {
            let said: Vec<String> = phase.says().iter().map(|state| format!("`{state}`")).collect();
            let said = match phase {
                Phase::TakingOver => "what the last generation left".to_owned(),
                Phase::Ended => "what was said before".to_owned(),
                _ => said.join(", "),
            };
            format!("| `{phase:?}` | {said} |")
        })
        .collect();
    for document in [own, published] {
        let table: Vec<&str> = part(document, "| phase", "\n").into_iter().skip(2).collect();
        assert_eq!(table[..rows.len()], rows, "the table of phases and states");
        assert!(!table[rows.len()].starts_with('|'), "and nothing else");
    }
}
