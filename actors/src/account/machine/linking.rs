//! The part of the machine that is about linking: codes, passkeys, and phones with another number.

use super::{Effect, Evidence, Input, Machine, Phase, Say};
use crate::domain::AccountState;

const SCAN: &str = "Open WhatsApp on the phone, Linked devices, Link a device, and scan the code";
pub(super) const SCANNED: (&str, &str) = ("waits for a phone to scan the code", SCAN);
pub(super) const TYPED: (&str, &str) = (
    "waits for the code to be typed on the phone",
    "Open WhatsApp on the phone, Linked devices, Link a device, Link with phone number instead, and type the code",
);
const NOBODY_SCANNED: &str = "Ask for the pairing code when a phone is at hand. A phone that refuses the code has linked \
                              four devices already, as many as WhatsApp allows: log one of them out on it first";
pub(super) const PASSKEY: &str = "passkey_challenge: WhatsApp asks for the passkey of the phone's owner, which this browser does not \
                       have";
const WITHOUT_PASSKEY: &str = "Confirm on the phone if it asks to. If that does not help, link with a code by phone number, \
                               or remove the passkey on the phone (Settings, Account, Passkeys), link, and set it up again";
const OTHER_LINKED: &str =
    "other_number: a phone with another number than this account's was linked; its link is being ended";
pub(super) const OTHER_ENDED: &str = "other_number: a phone with another number than this account's was linked, and its link was ended \
                           again";
pub(super) const RIGHT_PHONE: &str = "Start the account and link the number that it has. To let another one take over its history, set \
                           allow_other_number first; for a number of its own, create another account";
const OTHER_PROFILE: &str =
    "other_number: the browser's profile is linked to another number than this account's";
const RIGHT_PROFILE: &str = "Import or restore a profile of the number that the account has; or set allow_other_number, and \
                             start it again";

impl Machine {
    pub(super) fn code_shown(&mut self, (why, action): (&str, &str)) -> Vec<Effect> {
        let mut effects = self.leave_ready();
        if self.phase != Phase::Unlinked {
            self.codes = 0;
            self.passkey = false;
            self.unreachable = false;
        }
        self.phase = Phase::Unlinked;
        self.codes += 1;
        self.idle = false;
        // What asks for more than the code keeps being said.
        if !self.passkey {
            let evidence = Evidence::page("shows_code");
            let say = Say::because(AccountState::Pairing, why, evidence).asking(action);
            effects.push(Effect::Say(say));
        }
        effects.push(Effect::Announce { attempt: self.codes });
        effects
    }

    pub(super) fn passkey_asked(&mut self) -> Vec<Effect> {
        if !matches!(self.phase, Phase::Opening | Phase::Unlinked) {
            return Vec::new();
        }
        self.phase = Phase::Unlinked;
        self.passkey = true;
        let evidence = Evidence::page("asks_for_passkey");
        let say = Say::because(AccountState::Pairing, PASSKEY, evidence).asking(WITHOUT_PASSKEY);
        vec![Effect::Say(say)]
    }

    /// Nothing of it may be written under this account.
    pub(super) fn other_number(&mut self) -> Vec<Effect> {
        let mut effects = self.leave_ready();
        let evidence = Evidence::page("other_number");
        if !self.fresh {
            let say = Say::because(AccountState::Stopped, OTHER_PROFILE, evidence).asking(RIGHT_PROFILE);
            effects.extend(self.wind_down(say, false, OTHER_PROFILE));
            return effects;
        }
        self.foreign = true;
        self.phase = Phase::Syncing;
        let say = Say::because(AccountState::Syncing, OTHER_LINKED, evidence);
        effects.extend([Effect::ForgetCode, Effect::Say(say), Effect::EndLink]);
        effects
    }

    pub(super) fn pairing(&mut self, input: &Input) -> Vec<Effect> {
        match input {
            // Nobody can be linked by it before the page has a network again, and then there is a fresh one.
            Input::CodeShown if self.unreachable && self.phase == Phase::Unlinked => vec![Effect::ForgetCode],
            Input::CodeShown => self.code_shown(SCANNED),
            Input::CodesIdle if matches!(self.phase, Phase::Unlinked | Phase::Opening | Phase::Repairing) => {
                self.phase = Phase::Unlinked;
                self.idle = true;
                let say = |why| Say::because(AccountState::Pairing, why, Evidence::page("shows_no_code"));
                if self.refreshes < self.rules.pairing_refreshes {
                    self.refreshes += 1;
                    let say = say("the page is asked for another code");
                    return vec![Effect::ForgetCode, Effect::Say(say), Effect::RefreshCodes];
                }
                let say = say("nobody scanned; no code is shown any more").asking(NOBODY_SCANNED);
                vec![Effect::ForgetCode, Effect::Say(say)]
            }
            Input::CodeWanted if self.idle && self.phase == Phase::Unlinked => vec![Effect::RefreshCodes],
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{input, walk},
        *,
    };

    #[test]
    fn a_passkey_keeps_being_said_while_codes_turn() {
        let (mut machine, said) = walk([
            Input::TookOver { epoch: 7 },
            Input::CodeShown,
            Input::PasskeyAsked,
        ]);
        assert!(matches!(&said[..], [Effect::Say(say)] if say.reason.as_deref() == Some(PASSKEY)));
        assert_eq!(machine.step(Input::CodeShown), [Effect::Announce { attempt: 2 }]);
        machine.step(Input::Linked);
        let effects = machine.step(Input::CodeShown);
        assert!(matches!(&effects[0], Effect::Say(say) if say.reason.as_deref() == Some(SCANNED.0)));
    }

    #[test]
    fn a_link_is_ended_only_if_it_was_made_just_now() {
        let ends = |words: &str| {
            let (_, effects) = walk(words.split(' ').map(input));
            effects.contains(&Effect::EndLink)
        };
        assert!(ends("took shown linked other"));
        assert!(!ends("took other"), "it belongs to whoever made the profile");
    }
}
