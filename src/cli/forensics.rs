//! `zaptor account forensics`

use std::path::Path;

use comfy_table::Table;
use serde_json::Value;

use super::client::Client;
use super::failure::Failure;
use super::printer::{Printer, facts, plain, table};

/// Lists the repairs of an account, shows one, or saves the picture of one (of the newest that has one, if none is named).
pub(super) async fn run(
    which: &str,
    bundle: Option<&str>,
    screenshot: Option<&Path>,
    client: &Client,
    printer: Printer,
) -> Result<(), Failure> {
    let id = client.account_id(which).await?;
    let path = format!("/v1/accounts/{id}/forensics");
    if let Some(file) = screenshot {
        return save(&path, bundle, file, client, printer).await;
    }
    if let Some(bundle) = bundle {
        let found = client.get(&format!("{path}/{bundle}"), &[]).await?;
        return printer.data(&found, one);
    }
    let mut page = client.get(&path, &[]).await?;
    printer.data(&page["data"].take(), many)
}

async fn save(
    path: &str,
    bundle: Option<&str>,
    file: &Path,
    client: &Client,
    printer: Printer,
) -> Result<(), Failure> {
    let bundle = match bundle {
        Some(bundle) => bundle.to_owned(),
        None => {
            let page = client.get(path, &[]).await?;
            let with_picture = page["data"].as_array().into_iter().flatten();
            let mut with_picture = with_picture.filter(|bundle| bundle["has_screenshot"] == true);
            let newest = with_picture.next();
            let newest = newest.map(|bundle| plain(&bundle["id"]));
            newest.ok_or_else(|| Failure::Here("no repair of this account has a picture".to_owned()))?
        }
    };
    let picture = client
        .get_bytes(&format!("{path}/{bundle}/screenshot"), "image/png")
        .await?;
    if file == Path::new("-") {
        return printer.bytes(&picture);
    }
    std::fs::write(file, picture).map_err(|error| Failure::machine(file.display(), error))?;
    printer.line(&file.display().to_string())
}

fn many(bundles: &Value) -> Table {
    let mut rows = table(["ID", "AT", "TRIGGER", "ENDED", "STAGES"]);
    for bundle in bundles.as_array().into_iter().flatten() {
        rows.add_row([
            plain(&bundle["id"]),
            plain(&bundle["at"]),
            plain(&bundle["trigger"]),
            plain(&bundle["ended"]),
            stages(bundle),
        ]);
    }
    rows
}

/// The stages with what became of each: `dismiss_modal failed, reload_page helped`.
fn stages(bundle: &Value) -> String {
    let stages = bundle["stages"].as_array().into_iter().flatten();
    let told = stages.map(|stage| format!("{} {}", plain(&stage["stage"]), plain(&stage["outcome"])));
    told.collect::<Vec<_>>().join(", ")
}

fn one(bundle: &Value) -> Table {
    let line = |parts: [&Value; 4]| {
        let parts = parts.map(plain);
        let parts = parts.iter().filter(|part| !part.is_empty());
        parts.map(String::as_str).collect::<Vec<_>>().join("  ")
    };
    let mut rows: Vec<(&str, String)> = [
        "id",
        "at",
        "trigger",
        "detail",
        "ended",
        "has_screenshot",
        "no_screenshot",
        "bytes",
    ]
    .into_iter()
    .map(|name| (name, plain(&bundle[name])))
    .filter(|(_, value)| !value.is_empty())
    .collect();
    for stage in bundle["stages"].as_array().into_iter().flatten() {
        let took = Value::from(format!("{} ms", plain(&stage["took_ms"])));
        let told = [&stage["stage"], &stage["outcome"], &took, &stage["detail"]];
        rows.push(("stage", line(told)));
    }
    for state in bundle["states"].as_array().into_iter().flatten() {
        let told = [&state["at"], &state["state"], &state["reason"], &Value::Null];
        rows.push(("state", line(told)));
    }
    for said in bundle["console"].as_array().into_iter().flatten() {
        rows.push(("console", plain(said)));
    }
    facts(rows)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_repair_reads_from_its_trigger_to_its_end() {
        let bundle = json!({
            "id": "rep_1", "at": "2026-11-25T14:00:00.000Z", "trigger": "modal", "detail": "a dialog", "ended": "repaired",
            "stages": [
                {"stage": "dismiss_modal", "outcome": "failed", "took_ms": 3000, "detail": "it is still there"},
                {"stage": "reload_page", "outcome": "helped", "took_ms": 900, "detail": null},
            ],
            "states": [{"at": "2026-11-25T13:59:00.000Z", "state": "online", "reason": null}],
            "console": ["TypeError: …"], "has_screenshot": false, "no_screenshot": "the page gave no answer",
            "bytes": 8000,
        });
        let list = many(&json!([bundle])).to_string();
        assert!(
            list.contains("dismiss_modal failed, reload_page helped"),
            "{list}"
        );
        let shown = one(&bundle).to_string();
        for part in [
            "dismiss_modal  failed  3000 ms  it is still there",
            "reload_page  helped  900 ms",
            "TypeError",
            "the page gave no answer",
        ] {
            assert!(shown.contains(part), "{part} is not in\n{shown}");
        }
    }
}
