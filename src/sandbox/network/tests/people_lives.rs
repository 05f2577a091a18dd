//! What people do with groups and with what others see of them, at random.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::groups::{PeopleAction, Setting};
use super::super::media::{MediaDraft, MediaHash, MediaKind};
use super::super::{AnyInput, GroupAct, Picture, Profile, inputs};
use super::{ANNA, BEN, Number, ROBOT, group_of, number};

const PEOPLE: [&str; 4] = [ANNA, BEN, ROBOT, "5511900000003"];

fn anybody() -> impl Strategy<Value = Number> {
    (0..PEOPLE.len()).prop_map(|who| number(PEOPLE[who]))
}

fn several() -> impl Strategy<Value = Vec<Number>> {
    prop::collection::vec(anybody(), 0..4)
}

fn action() -> impl Strategy<Value = PeopleAction> {
    let names = ["add", "remove", "promote", "demote"];
    (0..names.len()).prop_map(move |which| PeopleAction::named(names[which]).unwrap())
}

fn setting() -> impl Strategy<Value = Setting> {
    prop_oneof![
        any::<bool>().prop_map(Setting::Announce),
        any::<bool>().prop_map(Setting::Restrict),
        any::<bool>().prop_map(Setting::AllAdd),
        "[a-z]{0,2}".prop_map(Setting::Subject),
        "[a-z]{0,2}".prop_map(Setting::Description),
        any::<bool>().prop_map(|there| Setting::Picture(there.then(|| "00".to_owned()))),
    ]
}

fn act() -> impl Strategy<Value = GroupAct> {
    let group = || Just(group_of(&[ANNA]).0);
    prop_oneof![
        1 => several().prop_map(|people| GroupAct::Create {
            subject: "New".to_owned(), description: "x".to_owned(), people,
        }),
        5 => (group(), action(), several())
            .prop_map(|(group, action, people)| GroupAct::People { group, action, people }),
        3 => (group(), prop::collection::vec(setting(), 0..3))
            .prop_map(|(group, settings)| GroupAct::Set { group, settings }),
        1 => group().prop_map(|group| GroupAct::Leave { group }),
        1 => group().prop_map(|group| GroupAct::RevokeInvite { group }),
        2 => Just(GroupAct::Join { code: "CODE".to_owned() }),
    ]
}

/// What people do on their phones.
pub(super) fn given() -> impl Strategy<Value = AnyInput> {
    let media = (0..9_u8, any::<bool>()).prop_map(|(content, full)| {
        let draft = MediaDraft {
            hash: MediaHash([content; 32]),
            kind: MediaKind::Image,
            mimetype: "image/png".to_owned(),
            size: 5_000,
        };
        AnyInput::PutMedia(inputs::PutMedia {
            draft,
            limit: if full { 20_000 } else { u64::MAX },
        })
    });
    let picture = prop_oneof![Just(Picture::Removed), Just(Picture::Drawn)];
    let profile = ("[a-z]{1,2}", "[a-z]{0,2}", picture).prop_map(|(name, about, picture)| Profile {
        name: Some(name),
        about: Some(about),
        picture: Some(picture),
    });
    prop_oneof![
        8 => (anybody(), act()).prop_map(|(by, act)| AnyInput::ActOnGroup(inputs::ActOnGroup { by, act })),
        2 => (anybody(), profile)
            .prop_map(|(phone, profile)| AnyInput::ChangeProfile(inputs::ChangeProfile { phone, profile })),
        2 => (anybody(), anybody(), any::<bool>())
            .prop_map(|(phone, other, blocked)| AnyInput::Block(inputs::Block { phone, other, blocked })),
        1 => Just(AnyInput::Ban(inputs::Ban { phone: number(BEN) })),
        2 => media,
    ]
}

/// What a page says about people and groups.
pub(super) fn says() -> impl Strategy<Value = Value> {
    let group = group_of(&[ANNA]).0.to_string();
    let wid = || anybody().prop_map(|person| person.lid());
    let in_group = move |more: Value| {
        let mut frame = more;
        frame["id"] = json!(group);
        frame["rid"] = json!(1);
        Just(frame)
    };
    prop_oneof![
        wid().prop_map(|id| json!({"t": "block", "id": id, "rid": 1})),
        wid().prop_map(|id| json!({"t": "unblock", "id": id, "rid": 1})),
        wid().prop_map(|id| json!({"t": "contact_save", "id": id, "name": "x", "rid": 1})),
        wid().prop_map(|id| json!({"t": "presence_sub", "id": id})),
        wid().prop_map(|id| json!({"t": "picture", "id": id, "rid": 1})),
        "[a-z]{0,2}".prop_map(|name| json!({"t": "set_name", "name": name, "rid": 1})),
        "[a-z]{0,2}".prop_map(|about| json!({"t": "set_about", "about": about, "rid": 1})),
        any::<bool>().prop_map(|available| json!({"t": "presence", "available": available})),
        wid().prop_map(|id| json!({"t": "group_create", "subject": "x", "participants": [id], "rid": 1})),
        in_group(json!({"t": "chatstate", "state": "composing"})),
        in_group(json!({"t": "group_set", "subject": "y", "memberAddMode": "all_member_add"})),
        in_group(json!({"t": "group_participants", "action": "add", "participants": [number(BEN).pn()]})),
        in_group(json!({"t": "group_leave"})),
        in_group(json!({"t": "group_invite", "revoke": true})),
        in_group(json!({"t": "set_picture"})),
        Just(json!({"t": "group_join", "code": "CODE", "rid": 1})),
    ]
}
