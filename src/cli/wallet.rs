//! `zaptor wallet`

use comfy_table::Table;
use serde_json::{Value, json};

use super::args::{Wallet, WalletCommand};
use super::client::Client;
use super::failure::Failure;
use super::printer::{Printer, facts, plain, table};

pub(super) async fn run(wallet: Wallet, client: &Client, printer: Printer) -> Result<(), Failure> {
    match wallet.command {
        None => printer.data(&client.get("/v1/wallet", &[]).await?, balance),
        Some(WalletCommand::Entries { limit }) => {
            let query = [("limit", Some(limit.to_string()))];
            printer.data(&client.get("/v1/wallet/entries", &query).await?, entries)
        }
        Some(WalletCommand::Topup { amount, tenant, note }) => {
            let mut body = json!({ "amount": amount });
            if let Some(tenant) = tenant {
                body["tenant"] = tenant.into();
            }
            if let Some(note) = note {
                body["note"] = note.into();
            }
            let entry = client.post("/v1/wallet/topups", Some(&body)).await?;
            printer.data(&entry, |entry| balance(&entry["wallet"]))
        }
    }
}

fn balance(wallet: &Value) -> Table {
    let names = ["available", "held", "spent_today", "low_threshold"];
    facts(names.map(|name| (name, plain(&wallet[name]))))
}

fn entries(page: &Value) -> Table {
    let mut rows = table(["ID", "CREATED", "KIND", "AMOUNT", "MESSAGE", "NOTE"]);
    for entry in page["data"].as_array().into_iter().flatten() {
        let names = ["id", "created_at", "kind", "amount", "message", "note"];
        rows.add_row(names.map(|name| plain(&entry[name])));
    }
    rows
}
