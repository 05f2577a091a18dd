//! The dashboard: the built page, out of the program itself. Whatever is no API call and no file of the page is a place
//! inside the page.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, header},
    web,
};
use rust_embed::RustEmbed;

use crate::{api::error::Problem, edge::Edge};

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/src/dashboard/ui/dist"]
#[allow_missing = true]
struct Files;

const INDEX: &str = "index.html";
/// The build writes a digest of the content into the names of these.
const ASSETS: &str = "assets/";
const UNBUILT: &str =
    "The dashboard was not built into this program. Run `make ui`, build again, or use the API: /docs";

/// Serves a file of the page, or the page itself. Everything under `/v1` that nobody else serves is 404.
pub(crate) async fn serve(edge: web::Data<Edge>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let path = request.path().trim_start_matches('/');
    let api = path == "v1" || path.starts_with("v1/");
    if api || !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Err(Problem::not_found());
    }
    let name = if path.is_empty() { INDEX } else { path };
    if let Some(file) = Files::get(name) {
        return Ok(answer(&edge, name, file));
    }
    // A missing file is missing; anything without an extension is a place inside the page.
    if path.rsplit('/').next().is_some_and(|last| last.contains('.')) {
        return Err(Problem::not_found());
    }
    match Files::get(INDEX) {
        Some(file) => Ok(answer(&edge, INDEX, file)),
        None if path.is_empty() => Ok(HttpResponse::Ok()
            .content_type("text/plain; charset=utf-8")
            .body(UNBUILT)),
        None => Err(Problem::not_found()),
    }
}

fn answer(edge: &Edge, name: &str, file: rust_embed::EmbeddedFile) -> HttpResponse {
    let forever = name.starts_with(ASSETS);
    let cache = if forever {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    HttpResponse::Ok()
        .content_type(file.metadata.mimetype())
        .insert_header((header::CACHE_CONTROL, cache))
        .insert_header((
            header::CONTENT_SECURITY_POLICY,
            content_security_policy(edge.settings.sandbox_url.as_deref()),
        ))
        .body(file.data.into_owned())
}

/// The page loads from itself alone and speaks to itself and, where there is one, to the sandbox's control. Styles are
/// also written by the component library while the page runs.
fn content_security_policy(sandbox_url: Option<&str>) -> String {
    format!(
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; \
         font-src 'self' data:; connect-src 'self' {}; object-src 'none'; base-uri 'none'; form-action 'self'; \
         frame-ancestors 'none'",
        sandbox_url.unwrap_or_default()
    )
}
