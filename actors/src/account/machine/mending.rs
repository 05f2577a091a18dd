//! What the machine asks of repair, and what it says meanwhile.

use super::{Effect, End, Evidence, Machine, Phase, Say, Trigger};
use crate::domain::AccountState;

const ASK: &str =
    "Look at `zaptor account forensics` and at the phone's connection; a restart by hand begins anew";

impl Machine {
    /// The profile does not serve; the next generation begins with a better one.
    pub(super) fn repair(
        &mut self,
        kind: &'static str,
        seen: String,
        usable: bool,
        trigger: Trigger,
    ) -> Vec<Effect> {
        let mut effects = self.end(kind, &seen);
        let detail = seen.clone();
        effects.splice(
            0..0,
            [Effect::Repair { seen, usable }, Effect::Mend { trigger, detail }],
        );
        effects
    }

    /// No browser opens on the profile.
    pub(super) fn profile_damaged(&mut self, reason: &str) -> Vec<Effect> {
        let seen = format!("the browser's profile could not be opened ({reason})");
        self.repair("profile_damaged", seen, false, Trigger::ProfileDamaged)
    }

    /// The session is gone; the next generation opens another one.
    pub(super) fn gone(&mut self, kind: &'static str, reason: String) -> Vec<Effect> {
        let mut effects = self.end(kind, &reason);
        let (trigger, detail) = (Trigger::BrowserGone, reason);
        effects.insert(0, Effect::Mend { trigger, detail });
        effects
    }

    /// The session ended with what it shares with others: there is nothing to repair in this one.
    pub(super) fn taken_along(&mut self, reason: String) -> Vec<Effect> {
        let mut effects = self.end("group_ended", &reason);
        effects.pop();
        effects.push(Effect::End(End::WithGroup(reason)));
        effects
    }

    /// The page is in trouble; the session lives, and is told what to do about it.
    pub(super) fn trouble(&mut self, trigger: Trigger, detail: String) -> Vec<Effect> {
        let mut effects = self.leave_ready();
        self.phase = Phase::Repairing;
        self.failures = 0;
        let evidence = Evidence::Page {
            page: trigger.as_str(),
            detail: Some(detail.clone()),
        };
        let say = Say::because(AccountState::Degraded, detail.clone(), evidence)
            .asking("Nothing yet: it is being repaired");
        effects.extend([
            Effect::ForgetCode,
            Effect::Say(say),
            Effect::Mend { trigger, detail },
        ]);
        effects
    }
}

pub(super) fn person_asked(detail: String) -> Effect {
    let reason = format!("everything was tried; the last: {detail}");
    let evidence = Evidence::Page {
        page: "repair_failed",
        detail: Some(detail),
    };
    Effect::Say(Say::because(AccountState::Degraded, reason, evidence).asking(ASK))
}

/// A generation after everything was tried: it may be the one that works.
pub(super) fn opened_all_the_same(detail: String) -> Effect {
    let reason = format!("everything was tried; the last: {detail}; a session is being opened all the same");
    let evidence = Evidence::Page {
        page: "repair_failed",
        detail: Some(detail),
    };
    Effect::Say(Say::because(AccountState::Starting, reason, evidence).asking(ASK))
}
