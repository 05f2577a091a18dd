//! The table of an account's life, and what holds for every life.

use proptest::prelude::*;

use super::{Effect, End, Evidence, Input, Machine, Phase, Rules};
use crate::{
    account::repair::Trigger,
    domain::{AccountState as S, Lack, Phone, SelfTest},
    protocol::account::Restart,
    session::{Identity, ProxyTrouble},
    supervision::Hold,
};

const RULES: Rules = Rules {
    probe_failures: 3,
    pairing_refreshes: 1,
};

fn who() -> Identity {
    Identity {
        phone: Phone::parse("5511987654321").expect("13 digits are a number"),
        push_name: None,
    }
}

fn died() -> Input {
    Input::Died {
        reason: "browser gone".to_owned(),
    }
}

fn failed(probe: u64) -> Input {
    Input::ProbeFailed {
        probe,
        reason: "no answer".to_owned(),
    }
}

fn out() -> Input {
    Input::LoggedOut {
        reason: "phone".to_owned(),
    }
}

fn park() -> Input {
    Input::Park {
        reason: String::new(),
        evidence: Evidence::Asked { asked: "park" },
    }
}

/// Walks the inputs; gives the machine and the last step's effects.
pub(super) fn walk(inputs: impl IntoIterator<Item = Input>) -> (Machine, Vec<Effect>) {
    let mut machine = Machine::new(RULES, S::Created);
    let mut last = Vec::new();
    for input in inputs {
        last = machine.step(input);
    }
    (machine, last)
}

/// The inputs of the table by their words; `…3` gives a number of a probe or an appointment.
pub(super) fn input(word: &str) -> Input {
    let (name, number) = word.split_at(word.find(|c: char| c.is_ascii_digit()).unwrap_or(word.len()));
    let number = number.parse().unwrap_or(0);
    let reason = String::new();
    match name {
        "took" => Input::TookOver { epoch: 7 },
        "no-store" => Input::TakeOverFailed { reason },
        "gone" => Input::AccountGone,
        "kept" => Input::ProfileReady {
            done: None,
            restorable: true,
        },
        "no-profile" => Input::ProfileDamaged { reason },
        "silent" => Input::PageSilent,
        "no-open" => Input::OpenFailed { reason },
        "held" => Input::Held(Hold::default()),
        "swept" => Input::TakenAlong { reason },
        "shown" => Input::CodeShown,
        "idle" => Input::CodesIdle,
        "typed" => Input::PhoneCodeShown,
        "passkey" => Input::PasskeyAsked,
        "other" => Input::OtherNumber,
        "linked" => Input::Linked,
        "ready" => Input::Ready(who()),
        "up" => Input::Connection { up: true },
        "down" => Input::Connection { up: false },
        "lacks" => Input::Tested(test(true, &["send"])),
        "lacks-acks" => Input::Tested(test(true, &["acks"])),
        "lacks-codes" => Input::Tested(test(false, &["pairing"])),
        "whole" => Input::Tested(test(true, &[])),
        "whole-page" => Input::Tested(test(false, &[])),
        "out" => out(),
        "died" => died(),
        "due" => Input::ProbeDue { ticket: number },
        "proven" => Input::Proven {
            probe: number,
            took_ms: 84,
        },
        "failed" => failed(number),
        "recovered" => Input::Recovered,
        "stop" => Input::Stop { restart: None },
        "restart" => Input::Stop {
            restart: Some(Restart::Asked),
        },
        "park" => park(),
        "hung" => Input::Trouble {
            trigger: Trigger::PageUnresponsive,
            detail: reason,
        },
        "replace" => Input::Replace { reason },
        "asked" => Input::PersonAsked { detail: reason },
        "stale" => Input::Stale,
        _ => panic!("no such word: {word}"),
    }
}

/// What happens, what is heard (after `serving`, a life that may send), and where it leads.
#[rustfmt::skip]
const LIFE: [(&str, &str, Phase, S); 67] = [
    ("nothing is opened before the epoch is known", "ready", Phase::TakingOver, S::Created),
    ("opening", "took", Phase::Opening, S::Starting),
    ("what sessions share ends again and again", "took held held", Phase::Opening, S::Starting),
    ("and comes back", "took held ready", Phase::Proving, S::Syncing),
    ("what sessions share takes it along", "serving swept", Phase::Ended, S::Online),
    ("a code is shown", "took shown", Phase::Unlinked, S::Pairing),
    ("nobody scans", "took shown idle idle", Phase::Unlinked, S::Pairing),
    ("a code to be typed is shown", "took shown typed", Phase::Unlinked, S::Pairing),
    ("a code that comes too late", "took shown linked typed", Phase::Syncing, S::Syncing),
    ("a passkey is asked for", "took shown passkey", Phase::Unlinked, S::Pairing),
    ("a passkey is asked for before there is a code", "took passkey", Phase::Unlinked, S::Pairing),
    ("a passkey at work is no matter of linking", "serving passkey", Phase::Serving, S::Online),
    ("another number scans", "took shown linked other", Phase::Syncing, S::Syncing),
    ("and is on its way out", "took shown linked other ready proven1", Phase::Syncing, S::Syncing),
    ("and is out", "took shown linked other out", Phase::Ending, S::LoggedOut),
    ("another number's profile", "took other", Phase::Ending, S::Stopped),
    ("linked", "took shown linked", Phase::Syncing, S::Syncing),
    ("ready is not online", "took ready", Phase::Proving, S::Syncing),
    ("proven is online", "took ready proven1", Phase::Recovering, S::Online),
    ("recovered may send", "serving", Phase::Serving, S::Online),
    ("another probe's answer proves nothing", "took ready proven9", Phase::Proving, S::Syncing),
    ("connection lost", "serving down", Phase::Doubting, S::Degraded),
    ("back, not yet proven", "serving down up", Phase::Doubting, S::Degraded),
    ("back and proven", "serving down up proven2", Phase::Recovering, S::Online),
    ("an answer from before the loss proves nothing", "took ready down proven1", Phase::Doubting, S::Degraded),
    ("one failed probe", "serving due2 failed2", Phase::Doubting, S::Degraded),
    ("the phone ends the link", "serving out", Phase::Ending, S::LoggedOut),
    ("stop", "serving stop", Phase::Ending, S::Stopped),
    ("stop before the epoch is known", "stop took", Phase::Ending, S::Stopped),
    ("restart", "serving restart", Phase::Ending, S::Restarting),
    ("parked", "serving park", Phase::Ending, S::Hibernated),
    ("parked before the epoch is known", "park took", Phase::Ending, S::Hibernated),
    ("parked while the last proof failed", "serving down park", Phase::Ending, S::Hibernated),
    ("death", "serving died", Phase::Ended, S::Online),
    ("the epoch is lost", "serving stale", Phase::Ended, S::Online),
    ("no network while a code is shown", "took shown down", Phase::Unlinked, S::Pairing),
    ("no network while chats are loading", "took shown linked down", Phase::Syncing, S::Syncing),
    ("the page reloads", "serving ready", Phase::Proving, S::Syncing),
    ("unlinked under way", "serving shown", Phase::Unlinked, S::Pairing),
    ("no store", "no-store", Phase::Ended, S::Created),
    ("deleted", "gone", Phase::Ended, S::Created),
    ("the session does not open", "took no-open", Phase::Ended, S::Starting),
    ("a kept link is lost", "took kept shown", Phase::Ended, S::Starting),
    ("a kept link is lost, and no code is shown any more", "took kept idle", Phase::Ended, S::Starting),
    ("a page is silent", "took kept silent", Phase::Repairing, S::Degraded),
    ("a page that is mended is not online", "serving hung ready", Phase::Doubting, S::Degraded),
    ("a page that is mended and proven", "serving hung ready proven2", Phase::Recovering, S::Online),
    ("a page that crashes while it is paired", "took shown hung", Phase::Repairing, S::Degraded),
    ("a page shows a code again", "took shown hung shown", Phase::Unlinked, S::Pairing),
    ("linked after a repair", "took shown hung linked", Phase::Syncing, S::Syncing),
    ("repair asks for another session", "serving hung replace", Phase::Ended, S::Degraded),
    ("a person is asked", "serving hung asked", Phase::Repairing, S::Degraded),
    ("a stop in a repair", "serving hung stop", Phase::Ending, S::Stopped),
    ("a kept profile loads", "took kept ready silent", Phase::Proving, S::Syncing),
    ("the link ends while the page is open", "took kept ready shown", Phase::Unlinked, S::Pairing),
    ("the profile is damaged", "took no-profile", Phase::Ended, S::Starting),
    ("a page lacks what sending needs", "took lacks ready", Phase::Drifted, S::Degraded),
    ("a page that is in use lacks it from now on", "serving lacks", Phase::Drifted, S::Degraded),
    ("it lacks what an account can do without", "took lacks-acks ready proven1", Phase::Recovering, S::Online),
    ("probes that are answered do not mend it", "serving lacks due4 proven2", Phase::Drifted, S::Degraded),
    ("probes that are not say nothing new", "serving lacks due4 failed2", Phase::Drifted, S::Degraded),
    ("a connection that comes and goes does not either", "serving lacks down up", Phase::Drifted, S::Degraded),
    ("what was missing is there again", "serving lacks whole", Phase::Proving, S::Syncing),
    ("and proven", "serving lacks whole proven2", Phase::Recovering, S::Online),
    ("a new page lacks nothing", "serving lacks whole ready", Phase::Proving, S::Syncing),
    ("no code can be shown", "took lacks-codes", Phase::Drifted, S::Degraded),
    ("the code can be shown again", "took lacks-codes whole-page shown", Phase::Unlinked, S::Pairing),
];

/// A self-test of a page that lacks one thing, needed for these.
fn test(linked: bool, purposes: &[&str]) -> SelfTest {
    let lack = Lack {
        name: "chat.find".to_owned(),
        needed_for: purposes.iter().map(|word| (*word).to_owned()).collect(),
    };
    SelfTest {
        missing: if purposes.is_empty() {
            Vec::new()
        } else {
            vec![lack]
        },
        linked,
        ..SelfTest::default()
    }
}

#[test]
fn what_a_page_lacks_is_said_with_what_to_do_and_closes_the_lane() {
    let (_, effects) = walk("took ready proven1 recovered lacks".split(' ').map(input));
    assert_eq!(effects[0], Effect::Unready);
    let Effect::Say(say) = &effects[1] else {
        panic!("{effects:?}");
    };
    let missing = vec!["chat.find".to_owned()];
    assert_eq!(say.evidence, Evidence::Missing { missing });
    assert!(
        say.reason
            .as_deref()
            .unwrap_or_default()
            .contains("needed to send")
    );
    assert!(
        say.action
            .as_deref()
            .unwrap_or_default()
            .contains("zaptor agent reload")
    );
}

#[test]
fn a_life_by_table() {
    for (what, words, phase, state) in LIFE {
        let words = words.replace("serving", "took ready proven1 recovered");
        let (machine, _) = walk(words.split(' ').map(input));
        assert_eq!((machine.phase(), machine.state()), (phase, state), "{what}");
    }
}

#[test]
fn three_failed_probes_in_a_row_ask_for_a_repair() {
    let (mut machine, _) = walk([
        Input::TookOver { epoch: 7 },
        Input::Ready(who()),
        Input::Proven {
            probe: 1,
            took_ms: 84,
        },
        Input::Recovered,
    ]);
    let mut due = machine.step(Input::ProbeDue { ticket: 2 });
    for probe in 2..=3 {
        assert_eq!(due, [Effect::Probe { probe }]);
        let effects = machine.step(failed(probe));
        let ticket = effects
            .iter()
            .find_map(|effect| match effect {
                Effect::ProbeLater { ticket, soon: true } => Some(*ticket),
                _ => None,
            })
            .expect("a failed probe is soon tried again");
        due = machine.step(Input::ProbeDue { ticket });
    }
    let effects = machine.step(failed(4));
    assert!(
        matches!(
            effects.last(),
            Some(Effect::Mend {
                trigger: Trigger::NoRoundTrip,
                ..
            })
        ),
        "{effects:?}"
    );
}

#[test]
fn codes_are_renewed_a_few_times_and_then_on_demand() {
    let (mut machine, _) = walk([Input::TookOver { epoch: 7 }, Input::CodeShown]);
    assert_eq!(machine.step(Input::CodeWanted), []);
    assert!(machine.step(Input::CodesIdle).contains(&Effect::RefreshCodes));
    machine.step(Input::CodeShown);
    assert!(!machine.step(Input::CodesIdle).contains(&Effect::RefreshCodes));
    assert_eq!(machine.step(Input::CodeWanted), [Effect::RefreshCodes]);
    let effects = machine.step(Input::CodeShown);
    assert!(effects.contains(&Effect::Announce { attempt: 3 }));
}

#[test]
fn a_code_is_not_shown_without_a_network_and_a_fresh_one_after_it() {
    let down = || Input::Connection { up: false };
    let (mut machine, effects) = walk([Input::TookOver { epoch: 7 }, Input::CodeShown, down()]);
    assert_eq!(effects[0], Effect::ForgetCode);
    assert_eq!(
        machine.step(Input::CodeShown),
        [Effect::ForgetCode],
        "one that the page had in store"
    );
    assert_eq!(
        machine.step(Input::Connection { up: true }),
        [Effect::RefreshCodes]
    );
    let effects = machine.step(Input::CodeShown);
    assert!(effects.contains(&Effect::Announce { attempt: 2 }), "{effects:?}");
}

fn any_input() -> impl Strategy<Value = Input> {
    prop_oneof![
        (1_i64..9).prop_map(|epoch| Input::TookOver { epoch }),
        Just(Input::TakeOverFailed {
            reason: String::new()
        }),
        Just(Input::CodeShown),
        Just(Input::PhoneCodeShown),
        Just(Input::PasskeyAsked),
        Just(Input::OtherNumber),
        Just(Input::CodesIdle),
        Just(Input::CodeWanted),
        Just(Input::Linked),
        Just(Input::Ready(who())),
        any::<bool>().prop_map(|up| Input::Connection { up }),
        any::<bool>().prop_map(|shut| Input::Proxy(shut.then(|| ProxyTrouble::Refused(String::new())))),
        (
            any::<bool>(),
            prop::sample::select(vec!["send", "acks", "pairing", ""])
        )
            .prop_map(|(linked, word)| {
                let word = [word];
                Input::Tested(test(linked, if word[0].is_empty() { &[] } else { &word }))
            }),
        (0_u64..12).prop_map(|ticket| Input::ProbeDue { ticket }),
        (0_u64..12).prop_map(|probe| Input::Proven { probe, took_ms: 84 }),
        (0_u64..12).prop_map(failed),
        Just(Input::Recovered),
        any::<bool>().prop_map(|restorable| Input::ProfileReady {
            done: None,
            restorable
        }),
        Just(Input::PageSilent),
        Just(Input::Trouble {
            trigger: Trigger::Modal,
            detail: String::new()
        }),
        Just(Input::PersonAsked {
            detail: String::new()
        }),
    ]
}

fn any_end() -> impl Strategy<Value = Input> {
    prop_oneof![
        Just(died()),
        Just(out()),
        Just(Input::ProfileDamaged {
            reason: String::new()
        }),
        Just(Input::Stale),
        Just(Input::StoreStalled),
        Just(Input::AccountGone),
        any::<bool>().prop_map(|restarts| Input::Stop {
            restart: restarts.then_some(Restart::Asked),
        }),
        Just(park()),
    ]
}

fn is_online(effect: &Effect) -> bool {
    matches!(effect, Effect::Say(say) if say.state == S::Online)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn online_is_only_said_after_the_newest_probe_was_answered(inputs in prop::collection::vec(any_input(), 0..60)) {
        let mut machine = Machine::new(RULES, S::Restarting);
        let mut newest = None;
        for input in inputs {
            let answered = matches!(&input, Input::Proven { probe, .. } if Some(*probe) == newest);
            let effects = machine.step(input);
            prop_assert!(answered || !effects.iter().any(is_online));
            if matches!(machine.phase(), Phase::Recovering | Phase::Serving) {
                prop_assert_eq!(machine.state(), S::Online);
            }
            prop_assert_eq!(machine.serving().is_some(), machine.phase() == Phase::Serving);
            let says = machine.phase().says();
            prop_assert!(says.is_empty() || says.contains(&machine.state()));
            for effect in effects {
                match effect {
                    Effect::Probe { probe } => newest = Some(probe),
                    // Whatever speaks against the page makes a probe from before worthless.
                    Effect::Say(say) if say.state != S::Online => newest = None,
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn nothing_happens_before_the_epoch_is_known_nor_after_the_end(
        before in prop::collection::vec(any_input(), 0..20),
        between in prop::collection::vec(any_input(), 0..20),
        end in any_end(),
        after in prop::collection::vec(prop_oneof![any_input(), any_end()], 0..20),
    ) {
        let mut machine = Machine::new(RULES, S::Created);
        for input in before {
            let knows = machine.epoch().is_some() || matches!(input, Input::TookOver { .. });
            let effects = machine.step(input);
            prop_assert!(knows || effects.iter().all(|effect| matches!(effect, Effect::End(_))));
        }
        machine.step(Input::TookOver { epoch: 3 });
        for input in between {
            machine.step(input);
        }
        machine.step(end);
        for input in after {
            let was_over = machine.phase() == Phase::Ended;
            let was_ending = machine.phase() == Phase::Ending;
            let effects = machine.step(input);
            prop_assert!(!was_over || effects.is_empty());
            prop_assert!(!was_ending || effects.iter().all(|effect| matches!(effect, Effect::End(_))));
        }
    }

    #[test]
    fn the_dispatcher_hears_ready_and_unready_in_turn(
        inputs in prop::collection::vec(prop_oneof![9 => any_input(), 1 => any_end()], 0..80)
    ) {
        let mut machine = Machine::new(RULES, S::Created);
        let mut ready = false;
        for input in inputs {
            let stale = input == Input::Stale;
            for effect in machine.step(input) {
                match effect {
                    Effect::Ready => {
                        prop_assert!(!ready);
                        ready = true;
                    }
                    Effect::Unready => ready = false,
                    _ => {}
                }
            }
            prop_assert!(ready == (machine.phase() == Phase::Serving) || stale || machine.phase() == Phase::Ended);
        }
    }
}

#[test]
fn a_woken_account_says_why_it_opens_and_why_it_is_online() {
    let woken = super::Woken {
        opening: "woken".to_owned(),
        online: Some("for a moment".to_owned()),
    };
    let mut machine = Machine::new(RULES, S::Hibernated).woken(Some(woken));
    let mut said = Vec::new();
    for word in ["took", "ready", "proven1"] {
        let effects = machine.step(input(word)).into_iter();
        said.extend(effects.filter_map(|effect| match effect {
            Effect::Say(say) => Some((say.state, say.reason)),
            _ => None,
        }));
    }
    let of = |state| {
        said.iter()
            .find(|(said, _)| *said == state)
            .and_then(|(_, why)| why.as_deref())
    };
    assert_eq!(
        (of(S::Starting), of(S::Online)),
        (Some("woken"), Some("for a moment"))
    );
}

#[test]
fn what_is_wrong_with_a_profile_is_told_before_the_end() {
    for (words, usable) in [("took kept shown", true), ("took no-profile", false)] {
        let (_, last) = walk(words.split(' ').map(input));
        assert!(
            matches!(&last[..], [Effect::Repair { usable: found, .. }, Effect::Mend { .. }, Effect::End(End::Failed(..))] if *found == usable),
            "{words}: {last:?}"
        );
    }
    let done = Input::ProfileReady {
        done: Some("the snapshot from yesterday was put in its place".to_owned()),
        restorable: false,
    };
    let (_, last) = walk([Input::TookOver { epoch: 7 }, done]);
    assert!(
        matches!(&last[..], [Effect::Say(say)] if say.reason.as_deref().is_some_and(|why| why.contains("yesterday")))
    );
}
