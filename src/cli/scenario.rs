//! `zaptor sandbox run`: plays a scenario and reports what came of it.

use serde_json::json;

use super::args::ScenarioArguments;
use super::failure::Failure;
use super::printer::{Printer, table};
use crate::sandbox::scenario::{self, Report, Scenario, ScenarioError};

impl From<ScenarioError> for Failure {
    fn from(error: ScenarioError) -> Failure {
        match error {
            ScenarioError::Sandbox { .. } => Failure::Unreachable(error.to_string()),
            other => Failure::Usage(other.to_string()),
        }
    }
}

/// Plays a scenario: in virtual time, or against the sandbox at `url`.
pub(super) fn run(arguments: ScenarioArguments, url: Option<&str>, printer: Printer) -> Result<(), Failure> {
    let Some(name) = arguments.scenario.filter(|_| !arguments.list) else {
        return list(printer);
    };
    let scenario = Scenario::open(&name)?;
    let report = match url {
        None => scenario.run(arguments.seed),
        Some(url) => in_real_time(&scenario, url, arguments.seed)?,
    };
    if let Some(file) = &arguments.log {
        std::fs::write(file, &report.log).map_err(|error| Failure::machine(file.display(), error))?;
    }
    if printer.is_json() {
        printer.line(&report.json().to_string())?;
    } else {
        printer.line(&report.text())?;
    }
    if report.is_met() {
        Ok(())
    } else {
        Err(Failure::Here(
            "the scenario did not come out as it expects".to_owned(),
        ))
    }
}

fn in_real_time(scenario: &Scenario, url: &str, seed: Option<u64>) -> Result<Report, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::machine("cannot start", error))?;
    Ok(runtime.block_on(scenario.run_against(url, seed))?)
}

fn list(printer: Printer) -> Result<(), Failure> {
    let shipped = scenario::shipped();
    let rows = shipped
        .iter()
        .map(|(name, about)| json!({"name": name, "about": about}));
    printer.data(&rows.collect(), |_| {
        let mut lines = table(["NAME", "WHAT IT SHOWS"]);
        for (name, about) in &shipped {
            lines.add_row([name, about.as_str()]);
        }
        lines
    })
}
