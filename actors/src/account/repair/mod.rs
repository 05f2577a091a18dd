//! Repair in stages: a pure machine that decides what is tried next. No clock and no I/O: trouble goes in, orders come out.
//! It lives over the generations of an account, since some stages end one.
//!
//! | trigger | stages |
//! |---|---|
//! | `modal` | `dismiss_modal`, `reload_page`, `new_page`, `new_browser`, `ask_user` |
//! | `page_unresponsive` | `reload_page`, `new_page`, `new_browser`, `ask_user` |
//! | `page_crashed` | `reload_page`, `new_page`, `new_browser`, `ask_user` |
//! | `page_silent` | `reload_page`, `new_page`, `new_browser`, `restore_profile`, `ask_user` |
//! | `no_round_trip` | `reload_page`, `new_page`, `ask_user` |
//! | `browser_gone` | `new_browser`, `ask_user` |
//! | `profile_damaged` | `restore_profile`, `ask_user` |
//! | `profile_lost` | `restore_profile`, `ask_user` |
//!
//! A profile is put back only where it may be what is wrong, because an older one has forgotten what came since. A browser
//! is not replaced for a server that does not answer. Each stage has a deadline, kept by the actor, and a number of
//! attempts; the last one, asking a person, has none: the page is loaded anew now and then, and a round trip ends it.
//!
//! A repair outlives its process as well: what was under way when that ended counts as tried, so that a node which crashes
//! again and again comes to a person in the end.
//!
//! Never: a stage before one that was tried in the same repair; a repair that goes on after its round trip was proven;
//! an end that nobody hears of.

pub(super) mod dossier;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub(super) use dossier::Mending;

/// What is tried, from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stage {
    DismissModal,
    ReloadPage,
    NewPage,
    NewBrowser,
    RestoreProfile,
    AskUser,
}

impl Stage {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::DismissModal => "dismiss_modal",
            Self::ReloadPage => "reload_page",
            Self::NewPage => "new_page",
            Self::NewBrowser => "new_browser",
            Self::RestoreProfile => "restore_profile",
            Self::AskUser => "ask_user",
        }
    }

    /// Whether it is carried out by the next generation.
    pub(super) const fn ends_generation(self) -> bool {
        matches!(self, Self::NewBrowser | Self::RestoreProfile)
    }
}

/// What was wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// Something covers the page.
    Modal,
    /// The page does not answer.
    PageUnresponsive,
    /// Its process is gone.
    PageCrashed,
    /// It answers, and says nothing.
    PageSilent,
    /// It is linked, and the server does not answer it.
    NoRoundTrip,
    /// The browser is gone, or does not open.
    BrowserGone,
    /// The browser cannot run on the profile.
    ProfileDamaged,
    /// The profile has lost its link.
    ProfileLost,
}

impl Trigger {
    /// The word in events, in the API and in bundles.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Modal => "modal",
            Self::PageUnresponsive => "page_unresponsive",
            Self::PageCrashed => "page_crashed",
            Self::PageSilent => "page_silent",
            Self::NoRoundTrip => "no_round_trip",
            Self::BrowserGone => "browser_gone",
            Self::ProfileDamaged => "profile_damaged",
            Self::ProfileLost => "profile_lost",
        }
    }

    pub(super) const fn stages(self) -> &'static [Stage] {
        use Stage as S;
        match self {
            Self::Modal => &[
                S::DismissModal,
                S::ReloadPage,
                S::NewPage,
                S::NewBrowser,
                S::AskUser,
            ],
            Self::PageUnresponsive | Self::PageCrashed => {
                &[S::ReloadPage, S::NewPage, S::NewBrowser, S::AskUser]
            }
            Self::PageSilent => &[
                S::ReloadPage,
                S::NewPage,
                S::NewBrowser,
                S::RestoreProfile,
                S::AskUser,
            ],
            Self::NoRoundTrip => &[S::ReloadPage, S::NewPage, S::AskUser],
            Self::BrowserGone => &[S::NewBrowser, S::AskUser],
            Self::ProfileDamaged | Self::ProfileLost => &[S::RestoreProfile, S::AskUser],
        }
    }
}

/// What became of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Begun,
    Helped,
    Failed,
}

impl Outcome {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Helped => "helped",
            Self::Failed => "failed",
        }
    }
}

/// One attempt at a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) trigger: Trigger,
    pub(super) stage: Stage,
    /// From 1.
    pub(super) attempt: u32,
    /// Tells attempts apart: what is heard of an earlier one counts nothing.
    pub(super) ticket: u64,
}

/// How a repair ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Repaired,
    GaveUp,
    Overtaken,
}

/// What has to be done, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// An attempt ended so.
    Tell(Step, Outcome),
    /// Carry this out, and keep its deadline.
    Begin(Step),
    /// Keep what was seen.
    Close(End),
    /// No repair is under way any more.
    Clear,
}

/// The machine.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    now: Option<Step>,
    /// Whose stages are being tried: trouble of another kind may have come in between.
    course: Option<Trigger>,
    tickets: u64,
}

impl Plan {
    /// The plan of a repair that an earlier process began, with what it tried last.
    pub(super) const fn resumed(
        trigger: Trigger,
        course: Option<Trigger>,
        stage: Stage,
        attempt: u32,
    ) -> Self {
        let step = Step {
            trigger,
            stage,
            attempt,
            ticket: 1,
        };
        Self {
            now: Some(step),
            course,
            tickets: 1,
        }
    }

    /// Whose stages are being tried.
    pub(super) const fn course(&self) -> Option<Trigger> {
        self.course
    }

    /// The process ended in the middle of what was tried, and the next one opens another browser. A stage that ended with
    /// it is not free: it may be what ended it.
    pub(super) fn cut_off(&mut self, attempts: u32) -> Vec<Order> {
        match self.now {
            Some(now) if now.stage.ends_generation() => self.failed(now.ticket, attempts),
            Some(now) if now.stage < Stage::NewBrowser => self.trouble(Trigger::BrowserGone, attempts),
            _ => Vec::new(),
        }
    }

    /// What is being tried.
    pub(super) const fn now(&self) -> Option<Step> {
        self.now
    }

    /// Something is wrong. In a repair that means that its stage has not helped; trouble that is beyond the stage goes on
    /// with what answers it. `attempts` is how often each stage but the last is tried.
    pub(super) fn trouble(&mut self, trigger: Trigger, attempts: u32) -> Vec<Order> {
        let Some(now) = self.now else {
            self.course = Some(trigger);
            return vec![self.begin(trigger, trigger.stages()[0], 1)];
        };
        let first = trigger.stages()[0];
        if now.stage == Stage::AskUser {
            return Vec::new();
        }
        if first <= now.stage {
            return self.failed(now.ticket, attempts);
        }
        if !self.stages().contains(&first) {
            self.course = Some(trigger);
        }
        vec![
            Order::Tell(now, Outcome::Failed),
            self.begin(now.trigger, first, 1),
        ]
    }

    /// The attempt did not help, or its deadline has passed.
    pub(super) fn failed(&mut self, ticket: u64, attempts: u32) -> Vec<Order> {
        let Some(now) = self
            .now
            .filter(|now| now.ticket == ticket && now.stage != Stage::AskUser)
        else {
            return Vec::new();
        };
        let mut orders = vec![Order::Tell(now, Outcome::Failed)];
        if now.attempt < attempts {
            orders.push(self.begin(now.trigger, now.stage, now.attempt + 1));
            return orders;
        }
        let next = self.stages().iter().copied().find(|stage| *stage > now.stage);
        let next = next.unwrap_or(Stage::AskUser);
        orders.push(self.begin(now.trigger, next, 1));
        if next == Stage::AskUser {
            orders.push(Order::Close(End::GaveUp));
        }
        orders
    }

    /// A round trip was proven, or a page that nobody has linked shows a code again.
    pub(super) fn proven(&mut self) -> Vec<Order> {
        self.close(End::Repaired, Some(Outcome::Helped))
    }

    /// A person has to link the account again: nothing more can be tried.
    pub(super) fn hopeless(&mut self) -> Vec<Order> {
        self.close(End::GaveUp, Some(Outcome::Failed))
    }

    /// Somebody has stopped the account, or its link was ended.
    pub(super) fn overtaken(&mut self) -> Vec<Order> {
        self.close(End::Overtaken, None)
    }

    /// Ends the repair under way, if there is one, with what became of the stage under way.
    fn close(&mut self, end: End, outcome: Option<Outcome>) -> Vec<Order> {
        let Some(now) = self.now.take() else {
            return Vec::new();
        };
        if now.stage == Stage::AskUser {
            // Its end was told when a person was asked.
            return vec![Order::Clear];
        }
        let told = outcome.map(|outcome| Order::Tell(now, outcome));
        told.into_iter()
            .chain([Order::Close(end), Order::Clear])
            .collect()
    }

    fn stages(&self) -> &'static [Stage] {
        self.course.map_or(&[], Trigger::stages)
    }

    fn begin(&mut self, trigger: Trigger, stage: Stage, attempt: u32) -> Order {
        self.tickets += 1;
        let step = Step {
            trigger,
            stage,
            attempt,
            ticket: self.tickets,
        };
        self.now = Some(step);
        Order::Begin(step)
    }
}
