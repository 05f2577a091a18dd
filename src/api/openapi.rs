//! The OpenAPI document, generated from the handlers, and the pages that show it (which need no network).

use std::sync::LazyLock;

use actix_web::{HttpResponse, http::header, web::ServiceConfig};
use bytes::Bytes;
use utoipa::{
    Modify, OpenApi,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::{error, operations, routes, v1};

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
        v1::accounts::create, v1::accounts::list, v1::accounts::show, v1::accounts::delete,
        v1::account_actions::act, v1::pairing::pairing, v1::pairing::screenshot,
        v1::send::send, v1::messages::list, v1::messages::show, v1::messages::cancel,
        v1::wallet::show, v1::wallet::entries, v1::wallet::top_up,
        v1::events::list, v1::keys::list, v1::keys::create, v1::keys::revoke,
        v1::stream::open, v1::stream::ticket, v1::system::info, v1::system::actors,
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
    Document::openapi().to_pretty_json().unwrap_or_default()
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
