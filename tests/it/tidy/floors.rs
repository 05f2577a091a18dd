//! Imports point down, and rooms of one floor do not know each other.

use super::{assert_none, folders, root, scan, sources};

/// The floor of each room of `actors/src`.
pub(super) const FLOORS: [(&str, u8); 21] = [
    ("domain", 0),
    ("protocol", 1),
    ("supervision", 1),
    ("store", 2),
    ("session", 2),
    ("bus", 2),
    ("vault", 2),
    ("forensics", 2),
    ("lease", 3),
    ("journal", 3),
    ("outbox", 3),
    ("ledger", 3),
    ("account", 4),
    ("dispatcher", 4),
    ("billing", 4),
    ("rate_limit", 4),
    ("webhook", 4),
    ("janitor", 4),
    ("campaign", 4),
    ("registry", 5),
    ("platform", 6),
];

pub(super) fn floor(room: &str) -> Option<u8> {
    FLOORS
        .iter()
        .find(|(name, _)| *name == room)
        .map(|(_, floor)| *floor)
}

#[test]
fn every_room_has_a_floor() {
    let homeless: Vec<String> = folders("actors/src")
        .into_iter()
        .filter(|room| floor(room).is_none())
        .collect();
    assert_none(
        "rooms of actors/src without a floor; give them one in this test's table",
        &homeless,
    );
}

#[test]
fn imports_point_down() {
    let mut findings = Vec::new();
    for source in sources() {
        let Some(inside) = source.path.strip_prefix("actors/src/") else {
            continue;
        };
        let Some((room, _)) = inside.split_once('/') else {
            continue;
        };
        let Some(own) = floor(room) else { continue };
        for other in scan::rooms_named(&scan::code_only(&source.text)) {
            if other != room && floor(&other).is_some_and(|floor| floor >= own) {
                findings.push(format!("{}: {room} (floor {own}) imports {other}", source.path));
            }
        }
    }
    assert_none("imports that do not point to a lower floor", &findings);
}

#[test]
fn the_big_wall_stands() {
    let mut findings = Vec::new();
    let walls = [
        (
            "Cargo.toml",
            ["sea-orm", "sea-orm-migration", "sqlx", "fantoccini"].as_slice(),
        ),
        (
            "actors/Cargo.toml",
            ["actix-web", "actix-web-actors", "clap", "utoipa"].as_slice(),
        ),
        (
            "migration/Cargo.toml",
            ["zaptor-actors", "zaptor", "actix", "actix-web"].as_slice(),
        ),
    ];
    for (manifest, banned) in walls {
        let text = std::fs::read_to_string(root().join(manifest)).unwrap();
        let manifest_table: toml::Table = toml::from_str(&text).unwrap();
        let Some(dependencies) = manifest_table.get("dependencies").and_then(toml::Value::as_table) else {
            continue;
        };
        for name in banned {
            if dependencies.contains_key(*name) {
                findings.push(format!("{manifest} depends on {name}"));
            }
        }
    }
    assert_none("dependencies on the wrong side of the wall", &findings);
}
