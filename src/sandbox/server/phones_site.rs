//! The phones as a web page, `/_/`: static files that use the control API like everybody else.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use rust_embed::RustEmbed;

const POLICY: &str = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/src/sandbox/phones"]
struct PhonesFiles;

/// The page and its files.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/", web::get().to(to_page))
        .route("/_", web::get().to(to_page))
        .route("/_/{file:[a-z.]*}", web::get().to(file));
}

async fn to_page() -> HttpResponse {
    HttpResponse::Found()
        .insert_header((header::LOCATION, "/_/"))
        .finish()
}

async fn file(name: web::Path<String>) -> HttpResponse {
    let name = if name.is_empty() {
        "index.html"
    } else {
        name.as_str()
    };
    match PhonesFiles::get(name) {
        Some(file) => HttpResponse::Ok()
            .content_type(format!("{}; charset=utf-8", file.metadata.mimetype()))
            .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
            .insert_header((header::CACHE_CONTROL, "no-cache"))
            .body(file.data),
        None => HttpResponse::NotFound().finish(),
    }
}
