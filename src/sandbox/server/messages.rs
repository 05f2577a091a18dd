//! `/_/api/phones/{phone}/…`: what people do with messages on a phone.

use actix_web::{HttpResponse, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::control::{Answer, State, known, refused};
use super::fields::Fields;
use super::hub::Hub;
use super::media::MediaError;
use super::media_doors;
use super::message_body::{self, MediaOrder, Order, Source};
use super::problem::{Problem, Wrong};
use super::shapes;
use crate::sandbox::network::{
    ChatId, Content, DeliveryFilter, MOST_MESSAGES, MediaEntry, MediaKind, Number, Past, Refusal, SHOWN,
    Typing, inputs,
};

/// The largest body of a message: an image of 16 MiB in base64. Larger files are uploaded first.
const MESSAGE_LIMIT: usize = 24 * 1024 * 1024;

/// Messages of a chat that one request may ask for.
const PAGE: usize = 1_000;

/// Messages of the log that are looked at under the network's lock at a time.
const LOOKED_AT: usize = 2_000;

/// The paths of this file.
pub(super) fn routes(scope: &mut web::ServiceConfig) {
    let at = |path: &str| web::resource(format!("/phones/{{phone}}{path}"));
    scope
        .service(
            at("/messages")
                .app_data(web::PayloadConfig::new(MESSAGE_LIMIT))
                .post(send),
        )
        .service(at("/chats").get(chats))
        .service(at("/chats/{chat}/messages").get(messages))
        .service(at("/react").post(react))
        .service(at("/edit").post(edit))
        .service(at("/revoke").post(revoke))
        .service(at("/vote").post(vote))
        .service(at("/forward").post(forward))
        .service(at("/typing").post(typing))
        .service(at("/read").post(read))
        .service(at("/history").post(seed))
        .service(web::resource("/deliveries").get(deliveries));
}

async fn send(hub: State, path: web::Path<String>, body: Bytes) -> Answer {
    let from = known(&path)?;
    let mut fields = Fields::read(&body)?;
    drop(body);
    let order = message_body::read(&mut fields);
    let order = fields.done_with(order)?;
    // Nobody uploads for a phone that does not exist.
    hub.look(|network| network.phone(&from)).map_err(refused)?;
    let (name, quoted, to) = (order.name, order.quoted.clone(), order.to.clone());
    let content = content(&hub, order).await?;
    let id = hub
        .act(inputs::PhoneSends {
            from,
            to,
            content,
            quoted,
        })
        .map_err(|refusal| {
            let field = match refusal {
                Refusal::Denied("bad-content") => format!("/{name}"),
                _ => "/to".to_owned(),
            };
            Problem::refused(refusal, &field)
        })?;
    Ok(HttpResponse::Created().json(json!({"wa_message_id": id})))
}

/// What is sent, with all that is known of the file that goes with it.
async fn content(hub: &Hub, mut order: Order) -> Result<Content, Problem> {
    if let Some(media) = order.media.take() {
        let place = order.name;
        let entry = entry(hub, place, media).await?;
        let mut put = |name: &str, value: Value| order.page.insert(name.to_owned(), value);
        put("mediaId", json!(entry.id));
        put("mimetype", json!(entry.what.mimetype));
        put("filehash", json!(entry.what.hash.base64()));
        put("size", json!(entry.what.size));
        if matches!(entry.what.kind, MediaKind::Image | MediaKind::Sticker)
            && let Some(look) = hub.look_at(&entry).await
        {
            put("width", json!(look.width));
            put("height", json!(look.height));
            if entry.what.kind == MediaKind::Image {
                put("body", json!(STANDARD.encode(look.thumbnail)));
            }
        }
    }
    message_body::finished(&order)
}

/// The stored file: found, or stored now.
async fn entry(hub: &Hub, place: &str, media: MediaOrder) -> Result<MediaEntry, Problem> {
    let rule = media.kind.rule();
    let fits = |mime_type: &str| {
        let wrong = || {
            let detail = format!("{} cannot be sent as {}", mime_type, rule.name);
            invalid(&format!("/{place}/mime_type"), "unsupported", &detail)
        };
        rule.takes(mime_type).then_some(()).ok_or_else(wrong)
    };
    let too_large = || {
        let detail = format!("may have at most {} bytes", rule.limit);
        invalid(&format!("/{place}"), "too_long", &detail)
    };
    match media.source {
        Source::Id(id) => {
            let mut entry = hub.find_media(&id).ok_or_else(media_doors::unknown_media)?;
            entry.what.mimetype = media.mime_type.unwrap_or(entry.what.mimetype);
            fits(&entry.what.mimetype)?;
            // The same bytes may go out as something else than they were uploaded as.
            entry.what.kind = media.kind;
            (entry.what.size <= rule.limit)
                .then_some(entry)
                .ok_or_else(too_large)
        }
        Source::Data(bytes) => {
            let told = media
                .mime_type
                .as_deref()
                .or_else(|| media_doors::tell_type(&bytes));
            let told = told.unwrap_or("application/octet-stream").to_owned();
            fits(&told)?;
            match hub.put_media(Some(media.kind), &told, bytes).await {
                Ok(entry) => Ok(entry),
                Err(MediaError::TooLarge { .. }) => Err(too_large()),
                Err(error) => Err(media_doors::problem(&error)),
            }
        }
    }
}

fn invalid(pointer: &str, code: &'static str, detail: &str) -> Problem {
    Problem::invalid(vec![Wrong {
        pointer: pointer.to_owned(),
        code,
        detail: detail.to_owned(),
    }])
}

async fn chats(hub: State, path: web::Path<String>) -> Answer {
    let number = known(&path)?;
    let ids = hub.look(|network| network.chat_ids(&number)).map_err(refused)?;
    // One by one: whoever has many chats holds nobody up.
    let chats = ids
        .iter()
        .map(|id| hub.look(|network| network.chat(&number, id, SHOWN)));
    let chats = chats.map(|chat| chat.map(|chat| shapes::chat(&chat)).map_err(refused));
    let chats: Vec<Value> = chats.collect::<Result<_, _>>()?;
    Ok(HttpResponse::Ok().json(json!({"data": chats})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MessagesQuery {
    limit: Option<usize>,
    before: Option<String>,
}

async fn messages(hub: State, path: web::Path<(String, String)>, query: web::Query<MessagesQuery>) -> Answer {
    let (phone, chat) = path.into_inner();
    let number = known(&phone)?;
    let chat = ChatId::parse(&chat).ok_or_else(|| refused(Refusal::UnknownMessage))?;
    let limit = query.limit.unwrap_or(100);
    if !(1..=PAGE).contains(&limit) {
        return Err(invalid("/limit", "out_of_range", &format!("must be 1 to {PAGE}")));
    }
    let before = query.before.as_deref().filter(|before| !before.is_empty());
    let found = hub.look(|network| network.messages(&number, &chat, before, limit));
    let (messages, more) = found.map_err(refused)?;
    let messages: Vec<Value> = messages.iter().map(shapes::message).collect();
    Ok(HttpResponse::Ok().json(json!({"data": messages, "more": more})))
}

/// Reads which message is meant, and something besides.
fn target<T>(
    body: &[u8],
    more: impl FnOnce(&mut Fields) -> Option<T>,
) -> Result<(ChatId, String, T), Problem> {
    let mut fields = Fields::read(body)?;
    let to = fields.needed_chat("to");
    let id = fields.needed_text("wa_message_id");
    let more = more(&mut fields);
    let ((to, id), more) = fields.done_with(to.zip(id).zip(more))?;
    Ok((to, id, more))
}

fn done(outcome: Result<(), Refusal>, field: &str) -> Answer {
    outcome.map_err(|refusal| Problem::refused(refusal, field))?;
    Ok(HttpResponse::NoContent().finish())
}

async fn react(hub: State, path: web::Path<String>, body: Bytes) -> Answer {
    done(hub.act(react_of(known(&path)?, &body)?), "/emoji")
}

/// An empty emoji takes the reaction away, so it must be there and may be empty.
pub(super) fn react_of(phone: Number, body: &[u8]) -> Result<inputs::React, Problem> {
    let (chat, id, emoji) = target(body, |fields| {
        if !fields.has("emoji") {
            fields.note(
                "emoji",
                "missing",
                "is required; empty, it takes the reaction away",
            );
        }
        Some(fields.text("emoji").unwrap_or_default())
    })?;
    Ok(inputs::React {
        phone,
        chat,
        id,
        emoji,
    })
}

async fn edit(hub: State, path: web::Path<String>, body: Bytes) -> Answer {
    done(hub.act(edit_of(known(&path)?, &body)?), "/text")
}

pub(super) fn edit_of(phone: Number, body: &[u8]) -> Result<inputs::Edit, Problem> {
    let (chat, id, text) = target(body, |fields| fields.needed_text("text"))?;
    Ok(inputs::Edit {
        phone,
        chat,
        id,
        text,
    })
}

async fn revoke(hub: State, path: web::Path<String>, body: Bytes) -> Answer {
    done(hub.act(revoke_of(known(&path)?, &body)?), "/wa_message_id")
}

pub(super) fn revoke_of(phone: Number, body: &[u8]) -> Result<inputs::Revoke, Problem> {
    let (chat, id, ()) = target(body, |_| Some(()))?;
    Ok(inputs::Revoke { phone, chat, id })
}

async fn vote(hub: State, path: web::Path<String>, body: Bytes) -> Answer {
    done(hub.act(vote_of(known(&path)?, &body)?), "/options")
}

/// No options take the vote back, so the list must be there and may be empty.
pub(super) fn vote_of(phone: Number, body: &[u8]) -> Result<inputs::Vote, Problem> {
    let (chat, id, options) = target(body, |fields| {
        if !fields.has("options") {
            fields.note("options", "missing", "is required; empty, it takes the vote back");
        }
        Some(fields.texts("options", message_body::OPTIONS))
    })?;
    Ok(inputs::Vote {
        phone,
        chat,
        id,
        options,
    })
}

async fn forward(hub: State, path: web::Path<String>, body: Bytes) -> Answer {
    let id = hub.act(forward_of(known(&path)?, &body)?);
    let id = id.map_err(|refusal| Problem::refused(refusal, "/to"))?;
    Ok(HttpResponse::Created().json(json!({"wa_message_id": id})))
}

pub(super) fn forward_of(phone: Number, body: &[u8]) -> Result<inputs::Forward, Problem> {
    let mut fields = Fields::read(body)?;
    let chat = fields.needed_chat("chat");
    let id = fields.needed_text("wa_message_id");
    let to = fields.needed_chat("to");
    let ((chat, id), to) = fields.done_with(chat.zip(id).zip(to))?;
    Ok(inputs::Forward { phone, chat, id, to })
}

async fn typing(hub: State, path: web::Path<String>, body: Bytes) -> Answer {
    done(hub.act(typing_of(known(&path)?, &body)?), "/to")
}

pub(super) fn typing_of(phone: Number, body: &[u8]) -> Result<inputs::TypesOnPhone, Problem> {
    let mut fields = Fields::read(body)?;
    let chat = fields.needed_chat("to");
    let state = fields.text("state").unwrap_or_else(|| "composing".to_owned());
    let typing = Typing::named(&state);
    if typing.is_none() {
        fields.note("state", "out_of_range", "must be composing, recording or paused");
    }
    let (chat, typing) = fields.done_with(chat.zip(typing))?;
    Ok(inputs::TypesOnPhone { phone, chat, typing })
}

async fn read(hub: State, path: web::Path<String>, body: Bytes) -> Answer {
    done(hub.act(read_of(known(&path)?, &body)?), "/from")
}

pub(super) fn read_of(reader: Number, body: &[u8]) -> Result<inputs::Read, Problem> {
    let mut fields = Fields::read(body)?;
    let chat = fields.needed_chat("from");
    let id = fields.text("wa_message_id");
    let played = fields.flag("played");
    if played && id.is_none() {
        fields.note("wa_message_id", "missing", "one listens to one message");
    }
    let chat = fields.done_with(chat)?;
    Ok(inputs::Read {
        reader,
        chat,
        id,
        played,
    })
}

async fn seed(hub: State, path: web::Path<String>, body: Bytes) -> Answer {
    let (chats, messages) = hub.act(history_of(known(&path)?, &body)?).map_err(refused)?;
    hub.until_saved().await;
    Ok(HttpResponse::Created().json(json!({"chats": chats, "messages": messages})))
}

pub(super) fn history_of(phone: Number, body: &[u8]) -> Result<inputs::SeedHistory, Problem> {
    let mut fields = Fields::read(body)?;
    let mut counted = |name: &str, most: usize, otherwise: Option<usize>| {
        if !fields.has(name) && otherwise.is_none() {
            fields.note(name, "missing", "is required");
        }
        let given = fields.whole(name, most as u64);
        if given == Some(0) {
            fields.note(
                name,
                "out_of_range",
                format!("must be a whole number from 1 to {most}"),
            );
        }
        given.and_then(|given| usize::try_from(given).ok()).or(otherwise)
    };
    let messages = counted("messages", MOST_MESSAGES, None);
    let chats = counted("chats", 500, Some(10));
    let days = counted("days", 3_650, Some(30)).and_then(|days| u32::try_from(days).ok());
    let ((messages, chats), days) = fields.done_with(messages.zip(chats).zip(days))?;
    let past = Past {
        messages,
        chats,
        days,
    };
    Ok(inputs::SeedHistory { phone, past })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeliveryQuery {
    phone: Option<String>,
    wa_message_id: Option<String>,
    chat: Option<String>,
}

async fn deliveries(hub: State, query: web::Query<DeliveryQuery>) -> Answer {
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let wrong = |name: &str| {
        invalid(
            &format!("/{name}"),
            "invalid_phone",
            "must be 8 to 15 digits in E.164, or for `chat` a group's id or status@broadcast",
        )
    };
    let phone = given(&query.phone).map(|text| Number::parse(&text).ok_or_else(|| wrong("phone")));
    let to = given(&query.chat).map(|text| ChatId::parse(&text).ok_or_else(|| wrong("chat")));
    let wanted = DeliveryFilter {
        phone: phone.transpose()?,
        id: given(&query.wa_message_id),
        to: to.transpose()?,
    };
    let mut lines: Vec<Value> = Vec::new();
    let mut after = Some(0);
    while let Some(from) = after {
        let (found, next) = hub.look(|network| network.deliveries(&wanted, from, LOOKED_AT));
        lines.extend(found.iter().map(shapes::delivery));
        after = next;
    }
    Ok(HttpResponse::Ok().json(json!({"data": lines})))
}
