//! The tables of repair, and what holds for every repair.

use proptest::prelude::*;

use super::{End, Order, Outcome, Plan, Stage, Step, Trigger};

const TRIGGERS: [Trigger; 8] = [
    Trigger::Modal,
    Trigger::PageUnresponsive,
    Trigger::PageCrashed,
    Trigger::PageSilent,
    Trigger::NoRoundTrip,
    Trigger::BrowserGone,
    Trigger::ProfileDamaged,
    Trigger::ProfileLost,
];

/// The stages that are begun when none of them helps.
fn until_a_person_is_asked(trigger: Trigger, attempts: u32) -> Vec<Stage> {
    let mut plan = Plan::default();
    let mut orders = plan.trouble(trigger, attempts);
    let mut begun = Vec::new();
    while let Some(Order::Begin(step)) = orders.iter().find(|order| matches!(order, Order::Begin(_))) {
        begun.push(step.stage);
        orders = plan.failed(step.ticket, attempts);
    }
    begun
}

#[test]
fn each_trigger_has_its_stages_and_ends_with_a_person() {
    let documented = include_str!("mod.rs");
    for trigger in TRIGGERS {
        assert_eq!(until_a_person_is_asked(trigger, 1), trigger.stages());
        assert_eq!(trigger.stages().last(), Some(&Stage::AskUser));
        let words: Vec<String> = trigger
            .stages()
            .iter()
            .map(|stage| format!("`{}`", stage.as_str()))
            .collect();
        let row = format!("//! | `{}` | {} |", trigger.as_str(), words.join(", "));
        assert!(documented.contains(&row), "{row}");
    }
    assert_eq!(
        until_a_person_is_asked(Trigger::BrowserGone, 2),
        [Stage::NewBrowser, Stage::NewBrowser, Stage::AskUser]
    );
}

#[test]
fn trouble_beyond_a_stage_goes_on_with_what_answers_it() {
    let mut plan = Plan::default();
    plan.trouble(Trigger::PageCrashed, 1);
    let orders = plan.trouble(Trigger::BrowserGone, 1);
    assert!(
        matches!(&orders[..], [Order::Tell(was, Outcome::Failed), Order::Begin(now)]
            if was.stage == Stage::ReloadPage && now.stage == Stage::NewBrowser && now.trigger == Trigger::PageCrashed)
    );
    let orders = plan.trouble(Trigger::ProfileDamaged, 1);
    assert!(matches!(&orders[..], [_, Order::Begin(now)] if now.stage == Stage::RestoreProfile));
    assert!(plan.proven().contains(&Order::Close(End::Repaired)));
    assert!(plan.now().is_none() && plan.proven().is_empty());
}

#[test]
fn a_process_that_ends_in_every_stage_comes_to_a_person() {
    for trigger in TRIGGERS {
        let mut plan = Plan::default();
        plan.trouble(trigger, 1);
        let mut begun = Vec::new();
        while let Some(now) = plan.now().filter(|now| now.stage != Stage::AskUser) {
            begun.push(now.stage);
            plan = Plan::resumed(now.trigger, plan.course(), now.stage, now.attempt);
            let orders = plan.cut_off(1);
            assert_eq!(
                orders.first(),
                Some(&Order::Tell(plan_step(now), Outcome::Failed))
            );
        }
        assert!(
            begun.is_sorted_by(|one, next| one < next),
            "{trigger:?}: {begun:?}"
        );
        let browsers = begun.iter().filter(|stage| stage.ends_generation()).count();
        assert!(browsers > 0, "{trigger:?}: another browser was tried");
        assert!(plan.cut_off(1).is_empty(), "a person stays asked");
    }
}

/// The same step, as a plan that was resumed counts it.
fn plan_step(step: Step) -> Step {
    Step { ticket: 1, ..step }
}

#[test]
fn the_words_of_stages_and_triggers_are_the_stored_ones() {
    for trigger in TRIGGERS {
        assert_eq!(serde_json::json!(trigger), trigger.as_str());
        for stage in trigger.stages() {
            assert_eq!(serde_json::json!(stage), stage.as_str());
        }
    }
}

#[derive(Clone, Debug)]
enum Heard {
    Trouble(Trigger),
    Failed(u64),
    Proven,
    Hopeless,
    Overtaken,
}

fn heard() -> impl Strategy<Value = Heard> {
    prop_oneof![
        4 => (0..TRIGGERS.len()).prop_map(|n| Heard::Trouble(TRIGGERS[n])),
        6 => (0_u64..20).prop_map(Heard::Failed),
        1 => Just(Heard::Proven),
        1 => Just(Heard::Hopeless),
        1 => Just(Heard::Overtaken),
    ]
}

proptest! {
    #[test]
    fn a_repair_only_goes_forward_and_is_closed_once(all in prop::collection::vec(heard(), 0..80), attempts in 1_u32..4) {
        let mut plan = Plan::default();
        let mut last: Option<(Stage, u32)> = None;
        let mut closed = true;
        for one in all {
            let idle = plan.now().is_none();
            let orders = match one {
                Heard::Trouble(trigger) => plan.trouble(trigger, attempts),
                Heard::Failed(ticket) => plan.failed(ticket, attempts),
                Heard::Proven => plan.proven(),
                Heard::Hopeless => plan.hopeless(),
                Heard::Overtaken => plan.overtaken(),
            };
            for order in orders {
                match order {
                    Order::Begin(step) => {
                        if idle {
                            prop_assert!(last.is_none());
                            closed = false;
                        }
                        prop_assert!(last.is_none_or(|last| (step.stage, step.attempt) > last), "never back");
                        prop_assert!(step.attempt <= attempts);
                        last = Some((step.stage, step.attempt));
                    }
                    Order::Close(_) => {
                        prop_assert!(!closed, "closed once");
                        closed = true;
                    }
                    Order::Clear => {
                        prop_assert!(closed, "no end that nobody hears of");
                        last = None;
                    }
                    Order::Tell(..) => {}
                }
            }
            prop_assert_eq!(plan.now().is_some(), last.is_some());
        }
    }
}
