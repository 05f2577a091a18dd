//! Everything that is printed goes through here: data to stdout, talk to stderr.

use std::io::{self, ErrorKind, IsTerminal, Write};

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use serde_json::Value;

use super::failure::Failure;

/// Prints for people or, with `--json`, for programs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Printer {
    json: bool,
}

impl Printer {
    pub(super) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether programs read our data.
    pub(super) fn is_json(self) -> bool {
        self.json
    }

    /// Whether a person looks at what goes to stdout.
    pub(super) fn is_terminal(self) -> bool {
        !self.json && io::stdout().is_terminal()
    }

    /// One line of data.
    pub(super) fn line(self, text: &str) -> Result<(), Failure> {
        self.bytes(format!("{text}\n").as_bytes())
    }

    /// Data as it is.
    pub(super) fn bytes(self, data: &[u8]) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        out.write_all(data)
            .and_then(|()| out.flush())
            .map_err(|error| match error.kind() {
                ErrorKind::BrokenPipe => Failure::ReaderGone,
                _ => Failure::machine("cannot write to stdout", error),
            })
    }

    /// Data for programs as it is, for people as the table that `table` makes of it.
    pub(super) fn data(self, value: &Value, table: impl FnOnce(&Value) -> Table) -> Result<(), Failure> {
        if self.json {
            self.line(&value.to_string())
        } else {
            self.line(&table(value).trim_fmt())
        }
    }

    /// A sentence for the person at the keyboard.
    #[expect(clippy::unused_self, reason = "all printing goes through the printer")]
    pub(super) fn say(self, text: &str) {
        // Where nobody can hear us, there is nobody to tell about it.
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Why a command failed, and what to do about it.
    pub(super) fn failure(self, failure: &Failure) {
        match failure {
            Failure::ReaderGone => {}
            Failure::Refused(problem) if self.json => self.say(&problem.to_string()),
            Failure::Refused(problem) => self.problem(problem),
            Failure::Here(text) | Failure::Usage(text) | Failure::Unreachable(text) => {
                self.say(&format!("zaptor: {text}"));
            }
        }
    }

    fn problem(self, problem: &Value) {
        let text = |name: &str| problem[name].as_str().unwrap_or_default();
        let detail = if text("detail").is_empty() {
            text("title")
        } else {
            text("detail")
        };
        self.say(&format!("zaptor: {detail}"));
        for error in problem["errors"].as_array().into_iter().flatten() {
            let text = |name: &str| error[name].as_str().unwrap_or_default();
            if detail.contains(text("detail")) {
                continue; // said already
            }
            self.say(&format!("  {}: {}", text("pointer"), text("detail")));
        }
        self.say(&format!(
            "  code {}, request {}",
            text("code"),
            text("request_id")
        ));
        if problem["status"] == 401 {
            self.say("  `zaptor login` signs you in; ZAPTOR_API_KEY takes an API key");
        }
    }
}

/// A table with these headings and no lines between its rows.
pub(super) fn table<const N: usize>(headings: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(headings);
    table
}

/// A table of two columns: name and value.
pub(super) fn facts<'a>(rows: impl IntoIterator<Item = (&'a str, String)>) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING);
    for (name, value) in rows {
        if !value.is_empty() {
            table.add_row([name.to_owned(), value]);
        }
    }
    table
}

/// A JSON value as a person reads it: text without quotes, nothing for null.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
