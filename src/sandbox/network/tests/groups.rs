//! Groups as pages see them.

use serde_json::{Value, json};

use super::super::groups::GroupRefusal;
use super::super::{GroupAct, SocketId};
use super::{ANNA, BEN, ROBOT, Stage, number};

const CARL: &str = "5511900000003";

fn wid(digits: &str) -> String {
    number(digits).pn()
}

/// Anna, Ben and Carl with a page each, and a group of Anna, Ben and a robot, which Anna has made.
struct Trio {
    stage: Stage,
    anna: SocketId,
    ben: SocketId,
    carl: SocketId,
    group: String,
}

impl Trio {
    fn new() -> Trio {
        let mut stage = Stage::new(1);
        let (anna, _) = stage.linked(ANNA);
        let (ben, _) = stage.linked(BEN);
        let (carl, _) = stage.linked(CARL);
        let made = stage.done(
            anna,
            json!({"t": "group_create", "subject": "Friends", "participants": [wid(BEN), number(ROBOT).lid()]}),
        );
        let group = made["info"]["id"].as_str().unwrap().to_owned();
        Trio {
            stage,
            anna,
            ben,
            carl,
            group,
        }
    }

    fn people(&mut self, by: SocketId, action: &str, people: &[&str]) -> Value {
        let people: Vec<String> = people.iter().map(|digits| wid(digits)).collect();
        let frame = json!({
            "t": "group_participants", "id": self.group, "action": action, "participants": people,
        });
        self.stage.done(by, frame)["results"].clone()
    }

    /// Actions that a page was told of, each with who is in now.
    fn told(&self, page: SocketId) -> Vec<(String, usize)> {
        let told = self.stage.told(page, "group").into_iter();
        told.map(|frame| {
            let people = frame["info"]["participants"].as_array().unwrap().len();
            (frame["action"].as_str().unwrap().to_owned(), people)
        })
        .collect()
    }

    /// Notices in the group's chat that a page was told of: what, by whom, to whom.
    fn notices(&self, page: SocketId) -> Vec<(String, String, Value)> {
        let told = self.stage.told(page, "msg").into_iter();
        told.filter(|frame| frame["raw"]["type"] == "gp2")
            .map(|frame| {
                assert_eq!(frame["chat"], json!(self.group));
                let raw = &frame["raw"];
                let text = |name: &str| raw[name].as_str().unwrap().to_owned();
                (text("subtype"), text("author"), raw["recipients"].clone())
            })
            .collect()
    }
}

#[test]
fn everybody_hears_of_a_new_group() {
    let mut trio = Trio::new();
    for page in [trio.anna, trio.ben] {
        assert_eq!(trio.told(page), [("create".to_owned(), 3)]);
        let notice = ("create".to_owned(), wid(ANNA), json!([wid(BEN), wid(ROBOT)]));
        assert_eq!(trio.notices(page), [notice]);
    }
    assert_eq!(trio.told(trio.carl), []);
    let frame = json!({"t": "group_info", "id": trio.group});
    let info = trio.stage.done(trio.ben, frame.clone())["info"].clone();
    assert_eq!(
        (&info["subject"], &info["owner"]),
        (&json!("Friends"), &json!(wid(ANNA)))
    );
    assert_eq!(
        info["participants"][0],
        json!({"id": wid(ANNA), "lid": number(ANNA).lid(), "isAdmin": true, "isSuperAdmin": true})
    );
    assert_eq!(info["participants"][2]["isAdmin"], json!(false));
    assert_eq!(trio.stage.refused(trio.carl, frame), "not-a-member");
    let groups = trio.stage.done(trio.carl, json!({"t": "groups"}));
    assert_eq!(groups["groups"], json!([]));
    let groups = trio.stage.done(trio.ben, json!({"t": "groups"}));
    assert_eq!(groups["groups"], json!([info]));
}

#[test]
fn a_message_reaches_all_and_its_ack_is_the_lowest() {
    let mut trio = Trio::new();
    let text = json!({"t": "send", "to": trio.group, "id": "3EB0AA", "msg": {"type": "chat", "body": "hi"}});
    trio.stage.ask(trio.anna, text.clone());
    trio.stage.wait(10_000);
    let heard = trio.stage.told(trio.ben, "msg");
    let raw = &heard.last().unwrap()["raw"];
    assert_eq!((&raw["author"], &raw["body"]), (&json!(wid(ANNA)), &json!("hi")));
    let receipts = trio.stage.told(trio.anna, "receipt");
    let by_ben = receipts
        .iter()
        .filter(|frame| frame["participant"] == json!(wid(BEN)));
    assert_eq!(
        by_ben
            .map(|frame| frame["ack"].as_u64().unwrap())
            .collect::<Vec<_>>(),
        [2, 3]
    );
    assert_eq!(receipts.last().unwrap()["all"], json!(3));
    assert_eq!(trio.stage.refused(trio.carl, text), "not-a-member");
}

#[test]
fn who_comes_and_goes() {
    let mut trio = Trio::new();
    let added = trio.people(trio.anna, "add", &[CARL, "5500000001"]);
    assert_eq!(
        added,
        json!([{"id": wid(CARL), "code": 200}, {"id": wid("5500000001"), "code": 404}])
    );
    assert_eq!(trio.told(trio.carl), [("add".to_owned(), 4)]);
    trio.people(trio.anna, "promote", &[BEN]);
    trio.people(trio.ben, "remove", &[CARL]);
    // Whoever is removed hears of it, and of nothing after it.
    assert_eq!(
        trio.told(trio.carl),
        [
            ("add".to_owned(), 4),
            ("promote".to_owned(), 4),
            ("remove".to_owned(), 3)
        ]
    );
    let last = trio.notices(trio.carl).pop().unwrap();
    assert_eq!(last, ("remove".to_owned(), wid(BEN), json!([wid(CARL)])));
    trio.stage
        .done(trio.anna, json!({"t": "group_leave", "id": trio.group}));
    assert_eq!(trio.told(trio.carl).len(), 3);
    assert_eq!(trio.told(trio.anna).pop(), Some(("leave".to_owned(), 2)));
    let groups = trio.stage.done(trio.anna, json!({"t": "groups"}));
    assert_eq!(groups["groups"], json!([]));
    trio.stage
        .done(trio.ben, json!({"t": "group_leave", "id": trio.group}));
    let group = trio.stage.network.groups().next().unwrap().1;
    let left = group.in_order();
    assert_eq!(left.len(), 1);
    assert_eq!(
        group.needs_admin(&number(ROBOT)),
        Ok(()),
        "the last one is an admin now"
    );
}

#[test]
fn settings_are_told_with_their_texts() {
    let mut trio = Trio::new();
    trio.stage.forget_what_was_heard();
    let frame = json!({
        "t": "group_set", "id": trio.group, "subject": "Family", "desc": "All of us", "announce": true,
        "memberAddMode": "all_member_add",
    });
    let info = trio.stage.done(trio.anna, frame.clone())["info"].clone();
    assert_eq!(
        (&info["subject"], &info["desc"]),
        (&json!("Family"), &json!("All of us"))
    );
    assert_eq!(
        (&info["announce"], &info["memberAddMode"]),
        (&json!(true), &json!("all_member_add"))
    );
    assert!(info["descId"].is_string());
    let actions = trio.told(trio.ben).into_iter().map(|(action, _)| action);
    let actions: Vec<String> = actions.collect();
    assert_eq!(actions, ["subject", "description", "announce", "restrict"]);
    let bodies = trio
        .stage
        .told(trio.ben, "msg")
        .into_iter()
        .map(|frame| frame["raw"]["body"].clone());
    let bodies: Vec<Value> = bodies.collect();
    assert_eq!(
        json!(bodies),
        json!(["Family", "All of us", "on", "all_member_add"])
    );
    // The same once more is nothing new.
    trio.stage.forget_what_was_heard();
    trio.stage.done(trio.anna, frame);
    assert_eq!(trio.told(trio.ben), []);

    let group = trio.group.clone();
    for (page, set, error) in [
        (trio.ben, json!({"announce": false}), "not-an-admin"),
        (trio.carl, json!({"subject": "Mine"}), "not-a-member"),
        (trio.ben, json!({"subject": "x".repeat(101)}), "subject-too-long"),
        (trio.ben, json!({"subject": ""}), "bad-content"),
        (
            trio.ben,
            json!({"desc": "x".repeat(2049)}),
            "description-too-long",
        ),
        (
            trio.ben,
            json!({"id": "120363999999999999@g.us", "subject": "x"}),
            "unknown-group",
        ),
    ] {
        let mut frame = json!({"t": "group_set", "id": group});
        frame
            .as_object_mut()
            .unwrap()
            .extend(set.as_object().unwrap().clone());
        assert_eq!(trio.stage.refused(page, frame.clone()), error, "{frame}");
    }
    let text = json!({"t": "send", "to": group, "id": "3EB0AA", "msg": {"type": "chat", "body": "hi"}});
    assert_eq!(
        trio.stage.refused(trio.ben, text),
        "not-an-admin",
        "admins alone write now"
    );
}

#[test]
fn an_invite_link_leads_in_until_it_is_revoked() {
    let mut trio = Trio::new();
    let ask = json!({"t": "group_invite", "id": trio.group});
    assert_eq!(trio.stage.refused(trio.ben, ask.clone()), "not-an-admin");
    let code = trio.stage.done(trio.anna, ask.clone())["code"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(code.len(), 22);
    let info = trio
        .stage
        .done(trio.carl, json!({"t": "group_invite_info", "code": code}));
    assert_eq!(info["info"]["id"], json!(trio.group));
    let join = json!({"t": "group_join", "code": format!("https://chat.whatsapp.com/{code}?mode=r")});
    assert_eq!(trio.stage.done(trio.carl, join.clone())["id"], json!(trio.group));
    assert_eq!(trio.told(trio.carl), [("invite".to_owned(), 4)]);
    assert_eq!(trio.told(trio.ben).pop(), Some(("invite".to_owned(), 4)));
    // Twice is once.
    trio.stage.done(trio.carl, join.clone());
    assert_eq!(trio.told(trio.carl).len(), 1);
    trio.stage
        .done(trio.carl, json!({"t": "group_leave", "id": trio.group}));
    let fresh = trio.stage.done(
        trio.anna,
        json!({"t": "group_invite", "id": trio.group, "revoke": true}),
    );
    assert_ne!(fresh["code"], json!(code));
    assert_eq!(trio.stage.refused(trio.carl, join), "bad-invite");
    let info = json!({"t": "group_invite_info", "code": code});
    assert_eq!(trio.stage.refused(trio.carl, info), "bad-invite");
}

#[test]
fn a_page_that_was_away_hears_what_became_of_its_groups() {
    let mut trio = Trio::new();
    let (away, token) = trio.stage.linked("5511900000004");
    trio.people(trio.anna, "add", &["5511900000004"]);
    trio.stage.network.closed(trio.stage.now, away);
    trio.people(trio.anna, "promote", &[BEN]);
    trio.people(trio.anna, "remove", &["5511900000004"]);
    trio.people(trio.anna, "add", &[CARL]);
    let back = trio.stage.page(Some(&token));
    let welcome = trio.stage.told(back, "welcome")[0].clone();
    let shown = &welcome["groups"][0];
    assert_eq!(shown["id"], json!(trio.group), "its chat is still there");
    assert_eq!(shown["participants"].as_array().unwrap().len(), 4);
    // Each is told with the group as it is by now: it never looks older than the welcome.
    assert_eq!(
        trio.told(back),
        [("promote".to_owned(), 4), ("remove".to_owned(), 4)]
    );
    let notices: Vec<String> = trio
        .notices(back)
        .into_iter()
        .map(|(action, _, _)| action)
        .collect();
    assert_eq!(notices, ["promote", "remove"]);
    let chat = &welcome["chats"][0];
    assert_eq!(
        (&chat["id"], &chat["name"]),
        (&json!(trio.group), &json!("Friends"))
    );
    let known = welcome["contacts"].as_array().unwrap().iter();
    assert!(
        !known
            .map(|contact| &contact["id"])
            .any(|id| *id == json!(wid(ROBOT)))
    );
    let ben = trio.stage.linked(BEN).0;
    let known = trio.stage.told(ben, "paired")[0]["contacts"]
        .as_array()
        .unwrap()
        .iter();
    assert!(
        known
            .map(|contact| &contact["id"])
            .any(|id| *id == json!(wid(ROBOT))),
        "a robot is known to those who share a group with it"
    );
}

#[test]
fn an_offline_phone_gets_what_was_written_in_the_group() {
    let mut trio = Trio::new();
    let id = trio.group.clone();
    trio.stage
        .network
        .set_online(trio.stage.now, &number(BEN), false)
        .unwrap();
    let text = json!({"t": "send", "to": id, "id": "3EB0AA", "msg": {"type": "chat", "body": "hi"}});
    trio.stage.ask(trio.anna, text);
    trio.stage.wait(10_000);
    let all = |trio: &Trio| trio.stage.told(trio.anna, "receipt").last().unwrap()["all"].clone();
    assert_eq!(all(&trio), json!(1));
    trio.stage
        .network
        .set_online(trio.stage.now, &number(BEN), true)
        .unwrap();
    trio.stage.wait(10_000);
    assert_eq!(all(&trio), json!(3));
}

#[test]
fn whoever_is_blocked_is_not_brought_in() {
    let mut trio = Trio::new();
    trio.stage.done(trio.carl, json!({"t": "block", "id": wid(ANNA)}));
    let added = trio.people(trio.anna, "add", &[CARL]);
    assert_eq!(added, json!([{"id": wid(CARL), "code": 403}]));
    assert_eq!(trio.told(trio.carl), []);
}

#[test]
fn a_refused_patch_changes_nothing() {
    let mut trio = Trio::new();
    let before = json!(trio.stage.network.state().groups);
    let (id, _) = trio.stage.network.groups().next().unwrap();
    let act = GroupAct::Set {
        group: id.clone(),
        settings: vec![
            super::super::Setting::Subject("Family".to_owned()),
            super::super::Setting::Picture(Some("nowhere".to_owned())),
        ],
    };
    let refused = trio
        .stage
        .network
        .act_on_group(trio.stage.now, &number(ANNA), &act);
    assert_eq!(refused, Err(GroupRefusal::UnknownMedia));
    assert_eq!(json!(trio.stage.network.state().groups), before);
}
