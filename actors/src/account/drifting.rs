//! What the agent in the page says of itself: written down, and told to the machine.

use actix::{Context, Handler, ResponseFuture};
use futures::future;

use super::{Account, PageAgent, machine::Input, scribe::Entry};
use crate::{
    domain::{AgentReport, SelfTest},
    protocol::account::{AccountError, ReplaceAgent},
};

impl Account {
    /// A round trip was proven with the files that the page has.
    pub(super) fn note_agent_works(&self) {
        self.place
            .agent
            .send_if_modified(|agent| !std::mem::replace(&mut agent.proven, true));
    }

    /// A page was tested: a new one, or one in which something has changed.
    pub(super) fn tested(&mut self, test: SelfTest, ctx: &mut Context<Self>) {
        let report = AgentReport {
            test,
            tested_at: self.shared.clock.now(),
        };
        let test = report.test.clone();
        if self.place.agent.borrow().build != test.build {
            // Other files may keep other things.
            self.place.note_change();
        }
        self.place.agent.send_replace(PageAgent {
            build: test.build.clone(),
            stops: test.stops(test.linked),
            proven: false,
        });
        self.note(Entry::Tested(report), ctx);
        self.input(Input::Tested(test), ctx);
    }
}

impl Handler<ReplaceAgent> for Account {
    type Result = ResponseFuture<Result<(), AccountError>>;

    fn handle(&mut self, ReplaceAgent { build }: ReplaceAgent, _: &mut Context<Self>) -> Self::Result {
        let found = self.place.engine.agent().and_then(|files| files.find(&build));
        let Some(build) = found else {
            let error = AccountError::WrongState(format!("there are no files of the name {build}"));
            return Box::pin(future::ready(Err(error)));
        };
        let Some(session) = self.session.clone().filter(|_| self.opened) else {
            return Box::pin(future::ready(Err(AccountError::NotRunning)));
        };
        Box::pin(async move {
            let done = session.replace_agent(build).await;
            done.map_err(|error| AccountError::Session(error.to_string()))
        })
    }
}
