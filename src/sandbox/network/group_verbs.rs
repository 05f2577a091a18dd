//! What a page may ask about groups.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Network;
use super::chat_id::GroupId;
use super::group_acts::{GroupAct, GroupDone};
use super::groups::{GroupRefusal, Outcome, PeopleAction, Setting};
use super::number::Number;
use super::state::Millis;

/// A request of a linked page.
#[derive(Debug, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub(super) enum GroupVerb {
    GroupCreate {
        subject: String,
        #[serde(default)]
        participants: Vec<String>,
    },
    GroupInfo {
        id: String,
    },
    Groups,
    GroupParticipants {
        id: String,
        action: PeopleAction,
        participants: Vec<String>,
    },
    GroupSet {
        id: String,
        subject: Option<String>,
        desc: Option<String>,
        announce: Option<bool>,
        restrict: Option<bool>,
        #[serde(rename = "memberAddMode")]
        member_add_mode: Option<AddMode>,
    },
    GroupLeave {
        id: String,
    },
    GroupInvite {
        id: String,
        #[serde(default)]
        revoke: bool,
    },
    GroupInviteInfo {
        code: String,
    },
    GroupJoin {
        code: String,
    },
}

/// Who may bring others in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum AddMode {
    AdminAdd,
    AllMemberAdd,
}

impl Network {
    /// A linked page asks about groups.
    pub(super) fn obey_about_groups(&mut self, now: Millis, own: &Number, verb: GroupVerb) -> Value {
        let answer = match verb {
            GroupVerb::GroupCreate {
                subject,
                participants,
            } => self.page_creates_group(now, own, subject, &participants),
            GroupVerb::GroupInfo { id } => self.info_for(own, &id),
            GroupVerb::Groups => {
                let groups = self.groups_of(own);
                let groups: Vec<Value> = groups.iter().filter_map(|id| self.group_for_page(id)).collect();
                Ok(json!({"groups": groups}))
            }
            GroupVerb::GroupParticipants {
                id,
                action,
                participants,
            } => self.page_changes_people(now, own, &id, action, &participants),
            GroupVerb::GroupSet {
                id,
                subject,
                desc,
                announce,
                restrict,
                member_add_mode,
            } => {
                let settings = [
                    subject.map(Setting::Subject),
                    desc.map(Setting::Description),
                    announce.map(Setting::Announce),
                    restrict.map(Setting::Restrict),
                    member_add_mode.map(|mode| Setting::AllAdd(mode == AddMode::AllMemberAdd)),
                ];
                self.page_sets_group(now, own, &id, settings.into_iter().flatten().collect())
            }
            GroupVerb::GroupLeave { id } => known(&id)
                .and_then(|group| self.act_on_group(now, own, &GroupAct::Leave { group }))
                .map(|_| json!({})),
            GroupVerb::GroupInvite { id, revoke } => self.page_wants_invite(now, own, &id, revoke),
            GroupVerb::GroupInviteInfo { code } => self
                .invited_to(&code)
                .and_then(|id| self.group_for_page(&id))
                .map(|info| json!({"info": info}))
                .ok_or(GroupRefusal::BadInvite),
            GroupVerb::GroupJoin { code } => self
                .act_on_group(now, own, &GroupAct::Join { code })
                .map(|done| json!({"id": done.group})),
        };
        answer.unwrap_or_else(|refusal| match refusal {
            GroupRefusal::NoSubject => json!({"error": refusal.word(), "field": "subject"}),
            refusal => json!({"error": refusal.word()}),
        })
    }

    fn page_creates_group(
        &mut self,
        now: Millis,
        own: &Number,
        subject: String,
        participants: &[String],
    ) -> Result<Value, GroupRefusal> {
        let (people, strange) = read_people(participants);
        let create = GroupAct::Create {
            subject,
            description: String::new(),
            people,
        };
        let done = self.act_on_group(now, own, &create)?;
        let info = self
            .group_for_page(&done.group)
            .ok_or(GroupRefusal::UnknownGroup)?;
        Ok(json!({"info": info, "results": results(&done, strange)}))
    }

    fn page_changes_people(
        &mut self,
        now: Millis,
        own: &Number,
        id: &str,
        action: PeopleAction,
        participants: &[String],
    ) -> Result<Value, GroupRefusal> {
        let (people, strange) = read_people(participants);
        let act = GroupAct::People {
            group: known(id)?,
            action,
            people,
        };
        let done = self.act_on_group(now, own, &act)?;
        Ok(json!({"results": results(&done, strange)}))
    }

    /// Sets something, and answers the group as it is then.
    pub(super) fn page_sets_group(
        &mut self,
        now: Millis,
        own: &Number,
        id: &str,
        settings: Vec<Setting>,
    ) -> Result<Value, GroupRefusal> {
        let group = known(id)?;
        let done = self.act_on_group(now, own, &GroupAct::Set { group, settings })?;
        let info = self
            .group_for_page(&done.group)
            .ok_or(GroupRefusal::UnknownGroup)?;
        Ok(json!({"info": info}))
    }

    fn page_wants_invite(
        &mut self,
        now: Millis,
        own: &Number,
        id: &str,
        revoke: bool,
    ) -> Result<Value, GroupRefusal> {
        let group = known(id)?;
        if revoke {
            let act = GroupAct::RevokeInvite { group: group.clone() };
            self.act_on_group(now, own, &act)?;
        }
        let code = self.group(&group)?.invite_for(own)?;
        Ok(json!({"code": code}))
    }

    fn info_for(&self, own: &Number, id: &str) -> Result<Value, GroupRefusal> {
        let id = known(id)?;
        self.group(&id)?.role(own).ok_or(GroupRefusal::NotAMember)?;
        let info = self.group_for_page(&id).ok_or(GroupRefusal::UnknownGroup)?;
        Ok(json!({"info": info}))
    }
}

/// What is no group's id names no group.
fn known(id: &str) -> Result<GroupId, GroupRefusal> {
    GroupId::parse(id).ok_or(GroupRefusal::UnknownGroup)
}

/// Numbers, in whichever spelling, and what is none.
fn read_people(named: &[String]) -> (Vec<Number>, Vec<&String>) {
    let mut strange = Vec::new();
    let people = named.iter().filter_map(|name| {
        let number = Number::parse(name);
        if number.is_none() {
            strange.push(name);
        }
        number
    });
    (people.collect(), strange)
}

fn results(done: &GroupDone, strange: Vec<&String>) -> Vec<Value> {
    let known = done.results.iter();
    let known = known.map(|(person, outcome)| json!({"id": person.pn(), "code": outcome.code()}));
    let unknown = strange.into_iter();
    let unknown = unknown.map(|name| json!({"id": name, "code": Outcome::Unknown.code()}));
    known.chain(unknown).collect()
}
