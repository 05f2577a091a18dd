//! Around every request: its id, one log line, its metrics, the security headers, and the rendering of problems.
//!
//! No line written here holds a body, a query, a credential or an address: they are or may be personal data.

use std::{
    future::{Ready, ready},
    sync::LazyLock,
};

use actix_web::{
    Error, HttpMessage as _, HttpResponse,
    body::BoxBody,
    dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready},
    http::{
        StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    web,
};
use futures::future::LocalBoxFuture;
use prometheus::{HistogramVec, register_histogram_vec};
use zaptor_actors::domain::ids::RequestKind;

use super::{error::Problem, extract::Tenant};
use crate::edge::Edge;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const REQUEST_ID_MAX: usize = 128;

static DURATION: LazyLock<HistogramVec> = LazyLock::new(|| {
    register_histogram_vec!(
        "zaptor_http_request_duration_seconds",
        "From the first byte of a request to its answer, by route pattern.",
        &["method", "route", "status"],
        vec![
            0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0
        ]
    )
    .expect("the metric is registered once, under a name of its own")
});

/// The id of a request, from the client or made here.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(HeaderValue);

impl RequestId {
    fn of(request: &ServiceRequest, edge: &Edge) -> Self {
        let given = request
            .headers()
            .get(REQUEST_ID)
            .filter(|id| well_formed(id.as_bytes()));
        Self(given.cloned().unwrap_or_else(|| {
            let id = edge.platform.ids.next::<RequestKind>().to_string();
            HeaderValue::from_str(&id).unwrap_or_else(|_| HeaderValue::from_static("req"))
        }))
    }

    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }
}

fn well_formed(id: &[u8]) -> bool {
    (1..=REQUEST_ID_MAX).contains(&id.len())
        && id
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte))
}

/// Wraps everything that the edge serves.
pub(crate) struct Around {
    edge: web::Data<Edge>,
}

impl Around {
    pub(crate) fn new(edge: web::Data<Edge>) -> Self {
        Self { edge }
    }
}

impl<S> Transform<S, ServiceRequest> for Around
where
    S: Service<ServiceRequest, Response = ServiceResponse<BoxBody>, Error = Error> + 'static,
    S::Future: 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Transform = AroundService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(AroundService {
            service,
            edge: self.edge.clone(),
        }))
    }
}

/// [`Around`], at work.
pub(crate) struct AroundService<S> {
    service: S,
    edge: web::Data<Edge>,
}

impl<S> Service<ServiceRequest> for AroundService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<BoxBody>, Error = Error> + 'static,
    S::Future: 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Error>>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let edge = self.edge.clone();
        let begun = edge.platform.clock.instant();
        let id = RequestId::of(&request, &edge);
        request.extensions_mut().insert(id.clone());
        let answer = self.service.call(request);
        Box::pin(async move {
            let response = answer.await?;
            let mut response = render_problem(response, &id);
            adorn(response.headers_mut(), &id);
            let taken = edge.platform.clock.instant().saturating_duration_since(begun);
            note(&response, &id, taken.as_secs_f64());
            Ok(response)
        })
    }
}

/// Gives a refusal its body: a handler's own [`Problem`], or what a bare status of the framework means.
fn render_problem(response: ServiceResponse<BoxBody>, id: &RequestId) -> ServiceResponse<BoxBody> {
    let problem = match response.response().error() {
        Some(error) => error
            .as_error::<Problem>()
            .cloned()
            .unwrap_or_else(|| Problem::of_status(response.status())),
        None if bare_refusal(response.response()) => Problem::of_status(response.status()),
        None => return response,
    };
    let allow = response.headers().get(header::ALLOW).cloned();
    let (request, _) = response.into_parts();
    let mut rendered = problem.render(&request, id.as_str());
    if let Some(allow) = allow {
        rendered.headers_mut().insert(header::ALLOW, allow);
    }
    ServiceResponse::new(request, rendered)
}

fn bare_refusal(response: &HttpResponse<BoxBody>) -> bool {
    let refused = response.status().is_client_error() || response.status().is_server_error();
    refused && !response.headers().contains_key(header::CONTENT_TYPE)
}

fn adorn(headers: &mut HeaderMap, id: &RequestId) {
    headers.insert(REQUEST_ID, id.0.clone());
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    if !headers.contains_key(header::CACHE_CONTROL) {
        // Answers are a tenant's own: nothing between us keeps them.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

fn note(response: &ServiceResponse<BoxBody>, id: &RequestId, seconds: f64) {
    let request = response.request();
    let pattern = request.match_pattern();
    let route = pattern
        .as_deref()
        .filter(|route| !route.is_empty())
        .unwrap_or("unmatched");
    let (method, status) = (request.method().as_str(), response.status());
    DURATION
        .with_label_values(&[method_label(method), route, status.as_str()])
        .observe(seconds);
    let tenant = request.extensions().get::<Tenant>().map(|tenant| tenant.0);
    let (request_id, status) = (id.as_str(), status.as_u16());
    let duration_ms = (seconds * 1e5).round() / 1e2;
    match tenant {
        Some(tenant) => {
            tracing::info!(target: "zaptor::access", request_id, method, route, status, duration_ms, %tenant);
        }
        None => tracing::info!(target: "zaptor::access", request_id, method, route, status, duration_ms),
    }
}

/// A client may make methods up; the label's values may not grow with them.
fn method_label(method: &str) -> &str {
    match method {
        "GET" | "POST" | "PATCH" | "PUT" | "DELETE" | "HEAD" | "OPTIONS" => method,
        _ => "other",
    }
}

/// Answers a method that a path does not take.
pub(crate) fn method_not_allowed(allow: &str) -> HttpResponse {
    HttpResponse::build(StatusCode::METHOD_NOT_ALLOWED)
        .insert_header((header::ALLOW, allow))
        .finish()
}
