//! Commands that print and are done: configuration, completions, the OpenAPI document.

use clap::CommandFactory;
use clap_complete::Shell;
use serde_json::{Value, json};

use super::args::{Arguments, Node};
use super::client::Client;
use super::failure::Failure;
use super::node;
use super::printer::{Printer, table};
use crate::config::rows;

/// `zaptor config`: every setting and its origin. Lists are long, so people see how long and programs see them.
pub(super) fn config(node: Node, printer: Printer) -> Result<(), Failure> {
    let effective = node::effective(&node, node::flags(&node))?;
    let rows = rows(&effective);
    let settings: Vec<Value> = rows
        .iter()
        .map(|row| json!({ "key": row.key, "value": row.value, "origin": row.origin }))
        .collect();
    printer.data(&Value::from(settings), |_| {
        let mut shown = table(["KEY", "VALUE", "FROM"]);
        for row in &rows {
            let value = match row.value.as_array() {
                Some(list) => format!("{} entries (--json shows them)", list.len()),
                None => row.value.to_string(),
            };
            shown.add_row([row.key.clone(), value, row.origin.clone()]);
        }
        shown
    })
}

/// `zaptor completions`
pub(super) fn completions(shell: Shell, printer: Printer) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "zaptor", &mut script);
    printer.bytes(&script)
}

/// `zaptor openapi`: the document of the service that is spoken to, which may be another version than this program.
pub(super) async fn openapi(client: &Client, printer: Printer) -> Result<(), Failure> {
    let document = client.get("/openapi.json", &[]).await?;
    let text = serde_json::to_string_pretty(&document).map_err(|error| Failure::machine("openapi", error))?;
    printer.line(&text)
}
