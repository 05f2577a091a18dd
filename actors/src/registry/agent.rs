//! Other files of the agent for accounts that run: first on one of them, which has to prove itself with them, then on the
//! others in small groups. Nothing is restarted for it; a page that does not serve with them gets the old ones back.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use actix::{Context, Handler, ResponseFuture};
use futures::future;
use serde::Serialize;

use super::{
    Registry,
    entry::{Entry, Office},
    starting::is_last,
};
use crate::{
    domain::{
        AccountId, AccountState,
        event::{EventType, NewEvent},
    },
    journal,
    protocol::{
        account::{ReplaceAgent, Restart},
        registry::{AgentNamed, AgentReload, AgentStatus, ObserveAgent, ReloadAgents, ReloadError},
    },
    session::{AgentBuild, AgentFiles},
};

/// How many accounts are reloaded at the same time after the first one. A reload costs a page about a second.
const GROUP: usize = 5;

impl Handler<ReloadAgents> for Registry {
    type Result = ResponseFuture<Result<AgentStatus, ReloadError>>;

    fn handle(&mut self, asked: ReloadAgents, _: &mut Context<Self>) -> Self::Result {
        let office = self.office.clone();
        Box::pin(async move {
            let exchange = begin(&office, &asked).await?;
            let status = status(&office, &exchange.files);
            // A task of its own: whoever asked is answered, and may leave.
            actix::spawn(exchange.run());
            Ok(status)
        })
    }
}

impl Handler<ObserveAgent> for Registry {
    type Result = ResponseFuture<Option<AgentStatus>>;

    fn handle(&mut self, _: ObserveAgent, _: &mut Context<Self>) -> Self::Result {
        let office = &self.office;
        let status = office.agent().map(|files| status(office, &files));
        Box::pin(future::ready(status))
    }
}

fn named(build: &AgentBuild) -> AgentNamed {
    AgentNamed {
        build: build.id().to_owned(),
        sha256: build.sha256.clone(),
        version: build.version.clone(),
        wa_js: build.wa_js.clone(),
    }
}

fn status(office: &Office, files: &AgentFiles) -> AgentStatus {
    let mut pages = BTreeMap::<String, usize>::new();
    for entry in office.running.all().iter().filter(|entry| has_page(entry)) {
        *pages.entry(build_of(entry)).or_default() += 1;
    }
    AgentStatus {
        current: named(&files.current()),
        folder: files.folder().to_owned(),
        pages: pages.into_iter().collect(),
        reload: office.running.reload(|reload| reload.clone()),
    }
}

fn build_of(entry: &Entry) -> String {
    entry.place().agent().borrow().build.clone()
}

/// Whether the account has a linked page that can be loaded anew.
fn has_page(entry: &Entry) -> bool {
    let place = entry.place();
    let state = place.standing.state();
    let stands = matches!(state, AccountState::Online | AccountState::Degraded);
    stands && place.engine.agent().is_some() && entry.address().is_some()
}

/// Looks at the files and at who is there; takes the only place there is for an exchange.
async fn begin(office: &Office, asked: &ReloadAgents) -> Result<Exchange, ReloadError> {
    let files = office
        .agent()
        .ok_or_else(|| ReloadError::NoCanary("this node has no engine with pages".to_owned()))?;
    let looked = files.look(&office.clock).await;
    let build = looked.map_err(|error| ReloadError::Files(error.to_string()))?;
    let named_there = |entry: &Entry| asked.accounts.is_empty() || asked.accounts.contains(&entry.account());
    let mut accounts: Vec<Entry> = office.running.all();
    accounts.retain(|entry| has_page(entry) && build_of(entry) != build.id());
    // Online and quiet ones first; among these, in a fixed order.
    accounts.sort_by_key(|entry| {
        let online = entry.place().standing.state() == AccountState::Online;
        (!online, !entry.is_quiet(), entry.account())
    });
    let tried = build != files.current();
    let canary = match (tried, asked.canary) {
        (false, _) => None,
        (true, Some(wanted)) => accounts.iter().position(|entry| entry.account() == wanted),
        (true, None) => accounts.iter().position(named_there),
    };
    let canary = canary.map(|place| accounts.remove(place));
    if tried && canary.is_none() {
        return Err(ReloadError::NoCanary(match asked.canary {
            Some(account) => {
                format!("{account} has no linked page to try the files on: it must be online or degraded")
            }
            None => "no account is online or degraded, so there is no page to try the files on".to_owned(),
        }));
    }
    accounts.retain(named_there);
    let report = AgentReload {
        files: named(&build),
        state: if tried { "trying" } else { "rolling_out" },
        canary: canary.as_ref().map(Entry::account),
        reloaded: Vec::new(),
        failed: Vec::new(),
        waiting: accounts.len() + usize::from(canary.is_some()),
        why: None,
        action: None,
        began_at: office.clock.now(),
        ended_at: None,
    };
    office.running.reload(|reload| match reload {
        Some(other) if other.ended_at.is_none() => Err(ReloadError::Busy),
        _ => {
            *reload = Some(report);
            Ok(())
        }
    })?;
    Ok(Exchange {
        office: office.clone(),
        files,
        build,
        canary,
        others: accounts,
    })
}

/// What is asked of whoever looks after the node once an exchange has ended so.
fn asked(state: &str, failed: usize, folder: &Path) -> Option<String> {
    let folder = folder.display();
    match state {
        "put_back" => Some(format!(
            "Put mended files into {folder} and run `zaptor agent reload`; these are not tried again, after a restart \
             either."
        )),
        "untried" => Some("Run `zaptor agent reload` again, with an account that stays online.".to_owned()),
        "halted" => Some(format!(
            "Look at the health of the accounts that failed. New sessions get these files, since the first account works \
             with them; put others into {folder} if they shall not. `zaptor agent reload` then goes on with all accounts \
             that have other ones."
        )),
        _ if failed > 0 => {
            Some("Look at the health of the accounts that failed; they have the new files.".to_owned())
        }
        _ => None,
    }
}

/// Where an account stands that has no session any more and is not to have one now: what became of its page says nothing.
async fn left(entry: &Entry) -> Option<AccountState> {
    // Whoever stops or parks it now says so before it lets go.
    let _locked = entry.child().lock().await;
    let state = entry.place().standing.state();
    is_last(state).then_some(state)
}

/// One exchange under way.
struct Exchange {
    office: Office,
    files: Arc<AgentFiles>,
    build: Arc<AgentBuild>,
    canary: Option<Entry>,
    others: Vec<Entry>,
}

/// The particulars of `account.agent_reloaded`.
#[derive(Serialize)]
struct Reloaded<'a> {
    build: &'a str,
    agent: &'a str,
    wa_js: &'a str,
    /// `kept` or `put_back`; `failed` where the account keeps them all the same, because the first one could work.
    outcome: &'a str,
    why: Option<&'a str>,
}

impl Exchange {
    async fn run(mut self) {
        if let Some(canary) = self.canary.take()
            && !self.first(&canary).await
        {
            return;
        }
        self.note(|report| report.state = "rolling_out");
        let others = std::mem::take(&mut self.others);
        for group in others.chunks(GROUP) {
            let done = group.iter().map(|entry| self.other(entry));
            let worked: Vec<bool> = future::join_all(done).await.into_iter().flatten().collect();
            if worked.contains(&false) && !worked.contains(&true) {
                return self.end("halted", Some("every page of a group failed".to_owned()));
            }
        }
        self.end("done", None);
    }

    /// The first account: gives whether the files serve.
    async fn first(&self, canary: &Entry) -> bool {
        let Err(why) = self.put(canary, self.build.id()).await else {
            if let Err(error) = self.files.accept(&self.build) {
                tracing::warn!(target: "zaptor::registry", %error, "the agent's new files serve until the process ends");
            }
            self.note_reloaded(canary);
            self.tell(canary, "kept", None).await;
            return true;
        };
        if let Some(state) = left(canary).await {
            let why = format!("{why}; the account was {state} meanwhile, so nothing is known of the files");
            self.note(|report| report.waiting = report.waiting.saturating_sub(1));
            self.end("untried", Some(why));
            return false;
        }
        tracing::error!(target: "zaptor::registry", account = %canary.account(), build = self.build.id(), why,
            "the agent's new files do not serve; the old ones are put back");
        self.files.refuse(&self.build, &why);
        self.note(|report| {
            report.waiting = report.waiting.saturating_sub(1);
            report.failed.push((canary.account(), why.clone()));
        });
        let current = self.files.current();
        if self.put(canary, current.id()).await.is_err() {
            // The page is beyond repair by a reload: a new session has the old files anyway.
            if let Err(error) = canary.restart(&self.office, Restart::Asked).await {
                tracing::error!(target: "zaptor::registry", account = %canary.account(), %error, "not opened anew");
            }
        }
        self.tell(canary, "put_back", Some(&why)).await;
        self.end("put_back", Some(why));
        false
    }

    /// One of the others: gives whether it works with the files; nothing where it was stopped or parked meanwhile, and gets
    /// them with its next session.
    async fn other(&self, entry: &Entry) -> Option<bool> {
        match self.put(entry, self.build.id()).await {
            Ok(()) => {
                self.note_reloaded(entry);
                self.tell(entry, "kept", None).await;
                Some(true)
            }
            Err(why) => {
                if left(entry).await.is_some() {
                    self.note(|report| report.waiting = report.waiting.saturating_sub(1));
                    return None;
                }
                tracing::warn!(target: "zaptor::registry", account = %entry.account(), build = self.build.id(), why,
                    "an account did not come online with the agent's new files in time");
                self.tell(entry, "failed", Some(&why)).await;
                self.note(|report| {
                    report.waiting = report.waiting.saturating_sub(1);
                    report.failed.push((entry.account(), why));
                });
                Some(false)
            }
        }
    }

    /// Puts files into an account's page, and waits until it has proven a round trip with them and lacks nothing vital.
    async fn put(&self, entry: &Entry, build: &str) -> Result<(), String> {
        let limit = Duration::from_secs(self.office.settings.agent_proof_seconds);
        let account = entry.address().ok_or("it does not run any more")?;
        let order = ReplaceAgent {
            build: build.to_owned(),
        };
        let mut agent = entry.place().agent();
        let works = async {
            match account.send(order).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return Err(error.to_string()),
                Err(error) => return Err(format!("its actor ended over it ({error})")),
            }
            loop {
                {
                    let agent = agent.borrow_and_update();
                    if agent.build == build && !agent.stops.is_empty() {
                        return Err(format!("the page lacks {}", agent.stops.join(", ")));
                    }
                    if agent.build == build && agent.proven {
                        return Ok(());
                    }
                }
                if agent.changed().await.is_err() {
                    return Err("the account is gone".to_owned());
                }
            }
        };
        tokio::select! {
            done = works => done,
            () = self.office.clock.sleep(limit) => {
                let state = entry.place().standing.state();
                Err(format!("no round trip was proven within {} s; the account is {state}", limit.as_secs()))
            }
        }
    }

    fn note(&self, change: impl FnOnce(&mut AgentReload)) {
        self.office.running.reload(|report| {
            if let Some(report) = report {
                change(report);
            }
        });
    }

    fn note_reloaded(&self, entry: &Entry) {
        let account: AccountId = entry.account();
        self.note(|report| {
            report.waiting = report.waiting.saturating_sub(1);
            report.reloaded.push(account);
        });
    }

    fn end(&self, state: &'static str, why: Option<String>) {
        let now = self.office.clock.now();
        self.note(|report| {
            report.state = state;
            report.why = why;
            report.action = asked(state, report.failed.len(), self.files.folder());
            report.ended_at = Some(now);
        });
    }

    async fn tell(&self, entry: &Entry, outcome: &str, why: Option<&str>) {
        let data = Reloaded {
            build: self.build.id(),
            agent: &self.build.version,
            wa_js: &self.build.wa_js,
            outcome,
            why,
        };
        let (tenant, account) = (entry.place().tenant, entry.account());
        let event = NewEvent::new(tenant, Some(account), EventType::AccountAgentReloaded, &data);
        let (ids, now) = (Arc::clone(&self.office.shared.ids), self.office.clock.now());
        let told = self.office.store.write(move |tx| {
            let (ids, event) = (Arc::clone(&ids), event.clone());
            Box::pin(async move { journal::append(tx, &ids, now, [&event]).await })
        });
        if let Err(error) = told.await {
            tracing::warn!(target: "zaptor::registry", %account, %error, "an exchange of the agent's files is not in the journal");
        }
    }
}
