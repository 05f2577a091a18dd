//! Other files of the agent for many accounts: first on one of them, then on the others in groups, and never on anybody
//! once they do not serve.

use std::{fs, path::Path, sync::Arc};

use parking_lot::Mutex;
use zaptor_actors::{
    domain::{AccountId, AccountState as S, Lack},
    protocol::registry::{AgentReload, AgentStatus, ObserveAgent, ReloadAgents, ReloadError},
    session::{
        AGENT_PROTOCOL, AgentBuild,
        simulated::{Fault, SimulatedNetwork},
    },
};

use super::{
    house::{House, Plan},
    jumpy::Verb,
};

/// What pages miss with files that do not suit them.
const LACKING: &str = "whatsapp.functions.getStatus";

/// Whose pages lack something with files of this version, and who got which files when.
#[derive(Clone)]
pub(super) struct Misfits {
    network: SimulatedNetwork,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    version: String,
    accounts: Vec<AccountId>,
    put: Vec<(AccountId, String)>,
}

impl Misfits {
    pub(super) fn of(network: SimulatedNetwork) -> Self {
        let inner = Arc::default();
        Self { network, inner }
    }

    /// Files of this version do not suit these accounts.
    fn set(&self, version: &str, accounts: &[AccountId]) {
        let mut inner = self.inner.lock();
        (inner.version, inner.accounts) = (version.to_owned(), accounts.to_vec());
    }

    /// The account's page is about to get these files.
    pub(super) fn put(&self, account: AccountId, build: &AgentBuild) {
        let mut inner = self.inner.lock();
        inner.put.push((account, build.version.clone()));
        let lacks = inner.version == build.version && inner.accounts.contains(&account);
        let lack = Lack {
            name: LACKING.to_owned(),
            needed_for: vec!["probe".to_owned()],
        };
        let lacks = if lacks { vec![lack] } else { Vec::new() };
        drop(inner);
        self.network.inflict(account, Fault::Drift(lacks));
    }

    /// Who got files of this version, in order.
    fn got(&self, version: &str) -> Vec<AccountId> {
        let inner = self.inner.lock();
        let of_version = inner.put.iter().filter(|(_, put)| put == version);
        of_version.map(|(account, _)| *account).collect()
    }
}

/// Puts files of these versions into the folder.
pub(crate) fn put(folder: &Path, agent: &str, wa_js: &str) {
    fs::create_dir_all(folder).unwrap();
    let protocol = AGENT_PROTOCOL;
    let agent = format!(
        "/*! zaptor-agent {agent} protocol {protocol} */\n(() => {{}})();\n/*! zaptor-agent end */\n"
    );
    fs::write(folder.join("agent.js"), agent).unwrap();
    let wa_js = format!("/*! wppconnect-team/wa-js v{wa_js} */\n(() => {{}})();");
    fs::write(folder.join("wa.js"), wa_js).unwrap();
}

impl House {
    /// A house whose pages have an agent, with this many accounts that are online besides the usual one.
    async fn with_agent(folder: &Path, more: usize) -> (Self, Vec<AccountId>) {
        put(folder, "1.0.0", "3.0.0");
        let plan = Plan {
            agent: Some(folder.to_owned()),
            ..Plan::default()
        };
        let mut house = Self::new(plan).await;
        house.until_state(S::Online).await;
        let mut accounts = house.more_accounts(more, 0).await;
        accounts.insert(0, house.bench.account);
        house.next_registry(false).await;
        for &account in &accounts {
            house
                .until("it is online", async || {
                    house.row_of(account).await.state == S::Online
                })
                .await;
        }
        // The registry goes by what accounts say of themselves, a moment after it is in their rows.
        house
            .until("the registry knows of all pages", async || {
                house
                    .agent()
                    .await
                    .pages
                    .iter()
                    .map(|(_, pages)| pages)
                    .sum::<usize>()
                    == accounts.len()
            })
            .await;
        (house, accounts)
    }

    async fn agent(&self) -> AgentStatus {
        self.registry.send(ObserveAgent).await.unwrap().unwrap()
    }

    async fn try_reload(&self, canary: Option<AccountId>) -> Result<AgentStatus, ReloadError> {
        let order = ReloadAgents {
            accounts: Vec::new(),
            canary,
        };
        self.registry.send(order).await.unwrap()
    }

    /// Reloads, with this account as the first one, and gives how it ended.
    async fn reload_agents(&self, canary: AccountId) -> AgentReload {
        self.try_reload(Some(canary)).await.unwrap();
        let ended = async || self.agent().await.reload.unwrap().ended_at.is_some();
        self.until("the reload has ended", ended).await;
        self.agent().await.reload.unwrap()
    }
}

#[actix::test]
async fn files_that_serve_the_first_account_go_to_all_others_and_to_new_sessions() {
    let folder = tempfile::tempdir().unwrap();
    let (house, accounts) = House::with_agent(folder.path(), 12).await;
    let canary = accounts[7];
    // Another wa-js alone is other files, too.
    for (agent, wa_js) in [("2.0.0", "3.0.0"), ("2.0.0", "4.0.0")] {
        put(folder.path(), agent, wa_js);
        let before = house.misfits.got(agent).len();
        let reload = house.reload_agents(canary).await;
        assert_eq!(
            (reload.state, reload.canary),
            ("done", Some(canary)),
            "{reload:?}"
        );
        assert_eq!(
            (reload.waiting, reload.failed.len(), &reload.action),
            (0, 0, &None)
        );
        let got = house.misfits.got(agent).split_off(before);
        assert_eq!(got[0], canary, "before anybody else");
        let (mut reloaded, mut all) = (reload.reloaded.clone(), accounts.clone());
        assert_eq!(reloaded[0], canary);
        reloaded.sort();
        all.sort();
        assert_eq!(reloaded, all, "each once");
        let status = house.agent().await;
        assert_eq!((&*status.current.version, &*status.current.wa_js), (agent, wa_js));
        // A proven page counts from the word on that its account is online again.
        house
            .until("all pages have them", async || {
                house.agent().await.pages == [(status.current.build.clone(), accounts.len())]
            })
            .await;
    }
    assert_eq!(
        house
            .tree()
            .await
            .iter()
            .filter(|actor| actor.generation > 1)
            .count(),
        0
    );
}

#[actix::test]
async fn files_that_do_not_serve_the_first_account_touch_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let (house, accounts) = House::with_agent(folder.path(), 6).await;
    let canary = accounts[3];
    put(folder.path(), "6.6.6", "3.0.0");
    house.misfits.set("6.6.6", &accounts);
    let reload = house.reload_agents(canary).await;
    let why = format!("the page lacks {LACKING}");
    assert_eq!((reload.state, reload.canary), ("put_back", Some(canary)));
    assert_eq!(reload.failed, [(canary, why.clone())]);
    assert_eq!(reload.why, Some(why));
    let action = reload.action.unwrap();
    assert!(action.contains("zaptor agent reload") && action.contains(&folder.path().display().to_string()));
    assert_eq!(
        (house.misfits.got("6.6.6"), house.misfits.got("1.0.0")),
        (vec![canary], vec![canary])
    );
    house
        .until("it has the old ones again, and is online", async || {
            house.row_of(canary).await.state == S::Online
        })
        .await;
    assert_eq!(house.agent().await.current.version, "1.0.0");
    let refused = house.try_reload(None).await.unwrap_err().to_string();
    assert!(
        refused.contains("were tried and failed: the page lacks"),
        "{refused}"
    );

    // Mended ones are taken by all.
    put(folder.path(), "6.6.7", "3.0.0");
    assert_eq!(house.reload_agents(canary).await.reloaded.len(), accounts.len());
}

#[actix::test]
async fn an_account_that_is_stopped_meanwhile_says_nothing_of_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let (house, accounts) = House::with_agent(folder.path(), 1).await;
    let canary = house.bench.account;
    put(folder.path(), "2.0.0", "3.0.0");
    let mut halted = house.halts.arm(Verb::Replace);
    house.try_reload(Some(canary)).await.unwrap();
    halted.reached().await;
    house.stop(false).await;
    drop(halted);
    let ended = async || house.agent().await.reload.unwrap().ended_at.is_some();
    house.until("the reload has ended", ended).await;
    let reload = house.agent().await.reload.unwrap();
    assert_eq!((reload.state, reload.failed.len()), ("untried", 0), "{reload:?}");
    assert!(reload.why.unwrap().contains("stopped meanwhile"));
    assert_eq!(house.agent().await.current.version, "1.0.0");
    // Not refused: another one may try them.
    let reload = house.reload_agents(accounts[1]).await;
    assert_eq!((reload.state, reload.reloaded), ("done", vec![accounts[1]]));
}

#[actix::test]
async fn a_group_of_which_nobody_works_with_the_files_is_the_last_one() {
    let folder = tempfile::tempdir().unwrap();
    let (house, accounts) = House::with_agent(folder.path(), 12).await;
    let canary = accounts[0];
    put(folder.path(), "2.0.0", "3.0.0");
    house.misfits.set("2.0.0", &accounts[1..]);
    let reload = house.reload_agents(canary).await;
    assert_eq!(
        (reload.state, &reload.reloaded),
        ("halted", &vec![canary]),
        "{reload:?}"
    );
    assert_eq!(
        (reload.failed.len(), reload.waiting),
        (5, 7),
        "one group, and no other"
    );
    assert!(reload.failed.iter().all(|(_, why)| why.contains(LACKING)));
    assert!(
        reload
            .action
            .unwrap()
            .contains("health of the accounts that failed")
    );
    assert_eq!(house.misfits.got("2.0.0").len(), 6);
    // Where only some of a group fail, the others get them.
    put(folder.path(), "2.0.1", "3.0.0");
    house.misfits.set("2.0.1", &accounts[1..3]);
    let reload = house.reload_agents(canary).await;
    assert_eq!(
        (reload.state, reload.failed.len(), reload.reloaded.len()),
        ("done", 2, 11)
    );
    assert!(reload.action.is_some());
}

#[actix::test]
async fn files_that_are_none_are_refused_and_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let agent = folder.path().join("agent");
    let (house, _) = House::with_agent(&agent, 0).await;
    let before = house.agent().await.current;
    type Spoil = fn(&Path);
    let spoil: [(&str, Spoil); 5] = [
        ("does not say which version", |folder| {
            fs::write(folder.join("agent.js"), "hello").unwrap();
        }),
        ("cannot be read", |folder| {
            fs::write(folder.join("agent.js"), [0xff, 0xfe, 0x00]).unwrap();
        }),
        ("more than", |folder| {
            fs::write(folder.join("wa.js"), vec![b' '; 10 << 20]).unwrap();
        }),
        ("cannot be read", |folder| {
            fs::remove_file(folder.join("wa.js")).unwrap()
        }),
        ("cannot be read", |folder| fs::remove_dir_all(folder).unwrap()),
    ];
    for (says, spoil) in spoil {
        put(&agent, "2.0.0", "3.0.0");
        spoil(&agent);
        let refused = house.try_reload(None).await.unwrap_err();
        assert!(
            matches!(&refused, ReloadError::Files(why) if why.contains(says)),
            "{refused:?}"
        );
    }
    assert_eq!(house.agent().await.current, before);
    assert!(house.misfits.got("2.0.0").is_empty());
    house.until_state(S::Online).await;
}
