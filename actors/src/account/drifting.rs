//! What the agent in the page says of itself: written down, and told to the machine.

use actix::Context;

use super::{Account, machine::Input, scribe::Entry};
use crate::domain::{AgentReport, SelfTest};

impl Account {
    /// A page was tested: a new one, or one in which something has changed.
    pub(super) fn tested(&mut self, test: SelfTest, ctx: &mut Context<Self>) {
        let report = AgentReport {
            test,
            tested_at: self.shared.clock.now(),
        };
        let test = report.test.clone();
        self.note(Entry::Tested(report), ctx);
        self.input(Input::Tested(test), ctx);
    }
}
