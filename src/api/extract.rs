//! What handlers take from a request: who asks, a JSON body, an id of the path, the query. Each refuses with a
//! [`Problem`] that names the place.

use std::{future::Future, pin::Pin, str::FromStr};

use actix_web::{
    FromRequest, HttpMessage as _, HttpRequest,
    dev::Payload,
    error::PayloadError,
    http::{StatusCode, header},
    web,
};
use bytes::Bytes;
use futures::future::{Either, FutureExt as _, LocalBoxFuture, Ready, ready};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use zaptor_actors::domain::TenantId;

use super::{
    error::{Flaw, Problem},
    pointer,
};
use crate::{
    auth::{AuthError, Principal},
    edge::Edge,
};

/// The tenant of a request, left with the request for its log line.
#[derive(Clone, Copy)]
pub(super) struct Tenant(pub(super) TenantId);

impl FromRequest for Principal {
    type Error = Problem;
    type Future = Either<Ready<Result<Self, Problem>>, LocalBoxFuture<'static, Result<Self, Problem>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        match known(request) {
            Ok(Some(principal)) => Either::Left(ready(Ok(remember(request, principal)))),
            Err(error) => Either::Left(ready(Err(error.into()))),
            // A key that was not seen for a while: the only way on which a request waits for the database.
            Ok(None) => {
                let request = request.clone();
                Either::Right(
                    async move {
                        let key = credential(&request).ok_or(AuthError::Missing)?;
                        let principal = edge(&request)?.auth.verify_key(key).await?;
                        Ok(remember(&request, principal))
                    }
                    .boxed_local(),
                )
            }
        }
    }
}

fn remember(request: &HttpRequest, principal: Principal) -> Principal {
    request.extensions_mut().insert(Tenant(principal.tenant));
    principal
}

/// `None`: a key that only the database knows.
fn known(request: &HttpRequest) -> Result<Option<Principal>, AuthError> {
    let credential = credential(request).ok_or(AuthError::Missing)?;
    let auth = &edge(request).map_err(|_| AuthError::Missing)?.auth;
    if credential.starts_with("zk_") {
        Ok(auth.trusted_key(credential))
    } else {
        auth.verify_access_token(credential).map(Some)
    }
}

fn credential(request: &HttpRequest) -> Option<&str> {
    let headers = request.headers();
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        return scheme.eq_ignore_ascii_case("bearer").then(|| token.trim());
    }
    headers.get("x-api-key")?.to_str().ok().map(str::trim)
}

/// The edge that serves this request.
pub(crate) fn edge(request: &HttpRequest) -> Result<&web::Data<Edge>, Problem> {
    request
        .app_data::<web::Data<Edge>>()
        .ok_or_else(Problem::internal)
}

/// A JSON body, with the bytes that it was read from (repeats of a request are told by them).
pub(crate) struct Body<T> {
    pub(super) value: T,
    pub(super) bytes: Bytes,
}

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let json = request.content_type();
        if json != "application/json" && !json.ends_with("+json") {
            let problem = Problem::of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE);
            return Box::pin(ready(Err(problem)));
        }
        let bytes = Bytes::from_request(request, payload);
        Box::pin(async move {
            let bytes = bytes.await.map_err(|error| body_problem(&error))?;
            let value = parse(&bytes)?;
            Ok(Self { value, bytes })
        })
    }
}

fn body_problem(error: &actix_web::Error) -> Problem {
    match error.as_error::<PayloadError>() {
        Some(PayloadError::Overflow) => Problem::of_status(StatusCode::PAYLOAD_TOO_LARGE),
        _ => Problem::of_status(error.as_response_error().status_code()),
    }
}

/// Reads JSON, or says where it is wrong.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // The parser would also take an array, field by field in the order of our code.
    if bytes.trim_ascii_start().first() == Some(&b'[') && serde_json::from_slice::<&RawValue>(bytes).is_ok() {
        return Err(Problem::flaw("", "wrong_type", "must be an object"));
    }
    serde_json::from_slice(bytes).map_err(|error| {
        let text = error.to_string();
        let what = text
            .rsplit_once(" at line ")
            .map_or(text.as_str(), |(what, _)| what);
        if !error.is_data() {
            let detail = format!(
                "The body is not JSON: {what}, at line {} column {}.",
                error.line(),
                error.column()
            );
            return Problem::new(StatusCode::BAD_REQUEST, "malformed_json", detail);
        }
        let place = pointer::locate(bytes, error.line(), error.column());
        let (code, pointer) = if let Some(field) = named(what, "missing field `") {
            ("missing_field", format!("{}/{field}", place.here))
        } else if what.starts_with("unknown field") {
            ("unknown_field", place.here)
        } else if what.starts_with("invalid type") {
            ("wrong_type", place.inside.unwrap_or(place.here))
        } else if what.starts_with("duplicate field") {
            ("duplicate_field", place.here)
        } else {
            ("invalid_value", place.inside.unwrap_or(place.here))
        };
        Problem::flaw(pointer, code, what)
    })
}

fn named<'a>(text: &'a str, before: &str) -> Option<&'a str> {
    text.strip_prefix(before)?.split('`').next()
}

/// The id in the path (`{id}`). A text that is no id answers exactly as an id that nobody has.
pub(crate) struct Id<T>(pub(super) T);

impl<T: FromStr> FromRequest for Id<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = request.match_info().get("id").and_then(|id| id.parse().ok());
        ready(id.map(Self).ok_or_else(Problem::not_found))
    }
}

/// The query, taken apart by name. What is not taken is refused at the end, so that a misspelt filter does not silently
/// filter nothing.
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
    flaws: Vec<Flaw>,
}

impl FromRequest for Query {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request.query_string())))
    }
}

/// The length of a page when the client does not say.
const LIMIT_DEFAULT: u64 = 50;
const LIMIT_MAX: u64 = 200;

impl Query {
    pub(crate) fn of(text: &str) -> Self {
        Self {
            pairs: url::form_urlencoded::parse(text.as_bytes())
                .into_owned()
                .collect(),
            flaws: Vec::new(),
        }
    }

    /// The parameter's text, if it is there and not empty.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        let mut found = None;
        while let Some(i) = self.pairs.iter().position(|(key, _)| key == name) {
            let (_, value) = self.pairs.remove(i);
            if found.is_some() {
                self.flaws.push(Flaw::new(
                    format!("/query/{name}"),
                    "duplicate_field",
                    "is there twice",
                ));
            }
            found = Some(value);
        }
        found.filter(|value| !value.is_empty())
    }

    /// The parameter, read as a `T`; `what` says what it should be.
    pub(crate) fn take<T: FromStr>(&mut self, name: &str, what: &str) -> Option<T> {
        let text = self.text(name)?;
        let value = text.parse().ok();
        if value.is_none() {
            self.refuse(name, what);
        }
        value
    }

    /// The parameter's parts between commas, each read as a `T`.
    pub(crate) fn list<T: FromStr>(&mut self, name: &str, what: &str) -> Vec<T> {
        let Some(text) = self.text(name) else {
            return Vec::new();
        };
        let parts: Option<Vec<T>> = text.split(',').map(|part| part.trim().parse().ok()).collect();
        parts.unwrap_or_else(|| {
            self.refuse(name, what);
            Vec::new()
        })
    }

    /// `limit`: 1 to 200, 50 when it is not there.
    pub(crate) fn limit(&mut self) -> u64 {
        match self.take::<u64>("limit", "must be a number from 1 to 200") {
            Some(limit) if (1..=LIMIT_MAX).contains(&limit) => limit,
            Some(_) => {
                self.refuse("limit", "must be a number from 1 to 200");
                LIMIT_DEFAULT
            }
            None => LIMIT_DEFAULT,
        }
    }

    fn refuse(&mut self, name: &str, what: &str) {
        self.flaws
            .push(Flaw::new(format!("/query/{name}"), "invalid_value", what));
    }

    /// Refuses what was wrong and what nobody took.
    pub(crate) fn finish(mut self) -> Result<(), Problem> {
        for (name, _) in &self.pairs {
            self.flaws.push(Flaw::new(
                format!("/query/{name}"),
                "unknown_field",
                "this call takes no such parameter",
            ));
        }
        if self.flaws.is_empty() {
            Ok(())
        } else {
            Err(Problem::validation(self.flaws))
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use actix_web::ResponseError as _;
    use serde::Deserialize;
    use zaptor_actors::domain::{AccountId, Timestamp};

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only parsed")]
    struct Inner {
        body: String,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only parsed")]
    struct Outer {
        account: AccountId,
        text: Inner,
        at: Option<Timestamp>,
        n: Option<u32>,
    }

    const WRONG_BODIES: [(&str, &str, u16, &str); 14] = [
        ("{", "malformed_json", 400, ""),
        ("", "malformed_json", 400, ""),
        (
            r#"{"account":"ID","text":{"body":"x"}} x"#,
            "malformed_json",
            400,
            "",
        ),
        (r#"{"text":{"body":"x"}}"#, "missing_field", 422, "/account"),
        (
            r#"{"account":"ID","text":{}}"#,
            "missing_field",
            422,
            "/text/body",
        ),
        (
            r#"{"account":"ID","text":{"body":"x","bold":1}}"#,
            "unknown_field",
            422,
            "/text/bold",
        ),
        (
            r#"{"account":"ID","text":{"body":"x"},"extra":1}"#,
            "unknown_field",
            422,
            "/extra",
        ),
        (
            r#"{"account":"ID","text":{"body":5}}"#,
            "wrong_type",
            422,
            "/text/body",
        ),
        (r#"{"account":"ID","text":"x"}"#, "wrong_type", 422, "/text"),
        (
            r#"{"account":5,"text":{"body":"x"}}"#,
            "wrong_type",
            422,
            "/account",
        ),
        (
            r#"{"account":"acc_1","text":{"body":"x"}}"#,
            "invalid_value",
            422,
            "/account",
        ),
        (
            r#"{"account":"ID","text":{"body":"x"},"at":"soon"}"#,
            "invalid_value",
            422,
            "/at",
        ),
        (
            r#"{"account":"ID","n":-1,"text":{"body":"x"}}"#,
            "invalid_value",
            422,
            "/n",
        ),
        (
            r#"{"account":"ID","account":"ID"}"#,
            "duplicate_field",
            422,
            "/account",
        ),
    ];

    #[test]
    fn wrong_bodies_by_table() {
        let id = AccountId::from_bits(1);
        for (text, code, status, pointer) in WRONG_BODIES {
            let text = text.replace("ID", &id.to_string());
            let problem = parse::<Outer>(text.as_bytes()).unwrap_err();
            assert_eq!(problem.status_code().as_u16(), status, "{text}: {problem}");
            if status == 400 {
                assert_eq!(problem.code(), code, "{text}");
            } else {
                let flaw = &problem.flaws()[0];
                assert_eq!(
                    (flaw.code.as_ref(), flaw.pointer.as_str()),
                    (code, pointer),
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn a_query_refuses_what_nobody_takes() {
        let mut query = Query::of("limit=7&after=3&typ=x");
        assert_eq!(query.limit(), 7);
        assert_eq!(query.take::<i64>("after", "a number"), Some(3));
        let problem = query.finish().unwrap_err();
        assert_eq!(problem.flaws()[0].pointer, "/query/typ");
        let mut query = Query::of("limit=0&after=x&types=1,2,z");
        query.limit();
        query.take::<i64>("after", "a number");
        assert!(query.list::<i64>("types", "numbers").is_empty());
        assert_eq!(query.finish().unwrap_err().flaws().len(), 3);
    }
}
