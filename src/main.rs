//! The program. Everything it does is reached through the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Zaptor starts itself once more to guard its browsers.
    zaptor_actors::session::browser::stand_in().unwrap_or_else(zaptor::cli::main)
}
