//! What holds for every request to the control server: only this machine, in the browser only pages of this machine,
//! and every refusal in one form.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse};

use super::problem::Problem;
use super::sealed;

/// Lets a request pass, or answers it here.
pub(super) async fn keep(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let path = request.path().to_owned();
    let origin = request.headers().get(header::ORIGIN).cloned();
    let refusal = refuse(&path, request.headers());
    let mut answer = if let Some(problem) = refusal {
        request.into_response(problem.answer(&path))
    } else if request.method() == Method::OPTIONS {
        request.into_response(preflight())
    } else {
        in_form(next.call(request).await?.map_into_boxed_body(), &path)
    };
    if let Some(origin) = origin.filter(is_loopback_origin) {
        let headers = answer.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::VARY, HeaderValue::from_static("origin"));
    }
    Ok(answer)
}

/// A page of another site must not command the phones, nor a name that somebody points at loopback.
fn refuse(path: &str, headers: &HeaderMap) -> Option<Problem> {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or("127.0.0.1");
    let own_host = url::Url::parse(&format!("http://{host}/")).is_ok_and(|url| is_loopback(&url));
    if !own_host {
        let detail = "The sandbox answers only under a loopback name, such as 127.0.0.1.";
        return Some(Problem::new(StatusCode::FORBIDDEN, "foreign_host", detail));
    }
    // Clients fetch sealed files from outside the browser, and say that they come from the site. They command nothing.
    let foreign = headers
        .get(header::ORIGIN)
        .is_some_and(|origin| !is_loopback_origin(origin));
    if foreign && !path.starts_with(sealed::FOLDER) {
        let detail = "Pages of other sites may not use the sandbox.";
        return Some(Problem::new(StatusCode::FORBIDDEN, "foreign_origin", detail));
    }
    None
}

fn is_loopback_origin(origin: &HeaderValue) -> bool {
    let url = origin
        .to_str()
        .ok()
        .and_then(|origin| url::Url::parse(origin).ok());
    url.is_some_and(|url| is_loopback(&url))
}

fn is_loopback(url: &url::Url) -> bool {
    matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"))
}

fn preflight() -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PATCH, OPTIONS"))
        .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, "content-type"))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, "600"))
        .finish()
}

/// Gives every refusal the one form, also those of the framework.
fn in_form(answer: ServiceResponse, path: &str) -> ServiceResponse {
    let status = answer.status();
    if !status.is_client_error() && !status.is_server_error() {
        return answer;
    }
    let known = answer
        .response()
        .error()
        .and_then(|error| error.as_error::<Problem>())
        .cloned();
    let problem = known.unwrap_or_else(|| {
        let (code, detail) = match status {
            StatusCode::NOT_FOUND => ("not_found", "There is nothing at this path."),
            StatusCode::METHOD_NOT_ALLOWED => ("method_not_allowed", "This path does not take this method."),
            StatusCode::PAYLOAD_TOO_LARGE => ("payload_too_large", "The body is too large."),
            _ => ("bad_request", "The request cannot be read."),
        };
        Problem::new(status, code, detail)
    });
    let (request, _) = answer.into_parts();
    ServiceResponse::new(request, problem.answer(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_this_machine() {
        let cases = [
            ("http://127.0.0.1:5173", true),
            ("http://localhost:1", true),
            ("https://web.whatsapp.com", false),
            ("http://127.0.0.1.example.org", false),
            ("null", false),
        ];
        for (origin, fine) in cases {
            assert_eq!(
                is_loopback_origin(&HeaderValue::from_static(origin)),
                fine,
                "{origin}"
            );
        }
    }

    #[test]
    fn only_loopback_names() {
        for (host, fine) in [
            ("127.0.0.1:80", true),
            ("localhost", true),
            ("evil.example:80", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static(host));
            assert_eq!(refuse("/_/api/phones", &headers).is_none(), fine, "{host}");
        }
    }

    #[test]
    fn clients_outside_the_browser_fetch_sealed_files_and_nothing_else() {
        let mut headers = HeaderMap::new();
        let site = HeaderValue::from_static("https://web.whatsapp.com/");
        headers.insert(header::ORIGIN, site);
        assert!(refuse("/_/sealed/0a1b", &headers).is_none());
        for path in ["/_/api/media/0a1b", "/_/", "/_/sealed"] {
            assert!(refuse(path, &headers).is_some(), "{path}");
        }
    }
}
