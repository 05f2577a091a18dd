//! The OpenAPI document, generated from the handlers, and the pages that show it (which need no network).

use std::sync::LazyLock;

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
    web::ServiceConfig,
};
use bytes::Bytes;
use serde_json::{Value, json};
use utoipa::{
    Modify, OpenApi,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::{error, operations, routes, v1};

/// How the document names the body of every refusal.
const PROBLEM: &str = "#/components/schemas/Problem";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Zaptor",
        description = "A WhatsApp gateway: many accounts behind one API. Every refusal is an RFC 9457 problem with a \
                       stable code; every POST that creates or sends takes an Idempotency-Key.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    modifiers(&Bearer),
    security(("bearer" = [])),
    paths(
        v1::auth::login, v1::auth::refresh, v1::auth::logout, v1::auth::me,
        v1::accounts::create, v1::accounts::list, v1::accounts::show, v1::accounts::change, v1::accounts::delete,
        v1::account_actions::act, v1::health::show, v1::pairing::pairing, v1::pairing::by_phone,
        v1::pairing::screenshot,
        v1::forensics::list, v1::forensics::show, v1::forensics::screenshot,
        v1::profile::list, v1::profile::take, v1::profile::restore, v1::profile::export, v1::profile::import,
        v1::profile::rotate,
        v1::send::send, v1::messages::list, v1::messages::show, v1::messages::cancel,
        v1::wallet::show, v1::wallet::entries, v1::wallet::top_up,
        v1::events::list, v1::keys::list, v1::keys::create, v1::keys::revoke,
        v1::stream::open, v1::stream::ticket, v1::system::info, v1::system::actors,
        v1::agent::show, v1::agent::reload,
        operations::healthz, operations::readyz, operations::metrics,
    ),
    components(schemas(error::ProblemBody, error::Flaw)),
)]
struct Document;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(
                "An access token from POST /v1/auth/login, or an API key. X-API-Key is taken too.",
            ))
            .build();
        if let Some(components) = &mut document.components {
            components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        }
    }
}

/// The document as indented JSON: what `/openapi.json` and `zaptor openapi` give.
pub fn document() -> String {
    let mut document = serde_json::to_value(Document::openapi()).unwrap_or_default();
    mend(&mut document);
    serde_json::to_string_pretty(&document).unwrap_or_default()
}

/// Says what the handlers' attributes cannot say without repeating it everywhere: refusals are
/// `application/problem+json`, pictures are bytes, and every answer has a description.
fn mend(node: &mut Value) {
    if let Some(responses) = node.get_mut("responses").and_then(Value::as_object_mut) {
        for (status, response) in responses {
            let status = status
                .parse()
                .ok()
                .and_then(|status| StatusCode::from_u16(status).ok());
            let reason = status
                .and_then(|status| status.canonical_reason())
                .unwrap_or_default();
            if response["description"].as_str().is_none_or(str::is_empty) {
                response["description"] = Value::from(reason);
            }
            let Some(content) = response.get_mut("content").and_then(Value::as_object_mut) else {
                continue;
            };
            if content
                .get("application/json")
                .is_some_and(|body| body["schema"]["$ref"] == PROBLEM)
                && let Some(body) = content.remove("application/json")
            {
                content.insert("application/problem+json".to_owned(), body);
            }
        }
    }
    for kind in ["image/png", "application/octet-stream"] {
        if let Some(bytes) = node.get_mut(kind).filter(|bytes| bytes.get("schema").is_some()) {
            bytes["schema"] = json!({"type": "string", "format": "binary"});
        }
    }
    match node {
        Value::Object(fields) => fields.values_mut().for_each(mend),
        Value::Array(items) => items.iter_mut().for_each(mend),
        _ => {}
    }
}

pub(super) fn configure(config: &mut ServiceConfig) {
    routes!(config;
        "/openapi.json" => { GET serve },
        "/docs" => { GET to_docs },
    );
    config.service(SwaggerUi::new("/docs/{_:.*}").config(Config::from("/openapi.json")));
}

async fn serve() -> HttpResponse {
    static TEXT: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(document()));
    HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((header::CACHE_CONTROL, "public, max-age=60"))
        .body(TEXT.clone())
}

async fn to_docs() -> HttpResponse {
    HttpResponse::MovedPermanently()
        .insert_header((header::LOCATION, "/docs/"))
        .finish()
}
