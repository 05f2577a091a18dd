//! Scenarios: files that say who has a phone, what happens when, what goes wrong, and what must come of it.
//!
//! A run drives the pure network in virtual time: hours pass in a moment, and the same file and seed give the same
//! delivery log, byte for byte. The same file can be played against a sandbox that runs, over its control API and in real
//! time, with whatever browsers are linked there.
//!
//! The room knows the control API's words (`server::words`) and the network's inputs; nothing else in Zaptor knows it but
//! the command line.

mod cast;
mod expectations;
mod keys;
mod live;
mod page;
mod script;
mod shipped;
mod stage;
mod timetable;

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use self::expectations::Facts;
pub use self::expectations::Verdict;
use self::script::Script;
use self::shipped::SHIPPED;
use self::stage::Stage;
use super::network::{DeliveryFilter, Millis};
use super::server::words;

/// Why a scenario was not run.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// There is no such file, nor a scenario of that name.
    #[error("there is no file {}, and no scenario of that name: {why}. `zaptor sandbox run --list` tells the names", name.display())]
    Missing {
        /// What was asked for.
        name: PathBuf,
        /// What the system says.
        why: std::io::Error,
    },
    /// The file is not TOML or JSON.
    #[error("{name} cannot be read: {why}")]
    Unreadable {
        /// The file.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// The file says something that makes no sense; line by line, each with its key.
    #[error("{name} is not in order:{}", list(.wrong))]
    Wrong {
        /// The file.
        name: String,
        /// What is wrong, and what to do.
        wrong: Vec<String>,
    },
    /// The sandbox at this address did not do what it was asked.
    #[error("the sandbox at {url}: {why}")]
    Sandbox {
        /// Its address.
        url: String,
        /// What happened.
        why: String,
    },
}

fn list(lines: &[String]) -> String {
    lines.iter().fold(String::new(), |mut text, line| {
        let _ = write!(text, "\n  {line}");
        text
    })
}

/// A scenario that was read and is in order.
#[derive(Debug)]
pub struct Scenario {
    name: String,
    script: Script,
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// The scenario's title.
    pub title: String,
    /// The seed that it ran with; `None`: the sandbox that it ran against has its own.
    pub seed: Option<u64>,
    /// How long it was, in milliseconds of its own time.
    pub lasted_ms: i64,
    /// Messages that reached the server.
    pub deliveries: usize,
    /// SHA-256 of the delivery log.
    pub digest: String,
    /// The delivery log: a line of JSON for each message, in order of arrival.
    pub log: String,
    /// The expectations, in the order of the file.
    pub verdicts: Vec<Verdict>,
    /// Steps that the network did not do: where they stand, how often, and the first reason.
    pub refused: Vec<(String, usize, String)>,
}

/// The scenarios that come with the program: name, and what it shows.
pub fn shipped() -> Vec<(&'static str, String)> {
    let about = |text: &str| {
        let table = toml::from_str::<toml::Table>(text).unwrap_or_default();
        table
            .get("about")
            .and_then(|about| about.as_str())
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    SHIPPED.iter().map(|(name, text)| (*name, about(text))).collect()
}

impl Scenario {
    /// Reads a scenario: a file, or one of those that come with the program, by its name.
    ///
    /// # Errors
    /// When there is none, or it is not in order.
    pub fn open(name: &str) -> Result<Scenario, ScenarioError> {
        if let Some((_, text)) = SHIPPED.iter().find(|(known, _)| *known == name) {
            return Scenario::read(name, text);
        }
        let text = std::fs::read_to_string(name).map_err(|why| ScenarioError::Missing {
            name: PathBuf::from(name),
            why,
        })?;
        Scenario::read(name, &text)
    }

    /// Reads the text of a scenario: JSON if its name ends so, else TOML.
    ///
    /// # Errors
    /// When it is not in order.
    pub fn read(name: &str, text: &str) -> Result<Scenario, ScenarioError> {
        let unreadable = |why: String| ScenarioError::Unreadable {
            name: name.to_owned(),
            why,
        };
        let is_json = Path::new(name)
            .extension()
            .is_some_and(|extension| extension == "json");
        let file: Value = if is_json {
            serde_json::from_str(text).map_err(|error| unreadable(error.to_string()))?
        } else {
            toml::from_str(text).map_err(|error| unreadable(error.to_string()))?
        };
        let script = Script::read(file).map_err(|wrong| ScenarioError::Wrong {
            name: name.to_owned(),
            wrong,
        })?;
        Ok(Scenario {
            name: name.to_owned(),
            script,
        })
    }

    /// The name by which it was opened.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs it in virtual time. Without `seed` that of the file holds.
    pub fn run(&self, seed: Option<u64>) -> Report {
        let script = &self.script;
        let seed = seed.unwrap_or(script.seed);
        let mut stage = Stage::new(script, seed);
        let mut deeds: VecDeque<_> = timetable::timetable(script, seed).into();
        let mut verdicts: Vec<Option<Verdict>> = script.expected.iter().map(|_| None).collect();
        for moment in self.moments() {
            stage.play(&mut deeds, moment);
            let log = log_of(&stage);
            let linked = |number: &_| stage.is_linked(number);
            let facts = Facts {
                cast: &script.cast,
                groups: &stage.groups,
                deliveries: &log,
                pages: Some(&stage.pages),
                linked: &linked,
            };
            judge(script, moment, &facts, &mut verdicts);
        }
        report(script, Some(seed), &log_of(&stage), verdicts, &stage.refused)
    }

    /// Plays it against the sandbox whose control answers at `url`, in real time. Its pages are whatever is linked there.
    ///
    /// # Errors
    /// When the sandbox cannot be reached, or refuses what must not be refused.
    pub async fn run_against(&self, url: &str, seed: Option<u64>) -> Result<Report, ScenarioError> {
        live::run(self, url, seed).await
    }

    /// The moments at which something is judged, from the start; the end is the last.
    fn moments(&self) -> Vec<Millis> {
        let ends = self.script.lasts;
        let by = self.script.expected.iter().filter_map(|expected| expected.by);
        let mut moments: Vec<Millis> = by.filter(|by| *by < ends).chain([ends]).collect();
        moments.sort_unstable();
        moments.dedup();
        moments
    }
}

/// Judges what is to be judged at this moment.
fn judge(script: &Script, moment: Millis, facts: &Facts<'_>, verdicts: &mut [Option<Verdict>]) {
    for (expected, verdict) in script.expected.iter().zip(verdicts) {
        if expected.by.unwrap_or(script.lasts).min(script.lasts) == moment {
            *verdict = Some(expected.judge(facts));
        }
    }
}

fn log_of(stage: &Stage<'_>) -> Vec<Value> {
    let (log, _) = stage
        .network()
        .deliveries(&DeliveryFilter::default(), 0, usize::MAX);
    log.iter().map(words::delivery).collect()
}

fn report(
    script: &Script,
    seed: Option<u64>,
    deliveries: &[Value],
    verdicts: Vec<Option<Verdict>>,
    refusals: &[(String, String)],
) -> Report {
    let log = deliveries.iter().fold(String::new(), |mut log, line| {
        let _ = writeln!(log, "{line}");
        log
    });
    let mut refused: Vec<(String, usize, String)> = Vec::new();
    for (place, why) in refusals {
        match refused.iter_mut().find(|(known, _, _)| known == place) {
            Some((_, count, _)) => *count += 1,
            None => refused.push((place.clone(), 1, why.clone())),
        }
    }
    let digest = Sha256::digest(log.as_bytes());
    Report {
        title: script.title.clone(),
        seed,
        lasted_ms: script.lasts,
        deliveries: deliveries.len(),
        digest: digest.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        }),
        log,
        verdicts: verdicts.into_iter().flatten().collect(),
        refused,
    }
}

impl Report {
    /// Whether everything that could be seen is as it was expected.
    pub fn is_met(&self) -> bool {
        self.verdicts.iter().all(|verdict| verdict.met != Some(false))
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let refused = self.refused.iter();
        let refused: Vec<Value> = refused
            .map(|(place, times, why)| json!({"place": place, "times": times, "why": why}))
            .collect();
        json!({
            "title": self.title, "seed": self.seed, "lasted_ms": self.lasted_ms, "deliveries": self.deliveries,
            "digest": format!("sha256:{}", self.digest), "met": self.is_met(),
            "expected": self.verdicts.iter().map(Verdict::json).collect::<Vec<_>>(), "refused": refused,
        })
    }

    /// For people.
    pub fn text(&self) -> String {
        let mut text = format!("{}\n\n", self.title);
        for verdict in &self.verdicts {
            let mark = match verdict.met {
                Some(true) => "met   ",
                Some(false) => "MISSED",
                None => "unseen",
            };
            let seen = verdict
                .seen
                .map_or("it takes virtual time to see it".to_owned(), |seen| {
                    format!("{seen}")
                });
            let _ = writeln!(
                text,
                "  {mark}  {}: {}, seen {seen}",
                verdict.about, verdict.expected
            );
        }
        for (place, times, why) in &self.refused {
            let _ = writeln!(text, "  refused {times} times at {place}: {why}");
        }
        let seed = self.seed.map_or(String::new(), |seed| format!(", seed {seed}"));
        let seconds = self.lasted_ms / 1_000;
        let _ = write!(
            text,
            "\n  {} messages in {seconds} s of its own time{seed}\n  delivery log sha256:{}",
            self.deliveries, self.digest
        );
        text
    }
}
