//! What a browser tells beside its user agent (User-Agent Client Hints: `navigator.userAgentData` and the `Sec-CH-UA` headers),
//! made from the user agent, so that the two agree. Chromium leaves all of it empty when its user agent is overridden, which
//! no browser of a person does.

use serde_json::{Value, json};

/// The platforms that a user agent may name, and what hints call them.
const PLATFORMS: [(&str, &str); 5] = [
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("CrOS", "Chrome OS"),
    ("Android", "Android"),
    ("Linux", "Linux"),
];

/// The hints of a browser that names itself so; `own` is the full version of the browser that runs. None for one that is no
/// Chromium: those give no hints.
pub(super) fn of(agent: &str, own: &str) -> Option<Value> {
    let named = after(agent, "Chrome/")?;
    let version = major(named);
    let number: u32 = version.parse().ok()?;
    // The user agent itself says zeros.
    let full = if major(own) == version { own } else { named };
    let platform = PLATFORMS.iter().find(|(word, _)| agent.contains(word));
    let platform = platform.map_or("Linux", |(_, platform)| platform);
    let brand = match after(agent, "Edg/") {
        Some(_) => "Microsoft Edge",
        None => "Google Chrome",
    };
    let (nobody, nothing) = grease(number);
    let list = |version: &str, nothing: &str| {
        let mut list = [const { Value::Null }; 3];
        let brands = [
            (nobody.as_str(), nothing),
            ("Chromium", version),
            (brand, version),
        ];
        for (place, (brand, version)) in order(number).into_iter().zip(brands) {
            list[place] = json!({ "brand": brand, "version": version });
        }
        list
    };
    let arm = agent.contains("aarch64") || agent.contains("arm");
    Some(json!({
        "brands": list(version, nothing),
        "fullVersionList": list(full, &format!("{nothing}.0.0.0")),
        "platform": platform,
        "platformVersion": platform_version(agent, platform),
        "architecture": if arm { "arm" } else { "x86" },
        "bitness": "64",
        "model": "",
        "mobile": agent.contains(" Mobile "),
        "wow64": false,
    }))
}

fn after<'a>(agent: &'a str, word: &str) -> Option<&'a str> {
    let rest = agent.split(word).nth(1)?;
    rest.split_whitespace().next()
}

fn major(version: &str) -> &str {
    version.split('.').next().unwrap_or_default()
}

/// Windows 10 and 11 name themselves alike in a user agent; a Mac names the last version before 11 for ever; Linux none.
fn platform_version(agent: &str, platform: &str) -> String {
    match platform {
        "Windows" => "10.0.0".to_owned(),
        "macOS" => after(agent, "Mac OS X ")
            .map(|version| version.trim_end_matches([')', ';']).replace('_', "."))
            .unwrap_or_default(),
        _ => String::new(),
    }
}

/// The brand that is none, which Chromium changes with every version so that sites do not hold on to the list's form:
/// `components/embedder_support/user_agent_utils.cc`.
fn grease(major: u32) -> (String, &'static str) {
    const MARKS: [char; 11] = [' ', '(', ':', '-', '.', '/', ')', ';', '=', '?', '_'];
    const VERSIONS: [&str; 3] = ["8", "99", "24"];
    let mark = |n: u32| MARKS[n as usize % MARKS.len()];
    let name = format!("Not{}A{}Brand", mark(major), mark(major + 1));
    (name, VERSIONS[major as usize % VERSIONS.len()])
}

/// Where the brand that is none, Chromium and the browser's own brand stand in the list, as there.
fn order(major: u32) -> [usize; 3] {
    const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    ORDERS[major as usize % ORDERS.len()]
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use super::*;

    fn brands(hints: &Value) -> String {
        let brands = hints["brands"].as_array().unwrap().iter();
        let texts: Vec<String> = brands
            .map(|brand| {
                let text = |name: &str| brand[name].as_str().unwrap();
                format!("{} {}", text("brand"), text("version"))
            })
            .collect();
        texts.join(", ")
    }

    #[test]
    fn hints_agree_with_the_user_agent_by_table() {
        // The lists are those that browsers of these versions send.
        let rows = [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0.0.0 Safari/537.36",
                "Not_A Brand 8, Chromium 120, Google Chrome 120",
                ("Windows", "10.0.0", "120.0.0.0"),
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/124.0.0.0 Safari/537.36",
                "Chromium 124, Google Chrome 124, Not-A.Brand 99",
                ("macOS", "10.15.7", "124.0.0.0"),
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0",
                "Microsoft Edge 131, Chromium 131, Not_A Brand 24",
                ("Linux", "", "131.0.6778.85"),
            ),
        ];
        for (agent, list, (platform, version, full)) in rows {
            let hints = of(agent, "131.0.6778.85").unwrap();
            assert_eq!(brands(&hints), list, "{agent}");
            assert_eq!(
                (&hints["platform"], &hints["platformVersion"], &hints["mobile"]),
                (&json!(platform), &json!(version), &json!(false))
            );
            let whole = hints["fullVersionList"].as_array().unwrap().iter();
            let chromium = whole.into_iter().find(|one| one["brand"] == "Chromium").unwrap();
            assert_eq!(
                chromium["version"], full,
                "the running browser's, where it is that version"
            );
        }
        for none in [
            "Mozilla/5.0 (X11; Linux) Gecko/20100101 Firefox/140.0",
            "Shop/1",
            "Chrome/x",
        ] {
            assert_eq!(of(none, "131.0.6778.85"), None, "{none}");
        }
    }
}
