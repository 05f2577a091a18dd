//! The simulated `https://web.whatsapp.com`: the page's files, pictures of people, and the page's socket.

use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use rust_embed::RustEmbed;
use serde_json::json;

use super::hub::Hub;
use super::{media_doors, page_socket, sealed};
use crate::sandbox::Info;
use crate::sandbox::network::{Number, inputs};

/// What the page may load and where it may connect, in the manner of the real site: nothing inline, nothing foreign.
const POLICY: &str = "default-src 'self' data: blob:; script-src 'self' https://static.whatsapp.net; \
    style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self' wss://web.whatsapp.com \
    wss://*.web.whatsapp.com https://*.whatsapp.net";

const NOT_BUILT: &str = "<!doctype html><meta charset=\"utf-8\"><title>Zaptor sandbox</title>\
    <h1>The sandbox page is not built</h1>\
    <p>Run <code>npm ci &amp;&amp; npm run build</code> in <code>src/sandbox/page</code>, build Zaptor again, and \
    reload.</p>";

/// The page as esbuild leaves it. In debug builds the files are read from the folder at each request.
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/src/sandbox/page/dist"]
#[allow_missing = true]
struct PageFiles;

/// All paths of the site.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/", web::get().to(index))
        .route("/drift.js", web::get().to(drift))
        .route("/ws/chat", web::get().to(page_socket::open))
        .route("/pictures/{name}.svg", web::get().to(picture))
        .service(
            web::resource("/media/{name}")
                .get(media_doors::page_fetch)
                .post(media_doors::page_upload),
        )
        .route("/{file:.*}", web::get().to(file));
}

async fn index() -> HttpResponse {
    match PageFiles::get("index.html") {
        Some(page) => HttpResponse::Ok()
            .content_type("text/html; charset=utf-8")
            .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .body(page.data),
        None => HttpResponse::ServiceUnavailable()
            .content_type("text/html; charset=utf-8")
            .body(NOT_BUILT),
    }
}

/// What has drifted in the page that is just being loaded (faults `module_missing` and `module_renamed`), and where
/// programs outside the browser find its files.
async fn drift(hub: web::Data<Arc<Hub>>, info: web::Data<Info>) -> HttpResponse {
    let drift = hub.act(inputs::LoadPage {});
    let files = format!("{}{}", info.sandbox_url, sealed::FOLDER);
    HttpResponse::Ok()
        .content_type("text/javascript; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(format!(
            "globalThis.sandboxDrift = {};\nglobalThis.sandboxFiles = {};\n",
            json!(drift),
            json!(files)
        ))
}

async fn file(name: web::Path<String>) -> HttpResponse {
    match PageFiles::get(&name) {
        Some(file) => HttpResponse::Ok()
            .content_type(file.metadata.mimetype())
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .body(file.data),
        None => HttpResponse::NotFound().finish(),
    }
}

/// A round picture in a colour of the number's own, with its last two digits.
async fn picture(name: web::Path<String>) -> HttpResponse {
    let Some(number) = Number::parse(&name) else {
        return HttpResponse::NotFound().finish();
    };
    let digits = number.digits();
    let hue = digits
        .bytes()
        .fold(0_u32, |sum, digit| (sum * 31 + u32::from(digit)) % 360);
    let last = digits.get(digits.len() - 2..).unwrap_or(&digits);
    let image = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 96 96\">\
         <circle cx=\"48\" cy=\"48\" r=\"48\" fill=\"hsl({hue} 45% 55%)\"/>\
         <text x=\"48\" y=\"60\" font-family=\"sans-serif\" font-size=\"34\" text-anchor=\"middle\" \
         fill=\"white\">{last}</text></svg>"
    );
    HttpResponse::Ok().content_type("image/svg+xml").body(image)
}
