//! Everything that can happen to the network from outside, as data, so that it can be written down before anybody
//! hears of it, and played again after a crash.
//!
//! The network is a pure function of its inputs; the list below is therefore all that has to be kept. Whoever gives the
//! network something new to react to adds a line here: no other way leads in.

use serde::{Deserialize, Serialize};

use super::chat_id::ChatId;
use super::content::Content;
use super::group_acts::{GroupAct, GroupDone};
use super::groups::GroupRefusal;
use super::media::{MediaDraft, MediaPut};
use super::number::Number;
use super::people::{Profile, Typing};
use super::seeding::Past;
use super::state::{Millis, Timing};
use super::{Drift, Fault, Network, Refusal, Rules, SocketId};

/// One thing that happens to the network. Playing the same inputs again, each with its own moment, gives the same
/// network: [`Input::apply`] looks at nothing else.
pub(crate) trait Input {
    /// What whoever gave it is told.
    type Answer;

    /// Lets it happen.
    fn apply(&self, network: &mut Network, now: Millis) -> Self::Answer;

    /// Its written form, JSON without a line break, which [`AnyInput`] reads.
    fn written(&self) -> String;
}

/// Makes a struct of each line, and an enum of all of them.
macro_rules! inputs {
    ($(
        $(#[$about:meta])*
        $name:ident { $($field:ident: $type:ty),* $(,)? } -> $answer:ty
            = |$network:ident, $now:pat_param| $does:expr;
    )*) => {
        /// The inputs themselves.
        pub(crate) mod inputs {
            use super::*;
            $(
                $(#[$about])*
                #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
                pub(crate) struct $name { $(pub(crate) $field: $type),* }

                impl Input for $name {
                    type Answer = $answer;

                    fn apply(&self, $network: &mut Network, $now: Millis) -> $answer {
                        let $name { $($field),* } = self;
                        $does
                    }

                    fn written(&self) -> String {
                        serde_json::to_string(&Written::$name(self)).expect("plain data with string keys")
                    }
                }
            )*
        }

        #[derive(Serialize)]
        #[serde(rename_all = "snake_case")]
        enum Written<'a> { $($name(&'a inputs::$name)),* }

        /// Any of the inputs, read from its written form.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub(crate) enum AnyInput { $($name(inputs::$name)),* }

        impl AnyInput {
            /// Lets it happen again. What it answered has been told the first time.
            pub(crate) fn replay(&self, network: &mut Network, now: Millis) {
                match self { $(AnyInput::$name(input) => { let _ = input.apply(network, now); })* }
            }
        }
    };
}

inputs! {
    /// The process starts.
    Boot { rules: Rules } -> () = |network, _| network.boot(rules.clone());

    /// Time has passed and something was due.
    Advance {} -> () = |network, now| network.advance(now);

    /// A page connected. Answers its name.
    Open {} -> SocketId = |network, _| network.open();

    /// A page sent a frame.
    Frame { socket: SocketId, text: String } -> () = |network, now| network.frame(now, *socket, text);

    /// A page's connection ended.
    Closed { socket: SocketId } -> () = |network, now| network.closed(now, *socket);

    /// See [`Network::create_phone`].
    CreatePhone { phone: Number, name: Option<String> } -> Result<bool, Refusal>
        = |network, now| network.create_phone(now, phone, name.as_deref());

    /// See [`Network::scan`].
    Scan { phone: Number, code: String } -> Result<String, Refusal>
        = |network, now| network.scan(now, phone, code);

    /// See [`Network::link`].
    Link { phone: Number, code: String } -> Result<String, Refusal>
        = |network, now| network.link(now, phone, code);

    /// See [`Network::unlink`].
    Unlink { phone: Number, session: Option<String> } -> Result<(), Refusal>
        = |network, now| network.unlink(now, phone, session.as_deref());

    /// See [`Network::send_from_phone`].
    PhoneSends { from: Number, to: ChatId, content: Content, quoted: Option<String> } -> Result<String, Refusal>
        = |network, now| network.send_from_phone(now, from, to, content, quoted.as_deref());

    /// See [`Network::forward`].
    Forward { phone: Number, chat: ChatId, id: String, to: ChatId } -> Result<String, Refusal>
        = |network, now| network.forward(now, phone, chat, id, to);

    /// See [`Network::edit_on_phone`].
    Edit { phone: Number, chat: ChatId, id: String, text: String } -> Result<(), Refusal>
        = |network, now| network.edit_on_phone(now, phone, chat, id, text);

    /// See [`Network::revoke_on_phone`].
    Revoke { phone: Number, chat: ChatId, id: String } -> Result<(), Refusal>
        = |network, now| network.revoke_on_phone(now, phone, chat, id);

    /// See [`Network::react_on_phone`].
    React { phone: Number, chat: ChatId, id: String, emoji: String } -> Result<(), Refusal>
        = |network, now| network.react_on_phone(now, phone, chat, id, emoji);

    /// See [`Network::vote_on_phone`].
    Vote { phone: Number, chat: ChatId, id: String, options: Vec<String> } -> Result<(), Refusal>
        = |network, now| network.vote_on_phone(now, phone, chat, id, options);

    /// See [`Network::read`].
    Read { reader: Number, chat: ChatId, id: Option<String>, played: bool } -> Result<(), Refusal>
        = |network, now| network.read(now, reader, chat, id.as_deref(), *played);

    /// See [`Network::seed_history`].
    SeedHistory { phone: Number, past: Past } -> Result<(usize, usize), Refusal>
        = |network, now| network.seed_history(now, phone, past);

    /// See [`Network::set_online`].
    SetOnline { phone: Number, online: bool } -> Result<(), Refusal>
        = |network, now| network.set_online(now, phone, *online);

    /// See [`Network::set_timing`].
    SetTiming { timing: Timing, seed: Option<u64> } -> ()
        = |network, now| network.set_timing(now, timing.clone(), *seed);

    /// See [`Network::fault`].
    PlanFault { fault: Fault } -> Result<u64, Refusal> = |network, now| network.fault(now, fault);

    /// See [`Network::clear_faults`].
    ClearFaults {} -> () = |network, now| network.clear_faults(now);

    /// See [`Network::load_page`].
    LoadPage {} -> Vec<Drift> = |network, now| network.load_page(now);

    /// See [`Network::put_media`].
    PutMedia { draft: MediaDraft, limit: u64 } -> MediaPut
        = |network, now| network.put_media(now, draft, *limit);

    /// See [`Network::act_on_group`].
    ActOnGroup { by: Number, act: GroupAct } -> Result<GroupDone, GroupRefusal>
        = |network, now| network.act_on_group(now, by, act);

    /// See [`Network::change_profile`].
    ChangeProfile { phone: Number, profile: Profile } -> Result<(), Refusal>
        = |network, now| network.change_profile(now, phone, profile);

    /// See [`Network::block`].
    Block { phone: Number, other: Number, blocked: bool } -> Result<(), Refusal>
        = |network, now| network.block(now, phone, other, *blocked);

    /// See [`Network::ban`].
    Ban { phone: Number } -> Result<(), Refusal> = |network, now| network.ban(now, phone);

    /// See [`Network::types_on_phone`].
    TypesOnPhone { phone: Number, chat: ChatId, typing: Typing } -> Result<(), Refusal>
        = |network, now| network.types_on_phone(now, phone, chat, *typing);
}
