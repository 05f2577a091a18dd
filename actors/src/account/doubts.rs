//! What the actor does about messages in doubt: has them looked up, one round at a time, and gives up those that are
//! overdue.

use actix::{ActorFutureExt as _, AsyncContext as _, Context, WrapFuture as _};

use super::{Account, machine::Input, outbound, recovery};
use crate::outbox::Outcome;

impl Account {
    pub(super) fn resolve_doubts(&mut self, ctx: &mut Context<Self>) {
        if self.resolving {
            self.resolve_again = true;
            return;
        }
        let Some(kit) = self.kit() else { return };
        self.resolving = true;
        let doubts = std::mem::take(&mut self.doubts);
        let work = recovery::resolve_all(kit, doubts);
        ctx.spawn(work.into_actor(self).map(|(open, lost), this, ctx| {
            this.resolving = false;
            this.doubts.extend(open);
            this.arm_patience(ctx);
            if let Some(reason) = lost {
                this.input(Input::Died { reason }, ctx);
            } else if std::mem::take(&mut this.resolve_again) {
                this.resolve_doubts(ctx);
            } else {
                this.input(Input::Recovered, ctx);
            }
        }));
    }

    /// Comes back when the oldest doubt is overdue: nothing stays in doubt for ever, whatever the session does.
    pub(super) fn arm_patience(&mut self, ctx: &mut Context<Self>) {
        if let Some(timer) = self.patience_timer.take() {
            ctx.cancel_future(timer);
        }
        let Some(oldest) = self.doubts.iter().map(|doubt| doubt.since).min() else {
            return;
        };
        let due = oldest.after(self.shared.settings.unknown_after());
        let pause = self.shared.clock.sleep(due.since(self.shared.clock.now()));
        self.patience_timer = Some(ctx.spawn(pause.into_actor(self).map(|(), this, ctx| {
            this.patience_timer = None;
            this.give_up_overdue(ctx);
            this.arm_patience(ctx);
        })));
    }

    pub(super) fn give_up_overdue(&mut self, ctx: &mut Context<Self>) {
        let Some(kit) = self.kit() else { return };
        let (overdue, rest) = recovery::overdue(&self.shared, std::mem::take(&mut self.doubts));
        self.doubts = rest;
        let work = async move {
            for doubt in &overdue {
                let cause = recovery::TOO_LATE.to_owned();
                outbound::settle(&kit, doubt, Outcome::Unknown { cause }, None).await;
            }
        };
        ctx.spawn(work.into_actor(self));
    }
}
