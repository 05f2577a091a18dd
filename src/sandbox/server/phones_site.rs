//! The phones as a web page, `/_/`: static files that use the control API like everybody else.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use rust_embed::RustEmbed;

/// Nothing inline and nothing foreign. Pictures that a person is about to send are shown from memory.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src 'self' data: blob:; media-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

const NOT_BUILT: &str = "<!doctype html><meta charset=\"utf-8\"><title>Zaptor sandbox</title>\
    <h1>The phones' page is not built</h1>\
    <p>Run <code>npm ci &amp;&amp; npm run build</code> in <code>src/sandbox/phones</code>, build Zaptor again, and \
    reload.</p>";

/// The page as esbuild leaves it. In debug builds the files are read from the folder at each request.
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/src/sandbox/phones/dist"]
#[allow_missing = true]
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
        None if name == "index.html" => HttpResponse::ServiceUnavailable()
            .content_type("text/html; charset=utf-8")
            .body(NOT_BUILT),
        None => HttpResponse::NotFound().finish(),
    }
}
