//! A group by itself: who may do what, and what never happens whatever people do.

use proptest::prelude::*;

use super::super::groups::{
    DESCRIPTION_LIMIT, Group, GroupRefusal, Outcome, PARTICIPANTS_LIMIT, PeopleAction, Role, SUBJECT_LIMIT,
    Setting,
};
use super::{ANNA, BEN, Number, ROBOT, number};

const CARL: &str = "5511900000003";
const STRANGER: &str = "5511900000009";

/// Anna made it; Ben is an admin, Carl a member.
fn friends() -> Group {
    let mut group = Group::new(1_000, &number(ANNA), " Friends ", "CODE".to_owned()).unwrap();
    let others = [number(BEN), number(CARL)];
    change(&mut group, ANNA, PeopleAction::Add, &others).unwrap();
    change(&mut group, ANNA, PeopleAction::Promote, &[number(BEN)]).unwrap();
    group
}

fn change(
    group: &mut Group,
    by: &str,
    action: PeopleAction,
    people: &[Number],
) -> Result<Vec<(Number, Outcome)>, GroupRefusal> {
    let reachable = |person: &Number| {
        if *person == number(ROBOT) {
            Outcome::Refused
        } else {
            Outcome::Done
        }
    };
    group.change_people(&number(by), action, people, reachable)
}

fn outcome(by: &str, action: PeopleAction, whom: &str) -> Result<u16, GroupRefusal> {
    let changed = change(&mut friends(), by, action, &[number(whom)]);
    changed.map(|outcomes| outcomes[0].1.code())
}

#[test]
fn who_may_do_what_to_whom() {
    use GroupRefusal::{NotAMember, NotAnAdmin};
    use PeopleAction::{Add, Demote, Promote, Remove};
    for (by, action, whom, expected) in [
        (ANNA, Add, STRANGER, Ok(200)),
        (BEN, Add, STRANGER, Ok(200)),
        (CARL, Add, STRANGER, Err(NotAnAdmin)),
        (STRANGER, Add, STRANGER, Err(NotAMember)),
        (ANNA, Add, CARL, Ok(409)),
        (ANNA, Add, ROBOT, Ok(403)),
        (BEN, Remove, CARL, Ok(200)),
        (BEN, Remove, ANNA, Ok(403)),
        (BEN, Remove, BEN, Ok(403)),
        (ANNA, Remove, STRANGER, Ok(404)),
        (CARL, Remove, BEN, Err(NotAnAdmin)),
        (ANNA, Promote, CARL, Ok(200)),
        (ANNA, Promote, BEN, Ok(409)),
        (ANNA, Promote, STRANGER, Ok(404)),
        (ANNA, Demote, BEN, Ok(200)),
        (BEN, Demote, BEN, Ok(200)),
        (BEN, Demote, ANNA, Ok(403)),
        (ANNA, Demote, CARL, Ok(409)),
        (ANNA, Demote, STRANGER, Ok(404)),
    ] {
        assert_eq!(outcome(by, action, whom), expected, "{by} {action:?} {whom}");
    }
}

#[test]
fn who_may_set_what() {
    let switch = [
        Setting::Restrict(true),
        Setting::Announce(true),
        Setting::AllAdd(true),
    ];
    let text = [
        Setting::Subject("Family".to_owned()),
        Setting::Description("All of us".to_owned()),
        Setting::Picture(Some("00".to_owned())),
    ];
    let set = |restrict: bool, by: &str, setting: &Setting| {
        let mut group = friends();
        group.restrict = restrict;
        group.set(2_000, &number(by), setting, "3A")
    };
    for setting in switch.iter().chain(&text) {
        let own = *setting == Setting::Restrict(true);
        assert_eq!(set(true, BEN, setting), Ok(!own), "{setting:?}");
        assert_eq!(
            set(true, CARL, setting),
            Err(GroupRefusal::NotAnAdmin),
            "{setting:?}"
        );
        assert_eq!(
            set(false, STRANGER, setting),
            Err(GroupRefusal::NotAMember),
            "{setting:?}"
        );
    }
    for setting in &text {
        assert_eq!(set(false, CARL, setting), Ok(true), "{setting:?}");
    }
    for setting in &switch {
        assert_eq!(
            set(false, CARL, setting),
            Err(GroupRefusal::NotAnAdmin),
            "{setting:?}"
        );
    }
}

#[test]
fn texts_have_bounds() {
    let long = |length: usize| "é".repeat(length);
    let mut group = friends();
    for (setting, expected) in [
        (Setting::Subject(long(SUBJECT_LIMIT)), Ok(true)),
        (
            Setting::Subject(long(SUBJECT_LIMIT + 1)),
            Err(GroupRefusal::LongSubject),
        ),
        (Setting::Subject(" ".to_owned()), Err(GroupRefusal::NoSubject)),
        (Setting::Description(long(DESCRIPTION_LIMIT)), Ok(true)),
        (
            Setting::Description(long(DESCRIPTION_LIMIT + 1)),
            Err(GroupRefusal::LongDescription),
        ),
        (Setting::Description(String::new()), Ok(true)),
        (Setting::Description(String::new()), Ok(false)),
    ] {
        assert_eq!(group.set(2_000, &number(CARL), &setting, "3A"), expected);
    }
    assert_eq!((group.subject, group.subject_at), (long(SUBJECT_LIMIT), 2_000));
    assert_eq!(group.description, None);
    assert_eq!(friends().subject, "Friends");
}

#[test]
fn the_last_admin_to_leave_makes_the_oldest_one() {
    let mut group = friends();
    assert_eq!(group.leave(&number(STRANGER)), Err(GroupRefusal::NotAMember));
    assert_eq!(group.leave(&number(ANNA)), Ok(None));
    change(&mut group, BEN, PeopleAction::Add, &[number(STRANGER)]).unwrap();
    assert_eq!(
        change(&mut group, BEN, PeopleAction::Demote, &[number(BEN)]).unwrap(),
        [(number(BEN), Outcome::Refused)],
        "a group is never without an admin"
    );
    assert_eq!(group.leave(&number(BEN)), Ok(Some(number(CARL))));
    assert_eq!(group.role(&number(CARL)), Some(Role::Admin));
    assert_eq!(group.leave(&number(CARL)), Ok(Some(number(STRANGER))));
    assert_eq!(group.leave(&number(STRANGER)), Ok(None));
    assert_eq!(group.join(&number(ANNA), "CODE"), Err(GroupRefusal::BadInvite));
    assert_eq!(group.owner, number(ANNA));
}

#[test]
fn a_link_lets_people_in_until_it_is_revoked() {
    let mut group = friends();
    assert_eq!(group.invite_for(&number(CARL)), Err(GroupRefusal::NotAnAdmin));
    assert_eq!(group.invite_for(&number(BEN)), Ok("CODE"));
    assert_eq!(group.join(&number(STRANGER), "CODE"), Ok(true));
    assert_eq!(group.join(&number(STRANGER), "CODE"), Ok(false));
    assert_eq!(group.role(&number(STRANGER)), Some(Role::Member));
    let mut revoke = |by: &str| group.revoke_invite(&number(by), "OTHER".to_owned());
    assert_eq!(revoke(STRANGER), Err(GroupRefusal::NotAnAdmin));
    assert_eq!(revoke(BEN), Ok(()));
    assert_eq!(group.join(&number(ROBOT), "CODE"), Err(GroupRefusal::BadInvite));
}

#[test]
fn everybody_brings_others_in_where_that_is_set() {
    let mut group = friends();
    group
        .set(2_000, &number(ANNA), &Setting::AllAdd(true), "3A")
        .unwrap();
    assert!(change(&mut group, CARL, PeopleAction::Add, &[number(STRANGER)]).is_ok());
    assert_eq!(group.invite_for(&number(CARL)), Ok("CODE"));
    assert_eq!(
        change(&mut group, CARL, PeopleAction::Remove, &[number(STRANGER)]),
        Err(GroupRefusal::NotAnAdmin)
    );
}

#[test]
fn a_full_group_takes_nobody() {
    let mut group = friends();
    let crowd: Vec<Number> = (0..PARTICIPANTS_LIMIT)
        .map(|place| number(&format!("4917{place:08}")))
        .collect();
    let (fits, more) = crowd.split_at(PARTICIPANTS_LIMIT - 3);
    assert_eq!(
        change(&mut group, ANNA, PeopleAction::Add, &crowd),
        Err(GroupRefusal::Full)
    );
    assert_eq!(group, friends(), "and none of those who would have fitted");
    change(&mut group, ANNA, PeopleAction::Add, fits).unwrap();
    assert_eq!(group.join(&more[0], "CODE"), Err(GroupRefusal::Full));
    // Nobody new: whoever is in already takes no room.
    assert!(change(&mut group, ANNA, PeopleAction::Add, &fits[..5]).is_ok());
}

#[test]
fn announcements_are_for_admins() {
    let mut group = friends();
    assert_eq!(group.may_write(&number(CARL)), Ok(()));
    group.announce = true;
    assert_eq!(group.may_write(&number(CARL)), Err(GroupRefusal::NotAnAdmin));
    assert_eq!(group.may_write(&number(BEN)), Ok(()));
    assert_eq!(group.may_write(&number(STRANGER)), Err(GroupRefusal::NotAMember));
}

/// Something that somebody out of six does.
#[derive(Clone, Debug)]
enum Step {
    People(usize, PeopleAction, Vec<usize>),
    Leave(usize),
    Join(usize, bool),
    Set(usize, Setting),
    Revoke(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let action = prop_oneof![
        Just(PeopleAction::Add),
        Just(PeopleAction::Remove),
        Just(PeopleAction::Promote),
        Just(PeopleAction::Demote),
    ];
    let setting = prop_oneof![
        any::<bool>().prop_map(Setting::Announce),
        any::<bool>().prop_map(Setting::Restrict),
        any::<bool>().prop_map(Setting::AllAdd),
        "[a-z]{0,101}".prop_map(Setting::Subject),
        "[a-z]{0,3}".prop_map(Setting::Description),
    ];
    prop_oneof![
        6 => (0..6_usize, action, prop::collection::vec(0..6_usize, 0..4))
            .prop_map(|(by, action, people)| Step::People(by, action, people)),
        2 => (0..6_usize).prop_map(Step::Leave),
        2 => (0..6_usize, any::<bool>()).prop_map(|(who, right)| Step::Join(who, right)),
        2 => (0..6_usize, setting).prop_map(|(by, setting)| Step::Set(by, setting)),
        1 => (0..6_usize).prop_map(Step::Revoke),
    ]
}

fn person(which: usize) -> Number {
    number(&format!("551190000000{which}"))
}

/// Answers whether it was refused as a whole.
fn take(group: &mut Group, step: &Step) -> bool {
    match step {
        Step::People(by, action, people) => {
            let people: Vec<Number> = people.iter().map(|which| person(*which)).collect();
            let outcomes = group.change_people(&person(*by), *action, &people, |_| Outcome::Done);
            outcomes.is_err()
        }
        Step::Leave(who) => group.leave(&person(*who)).is_err(),
        Step::Join(who, right) => {
            let code = if *right {
                group.invite.clone()
            } else {
                "wrong".to_owned()
            };
            group.join(&person(*who), &code).is_err()
        }
        Step::Set(by, setting) => group.set(2_000, &person(*by), setting, "3A").is_err(),
        Step::Revoke(by) => {
            let code = format!("{}+", group.invite);
            group.revoke_invite(&person(*by), code).is_err()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_people_do(steps in prop::collection::vec(step(), 0..40)) {
        let mut group = Group::new(1_000, &person(0), "Friends", "CODE".to_owned()).unwrap();
        for step in &steps {
            let before = group.clone();
            if take(&mut group, step) {
                prop_assert_eq!(&group, &before, "refused, and yet something changed");
            }
            let people = group.in_order();
            let admins = people.iter().filter(|(_, role)| *role != Role::Member).count();
            prop_assert!(admins > 0 || people.is_empty(), "nobody is an admin of {:?}", people);
            let creators = people.iter().filter(|(_, role)| *role == Role::Creator).count();
            prop_assert!(creators <= 1);
            let places: std::collections::BTreeSet<u64> =
                group.participants.values().map(|participant| participant.place).collect();
            prop_assert_eq!(places.len(), people.len(), "everybody came in at a moment of their own");
            prop_assert!((1..=SUBJECT_LIMIT).contains(&group.subject.chars().count()));
            prop_assert_eq!(&group.owner, &person(0));
            let written = serde_json::to_string(&group).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Group>(&written).unwrap(), &group);
        }
    }
}
