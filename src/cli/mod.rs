//! The command line. Data goes to stdout, talk to stderr; `--json` makes data readable for programs.
//!
//! Exit codes: 0 done, 1 refused (by the service, or by this machine), 2 wrong usage, 3 the service cannot be reached.
//! Client commands know the public API alone: this room never opens the database and never talks to an actor.

mod account;
mod account_view;
mod actors;
mod agent;
mod args;
mod asking;
mod client;
mod credentials;
mod doctor;
mod failure;
mod forensics;
mod local;
mod login;
mod message;
mod node;
mod pairing;
mod printer;
mod profile;
mod scenario;
mod serve_options;
mod settings;
mod setup;
mod stop_signal;
mod tail;
mod wallet;

use std::process::ExitCode;

use args::{Arguments, Command, SandboxCommand};
use client::Client;
use failure::Failure;
use printer::Printer;

pub use serve_options::{Admin, Mode, Ready, ServeOptions};
pub use stop_signal::stop_signal;

/// Reads the command line, does what it says and gives the exit code. Called by `main` alone.
pub fn main() -> ExitCode {
    let arguments = Arguments::read(); // ends the process with code 2 on wrong usage
    let printer = Printer::new(arguments.json);
    match run(arguments, printer) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            printer.failure(&failure);
            failure.exit_code()
        }
    }
}

fn run(arguments: Arguments, printer: Printer) -> Result<(), Failure> {
    // One TLS stack for every client in this process; whoever installed it before chose the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match arguments.command {
        Command::Up(up) => node::up(up, printer),
        Command::Serve(node) => node::serve(node, printer),
        Command::Sandbox(sandbox) => match sandbox.command {
            Some(SandboxCommand::Run(run)) => {
                let url = arguments.service.url.filter(|_| arguments.url_by_hand);
                scenario::run(run, url.as_deref(), printer)
            }
            None => node::sandbox(sandbox, printer),
        },
        Command::Migrate(node) => node::migrate(node, printer),
        Command::Setup(setup) => setup::run(setup, printer),
        Command::Doctor(node) => doctor::run(node, printer),
        Command::Config(node) => local::config(node, printer),
        Command::Completions { shell } => local::completions(shell, printer),
        client_command => {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(|error| Failure::machine("cannot start", error))?;
            runtime.block_on(talk(client_command, &arguments.service, printer))
        }
    }
}

/// The commands that speak to a running service.
async fn talk(command: Command, service: &args::Service, printer: Printer) -> Result<(), Failure> {
    if let Command::Login(login) = command {
        return login::run(login, service, printer).await;
    }
    let client = Client::new(service)?;
    match command {
        Command::Account(command) => account::run(command, &client, printer).await,
        Command::Send(send) => message::send(send, &client, printer).await,
        Command::Messages(query) => message::messages(query, &client, printer).await,
        Command::Tail(tail) => tail::run(tail, &client, printer).await,
        Command::Agent(command) => agent::run(command, &client, printer).await,
        Command::Vault(command) => profile::vault(command, &client, printer).await,
        Command::Actors => actors::run(&client, printer).await,
        Command::Wallet(wallet) => wallet::run(wallet, &client, printer).await,
        Command::Openapi => local::openapi(&client, printer).await,
        other => unreachable!("{other:?} does not speak to a service"),
    }
}
