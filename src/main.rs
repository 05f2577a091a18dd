//! The program. Everything it does is reached through the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    zaptor::cli::main()
}
