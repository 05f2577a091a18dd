//! A page that lacks what the account needs: nothing is sent through it, and no new browser would mend it.

use super::{Effect, Evidence, Machine, Phase, Say};
use crate::domain::{AccountState, SelfTest};

const REPLACE: &str = "Put a wa.js and agent.js that fit into the agent's folder, then `zaptor agent reload`; messages wait \
                       meanwhile and cost nothing";
const THERE_AGAIN: &str = "what the page lacked is there again";
const MENDED: &str = "what the page lacked is there again; the connection is being proven";

impl Machine {
    /// The agent has tested a page.
    pub(super) fn tested(&mut self, test: SelfTest) -> Vec<Effect> {
        let stops = test.stops(test.linked);
        let linked = test.linked;
        self.drift = (!stops.is_empty()).then_some((test, stops));
        if self.drift.is_some() {
            return self.drifted();
        }
        if self.phase != Phase::Drifted {
            return Vec::new();
        }
        if !linked {
            // The page goes on to show a code, and says so.
            self.phase = Phase::Opening;
            let evidence = Evidence::page("mended");
            return vec![Effect::Say(Say::because(
                AccountState::Starting,
                THERE_AGAIN,
                evidence,
            ))];
        }
        self.phase = Phase::Proving;
        self.failures = 0;
        let say = Say::because(AccountState::Syncing, MENDED, Evidence::page("mended"));
        vec![Effect::Say(say), self.probe()]
    }

    /// Says what is missing. Probes go on as long as they can: they find out a page that does not answer at all.
    pub(super) fn drifted(&mut self) -> Vec<Effect> {
        let Some((test, stops)) = self.drift.clone() else {
            return Vec::new();
        };
        let mut effects = self.leave_ready();
        self.phase = Phase::Drifted;
        self.failures = 0;
        let version = |name: &str, version: &Option<String>| {
            let version = version.as_deref().unwrap_or("of an unknown version");
            format!("{name} {version}")
        };
        let reason = format!(
            "WhatsApp Web has changed: the page lacks what is needed to {} ({}, {})",
            test.lost().join(", "),
            version("WhatsApp Web", &test.whatsapp_web),
            version("wa-js", &test.wa_js),
        );
        let evidence = Evidence::Missing { missing: stops };
        let say = Say::because(AccountState::Degraded, reason, evidence).asking(REPLACE);
        effects.extend([Effect::Say(say), self.later(false)]);
        effects
    }

    /// What a probe says of a page that lacks something: only that it is still there.
    pub(super) fn answered_drifted(&mut self) -> Vec<Effect> {
        self.awaited = None;
        self.failures = 0;
        vec![self.later(false)]
    }
}
