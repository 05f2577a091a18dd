//! `/_/api/groups`: groups, and what people do with them.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::control::{Answer, State, known, refused};
use super::fields::Fields;
use super::hub::Hub;
use super::problem::{Problem, Wrong};
use super::shapes::{self, GroupPart};
use crate::sandbox::network::{
    GroupAct, GroupDone, GroupId, GroupRefusal, Number, PARTICIPANTS_LIMIT, PeopleAction, Setting, inputs,
};

/// Where invite links lead.
const INVITE_LINK: &str = "https://chat.whatsapp.com/";

/// The paths of this file.
pub(super) fn routes(scope: &mut web::ServiceConfig) {
    let at = web::resource::<&str>;
    scope
        .service(at("/groups").get(list).post(create))
        .service(at("/groups/join").post(join))
        .service(at("/groups/{id}").get(show).patch(change))
        .service(at("/groups/{id}/participants").post(change_people))
        .service(at("/groups/{id}/leave").post(leave))
        .service(at("/groups/{id}/invite").get(show_invite))
        .service(at("/groups/{id}/invite/revoke").post(revoke_invite));
}

async fn list(hub: State) -> HttpResponse {
    let parts: Vec<GroupPart> = hub.look(|network| {
        let ids = network.groups().map(|(id, _)| id);
        ids.filter_map(|id| GroupPart::of(network, id).ok()).collect()
    });
    let groups: Vec<Value> = parts.iter().map(shapes::group).collect();
    HttpResponse::Ok().json(json!({"data": groups}))
}

async fn create(hub: State, body: Bytes) -> Answer {
    let (by, create) = create_of(&body)?;
    hub.look(|network| network.phone(&by)).map_err(refused)?;
    let done = act(&hub, by, create, "/participants")?;
    answer(&hub, &done.group, StatusCode::CREATED)
}

/// The body of `POST /_/api/groups`: who makes a group, and which.
pub(super) fn create_of(body: &[u8]) -> Result<(Number, GroupAct), Problem> {
    let mut fields = Fields::read(body)?;
    let creator = fields.needed_phone("creator");
    let subject = fields.needed_text("subject");
    let description = fields.text("description").unwrap_or_default();
    let people = fields.phones("participants", PARTICIPANTS_LIMIT);
    for (place, person) in people.iter().enumerate() {
        if !person.is_on_whatsapp() {
            let detail = "this number is not on WhatsApp";
            fields.note(&format!("participants/{place}"), "not_on_whatsapp", detail);
        }
    }
    let (by, subject) = fields.done_with(creator.zip(subject))?;
    let create = GroupAct::Create {
        subject,
        description,
        people,
    };
    Ok((by, create))
}

async fn show(hub: State, id: web::Path<String>) -> Answer {
    answer(&hub, &read_id(&id)?, StatusCode::OK)
}

async fn change(hub: State, id: web::Path<String>, body: Bytes) -> Answer {
    let group = read_id(&id)?;
    let (by, set) = change_of(&group, &body)?;
    act(&hub, by, set, "")?;
    answer(&hub, &group, StatusCode::OK)
}

/// The body of `PATCH /_/api/groups/{id}`: who sets something, and what.
pub(super) fn change_of(group: &GroupId, body: &[u8]) -> Result<(Number, GroupAct), Problem> {
    let mut fields = Fields::read(body)?;
    let by = fields.needed_phone("by");
    let mut settings = Vec::new();
    settings.extend(fields.text("subject").map(Setting::Subject));
    settings.extend(fields.text("description").map(Setting::Description));
    for (name, setting) in [
        ("announce", Setting::Announce as fn(bool) -> Setting),
        ("restrict", Setting::Restrict),
        ("members_add", Setting::AllAdd),
    ] {
        if fields.has(name) {
            settings.push(setting(fields.flag(name)));
        }
    }
    if fields.has("picture") {
        settings.push(Setting::Picture(fields.text("picture")));
    }
    let by = fields.done_with(by)?;
    let group = group.clone();
    Ok((by, GroupAct::Set { group, settings }))
}

async fn change_people(hub: State, id: web::Path<String>, body: Bytes) -> Answer {
    let (by, change) = people_of(&read_id(&id)?, &body)?;
    let done = act(&hub, by, change, "/phones")?;
    let results: Vec<Value> = done
        .results
        .iter()
        .map(|(phone, outcome)| json!({"phone": phone, "code": outcome.code()}))
        .collect();
    Ok(HttpResponse::Ok().json(json!({"results": results})))
}

/// The body of `POST /_/api/groups/{id}/participants`: who does what to whom.
pub(super) fn people_of(group: &GroupId, body: &[u8]) -> Result<(Number, GroupAct), Problem> {
    let mut fields = Fields::read(body)?;
    let by = fields.needed_phone("by");
    let action = fields.needed_text("action").and_then(|name| {
        let action = PeopleAction::named(&name);
        if action.is_none() {
            let detail = "must be one of: add, remove, promote, demote";
            fields.note("action", "unsupported", detail);
        }
        action
    });
    let people = fields.phones("phones", PARTICIPANTS_LIMIT);
    let (by, action) = fields.done_with(by.zip(action))?;
    let group = group.clone();
    let change = GroupAct::People {
        group,
        action,
        people,
    };
    Ok((by, change))
}

async fn leave(hub: State, id: web::Path<String>, body: Bytes) -> Answer {
    let group = read_id(&id)?;
    let phone = person_of("phone", &body)?;
    act(&hub, phone, GroupAct::Leave { group }, "")?;
    Ok(HttpResponse::NoContent().finish())
}

/// A body that only says who: `{phone}` of those who leave, `{by}` of those who revoke an invite link.
pub(super) fn person_of(name: &str, body: &[u8]) -> Result<Number, Problem> {
    let mut fields = Fields::read(body)?;
    let phone = fields.needed_phone(name);
    fields.done_with(phone)
}

async fn join(hub: State, body: Bytes) -> Answer {
    let (phone, join) = join_of(&body)?;
    hub.look(|network| network.phone(&phone)).map_err(refused)?;
    let done = act(&hub, phone, join, "")?;
    answer(&hub, &done.group, StatusCode::OK)
}

/// The body of `POST /_/api/groups/join`: who comes in, and by which link.
pub(super) fn join_of(body: &[u8]) -> Result<(Number, GroupAct), Problem> {
    let mut fields = Fields::read(body)?;
    let phone = fields.needed_phone("phone");
    let code = fields.needed_text("code");
    let (phone, code) = fields.done_with(phone.zip(code))?;
    Ok((phone, GroupAct::Join { code }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InviteQuery {
    by: String,
}

async fn show_invite(hub: State, id: web::Path<String>, query: web::Query<InviteQuery>) -> Answer {
    let by = known(&query.by)?;
    invite_answer(&hub, &read_id(&id)?, &by)
}

async fn revoke_invite(hub: State, id: web::Path<String>, body: Bytes) -> Answer {
    let group = read_id(&id)?;
    let by = person_of("by", &body)?;
    let revoke = GroupAct::RevokeInvite { group: group.clone() };
    act(&hub, by.clone(), revoke, "")?;
    invite_answer(&hub, &group, &by)
}

fn invite_answer(hub: &Hub, group: &GroupId, by: &Number) -> Answer {
    let code = hub.look(|network| network.group(group)?.invite_for(by).map(str::to_owned));
    let code = code.map_err(|refusal| problem(refusal, ""))?;
    let link = format!("{INVITE_LINK}{code}");
    Ok(HttpResponse::Ok().json(json!({"code": code, "link": link})))
}

/// `people` is where the request names those who may be too many.
fn act(hub: &Hub, by: Number, act: GroupAct, people: &str) -> Result<GroupDone, Problem> {
    hub.act(inputs::ActOnGroup { by, act })
        .map_err(|refusal| problem(refusal, people))
}

fn read_id(text: &str) -> Result<GroupId, Problem> {
    GroupId::parse(text).ok_or_else(|| problem(GroupRefusal::UnknownGroup, ""))
}

fn answer(hub: &Hub, id: &GroupId, status: StatusCode) -> Answer {
    let part = hub.look(|network| GroupPart::of(network, id));
    let part = part.map_err(|refusal| problem(refusal, ""))?;
    Ok(HttpResponse::build(status).json(shapes::group(&part)))
}

/// The answer to what a group refuses.
fn problem(refusal: GroupRefusal, people: &str) -> Problem {
    let invalid = |field: &str, code| {
        Problem::invalid(vec![Wrong {
            pointer: field.to_owned(),
            code,
            detail: refusal.to_string(),
        }])
    };
    let (status, code) = match refusal {
        GroupRefusal::UnknownGroup => (StatusCode::NOT_FOUND, "unknown_group"),
        GroupRefusal::UnknownMedia => (StatusCode::NOT_FOUND, "unknown_media"),
        GroupRefusal::BadInvite => (StatusCode::NOT_FOUND, "unknown_invite"),
        GroupRefusal::NotAMember => (StatusCode::CONFLICT, "not_a_member"),
        GroupRefusal::NotAnAdmin => (StatusCode::CONFLICT, "not_an_admin"),
        GroupRefusal::Full if people.is_empty() => (StatusCode::CONFLICT, "group_full"),
        GroupRefusal::Full => return invalid(people, "group_full"),
        GroupRefusal::NoSubject => return invalid("/subject", "empty"),
        GroupRefusal::LongSubject => return invalid("/subject", "too_long"),
        GroupRefusal::LongDescription => return invalid("/description", "too_long"),
    };
    Problem::new(status, code, refusal.to_string())
}
