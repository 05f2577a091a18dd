//! Tables of ends over leaps of the clock, and what holds for every order of them.
#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

use proptest::prelude::*;

use super::*;
use crate::domain::Clock;

const BUDGET: Budget = Budget {
    max_restarts: 3,
    within: Duration::from_secs(60),
};
const BACKOFF: Backoff = Backoff {
    base: Duration::from_millis(500),
    cap: Duration::from_secs(300),
};

struct House {
    groups: Groups,
    clock: Clock,
}

impl House {
    fn new() -> Self {
        Self {
            groups: Groups::new("chromedriver", BUDGET, BACKOFF),
            clock: Clock::manual(Timestamp::from_millis(0)),
        }
    }

    fn begin(&mut self) -> Result<Begun, Hold> {
        self.groups.begin(None, self.clock.instant())
    }

    fn ended(&mut self, begun: Begun) -> Option<Hold> {
        let at = (self.clock.instant(), self.clock.now());
        self.groups.ended(begun, "killed", at, 0.5)
    }

    fn state(&self, number: u64) -> GroupReport {
        let (whole, groups) = self.groups.report(self.clock.instant());
        let at = usize::try_from(number).unwrap();
        if number == 0 {
            whole
        } else {
            groups[at - 1].clone()
        }
    }
}

#[test]
fn one_restart_is_counted_however_many_report_the_end_and_it_comes_back_under_its_number() {
    let mut house = House::new();
    let (first, other) = (house.begin().unwrap(), house.begin().unwrap());
    assert_eq!((first.number, other.number), (1, 2));
    for begun in [first, other] {
        house.groups.works(begun);
    }
    let untouched = house.state(2);
    let hold = house.ended(first).unwrap();
    assert_eq!((hold.ends, hold.escalated), (1, false));
    assert_eq!(house.ended(first), None, "another one of the same group");
    assert_eq!(house.state(1).state, ChildState::BackingOff);
    assert_eq!(house.begin(), Err(hold.clone()), "nobody is begun in its place");
    house.clock.leap(hold.retry_in);
    assert_eq!(house.state(1).state, ChildState::Stopped, "nobody needs it yet");
    let again = house.begin().unwrap();
    assert_eq!((again.number, again.generation), (1, 2));
    let report = house.state(1);
    assert_eq!((report.restarts, report.generation), (1, 2));
    assert_eq!(report.last_exit.unwrap().0, "killed");
    assert_eq!(house.state(2), untouched);
    assert_eq!(house.state(0).restarts, 0, "the parent was not charged");
    assert_eq!(house.ended(first), None, "a generation that is long over");
}

#[test]
fn a_spent_budget_charges_the_parent_whose_pauses_grow_until_one_works() {
    let mut house = House::new();
    let healthy = house.begin().unwrap();
    house.groups.works(healthy);
    let mut pauses = Vec::new();
    for n in 1..=20 {
        let begun = house.begin().unwrap();
        assert_eq!(begun.number, 2);
        let hold = house.ended(begun).unwrap();
        assert_eq!((hold.ends, hold.escalated), (n, n > BUDGET.max_restarts), "{n}");
        assert_eq!(house.state(0).state == ChildState::Failed, hold.escalated);
        assert_eq!(house.begin(), Err(hold.clone()));
        assert_eq!(
            house.state(1).state,
            ChildState::Running,
            "it is touched by nobody"
        );
        house.clock.leap(hold.retry_in);
        pauses.push(hold.retry_in);
    }
    assert!(pauses.is_sorted(), "{pauses:?}");
    assert!(
        pauses[19] <= BACKOFF.cap && pauses[19] >= BACKOFF.cap / 2,
        "{pauses:?}"
    );
    let text = house
        .groups
        .told(house.clock.instant(), house.clock.instant())
        .to_string();
    assert!(text.starts_with("chromedriver ended 20 times in "), "{text}");
    let begun = house.begin().unwrap();
    assert!(house.groups.works(begun), "it heals by itself");
    assert!(!house.groups.works(begun));
    assert_eq!(house.state(0).state, ChildState::Running);
    house.clock.leap(BUDGET.within);
    let hold = house.ended(begun).unwrap();
    assert_eq!(
        (hold.ends, hold.escalated),
        (1, false),
        "a healthy window forgives"
    );
}

#[test]
fn whoever_was_in_a_group_comes_back_in_it() {
    let mut house = House::new();
    let (first, second) = (house.begin().unwrap(), house.begin().unwrap());
    for begun in [first, second] {
        house.groups.works(begun);
    }
    let holds = [house.ended(second).unwrap(), house.ended(first).unwrap()];
    house
        .clock
        .leap(holds.iter().map(|hold| hold.retry_in).max().unwrap());
    let now = house.clock.instant();
    for number in [2, 1] {
        let begun = house.groups.begin(Some(number), now).unwrap();
        assert_eq!((begun.number, begun.generation), (number, 2));
        assert!(!house.groups.is_down(number));
    }
    let another = house.groups.begin(Some(1), now).unwrap();
    assert_eq!(another.number, 3, "its own runs, and has no place");
}

#[test]
fn a_start_that_was_given_up_charges_nobody() {
    let mut house = House::new();
    for generation in 1..20 {
        let begun = house.begin().unwrap();
        assert_eq!((begun.number, begun.generation), (1, generation));
        house.groups.abandon(begun, house.clock.instant());
    }
    assert_eq!((house.state(1).restarts, house.state(0).restarts), (0, 0));
}

proptest! {
    #[test]
    fn nothing_is_begun_before_its_pause_is_over_and_no_group_touches_another(
        steps in prop::collection::vec((0_u64..3_000, 0_u8..4, 0_usize..6, 0.0..1.0_f64), 1..150),
    ) {
        let mut house = House::new();
        let mut running: Vec<Begun> = Vec::new();
        let mut blocked_until = None;
        for (passes, what, which, fraction) in steps {
            house.clock.leap(Duration::from_millis(passes));
            let now = house.clock.instant();
            match what {
                0 => match house.begin() {
                    Ok(begun) => {
                        prop_assert!(blocked_until.is_none_or(|until| until <= now));
                        prop_assert!(running.iter().all(|other| other.number != begun.number));
                        running.push(begun);
                    }
                    Err(hold) => prop_assert!(hold.retry_in > Duration::ZERO && hold.retry_in <= BACKOFF.cap),
                },
                1 if !running.is_empty() => {
                    let begun = running[which % running.len()];
                    if house.groups.works(begun) {
                        blocked_until = None;
                    }
                }
                2 if !running.is_empty() => {
                    let begun = running.swap_remove(which % running.len());
                    let before: Vec<GroupReport> = running.iter().map(|other| house.state(other.number)).collect();
                    let hold = house.groups.ended(begun, "killed", (now, house.clock.now()), fraction).unwrap();
                    if hold.escalated {
                        blocked_until = house.groups.parent.held;
                    }
                    let after: Vec<GroupReport> = running.iter().map(|other| house.state(other.number)).collect();
                    prop_assert_eq!(before, after);
                }
                _ => {}
            }
        }
    }
}
