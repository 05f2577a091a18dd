//! A group by itself: who is in it, what it is called, and who may change what. No network around it.
//!
//! Invariants, each with a test: somebody is an admin as long as somebody is in; nobody is in twice; nobody changes what
//! is not theirs to change, and a refused change changes nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::number::Number;
use super::state::Millis;

/// People that a group holds at most (WhatsApp's help center, "About groups").
pub(crate) const PARTICIPANTS_LIMIT: usize = 1_024;

/// The longest subject, in characters (WhatsApp's help center, "How to change group subject").
pub(crate) const SUBJECT_LIMIT: usize = 100;

/// The longest description, in characters (reported of the app).
pub(crate) const DESCRIPTION_LIMIT: usize = 2_048;

/// What a participant may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    Member,
    Admin,
    /// Made the group; an admin whom nobody can remove.
    Creator,
}

/// Somebody who is in a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Participant {
    pub(crate) role: Role,
    /// Its place in the order in which people came in.
    pub(crate) place: u64,
}

/// What a group is about, in more words than its subject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Description {
    pub(crate) text: String,
    /// Each has an id of its own, as messages have.
    pub(crate) id: String,
    pub(crate) at: Millis,
}

/// A group as the server has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Group {
    pub(crate) subject: String,
    pub(crate) subject_at: Millis,
    /// Who made it; still that when gone.
    pub(crate) owner: Number,
    pub(crate) created_at: Millis,
    #[serde(default)]
    pub(crate) description: Option<Description>,
    /// Only admins write.
    #[serde(default)]
    pub(crate) announce: bool,
    /// Only admins change subject, description and picture.
    #[serde(default)]
    pub(crate) restrict: bool,
    /// Everybody who is in may bring others in, not admins alone.
    #[serde(default)]
    pub(crate) all_add: bool,
    /// Media id.
    #[serde(default)]
    pub(crate) picture: Option<String>,
    /// The code of the link that lets people in.
    pub(crate) invite: String,
    pub(crate) participants: BTreeMap<Number, Participant>,
    /// How many have come in so far.
    places: u64,
}

/// Why a group does not do what it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum GroupRefusal {
    #[error("there is no such group")]
    UnknownGroup,
    #[error("this phone is not in the group")]
    NotAMember,
    #[error("only an admin of the group may do this")]
    NotAnAdmin,
    #[error("this invite link leads nowhere: it was revoked, or never was one")]
    BadInvite,
    #[error("a group has at most 1024 participants")]
    Full,
    #[error("a group needs a subject")]
    NoSubject,
    #[error("a subject has at most 100 characters")]
    LongSubject,
    #[error("a description has at most 2048 characters")]
    LongDescription,
    #[error("there is no such picture")]
    UnknownMedia,
}

impl GroupRefusal {
    /// What a page is told.
    pub(crate) fn word(self) -> &'static str {
        match self {
            GroupRefusal::UnknownGroup => "unknown-group",
            GroupRefusal::NotAMember => "not-a-member",
            GroupRefusal::NotAnAdmin => "not-an-admin",
            GroupRefusal::BadInvite => "bad-invite",
            GroupRefusal::Full => "group-full",
            GroupRefusal::NoSubject => "bad-content",
            GroupRefusal::LongSubject => "subject-too-long",
            GroupRefusal::LongDescription => "description-too-long",
            GroupRefusal::UnknownMedia => "unknown-media",
        }
    }
}

/// How it went for one of those whom a change of participants was about, as the real one numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Outcome {
    Done,
    /// Cannot be done to this one: wants no invitation from there, or is the creator, or the last admin.
    Refused,
    /// Not on WhatsApp, or not in the group.
    Unknown,
    /// Is that already.
    Already,
}

impl Outcome {
    /// Its number.
    pub(crate) fn code(self) -> u16 {
        match self {
            Outcome::Done => 200,
            Outcome::Refused => 403,
            Outcome::Unknown => 404,
            Outcome::Already => 409,
        }
    }
}

/// What is done to participants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PeopleAction {
    Add,
    Remove,
    Promote,
    Demote,
}

impl PeopleAction {
    /// The action of this name.
    pub(crate) fn named(name: &str) -> Option<PeopleAction> {
        let all = [
            PeopleAction::Add,
            PeopleAction::Remove,
            PeopleAction::Promote,
            PeopleAction::Demote,
        ];
        all.into_iter().find(|action| action.name() == name)
    }

    /// Its name, also in notices.
    pub(crate) fn name(self) -> &'static str {
        match self {
            PeopleAction::Add => "add",
            PeopleAction::Remove => "remove",
            PeopleAction::Promote => "promote",
            PeopleAction::Demote => "demote",
        }
    }
}

/// One thing about a group that is set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Setting {
    Subject(String),
    /// An empty one removes it.
    Description(String),
    Announce(bool),
    Restrict(bool),
    AllAdd(bool),
    /// A media id; none removes it.
    Picture(Option<String>),
}

impl Setting {
    /// Its name in notices, and the text that belongs to it.
    pub(crate) fn notice(&self) -> (&'static str, Option<&str>) {
        let switch = |on: &bool| Some(if *on { "on" } else { "off" });
        match self {
            Setting::Subject(subject) => ("subject", Some(subject)),
            Setting::Description(text) => ("description", Some(text)),
            Setting::Announce(on) => ("announce", switch(on)),
            Setting::Restrict(on) => ("restrict", switch(on)),
            // Pages have no word of its own for it; the text tells it from the other one.
            Setting::AllAdd(true) => ("restrict", Some("all_member_add")),
            Setting::AllAdd(false) => ("restrict", Some("admin_add")),
            Setting::Picture(picture) => ("picture", picture.as_deref()),
        }
    }
}

impl Group {
    /// A new group with `creator` alone in it.
    pub(crate) fn new(
        now: Millis,
        creator: &Number,
        subject: &str,
        invite: String,
    ) -> Result<Group, GroupRefusal> {
        let mut group = Group {
            subject: checked_subject(subject)?,
            subject_at: now,
            owner: creator.clone(),
            created_at: now,
            description: None,
            announce: false,
            restrict: false,
            all_add: false,
            picture: None,
            invite,
            participants: BTreeMap::new(),
            places: 0,
        };
        group.let_in(creator, Role::Creator);
        Ok(group)
    }

    /// What this person may do; `None`: is not in.
    pub(crate) fn role(&self, person: &Number) -> Option<Role> {
        self.participants.get(person).map(|participant| participant.role)
    }

    /// Those who are in, in the order in which they came.
    pub(crate) fn in_order(&self) -> Vec<(&Number, Role)> {
        let mut people: Vec<_> = self.participants.iter().collect();
        people.sort_unstable_by_key(|(_, participant)| participant.place);
        let people = people.into_iter();
        people
            .map(|(person, participant)| (person, participant.role))
            .collect()
    }

    /// Whether this person may write.
    pub(crate) fn may_write(&self, person: &Number) -> Result<(), GroupRefusal> {
        if self.announce {
            return self.needs_admin(person);
        }
        self.needs_member(person).map(|_| ())
    }

    /// `by` adds, removes, promotes or demotes. `reachable` tells who can be added at all: `Done` for those who can.
    /// Answers how it went for each, each once, in the order in which they were named.
    pub(crate) fn change_people(
        &mut self,
        by: &Number,
        action: PeopleAction,
        people: &[Number],
        reachable: impl Fn(&Number) -> Outcome,
    ) -> Result<Vec<(Number, Outcome)>, GroupRefusal> {
        if action == PeopleAction::Add && self.all_add {
            self.needs_member(by)?;
        } else {
            self.needs_admin(by)?;
        }
        let named = once_each(people);
        if action == PeopleAction::Add {
            let new = named.iter().filter(|person| {
                !self.participants.contains_key(person) && reachable(person) == Outcome::Done
            });
            if self.participants.len() + new.count() > PARTICIPANTS_LIMIT {
                return Err(GroupRefusal::Full);
            }
        }
        let outcomes = named.into_iter().map(|person| {
            let outcome = match action {
                PeopleAction::Add => self.add(&person, reachable(&person)),
                PeopleAction::Remove => self.remove(by, &person),
                PeopleAction::Promote => self.promote(&person),
                PeopleAction::Demote => self.demote(&person),
            };
            (person, outcome)
        });
        Ok(outcomes.collect())
    }

    fn add(&mut self, person: &Number, reachable: Outcome) -> Outcome {
        if self.participants.contains_key(person) {
            return Outcome::Already;
        }
        if reachable == Outcome::Done {
            self.let_in(person, Role::Member);
        }
        reachable
    }

    fn remove(&mut self, by: &Number, person: &Number) -> Outcome {
        match self.role(person) {
            None => Outcome::Unknown,
            // Whoever wants to go leaves.
            Some(Role::Creator) => Outcome::Refused,
            Some(_) if person == by => Outcome::Refused,
            Some(_) => {
                self.participants.remove(person);
                Outcome::Done
            }
        }
    }

    fn promote(&mut self, person: &Number) -> Outcome {
        match self.participants.get_mut(person) {
            None => Outcome::Unknown,
            Some(participant) if participant.role == Role::Member => {
                participant.role = Role::Admin;
                Outcome::Done
            }
            Some(_) => Outcome::Already,
        }
    }

    fn demote(&mut self, person: &Number) -> Outcome {
        let last = self.admins() <= 1;
        match self.participants.get_mut(person) {
            None => Outcome::Unknown,
            Some(participant) => match participant.role {
                Role::Member => Outcome::Already,
                Role::Creator => Outcome::Refused,
                Role::Admin if last => Outcome::Refused,
                Role::Admin => {
                    participant.role = Role::Member;
                    Outcome::Done
                }
            },
        }
    }

    /// `person` goes. Answers who becomes an admin by that: when the last one goes, whoever has been in for longest.
    pub(crate) fn leave(&mut self, person: &Number) -> Result<Option<Number>, GroupRefusal> {
        self.needs_member(person)?;
        self.participants.remove(person);
        if self.admins() > 0 {
            return Ok(None);
        }
        let oldest = self.in_order().first().map(|(person, _)| (*person).clone());
        if let Some(oldest) = &oldest {
            self.promote(oldest);
        }
        Ok(oldest)
    }

    /// `by` sets something. `id` becomes that of a new description. Answers whether anything is different now.
    pub(crate) fn set(
        &mut self,
        now: Millis,
        by: &Number,
        setting: &Setting,
        id: &str,
    ) -> Result<bool, GroupRefusal> {
        match setting {
            Setting::Subject(_) | Setting::Description(_) | Setting::Picture(_) if !self.restrict => {
                self.needs_member(by)?;
            }
            _ => self.needs_admin(by)?,
        }
        let before = self.clone();
        match setting {
            Setting::Subject(subject) => {
                let subject = checked_subject(subject)?;
                if subject != self.subject {
                    (self.subject, self.subject_at) = (subject, now);
                }
            }
            Setting::Description(text) => self.describe(now, text, id)?,
            Setting::Announce(on) => self.announce = *on,
            Setting::Restrict(on) => self.restrict = *on,
            Setting::AllAdd(on) => self.all_add = *on,
            Setting::Picture(picture) => self.picture.clone_from(picture),
        }
        Ok(*self != before)
    }

    fn describe(&mut self, now: Millis, text: &str, id: &str) -> Result<(), GroupRefusal> {
        if text.chars().count() > DESCRIPTION_LIMIT {
            return Err(GroupRefusal::LongDescription);
        }
        let known = self
            .description
            .as_ref()
            .map(|description| description.text.as_str());
        if known.unwrap_or_default() != text {
            self.description = (!text.is_empty()).then(|| Description {
                text: text.to_owned(),
                id: id.to_owned(),
                at: now,
            });
        }
        Ok(())
    }

    /// The code of the invite link, for those who may hand it on.
    pub(crate) fn invite_for(&self, by: &Number) -> Result<&str, GroupRefusal> {
        if self.all_add {
            self.needs_member(by)?;
        } else {
            self.needs_admin(by)?;
        }
        Ok(&self.invite)
    }

    /// The link so far leads nowhere any more; `code` is that of the new one.
    pub(crate) fn revoke_invite(&mut self, by: &Number, code: String) -> Result<(), GroupRefusal> {
        self.needs_admin(by)?;
        self.invite = code;
        Ok(())
    }

    /// Somebody comes in by the invite link. Answers whether that is new.
    pub(crate) fn join(&mut self, person: &Number, code: &str) -> Result<bool, GroupRefusal> {
        // Nobody is left who could have invited anybody.
        if code != self.invite || self.participants.is_empty() {
            return Err(GroupRefusal::BadInvite);
        }
        if self.participants.contains_key(person) {
            return Ok(false);
        }
        if self.participants.len() >= PARTICIPANTS_LIMIT {
            return Err(GroupRefusal::Full);
        }
        self.let_in(person, Role::Member);
        Ok(true)
    }

    fn let_in(&mut self, person: &Number, role: Role) {
        self.places += 1;
        let place = self.places;
        self.participants
            .insert(person.clone(), Participant { role, place });
    }

    fn admins(&self) -> usize {
        let roles = self.participants.values().map(|participant| participant.role);
        roles.filter(|role| *role != Role::Member).count()
    }

    fn needs_member(&self, person: &Number) -> Result<Role, GroupRefusal> {
        self.role(person).ok_or(GroupRefusal::NotAMember)
    }

    pub(crate) fn needs_admin(&self, person: &Number) -> Result<(), GroupRefusal> {
        match self.needs_member(person)? {
            Role::Member => Err(GroupRefusal::NotAnAdmin),
            Role::Admin | Role::Creator => Ok(()),
        }
    }
}

fn checked_subject(subject: &str) -> Result<String, GroupRefusal> {
    let subject = subject.trim();
    match subject.chars().count() {
        0 => Err(GroupRefusal::NoSubject),
        1..=SUBJECT_LIMIT => Ok(subject.to_owned()),
        _ => Err(GroupRefusal::LongSubject),
    }
}

fn once_each(people: &[Number]) -> Vec<Number> {
    let mut seen = std::collections::BTreeSet::new();
    let new = people.iter().filter(|person| seen.insert((*person).clone()));
    new.cloned().collect()
}
