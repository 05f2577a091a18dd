//! Questions to the person at the keyboard.

use std::io::{self, BufRead, IsTerminal};
use std::process::{Command, Stdio};

use super::failure::Failure;
use super::printer::Printer;

/// Asks the person at the keyboard; `otherwise` says what to do where there is none.
pub(super) fn ask(question: &str, otherwise: &str, printer: Printer) -> Result<String, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::Usage(format!("nobody is here to ask; {otherwise}")));
    }
    printer.say(question);
    read_line()
}

/// Asks without showing what is typed. The terminal is put back as it was even if reading fails.
pub(super) fn ask_secret(question: &str, otherwise: &str, printer: Printer) -> Result<String, Failure> {
    let hidden = stty("-echo");
    let answer = ask(question, otherwise, printer);
    if hidden {
        stty("echo");
    }
    answer
}

fn stty(argument: &str) -> bool {
    let status = Command::new("stty")
        .arg(argument)
        .stdin(Stdio::inherit())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

/// One line from stdin, without its end.
pub(super) fn read_line() -> Result<String, Failure> {
    let mut line = String::new();
    io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| Failure::machine("cannot read", error))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
