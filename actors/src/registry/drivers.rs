//! The parts of engines that accounts share, such as chromedrivers, in the tree; and what they cost, measured with the
//! browsers by the same sampler.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use crate::{
    account::{Meter, Reading},
    domain::{Clock, Resources},
    protocol::registry::{ActorReport, ROOT},
    session::{
        EngineTree, Shard,
        browser::{ProcessTable, memory_bytes},
    },
    supervision::GroupReport,
};

/// By the number of the part, with the generation that was measured.
#[derive(Debug, Default)]
pub(super) struct DriverCosts(Mutex<BTreeMap<u64, (u64, Meter)>>);

impl DriverCosts {
    /// One look. What processes share is read where `exact` asks for it, and the first time.
    pub(super) fn measure(&self, shards: &[Shard], table: &ProcessTable, clock: &Clock, exact: bool) {
        let mut all = self.0.lock();
        all.retain(|number, _| shards.iter().any(|shard| shard.group.number == *number));
        for shard in shards {
            let (measured, meter) = all.entry(shard.group.number).or_default();
            if std::mem::replace(measured, shard.group.generation) != shard.group.generation {
                meter.begin();
                meter.end();
            }
            let Some(&leader) = shard.processes.first() else {
                meter.end();
                continue;
            };
            let exact = exact || meter.last().is_none();
            let reading = Reading {
                leader,
                processes: shard.processes.len(),
                cost: table.cost(&shard.processes),
                pss_bytes: exact.then(|| memory_bytes(&shard.processes)),
                at: clock.instant(),
                told_at: clock.now(),
            };
            meter.note(&reading, 0);
        }
    }

    /// What the generation of a part that lives now has cost.
    pub(super) fn of(&self, group: &GroupReport) -> Option<Resources> {
        let all = self.0.lock();
        let (measured, meter) = all.get(&group.number)?;
        meter.last().filter(|_| *measured == group.generation)
    }
}

/// The name of what all browsers hang on, in the tree.
const BROWSERS: &str = "browsers";

/// An engine and its parts as rows of the tree. Accounts that sit on a part are told that they hang on it.
pub(super) fn rows(tree: EngineTree, costs: &DriverCosts, accounts: &mut [ActorReport]) -> Vec<ActorReport> {
    // The engine is not restarted: it is charged by parts that have spent their budget, and is `failed` as long as no part
    // is started for that.
    let mut rows = vec![ActorReport {
        name: BROWSERS.into(),
        parent: Some(ROOT.into()),
        ..of(tree.whole)
    }];
    for shard in tree.shards {
        let name = format!("driver-{}", shard.group.number);
        let sits = |account| shard.accounts.contains(&account);
        for report in accounts
            .iter_mut()
            .filter(|report| report.account.is_some_and(sits))
        {
            report.parent = Some(name.clone().into());
        }
        rows.push(ActorReport {
            name: name.into(),
            parent: Some(BROWSERS.into()),
            strategy: Some("rest_for_one"),
            resources: costs.of(&shard.group),
            ..of(shard.group)
        });
    }
    rows
}

fn of(group: GroupReport) -> ActorReport {
    ActorReport {
        state: group.state.as_str(),
        generation: group.generation,
        restarts: group.restarts,
        last_exit: group.last_exit,
        ..ActorReport::root()
    }
}
