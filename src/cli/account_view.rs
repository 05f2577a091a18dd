//! Accounts as people read them: the list, one in short, and one with all that is known of it.

use std::time::Duration;

use comfy_table::Table;
use serde_json::{Map, Value};
use zaptor_actors::domain::Timestamp;

use super::printer::{facts, plain, table};

/// The stages of a repair, in the order in which they are tried.
const STAGES: [&str; 6] = [
    "dismiss_modal",
    "reload_page",
    "new_page",
    "new_browser",
    "restore_profile",
    "ask_user",
];

/// Every account in a line. `actors` is the tree of this node: it knows the memory.
pub(super) fn many(accounts: &Value, actors: &Value, now: Timestamp) -> Table {
    let mut rows = table(["ID", "NAME", "STATE", "FOR", "MEMORY", "PHONE", "ENGINE"]);
    for account in accounts.as_array().into_iter().flatten() {
        let memory = actors
            .as_array()
            .into_iter()
            .flatten()
            .find(|actor| actor["account"] == account["id"])
            .and_then(|actor| actor["pss_bytes"].as_u64());
        rows.add_row([
            plain(&account["id"]),
            plain(&account["name"]),
            plain(&account["state"]),
            how_long(&account["since"], now).unwrap_or_default(),
            memory.map(size).unwrap_or_default(),
            plain(&account["phone"]),
            plain(&account["engine"]),
        ]);
    }
    rows
}

/// One account, name by name. What is unknown is left out.
pub(super) fn one(account: &Value) -> Table {
    let names = [
        "id",
        "name",
        "engine",
        "state",
        "reason",
        "action",
        "since",
        "phone",
        "push_name",
        "labels",
        "settings",
        "last_round_trip_at",
        "restarts",
        "created_at",
    ];
    facts(names.map(|name| match name {
        "settings" => (name, settings(&account[name])),
        _ => (name, plain(&account[name])),
    }))
}

/// One account with its `health` and, where there is one, its newest forensic `bundle`.
pub(super) fn in_full(account: &Value, now: Timestamp) -> Table {
    let health = &account["health"];
    let mut rows = vec![
        ("id", plain(&account["id"])),
        ("name", plain(&account["name"])),
        ("engine", plain(&account["engine"])),
        ("state", state(health, now)),
        ("reason", plain(&health["reason"])),
        ("rests on", evidence(&health["evidence"])),
        ("what to do", plain(&health["action"])),
        ("round trip", round_trip(health, now)),
    ];
    rows.extend(repair(&health["repair"], now));
    rows.extend(tried(&account["bundle"], now));
    rows.extend([
        ("sleeps", hibernation(&health["hibernation"], now)),
        ("phone", plain(&account["phone"])),
        ("push name", plain(&account["push_name"])),
        ("labels", plain(&account["labels"])),
        ("memory", memory(health)),
        ("processor", processor(&health["resources"])),
        ("page errors", plain(&health["resources"]["page_errors"])),
        ("agent", agent(&health["agent"])),
        ("missing in page", missing(&health["agent"]["missing"])),
        ("settings", settings(&account["settings"])),
        ("started", started(health, now)),
        ("created", at(&account["created_at"], now)),
    ]);
    facts(rows)
}

fn state(health: &Value, now: Timestamp) -> String {
    let state = plain(&health["state"]);
    how_long(&health["since"], now).map_or_else(
        || state.clone(),
        |time| format!("{state} for {time} (since {})", plain(&health["since"])),
    )
}

/// What a state rests on, as a sentence; shapes that are not known are told field by field.
fn evidence(evidence: &Value) -> String {
    let Some(fields) = evidence.as_object() else {
        return String::new();
    };
    let text = |name: &str| fields.get(name).map(plain).filter(|text| !text.is_empty());
    if let Some(took) = text("round_trip_ms") {
        let probe = text("probe").map_or_else(String::new, |n| format!(", proof {n}"));
        return format!("a round trip of {took} ms{probe}");
    }
    if let Some(missed) = text("missed_probes") {
        let last = text("last_error").map_or_else(String::new, |error| format!(", the last: {error}"));
        return format!("{missed} round trips that were not proven{last}");
    }
    if let Some(page) = text("page") {
        let detail = text("detail").map_or_else(String::new, |detail| format!(" ({detail})"));
        return format!("the page said: {}{detail}", words(&page));
    }
    if let Some(asked) = text("asked") {
        return format!("somebody asked for it: {asked}");
    }
    if let Some(epoch) = text("epoch") {
        let profile = text("profile").map_or_else(String::new, |profile| format!(", {profile}"));
        return format!("start {epoch} of its session{profile}");
    }
    if let Some(exit) = text("exit") {
        let generation = text("generation").map_or_else(String::new, |n| format!(" (start {n})"));
        return format!("how its session ended: {exit}{generation}");
    }
    listed(fields)
}

fn listed(fields: &Map<String, Value>) -> String {
    let pairs = fields
        .iter()
        .filter(|(name, value)| *name != "at" && !value.is_null())
        .map(|(name, value)| format!("{} {}", name.replace('_', " "), plain(value)));
    pairs.collect::<Vec<_>>().join(", ")
}

fn round_trip(health: &Value, now: Timestamp) -> String {
    let last = at(&health["last_round_trip_at"], now);
    let probes = health["probes"].as_array().map_or(&[][..], Vec::as_slice);
    let failed = probes.iter().filter(|probe| !probe["error"].is_null()).count();
    let took = probes.iter().find_map(|probe| probe["took_ms"].as_u64());
    let mut parts = vec![if last.is_empty() {
        "none yet".to_owned()
    } else {
        last
    }];
    parts.extend(took.map(|took| format!("took {took} ms")));
    if failed > 0 {
        parts.push(format!("{failed} of the last {} failed", probes.len()));
    }
    parts.join(", ")
}

fn repair(repair: &Value, now: Timestamp) -> Vec<(&'static str, String)> {
    let Some(stage) = repair["stage"].as_str() else {
        return Vec::new();
    };
    let place = STAGES.iter().position(|known| *known == stage);
    let step = place.map_or_else(String::new, |at| format!(", step {} of {}", at + 1, STAGES.len()));
    let trigger = repair["trigger"]
        .as_str()
        .map_or_else(String::new, |trigger| format!(", because of {}", words(trigger)));
    let time = how_long(&repair["since"], now).map_or_else(String::new, |time| format!(", for {time}"));
    let attempt = match repair["attempt"].as_u64() {
        Some(attempt) if attempt > 1 => format!(", attempt {attempt}"),
        _ => String::new(),
    };
    vec![(
        "repair",
        format!("{}{step}{attempt}{time}{trigger}", words(stage)),
    )]
}

/// The stages of the newest repair, each with its outcome.
fn tried(bundle: &Value, now: Timestamp) -> Vec<(&'static str, String)> {
    if bundle["id"].is_null() {
        return Vec::new();
    }
    let end = words(bundle["ended"].as_str().unwrap_or_default());
    let because = words(bundle["trigger"].as_str().unwrap_or_default());
    let head = format!(
        "{}: {because}, {end} ({})",
        at(&bundle["at"], now),
        plain(&bundle["id"])
    );
    let mut rows = vec![("last repair", head)];
    for stage in bundle["stages"].as_array().into_iter().flatten() {
        let took = stage["took_ms"].as_u64().map_or_else(String::new, |took| {
            format!(" after {}", time(Duration::from_millis(took)))
        });
        let detail = stage["detail"]
            .as_str()
            .map_or_else(String::new, |detail| format!(": {detail}"));
        let (name, outcome) = (plain(&stage["stage"]), plain(&stage["outcome"]));
        rows.push(("", format!("{}: {outcome}{took}{detail}", words(&name))));
    }
    rows
}

fn hibernation(hibernation: &Value, now: Timestamp) -> String {
    if hibernation["since"].is_null() {
        return String::new();
    }
    let why = match hibernation["why"].as_str() {
        Some("idle") => "it was idle",
        Some("asked") => "it was asked to",
        Some("memory") => "the machine is short of memory",
        other => other.unwrap_or_default(),
    };
    let wakes = match until(&hibernation["wake_at"], now) {
        Some(time) => format!("wakes by itself in {time}"),
        None => "wakes by a message or `zaptor account wake`".to_owned(),
    };
    format!("since {}, because {why}; {wakes}", plain(&hibernation["since"]))
}

fn memory(health: &Value) -> String {
    let Some(used) = health["resources"]["pss_bytes"].as_u64() else {
        return String::new();
    };
    let limits: Vec<String> = [("soft limit", "soft_bytes"), ("hard limit", "hard_bytes")]
        .into_iter()
        .filter_map(|(name, field)| {
            let bytes = health["limits"][field].as_u64()?;
            Some(format!("{name} {}", size(bytes)))
        })
        .collect();
    if limits.is_empty() {
        size(used)
    } else {
        format!("{} ({})", size(used), limits.join(", "))
    }
}

fn processor(resources: &Value) -> String {
    let mut parts = Vec::new();
    if let Some(percent) = resources["cpu_percent"].as_f64() {
        parts.push(format!("{percent:.1} % of a core"));
    }
    if let Some(seconds) = resources["cpu_seconds"].as_f64() {
        parts.push(format!("{seconds:.1} s in all"));
    }
    if let Some(count) = resources["processes"].as_u64() {
        parts.push(if count == 1 {
            "1 process".to_owned()
        } else {
            format!("{count} processes")
        });
    }
    parts.join(", ")
}

fn agent(agent: &Value) -> String {
    let named = [
        ("", "version"),
        ("wa-js ", "wa_js"),
        ("WhatsApp Web ", "whatsapp_web"),
    ];
    let parts: Vec<String> = named
        .into_iter()
        .filter_map(|(name, field)| Some(format!("{name}{}", agent[field].as_str()?)))
        .collect();
    parts.join(", ")
}

/// What the page lacks, each with what it is needed for.
fn missing(missing: &Value) -> String {
    let lacks = missing.as_array().into_iter().flatten().map(|lack| {
        let name = lack["name"].as_str().map_or_else(|| plain(lack), str::to_owned);
        let needed = plain(&lack["needed_for"]);
        if needed.is_empty() {
            name
        } else {
            format!("{name} (to {})", words(&needed))
        }
    });
    lacks.collect::<Vec<_>>().join("; ")
}

/// What is set differently from the node's defaults.
fn settings(settings: &Value) -> String {
    let set = |settings: &Map<String, Value>| -> Map<String, Value> {
        let mut set = settings.clone();
        if let Some(url) = settings.get("proxy").and_then(|proxy| proxy["url"].as_str()) {
            set.insert("proxy".to_owned(), url.into());
        }
        set
    };
    settings
        .as_object()
        .map(set)
        .as_ref()
        .map(listed)
        .unwrap_or_default()
}

fn started(health: &Value, now: Timestamp) -> String {
    let mut parts = Vec::new();
    if let Some(generation) = health["generation"].as_u64() {
        parts.push(format!("{} by this node", counted(generation, "time")));
    }
    if let Some(restarts) = health["restarts"].as_u64().filter(|restarts| *restarts > 0) {
        parts.push(format!("{} in all", counted(restarts, "restart")));
    }
    if let Some(reason) = health["last_exit"]["reason"].as_str() {
        parts.push(format!(
            "last end {}: {reason}",
            at(&health["last_exit"]["at"], now)
        ));
    }
    parts.join(", ")
}

/// `1 restart`, `2 restarts`.
fn counted(count: u64, what: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {what}{s}")
}

/// `dismiss_modal` as `dismiss modal`.
fn words(name: &str) -> String {
    name.replace('_', " ")
}

/// `2026-11-25T13:00:00.000Z (4 min ago)`; empty for null.
fn at(moment: &Value, now: Timestamp) -> String {
    let text = plain(moment);
    how_long(moment, now).map_or_else(|| text.clone(), |time| format!("{text} ({time} ago)"))
}

fn how_long(since: &Value, now: Timestamp) -> Option<String> {
    let since: Timestamp = since.as_str()?.parse().ok()?;
    Some(time(now.since(since)))
}

fn until(moment: &Value, now: Timestamp) -> Option<String> {
    let moment: Timestamp = moment.as_str()?.parse().ok()?;
    Some(time(moment.since(now)))
}

/// A duration in its two largest units.
fn time(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 => format!("{} ms", time.as_millis()),
        s if s < 60 => format!("{s} s"),
        s if s < 3_600 => format!("{} min {} s", s / 60, s % 60),
        s if s < 86_400 => format!("{} h {} min", s / 3_600, s / 60 % 60),
        s => format!("{} d {} h", s / 86_400, s / 3_600 % 24),
    }
}

/// Bytes in MiB.
fn size(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a size for people")]
    let mib = bytes as f64 / 1_048_576.0;
    format!("{mib:.0} MiB")
}

#[cfg(test)]
#[path = "account_view_tests.rs"]
mod tests;
