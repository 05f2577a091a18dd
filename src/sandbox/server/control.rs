//! The control API under `/_/api`: what people do with the simulated phones, and what tests ask of the network.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use bytes::Bytes;
use serde_json::{Value, json};

use super::faults::{clear_faults, list_faults, plan_fault};
use super::fields::Fields;
use super::hub::Hub;
use super::problem::Problem;
use super::{groups, media_doors, messages, people, shapes, watch};
use crate::sandbox::Info;
use crate::sandbox::network::{NAME_LIMIT, Network, Number, Refusal, Timing, inputs};

/// The largest body a request may have, in bytes.
pub(super) const BODY_LIMIT: usize = 512 * 1024;

/// The longest time that may be set anywhere: one day, in milliseconds.
pub(super) const DAY_MS: u64 = 86_400_000;

pub(super) type State = web::Data<Arc<Hub>>;
pub(super) type Answer = Result<HttpResponse, Problem>;

/// All paths of the control API.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    // Resources, not bare routes: a wrong method is then 405 and not 404.
    let at = web::resource::<&str>;
    config.service(
        web::scope("/_/api")
            .service(at("/info").get(info))
            .service(at("/phones").get(list_phones).post(create_phone))
            .service(at("/phones/{phone}").get(show_phone).patch(people::change))
            .service(at("/phones/{phone}/scan").post(scan))
            .service(at("/phones/{phone}/link").post(link))
            .service(at("/phones/{phone}/{switch:online|offline}").post(switch))
            .service(at("/media").post(media_doors::upload))
            .service(at("/media/{id}").get(media_doors::fetch))
            .service(at("/media/{id}/fetches").get(media_doors::fetches))
            .service(at("/network").get(show_network).patch(change_network))
            .service(
                at("/faults")
                    .get(list_faults)
                    .post(plan_fault)
                    .delete(clear_faults),
            )
            .configure(messages::routes)
            .configure(groups::routes)
            .configure(people::routes)
            .service(at("/pages").get(waiting))
            .service(at("/watch").get(watch::open)),
    );
}

async fn info(info: web::Data<Info>) -> HttpResponse {
    HttpResponse::Ok().json(info.get_ref())
}

async fn list_phones(hub: State) -> HttpResponse {
    let phones: Vec<Value> = hub.look(|network| network.phones().iter().map(shapes::phone).collect());
    HttpResponse::Ok().json(json!({"data": phones}))
}

async fn create_phone(hub: State, body: Bytes) -> Answer {
    let mut fields = Fields::read(&body)?;
    let number = fields.needed_phone("phone");
    let name = people::short(&mut fields, "name", 1, NAME_LIMIT);
    let number = fields.done_with(number)?;
    let new = hub
        .act(inputs::CreatePhone {
            phone: number.clone(),
            name,
        })
        .map_err(|refusal| Problem::refused(refusal, "/phone"))?;
    hub.until_saved().await;
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    phone_answer(&hub, &number, status)
}

async fn show_phone(hub: State, path: web::Path<String>) -> Answer {
    phone_answer(&hub, &known(&path)?, StatusCode::OK)
}

pub(super) fn phone_answer(hub: &Hub, number: &Number, status: StatusCode) -> Answer {
    let phone = hub.look(|network| network.phone(number)).map_err(refused)?;
    Ok(HttpResponse::build(status).json(shapes::phone(&phone)))
}

async fn waiting(hub: State) -> HttpResponse {
    let waiting = hub.look_now(Network::waiting);
    let pages: Vec<Value> = waiting.iter().map(shapes::waiting).collect();
    HttpResponse::Ok().json(json!({"data": pages}))
}

async fn scan(hub: State, path: web::Path<String>, body: Bytes) -> Answer {
    let (number, code) = (known(&path)?, needed_code(&body)?);
    let session = hub
        .act(inputs::Scan {
            phone: number.clone(),
            code,
        })
        .map_err(refused)?;
    linked_answer(&hub, &number, &session).await
}

async fn link(hub: State, path: web::Path<String>, body: Bytes) -> Answer {
    let (number, code) = (known(&path)?, needed_code(&body)?);
    let session = hub
        .act(inputs::Link {
            phone: number.clone(),
            code,
        })
        .map_err(refused)?;
    linked_answer(&hub, &number, &session).await
}

/// A link counts once it is saved: the page keeps its token, so the network must too.
async fn linked_answer(hub: &Hub, number: &Number, session: &str) -> Answer {
    hub.until_saved().await;
    Ok(HttpResponse::Ok().json(json!({"phone": number, "session": session})))
}

fn needed_code(body: &[u8]) -> Result<String, Problem> {
    let mut fields = Fields::read(body)?;
    let code = fields.needed_text("code");
    fields.done_with(code)
}

async fn switch(hub: State, path: web::Path<(String, String)>, body: Bytes) -> Answer {
    let (phone, switch) = path.into_inner();
    let number = known(&phone)?;
    Fields::read(&body)?.done()?;
    hub.act(inputs::SetOnline {
        phone: number.clone(),
        online: switch == "online",
    })
    .map_err(refused)?;
    phone_answer(&hub, &number, StatusCode::OK)
}

async fn show_network(hub: State) -> HttpResponse {
    HttpResponse::Ok().json(hub.look(|network| {
        let (timing, seed) = network.timing();
        shapes::timing(timing, seed)
    }))
}

async fn change_network(hub: State, body: Bytes) -> Answer {
    let before = hub.look(|network| network.timing().0.clone());
    let (timing, seed) = timing_of(&body, before)?;
    hub.act(inputs::SetTiming { timing, seed });
    Ok(show_network(hub).await)
}

/// What a body makes of the timing, and the new seed if it names one.
pub(super) fn timing_of(body: &[u8], mut timing: Timing) -> Result<(Timing, Option<u64>), Problem> {
    let mut fields = Fields::read(body)?;
    timing.ack_ms = fields.whole("ack_ms", DAY_MS).unwrap_or(timing.ack_ms);
    timing.deliver_ms = fields.whole("deliver_ms", DAY_MS).unwrap_or(timing.deliver_ms);
    if fields.has("read_ms") {
        timing.read_ms = fields.whole("read_ms", DAY_MS);
    }
    if fields.has("auto_reply") {
        timing.auto_reply = fields.text("auto_reply").filter(|text| !text.is_empty());
    }
    if fields.has("loss") {
        timing.loss = fields.share("loss").unwrap_or(timing.loss);
    }
    if fields.has("sync_ms") {
        timing.sync_ms = fields.whole("sync_ms", DAY_MS);
    }
    let seed = fields.whole("seed", u64::MAX);
    fields.done()?;
    Ok((timing, seed))
}

pub(super) fn known(path: &str) -> Result<Number, Problem> {
    // What is no number is no phone either: 404 as for any other that does not exist.
    Number::parse(path).ok_or_else(|| refused(Refusal::UnknownPhone))
}

pub(super) fn refused(refusal: Refusal) -> Problem {
    Problem::refused(refusal, "")
}
