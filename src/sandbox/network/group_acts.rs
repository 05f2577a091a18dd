//! What people do with groups, be it on a page or on a phone: the group changes, everybody in it gets a notice in its
//! chat, and all their pages hear of it, now or when they are back.

use rand::RngExt;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Network;
use super::chat_id::{ChatId, GroupId};
use super::content::Content;
use super::groups::{Group, GroupRefusal, Outcome, PeopleAction, Role, Setting};
use super::number::Number;
use super::state::{Millis, News};
use super::traces::Trace;

/// Signs of an invite code.
const CODE_SIGNS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Signs that an invite code has.
const CODE_LENGTH: usize = 22;

/// One thing that somebody does with a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GroupAct {
    /// Makes one, with these in it besides.
    Create {
        subject: String,
        /// An empty one is none.
        description: String,
        people: Vec<Number>,
    },
    /// See [`Group::change_people`].
    People {
        group: GroupId,
        action: PeopleAction,
        people: Vec<Number>,
    },
    /// Sets all of these, or none if one of them is refused.
    Set { group: GroupId, settings: Vec<Setting> },
    /// Goes.
    Leave { group: GroupId },
    /// Makes a new invite link.
    RevokeInvite { group: GroupId },
    /// Comes in by an invite link: the link itself, or its code.
    Join { code: String },
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GroupDone {
    pub(crate) group: GroupId,
    /// Of each whom it was about.
    pub(crate) results: Vec<(Number, Outcome)>,
}

/// What has happened to a group, as it is told.
struct Change<'a> {
    by: &'a Number,
    action: &'static str,
    /// Those to whom it has happened.
    people: &'a [Number],
    body: Option<&'a str>,
    /// Those who were in before and are no longer.
    gone: &'a [Number],
}

impl Network {
    /// `by` does something with a group.
    pub(crate) fn act_on_group(
        &mut self,
        now: Millis,
        by: &Number,
        act: &GroupAct,
    ) -> Result<GroupDone, GroupRefusal> {
        self.advance(now);
        match act {
            GroupAct::Create {
                subject,
                description,
                people,
            } => self.create_group(now, by, (subject, description), people),
            GroupAct::People {
                group,
                action,
                people,
            } => self.change_people(now, by, group, *action, people),
            GroupAct::Set { group, settings } => self.set_group(now, by, group, settings),
            GroupAct::Leave { group } => self.leave_group(now, by, group),
            GroupAct::RevokeInvite { group } => self.revoke_invite(now, by, group),
            GroupAct::Join { code } => self.join_group(now, by, code),
        }
    }

    fn create_group(
        &mut self,
        now: Millis,
        by: &Number,
        (subject, description): (&str, &str),
        people: &[Number],
    ) -> Result<GroupDone, GroupRefusal> {
        let mut group = Group::new(now, by, subject, String::new())?;
        let description_id = self.phone_message_id();
        let description = Setting::Description(description.to_owned());
        group.set(now, by, &description, &description_id)?;
        let others: Vec<Number> = people.iter().filter(|person| *person != by).cloned().collect();
        let results = group.change_people(by, PeopleAction::Add, &others, |person| {
            self.reachable(by, person)
        })?;
        group.invite = self.invite_code();
        let id = self.free_group_id();
        let body = group.subject.clone();
        self.state.put_group(&id, group);
        let people = done(&results);
        let change = Change {
            body: Some(&body),
            ..Change::of(by, "create", &people)
        };
        self.tell_group(now, &id, change);
        Ok(GroupDone { group: id, results })
    }

    fn change_people(
        &mut self,
        now: Millis,
        by: &Number,
        id: &GroupId,
        action: PeopleAction,
        people: &[Number],
    ) -> Result<GroupDone, GroupRefusal> {
        let mut group = self.group(id)?.clone();
        let results = group.change_people(by, action, people, |person| self.reachable(by, person))?;
        self.state.put_group(id, group);
        let people = done(&results);
        if !people.is_empty() {
            let gone: &[Number] = match action {
                PeopleAction::Remove => &people,
                _ => &[],
            };
            let change = Change {
                gone,
                ..Change::of(by, action.name(), &people)
            };
            self.tell_group(now, id, change);
        }
        Ok(GroupDone {
            group: id.clone(),
            results,
        })
    }

    fn set_group(
        &mut self,
        now: Millis,
        by: &Number,
        id: &GroupId,
        settings: &[Setting],
    ) -> Result<GroupDone, GroupRefusal> {
        let mut group = self.group(id)?.clone();
        let description = self.phone_message_id();
        let mut changed = Vec::new();
        for setting in settings {
            if let Setting::Picture(Some(media)) = setting
                && !self.is_picture(media)
            {
                return Err(GroupRefusal::UnknownMedia);
            }
            if group.set(now, by, setting, &description)? {
                changed.push(setting);
            }
        }
        self.state.put_group(id, group);
        for setting in changed {
            let (action, body) = setting.notice();
            let change = Change {
                body,
                ..Change::of(by, action, &[])
            };
            self.tell_group(now, id, change);
        }
        Ok(GroupDone::without_results(id))
    }

    fn leave_group(&mut self, now: Millis, by: &Number, id: &GroupId) -> Result<GroupDone, GroupRefusal> {
        let mut group = self.group(id)?.clone();
        let promoted = group.leave(by)?;
        self.state.put_group(id, group);
        let who = [by.clone()];
        let change = Change {
            gone: &who,
            ..Change::of(by, "leave", &who)
        };
        self.tell_group(now, id, change);
        if let Some(promoted) = promoted {
            self.tell_group(now, id, Change::of(by, "promote", &[promoted]));
        }
        Ok(GroupDone::without_results(id))
    }

    fn revoke_invite(&mut self, now: Millis, by: &Number, id: &GroupId) -> Result<GroupDone, GroupRefusal> {
        let mut group = self.group(id)?.clone();
        let code = self.invite_code();
        group.revoke_invite(by, code)?;
        self.state.put_group(id, group);
        self.tell_group(now, id, Change::of(by, "revoke_invite", &[]));
        Ok(GroupDone::without_results(id))
    }

    fn join_group(&mut self, now: Millis, by: &Number, code: &str) -> Result<GroupDone, GroupRefusal> {
        let id = self.invited_to(code).ok_or(GroupRefusal::BadInvite)?;
        let mut group = self.group(&id)?.clone();
        let code = group.invite.clone();
        if group.join(by, &code)? {
            self.state.put_group(&id, group);
            self.tell_group(now, &id, Change::of(by, "invite", std::slice::from_ref(by)));
        }
        Ok(GroupDone::without_results(&id))
    }

    /// The group to which an invite link leads: the link itself, or its code.
    pub(crate) fn invited_to(&self, link: &str) -> Option<GroupId> {
        let link = link.trim();
        let code = link.rsplit('/').next().unwrap_or(link);
        let code = code.split('?').next().unwrap_or(code);
        let inviting = self
            .state
            .groups
            .iter()
            .find(|(_, group)| group.invite == code && !group.participants.is_empty());
        inviting.map(|(id, _)| id.clone())
    }

    /// One group.
    pub(crate) fn group(&self, id: &GroupId) -> Result<&Group, GroupRefusal> {
        self.state.groups.get(id).ok_or(GroupRefusal::UnknownGroup)
    }

    /// All groups, by their ids.
    pub(crate) fn groups(&self) -> impl Iterator<Item = (&GroupId, &Group)> {
        self.state.groups.iter()
    }

    /// Whether `by` can bring this person into a group.
    fn reachable(&self, by: &Number, person: &Number) -> Outcome {
        if !person.is_on_whatsapp() {
            Outcome::Unknown
        } else if self.has_blocked(person, by) || self.has_blocked(by, person) {
            Outcome::Refused
        } else {
            Outcome::Done
        }
    }

    /// Tells everybody who is in the group, and those who have just gone.
    fn tell_group(&mut self, now: Millis, id: &GroupId, change: Change<'_>) {
        let Some(group) = self.state.groups.get(id) else {
            return;
        };
        let mut audience: Vec<Number> = group.participants.keys().cloned().collect();
        self.state.traces.leave(Trace::Group(id.clone()));
        for person in change.people.iter().chain(change.gone).chain([change.by]) {
            self.state.traces.leave(Trace::Phone(person.clone()));
        }
        audience.extend(change.gone.iter().cloned());
        let news = News::Group {
            id: id.clone(),
            action: change.action.to_owned(),
            by: change.by.clone(),
            people: change.people.to_vec(),
        };
        for person in &audience {
            self.tell_others(person, None, &news);
        }
        let names: Vec<String> = change.people.iter().map(Number::pn).collect();
        let notice = Content::notice(change.action, &names, change.body);
        self.post_notice(now, id, change.by, notice, &audience);
    }

    /// What a page is told of a change; the group as it is by now.
    pub(super) fn group_frame(
        &self,
        id: &GroupId,
        action: &str,
        by: &Number,
        people: &[Number],
    ) -> Option<Value> {
        let people: Vec<String> = people.iter().map(Number::pn).collect();
        let info = self.group_for_page(id)?;
        Some(json!({
            "t": "group", "info": info, "action": action, "by": by.pn(), "participants": people,
        }))
    }

    /// A group in the page's own form.
    pub(super) fn group_for_page(&self, id: &GroupId) -> Option<Value> {
        let group = self.state.groups.get(id)?;
        let participants: Vec<Value> = group
            .in_order()
            .into_iter()
            .map(|(person, role)| {
                json!({
                    "id": person.pn(), "lid": person.lid(), "isAdmin": role != Role::Member,
                    "isSuperAdmin": role == Role::Creator,
                })
            })
            .collect();
        let mut info = json!({
            "id": id, "subject": group.subject, "subjectTime": group.subject_at / 1000, "owner": group.owner.pn(),
            "creation": group.created_at / 1000, "announce": group.announce, "restrict": group.restrict,
            "memberAddMode": if group.all_add { "all_member_add" } else { "admin_add" },
            "participants": participants,
        });
        if let Some(description) = &group.description {
            info["desc"] = json!(description.text);
            info["descId"] = json!(description.id);
            info["descTime"] = json!(description.at / 1000);
        }
        if let Some(picture) = &group.picture {
            info["picture"] = json!(super::people::media_url(picture));
        }
        Some(info)
    }

    /// The groups that a page shows: those its phone is in, and those of which it still has the chat.
    pub(super) fn groups_for_page(&self, own: &Number) -> Vec<Value> {
        let phone = self.state.phones.get(own);
        let mut shown = self.groups_of(own);
        let chats = phone.into_iter().flat_map(|phone| phone.chats.keys());
        shown.extend(chats.filter_map(ChatId::group).cloned());
        shown.sort_unstable();
        shown.dedup();
        shown.iter().filter_map(|id| self.group_for_page(id)).collect()
    }

    /// The groups that somebody is in.
    pub(crate) fn groups_of(&self, person: &Number) -> Vec<GroupId> {
        self.state.groups_of(person)
    }

    fn free_group_id(&mut self) -> GroupId {
        loop {
            let id = GroupId::of(self.chance.random_range(0..1_000_000_000_000));
            if !self.state.groups.contains_key(&id) {
                return id;
            }
        }
    }

    fn invite_code(&mut self) -> String {
        (0..CODE_LENGTH)
            .map(|_| char::from(CODE_SIGNS[self.chance.random_range(0..CODE_SIGNS.len())]))
            .collect()
    }
}

impl GroupDone {
    fn without_results(group: &GroupId) -> GroupDone {
        GroupDone {
            group: group.clone(),
            results: Vec::new(),
        }
    }
}

impl<'a> Change<'a> {
    fn of(by: &'a Number, action: &'static str, people: &'a [Number]) -> Change<'a> {
        Change {
            by,
            action,
            people,
            body: None,
            gone: &[],
        }
    }
}

fn done(results: &[(Number, Outcome)]) -> Vec<Number> {
    let done = results.iter().filter(|(_, outcome)| *outcome == Outcome::Done);
    done.map(|(person, _)| person.clone()).collect()
}
