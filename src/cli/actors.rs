//! `zaptor actors`: who supervises whom, and how each of them is.

use comfy_table::Table;
use serde_json::Value;

use super::client::Client;
use super::failure::Failure;
use super::printer::{Printer, plain, table};

pub(super) async fn run(client: &Client, printer: Printer) -> Result<(), Failure> {
    let page = client.get("/v1/system/actors", &[]).await?;
    printer.data(&page, |page| tree(&page["data"]))
}

/// Every actor in a line, below the one that it hangs on.
fn tree(actors: &Value) -> Table {
    let mut rows = table([
        "ACTOR",
        "STATE",
        "GENERATION",
        "RESTARTS",
        "QUEUE",
        "CPU",
        "MEMORY",
        "LAST EXIT",
    ]);
    let actors: Vec<&Value> = actors.as_array().into_iter().flatten().collect();
    // Whoever hangs on somebody who is not shown stands at the root: nobody is left out.
    let shown = |name: &Value| actors.iter().any(|actor| actor["name"] == *name);
    let roots = actors
        .iter()
        .filter(|actor| !shown(&actor["parent"]) || actor["parent"] == actor["name"]);
    let mut next: Vec<(usize, &Value)> = roots.rev().map(|actor| (0, *actor)).collect();
    while let Some((depth, actor)) = next.pop() {
        rows.add_row(line(depth, actor));
        // An account is nobody's parent, however it is called.
        if actor["account"].is_null() && depth < actors.len() {
            let below = actors
                .iter()
                .filter(|child| child["parent"] == actor["name"] && child["name"] != actor["name"]);
            next.extend(below.rev().map(|child| (depth + 1, *child)));
        }
    }
    rows
}

fn line(depth: usize, actor: &Value) -> [String; 8] {
    let name = if actor["account"].is_null() {
        plain(&actor["name"])
    } else {
        plain(&actor["account"])
    };
    let exit = &actor["last_exit"];
    let cpu = actor["cpu_percent"].as_f64();
    let memory = actor["pss_bytes"].as_u64();
    [
        format!("{}{name}", "  ".repeat(depth)),
        plain(&actor["state"]),
        plain(&actor["generation"]),
        plain(&actor["restarts"]),
        plain(&actor["queue_depth"]),
        cpu.map(|percent| format!("{percent:.1} %")).unwrap_or_default(),
        memory
            .map(|bytes| format!("{} MiB", bytes >> 20))
            .unwrap_or_default(),
        if exit.is_null() {
            String::new()
        } else {
            format!("{} ({})", plain(&exit["reason"]), plain(&exit["at"]))
        },
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_actor_stands_below_the_one_that_it_hangs_on() {
        let actors = json!([
            {"name": "supervisor", "parent": null, "account": null, "state": "running", "generation": 1, "restarts": 0},
            {"name": "dispatcher", "parent": "supervisor", "account": null, "state": "running", "generation": 2,
             "restarts": 1, "queue_depth": 7, "last_exit": {"reason": "a panic", "at": "2026-01-01T00:00:00Z"}},
            {"name": "driver-1", "parent": "supervisor", "account": null, "state": "running"},
            {"name": "account", "parent": "driver-1", "account": "acc_1", "state": "running", "cpu_percent": 2.04,
             "pss_bytes": 52_428_800},
            {"name": "account", "parent": "supervisor", "account": "acc_2", "state": "failed"},
            {"name": "account", "parent": "driver-9", "account": "acc_3", "state": "running"},
        ]);
        let text = tree(&actors).trim_fmt();
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        let starts = [
            "ACTOR",
            "supervisor",
            "  dispatcher",
            "  driver-1",
            "    acc_1",
            "  acc_2",
            "acc_3",
        ];
        let trimmed = |line: &&str| line.strip_prefix(' ').unwrap_or(line).to_owned();
        assert_eq!(lines.len(), starts.len(), "{text}");
        for (line, start) in lines.iter().zip(starts) {
            assert!(
                trimmed(line).starts_with(start) || line.starts_with(start),
                "{text}"
            );
        }
        assert!(
            text.contains("2.0 %") && text.contains("50 MiB") && text.contains("a panic ("),
            "{text}"
        );
    }
}
