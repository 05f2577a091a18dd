//! `/_/api/phones/{phone}`: what the owner of a phone shows of it, and whom it hears nothing from.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use bytes::Bytes;

use super::control::{Answer, State, known, phone_answer, refused};
use super::fields::Fields;
use super::groups::person_of;
use super::problem::Problem;
use crate::sandbox::network::{ABOUT_LIMIT, NAME_LIMIT, Picture, Profile, inputs};

/// The paths of this file; `/phones/{phone}` itself stands with its other methods.
pub(super) fn routes(scope: &mut web::ServiceConfig) {
    let at = |path: &str| web::resource(format!("/phones/{{phone}}{path}"));
    scope
        .service(at("/{switch:block|unblock}").post(block))
        .service(at("/ban").post(ban))
        .service(at("/unlink").post(unlink));
}

/// `PATCH /_/api/phones/{phone}`
pub(super) async fn change(hub: State, path: web::Path<String>, body: Bytes) -> Answer {
    let phone = known(&path)?;
    let profile = profile_of(&body)?;
    hub.act(inputs::ChangeProfile {
        phone: phone.clone(),
        profile,
    })
    .map_err(refused)?;
    phone_answer(&hub, &phone, StatusCode::OK)
}

/// The body of `PATCH /_/api/phones/{phone}`.
pub(super) fn profile_of(body: &[u8]) -> Result<Profile, Problem> {
    let mut fields = Fields::read(body)?;
    let profile = Profile {
        name: short(&mut fields, "name", 1, NAME_LIMIT).map(|name| name.trim().to_owned()),
        about: short(&mut fields, "about", 0, ABOUT_LIMIT),
        picture: fields.has("picture").then(|| match fields.text("picture") {
            Some(id) => Picture::Media(id),
            None => Picture::Removed,
        }),
    };
    fields.done()?;
    Ok(profile)
}

/// A text with bounds for its length in characters, if it is there.
pub(super) fn short(fields: &mut Fields, name: &str, from: usize, to: usize) -> Option<String> {
    let text = fields.text(name)?;
    let length = text.trim().chars().count();
    if !(from..=to).contains(&length) {
        fields.note(
            name,
            "out_of_range",
            format!("must have {from} to {to} characters"),
        );
    }
    Some(text)
}

async fn block(hub: State, path: web::Path<(String, String)>, body: Bytes) -> Answer {
    let (phone, switch) = path.into_inner();
    let phone = known(&phone)?;
    let other = person_of("phone", &body)?;
    let blocked = switch == "block";
    hub.act(inputs::Block {
        phone,
        other,
        blocked,
    })
    .map_err(|refusal| Problem::refused(refusal, "/phone"))?;
    Ok(HttpResponse::NoContent().finish())
}

async fn ban(hub: State, path: web::Path<String>, body: Bytes) -> Answer {
    let phone = known(&path)?;
    Fields::read(&body)?.done()?;
    hub.act(inputs::Ban { phone }).map_err(refused)?;
    hub.until_saved().await;
    Ok(HttpResponse::NoContent().finish())
}

async fn unlink(hub: State, path: web::Path<String>, body: Bytes) -> Answer {
    let phone = known(&path)?;
    let mut fields = Fields::read(&body)?;
    let session = fields.text("session");
    fields.done()?;
    hub.act(inputs::Unlink {
        phone: phone.clone(),
        session,
    })
    .map_err(refused)?;
    hub.until_saved().await;
    phone_answer(&hub, &phone, StatusCode::OK)
}
