//! A run in real time against a sandbox that runs: every step is a call of its control API. What the pages of the scenario
//! would do is left to whoever is linked there.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::{Map, Value, json};
use zaptor_actors::domain::clock::{Clock, Timestamp};

use super::cast::{Party, chat_of};
use super::expectations::Facts;
use super::timetable::{Deed, What, timetable};
use super::{Report, Scenario, ScenarioError, judge, report};
use crate::sandbox::network::Millis;
use crate::sandbox::server::client_tls;

/// The longest that the sandbox may take for one call.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why a step of a page is not done.
const NOT_OURS: &str = "pages are real browsers here and do what they do";

/// The sandbox's control.
struct Control {
    client: Client,
    url: String,
    /// Ids of the scenario's groups.
    groups: Vec<String>,
    /// Messages that other steps name, with their ids.
    names: BTreeMap<String, String>,
    /// Steps that it did not do, with its reason.
    refused: Vec<(String, String)>,
}

impl Control {
    fn new(url: &str) -> Result<Control, ScenarioError> {
        let url = url.trim_end_matches('/').to_owned();
        let client = Client::builder()
            .timeout(PATIENCE)
            .no_proxy()
            .tls_backend_preconfigured(client_tls())
            .build();
        match client {
            Ok(client) => Ok(Control {
                client,
                url,
                groups: Vec::new(),
                names: BTreeMap::new(),
                refused: Vec::new(),
            }),
            Err(error) => Err(ScenarioError::Sandbox {
                url,
                why: error.to_string(),
            }),
        }
    }

    fn failed(&self, why: impl ToString) -> ScenarioError {
        ScenarioError::Sandbox {
            url: self.url.clone(),
            why: why.to_string(),
        }
    }

    /// One call; what it is refused is noted with the place of the step.
    async fn call(
        &mut self,
        place: &str,
        method: Method,
        path: &str,
        body: Option<&Map<String, Value>>,
    ) -> Result<Value, ScenarioError> {
        let mut request = self.client.request(method, format!("{}/_/api/{path}", self.url));
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.map_err(|error| self.failed(error))?;
        let status = answer.status();
        let text = answer.text().await.map_err(|error| self.failed(error))?;
        let body: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
        if status.is_client_error() {
            let why = body["detail"].as_str().unwrap_or(status.as_str()).to_owned();
            self.refused.push((place.to_owned(), why));
        } else if !status.is_success() {
            return Err(self.failed(format!("{path} answers {status}")));
        }
        Ok(body)
    }

    async fn perform(&mut self, scenario: &Scenario, deed: Deed) -> Result<(), ScenarioError> {
        let Deed { place, what, .. } = deed;
        let object = |value: Value| value.as_object().cloned().unwrap_or_default();
        let cast = &scenario.script.cast;
        let number = |party: &Party| {
            cast.number(party)
                .map_or_else(String::new, |number| number.digits())
        };
        let chat = |party: &Party| chat_of(cast, &self.groups, party);
        let mut named = None;
        let (method, path, body) = match what {
            What::Send {
                from: Party::Page(_), ..
            }
            | What::Read {
                by: Party::Page(_), ..
            }
            | What::Page { .. } => {
                self.refused.push((place, NOT_OURS.to_owned()));
                return Ok(());
            }
            What::Send {
                from,
                to,
                mut body,
                name,
                ..
            } => {
                body.insert("to".to_owned(), json!(chat(&to)));
                named = name;
                (
                    Method::POST,
                    format!("phones/{}/messages", number(&from)),
                    Some(body),
                )
            }
            What::Read { by, from } => {
                let body = object(json!({"from": chat(&from)}));
                (Method::POST, format!("phones/{}/read", number(&by)), Some(body))
            }
            What::Does {
                verb,
                by,
                chat: to,
                message,
                mut body,
            } => {
                body.insert("to".to_owned(), json!(chat(&to)));
                if let Some(name) = message {
                    body.insert("wa_message_id".to_owned(), json!(self.names.get(&name)));
                }
                (Method::POST, format!("phones/{by}/{verb}"), Some(body))
            }
            What::Switch { phone, switch } => {
                (Method::POST, format!("phones/{phone}/{}", switch.name()), None)
            }
            What::Fault { body } => (Method::POST, "faults".to_owned(), Some(body)),
            What::ClearFaults => (Method::DELETE, "faults".to_owned(), None),
            What::Network { body } => (Method::PATCH, "network".to_owned(), Some(body)),
        };
        let answer = self.call(&place, method, &path, body.as_ref()).await?;
        if let Some((name, id)) = named.zip(answer["wa_message_id"].as_str()) {
            self.names.insert(name, id.to_owned());
        }
        Ok(())
    }

    /// The phones of the scenario, and the network as it wants it.
    async fn prepare(&mut self, scenario: &Scenario, seed: Option<u64>) -> Result<(), ScenarioError> {
        let mut network = scenario.script.network.clone();
        if let Some(seed) = seed {
            network.insert("seed".to_owned(), json!(seed));
        }
        self.call("network", Method::PATCH, "network", Some(&network))
            .await?;
        for person in &scenario.script.cast.people {
            let mut body = Map::new();
            body.insert("phone".to_owned(), json!(person.number));
            body.insert("name".to_owned(), json!(person.name));
            self.call("phones", Method::POST, "phones", Some(&body)).await?;
        }
        let people = &scenario.script.cast.people;
        for group in &scenario.script.cast.groups {
            let members: Vec<String> = group
                .members
                .iter()
                .map(|member| people[*member].number.digits())
                .collect();
            let mut body = Map::new();
            body.insert("creator".to_owned(), json!(people[group.creator].number));
            body.insert("subject".to_owned(), json!(group.subject));
            body.insert("participants".to_owned(), json!(members));
            let made = self.call("groups", Method::POST, "groups", Some(&body)).await?;
            self.groups
                .push(made["id"].as_str().unwrap_or_default().to_owned());
        }
        for past in &scenario.script.cast.pasts {
            let path = format!("phones/{}/history", people[past.phone].number);
            self.call(&past.place, Method::POST, &path, Some(&past.body))
                .await?;
        }
        Ok(())
    }

    /// The delivery log since a moment.
    async fn deliveries(&mut self, since: Timestamp) -> Result<Vec<Value>, ScenarioError> {
        let answer = self.call("deliveries", Method::GET, "deliveries", None).await?;
        let lines = answer["data"].as_array().cloned().unwrap_or_default();
        let is_new = |line: &Value| {
            let at = line["at"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
            at.is_none_or(|at| at >= since)
        };
        Ok(lines.into_iter().filter(is_new).collect())
    }

    /// The numbers that have a linked page.
    async fn linked(&mut self) -> Result<HashSet<String>, ScenarioError> {
        let answer = self.call("phones", Method::GET, "phones", None).await?;
        let phones = answer["data"].as_array().cloned().unwrap_or_default();
        let is_linked = |phone: &&Value| {
            phone["linked"]
                .as_array()
                .is_some_and(|linked| !linked.is_empty())
        };
        let number = |phone: &Value| phone["phone"].as_str().unwrap_or_default().to_owned();
        Ok(phones.iter().filter(is_linked).map(number).collect())
    }
}

/// Plays a scenario; see [`Scenario::run_against`].
pub(super) async fn run(scenario: &Scenario, url: &str, seed: Option<u64>) -> Result<Report, ScenarioError> {
    let script = &scenario.script;
    let clock = Clock::system();
    let mut control = Control::new(url)?;
    control.prepare(scenario, seed).await?;
    let begun = clock.now();
    let until = |moment: Millis| {
        let moment = begun.millis().saturating_add(moment);
        Duration::from_millis(u64::try_from(moment - clock.now().millis()).unwrap_or(0))
    };
    let mut deeds = timetable(script, seed.unwrap_or(script.seed))
        .into_iter()
        .peekable();
    let mut verdicts = script.expected.iter().map(|_| None).collect::<Vec<_>>();
    let mut log = Vec::new();
    for moment in scenario.moments() {
        while let Some(deed) = deeds.next_if(|deed| deed.at <= moment) {
            clock.sleep(until(deed.at)).await;
            control.perform(scenario, deed).await?;
        }
        clock.sleep(until(moment)).await;
        log = control.deliveries(begun).await?;
        let linked = control.linked().await?;
        let is_linked = |number: &crate::sandbox::network::Number| linked.contains(&number.to_string());
        let facts = Facts {
            cast: &script.cast,
            groups: &control.groups,
            deliveries: &log,
            pages: None,
            linked: &is_linked,
        };
        judge(script, moment, &facts, &mut verdicts);
    }
    Ok(report(script, seed, &log, verdicts, &control.refused))
}
