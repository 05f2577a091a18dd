//! What becomes of an account when who starts it ends in the middle.

use std::{collections::HashMap, sync::Arc};

use futures::poll;

use super::{RegistryParts, Running, Settings, entry::Office};
use crate::{
    account::{self, Openings, Spoken},
    domain::{Clock, EngineKind, IdSource, Timestamp},
    forensics::Forensics,
    session::{
        Engine,
        simulated::{self, SimulatedEngine},
    },
    store::stage,
    supervision::{self, Observe, Supervisor},
};

#[actix::test]
async fn a_start_that_nobody_waits_for_any_more_leaves_no_child_that_nobody_knows() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::manual(Timestamp::from_millis(1_000_000));
    let ids = Arc::new(IdSource::seeded(clock.clone(), 1));
    let (tenant, account) = (ids.next(), ids.next());
    let engine: Arc<dyn Engine> = Arc::new(SimulatedEngine::new(
        simulated::Settings::default(),
        clock.clone(),
    ));
    let rules = supervision::Settings {
        arbiters: 1,
        ..supervision::Settings::default()
    };
    // On this thread: it does nothing while it is not waited for.
    let supervisor = Supervisor::start_with(rules, clock.clone(), Arc::clone(&ids)).unwrap();
    let office = Office::new(RegistryParts {
        settings: Settings::default(),
        account: account::Settings::default(),
        profiles: folder.path().join("profiles"),
        vault: None,
        forensics: Forensics::new(folder.path().join("forensics"), Arc::clone(&ids)),
        engines: HashMap::from([(EngineKind::Simulated, engine)]),
        store: stage::with_account(folder.path(), tenant, account, clock.now()).await,
        ids,
        clock,
        node: "node".to_owned(),
        supervisor: supervisor.clone(),
        ready: Arc::new(|| None),
        unready: Arc::new(|| None),
        running: Running::default(),
        openings: Openings::new(Settings::default().opening_rules()),
        spoken: Spoken::default(),
    });
    let entry = office.entry(tenant, account).await.unwrap();
    assert!(
        poll!(Box::pin(entry.start(&office))).is_pending(),
        "no answer yet"
    );
    entry.start(&office).await.unwrap();
    let children = supervisor.send(Observe).await.unwrap();
    assert_eq!(children.len(), 1, "{children:?}");
}
