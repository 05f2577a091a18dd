//! For machines that watch this one: `/healthz`, `/readyz`, `/metrics`.

use actix_web::{HttpResponse, http::StatusCode, web, web::ServiceConfig};
use prometheus::{Encoder as _, TextEncoder};

use super::{error::Problem, routes};
use crate::edge::Edge;

pub(super) fn configure(config: &mut ServiceConfig) {
    routes!(config;
        "/healthz" => { GET healthz, HEAD healthz },
        "/readyz" => { GET readyz, HEAD readyz },
        "/metrics" => { GET metrics },
    );
}

/// Whether the process serves requests.
#[utoipa::path(get, path = "/healthz", tag = "operations", security(()),
    responses((status = 200, description = "The process serves requests")))]
pub(crate) async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({"status": "ok"}))
}

/// Whether a message would be accepted now: the database answers and nobody has asked the node to stop.
#[utoipa::path(get, path = "/readyz", tag = "operations", security(()),
    responses((status = 200, description = "Messages are accepted"), (status = 503, description = "Not now", body = super::error::ProblemBody<'static>)))]
pub(crate) async fn readyz(edge: web::Data<Edge>) -> Result<HttpResponse, Problem> {
    if edge.hub.is_closing() {
        let detail = "This node is stopping. Ask another one.";
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", detail));
    }
    edge.platform.store.ping().await?;
    Ok(HttpResponse::Ok().json(serde_json::json!({"status": "ready"})))
}

/// Metrics in Prometheus' text format.
#[utoipa::path(get, path = "/metrics", tag = "operations", security(()),
    responses((status = 200, description = "Prometheus text format", content_type = "text/plain", body = String)))]
pub(crate) async fn metrics(edge: web::Data<Edge>) -> Result<HttpResponse, Problem> {
    let mut text = Vec::with_capacity(16 * 1_024);
    TextEncoder::new()
        .encode(&prometheus::gather(), &mut text)
        .map_err(|_| Problem::internal())?;
    let writer = edge.platform.store.metrics();
    let rows = [
        (
            "zaptor_store_commits_total",
            "counter",
            "Commits of the store's writer.",
            writer.commits(),
        ),
        (
            "zaptor_store_jobs_total",
            "counter",
            "Writes that those commits carried.",
            writer.jobs(),
        ),
        (
            "zaptor_intake_waiting",
            "gauge",
            "Messages that wait for their commit.",
            edge.platform.intake.waiting() as u64,
        ),
    ];
    for (name, kind, help, value) in rows {
        use std::io::Write as _;
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
    }
    Ok(HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(text))
}
