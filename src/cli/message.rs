//! `zaptor send` and `zaptor messages`

use std::io::Read;
use std::time::Duration;

use comfy_table::Table;
use serde_json::{Value, json};
use zaptor_actors::domain::Clock;

use super::args::{Messages, Send};
use super::client::Client;
use super::failure::Failure;
use super::printer::{Printer, facts, plain, table};

const LOOK_EVERY: Duration = Duration::from_millis(300);
/// The way of a message that goes well.
const WAY: [&str; 7] = [
    "scheduled",
    "queued",
    "sending",
    "sent",
    "delivered",
    "read",
    "played",
];
/// The ends of one that does not.
const BAD_ENDS: [&str; 4] = ["failed", "cancelled", "expired", "unknown"];

pub(super) async fn send(send: Send, client: &Client, printer: Printer) -> Result<(), Failure> {
    let account = match &send.account {
        Some(which) => client.account_id(which).await?,
        None => only_account(client).await?,
    };
    let body = json!({
        "account": account,
        "to": recipient(&send.to),
        "type": "text",
        "text": { "body": text(&send.text)? },
    });
    let accepted = client
        .post_once("/v1/messages", Some(&body), send.idempotency_key.as_deref())
        .await?;
    let Some(until) = &send.wait else {
        return printer.data(&accepted, one_accepted);
    };
    let id = plain(&accepted["id"]);
    let message = follow(&id, until, Duration::from_secs(send.timeout), client, printer).await?;
    printer.data(&message, one)?;
    let status = plain(&message["status"]);
    if BAD_ENDS.contains(&status.as_str()) {
        return Err(Failure::Here(format!(
            "{id} is {status}: {}",
            plain(&message["error"]["detail"])
        )));
    }
    Ok(())
}

/// A phone as people write it, `+55 (11) 98765-4321`, in the digits that the service takes; a JID as it is. What is
/// neither goes to the service as it was written, whose refusal then says so.
fn recipient(written: &str) -> String {
    let digits: String = written.chars().filter(char::is_ascii_digit).collect();
    let is_phone = written
        .chars()
        .all(|c| c.is_ascii_digit() || "+-() .".contains(c));
    if is_phone && !digits.is_empty() {
        digits
    } else {
        written.to_owned()
    }
}

fn text(given: &str) -> Result<String, Failure> {
    if given != "-" {
        return Ok(given.to_owned());
    }
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| Failure::machine("cannot read the text", error))?;
    Ok(text)
}

async fn only_account(client: &Client) -> Result<String, Failure> {
    match client.accounts().await?.as_slice() {
        [only] => Ok(plain(&only["id"])),
        [] => Err(Failure::Usage(
            "there is no account yet; `zaptor account create NAME` makes one".to_owned(),
        )),
        _ => Err(Failure::Usage(
            "there are several accounts; name one with --account".to_owned(),
        )),
    }
}

/// Follows a message until it has reached `until` or an end, and says each step.
async fn follow(
    id: &str,
    until: &str,
    timeout: Duration,
    client: &Client,
    printer: Printer,
) -> Result<Value, Failure> {
    let clock = Clock::system();
    let begin = clock.instant();
    let mut said = String::new();
    loop {
        let message = client.get(&format!("/v1/messages/{id}"), &[]).await?;
        let status = plain(&message["status"]);
        if status != said {
            printer.say(&status);
            said.clone_from(&status);
        }
        if reached(&status, until) || BAD_ENDS.contains(&status.as_str()) {
            return Ok(message);
        }
        if clock.instant().duration_since(begin) > timeout {
            let seconds = timeout.as_secs();
            let hint = format!("`zaptor messages {id}` shows how it goes on");
            return Err(Failure::Here(format!(
                "{id} is still {status} after {seconds} s; {hint}"
            )));
        }
        clock.sleep(LOOK_EVERY).await;
    }
}

/// Statuses only move forward, so whatever lies behind `until` has passed it.
fn reached(status: &str, until: &str) -> bool {
    let place = |name: &str| WAY.iter().position(|step| *step == name);
    matches!((place(status), place(until)), (Some(there), Some(aim)) if there >= aim)
}

pub(super) async fn messages(query: Messages, client: &Client, printer: Printer) -> Result<(), Failure> {
    if let Some(id) = &query.message {
        let path = format!("/v1/messages/{id}");
        let message = if query.cancel {
            client.delete(&path).await?
        } else {
            client.get(&path, &[]).await?
        };
        return printer.data(&message, one);
    }
    let account = match &query.account {
        Some(which) => Some(client.account_id(which).await?),
        None => None,
    };
    let filters = [
        ("account", account),
        ("chat", query.chat),
        ("status", query.status),
        ("direction", query.direction),
        ("limit", Some(query.limit.to_string())),
        ("after", query.after),
    ];
    let page = client.get("/v1/messages", &filters).await?;
    printer.data(&page, many)?;
    if let Some(next) = page["next"].as_str() {
        printer.say(&format!("There is more: --after {next}"));
    }
    Ok(())
}

fn many(page: &Value) -> Table {
    let mut rows = table(["ID", "CREATED", "WAY", "CHAT", "STATUS", "TEXT"]);
    for message in page["data"].as_array().into_iter().flatten() {
        let way = if message["direction"] == "inbound" {
            "in"
        } else {
            "out"
        };
        rows.add_row([
            plain(&message["id"]),
            plain(&message["created_at"]),
            way.to_owned(),
            plain(&message["chat"]),
            plain(&message["status"]),
            one_line(&plain(&message["text"]["body"])),
        ]);
    }
    rows
}

/// The first line, and not all of a long one.
fn one_line(text: &str) -> String {
    const SHOWN: usize = 40;
    let first = text.lines().next().unwrap_or_default();
    if first == text && text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    format!("{}…", first.chars().take(SHOWN).collect::<String>())
}

fn one_accepted(accepted: &Value) -> Table {
    facts([
        ("id", plain(&accepted["id"])),
        ("status", plain(&accepted["status"])),
        ("to", plain(&accepted["to"]["jid"])),
        ("cost", plain(&accepted["cost"])),
        ("available", plain(&accepted["balance"]["available"])),
        ("held", plain(&accepted["balance"]["held"])),
    ])
}

fn one(message: &Value) -> Table {
    let mut rows = facts([
        ("id", plain(&message["id"])),
        ("whatsapp id", plain(&message["wa_message_id"])),
        ("direction", plain(&message["direction"])),
        ("status", plain(&message["status"])),
        ("error", plain(&message["error"]["detail"])),
        ("account", plain(&message["account"])),
        ("chat", plain(&message["chat"])),
        ("text", plain(&message["text"]["body"])),
        ("cost", plain(&message["cost"])),
        ("expires", plain(&message["expires_at"])),
    ]);
    for step in message["timeline"].as_array().into_iter().flatten() {
        let parts = [plain(&step["at"]), plain(&step["cause"])];
        rows.add_row([
            format!("- {}", plain(&step["status"])),
            parts.join("  ").trim_end().to_owned(),
        ]);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_behind_the_aim_has_reached_it() {
        assert!(reached("read", "sent") && reached("sent", "sent"));
        assert!(!reached("sending", "sent") && !reached("failed", "sent"));
    }

    #[test]
    fn a_phone_may_be_written_as_people_do() {
        assert_eq!(recipient("+55 (11) 98765-4321"), "5511987654321");
        assert_eq!(recipient("5511987654321@c.us"), "5511987654321@c.us");
        assert_eq!(recipient("shop"), "shop");
    }

    #[test]
    fn a_long_text_becomes_one_line() {
        assert_eq!(one_line("short"), "short");
        assert_eq!(one_line("first\nsecond"), "first…");
        assert_eq!(one_line(&"x".repeat(100)).chars().count(), 41);
    }
}
