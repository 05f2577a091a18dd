//! Draws an account's QR code, renews it as WhatsApp does, and follows until the account is online.

use std::time::Duration;

use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};
use serde_json::{Value, json};
use zaptor_actors::domain::Clock;

use super::client::Client;
use super::failure::Failure;
use super::printer::{Printer, plain};

/// Pause between two looks. A code lives some 20 seconds.
const LOOK_EVERY: Duration = Duration::from_millis(700);

/// Follows the account `id` for at most `timeout`. One that was just started still rests for a moment: `rested` is the
/// time since when it did, and that rest is not taken for its end. With a `phone` the code is one that is typed on it.
/// With `--json` it prints one object for each code and each state.
pub(super) async fn follow(
    id: &str,
    rested: Option<&str>,
    phone: Option<&str>,
    timeout: Duration,
    client: &Client,
    printer: Printer,
) -> Result<(), Failure> {
    let clock = Clock::system();
    let begin = clock.instant();
    let mut shown = Shown::default();
    if !printer.is_json() {
        shown.hint = sandbox_hint(id, client).await;
    }
    loop {
        let account = client.get(&format!("/v1/accounts/{id}"), &[]).await?;
        let state = plain(&account["state"]);
        let still_rests = rested.is_some() && account["since"].as_str() == rested;
        if !still_rests {
            shown.state(&account, &state, printer)?;
        }
        match state.as_str() {
            _ if still_rests => {}
            "online" => return Ok(()),
            "failed" | "banned" | "stopped" | "logged_out" => return Err(ended(&account, &state)),
            "pairing" => shown.code(id, phone, client, printer).await?,
            _ => {}
        }
        if clock.instant().duration_since(begin) > timeout {
            let seconds = timeout.as_secs();
            return Err(Failure::Here(format!(
                "{id} is still {state} after {seconds} s; the account goes on by itself"
            )));
        }
        clock.sleep(LOOK_EVERY).await;
    }
}

fn ended(account: &Value, state: &str) -> Failure {
    let parts = [plain(&account["reason"]), plain(&account["action"])];
    let why = parts
        .iter()
        .filter(|part| !part.is_empty())
        .cloned()
        .collect::<Vec<_>>()
        .join("; ");
    let id = plain(&account["id"]);
    Failure::Here(format!(
        "the account is {state}: {why}. `zaptor account restart {id}` tries again"
    ))
}

/// Where the code can be scanned without a phone, if this service has a sandbox. It is a hint: a service that does not
/// tell is asked no further.
async fn sandbox_hint(id: &str, client: &Client) -> String {
    match client.get("/v1/system/info", &[]).await {
        Ok(info) if info["sandbox_url"].is_string() => format!(
            "\nNo phone at hand? A simulated one scans it at {}/#/accounts/{id}",
            client.url()
        ),
        _ => String::new(),
    }
}

/// What was printed last, so that only news is printed.
#[derive(Default)]
struct Shown {
    state: String,
    code: String,
    /// Whether the code is one that is typed.
    by_phone: bool,
    /// Lines of the code on the screen, which the next code is drawn over.
    lines: usize,
    /// What stands below each code, beginning with a line break if there is anything.
    hint: String,
}

impl Shown {
    fn state(&mut self, account: &Value, state: &str, printer: Printer) -> Result<(), Failure> {
        if self.state == state {
            return Ok(());
        }
        state.clone_into(&mut self.state);
        self.lines = 0;
        if printer.is_json() {
            return printer.line(&json!({ "account": account["id"], "state": state }).to_string());
        }
        let reason = plain(&account["reason"]);
        let reason = if reason.is_empty() {
            reason
        } else {
            format!(": {reason}")
        };
        printer.say(&format!("{} is {state}{reason}", plain(&account["name"])));
        Ok(())
    }

    async fn code(
        &mut self,
        id: &str,
        phone: Option<&str>,
        client: &Client,
        printer: Printer,
    ) -> Result<(), Failure> {
        let path = format!("/v1/accounts/{id}/pairing");
        let asked = match phone.filter(|_| !self.by_phone) {
            Some(phone) => {
                let body = json!({ "phone": phone });
                client.post(&format!("{path}/code"), Some(&body)).await
            }
            None => client.get(&path, &[]).await,
        };
        let pairing = match asked {
            Ok(pairing) => pairing,
            // It went on between our two questions, or has no code yet.
            Err(failure) if failure.code() == "not_pairing" => return Ok(()),
            Err(failure) => return Err(failure),
        };
        // When the code has ended, a QR code is shown again: then another one is asked for.
        self.by_phone = pairing["method"] == "code";
        if phone.is_some() && !self.by_phone {
            return Ok(());
        }
        let code = plain(&pairing["code"]);
        if code == self.code {
            return Ok(());
        }
        if printer.is_json() {
            printer.line(&json!({ "account": id, "pairing": pairing }).to_string())?;
        } else if pairing["method"] == "code" {
            printer.line(&format!(
                "{code}\nType it: WhatsApp > Linked devices > Link a device > Link with phone number instead"
            ))?;
        } else {
            self.draw(&code, &plain(&pairing["attempt"]), printer)?;
        }
        self.code = code;
        Ok(())
    }

    fn draw(&mut self, code: &str, attempt: &str, printer: Printer) -> Result<(), Failure> {
        let drawing = draw(code)?;
        let over = if self.lines > 0 && printer.is_terminal() {
            format!("\x1b[{}A\x1b[J", self.lines)
        } else {
            String::new()
        };
        let hint = &self.hint;
        let text = format!(
            "{over}{drawing}\nScan it: WhatsApp > Linked devices > Link a device (code {attempt}){hint}"
        );
        self.lines = drawing.lines().count() + 1 + hint.lines().skip(1).count();
        printer.line(&text)
    }
}

/// The code in half blocks: two rows of modules in one line of text. Light on dark as terminals are, with the quiet
/// zone that scanners ask for.
fn draw(code: &str) -> Result<String, Failure> {
    // The least correction makes the smallest drawing: nothing stains a screen, and terminals are small.
    let code = QrCode::with_error_correction_level(code, EcLevel::L)
        .map_err(|error| Failure::machine("the code cannot be drawn", error))?;
    let mut image = code.render::<Dense1x2>();
    Ok(image
        .dark_color(Dense1x2::Light)
        .light_color(Dense1x2::Dark)
        .quiet_zone(true)
        .build())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    #[test]
    fn a_code_becomes_half_blocks_of_equal_width() {
        let drawing =
            super::draw("2@abcdefghijklmnopqrstuvwxyz,0123456789,ABCDEFGHIJKLMNOP=,qrstuv==").unwrap();
        let widths: Vec<usize> = drawing.lines().map(|line| line.chars().count()).collect();
        assert!(widths.len() > 15 && widths.iter().all(|width| *width == widths[0]));
        assert!(drawing.contains('▀') || drawing.contains('▄'));
    }
}
