//! Every refusal as RFC 9457 `application/problem+json`: a stable `code`, a sentence that says what to do, whether
//! trying again makes sense, and whether something was sent.
//!
//! Nothing of the inside leaves here: no stack trace, no database message, no other tenant's data.

use std::{borrow::Cow, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use serde::Serialize;
use utoipa::ToSchema;
use zaptor_actors::{dispatcher::Refusal, protocol::account::AccountError, store::StoreError};

use crate::auth::{AuthError, TokenFlaw};

/// Where the meaning of each code is told.
const TYPES: &str = "https://zaptor.dev/problems/";
const JSON: &str = "application/problem+json";

/// One thing that is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Flaw {
    /// Where: a JSON pointer into the body, `/query/…` or `/header/…`.
    pub pointer: String,
    /// A stable word.
    pub code: Cow<'static, str>,
    /// What is wrong and what would be right.
    pub detail: String,
}

impl Flaw {
    /// A flaw at a place.
    pub fn new(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            code: Cow::Borrowed(code),
            detail: detail.into(),
        }
    }
}

/// Whether a message went out although the request was not answered as hoped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Surely not.
    NotSent,
    /// Nobody can tell; the same `Idempotency-Key` finds out.
    Unknown,
    /// It was accepted.
    Sent,
}

/// A refusal.
#[derive(Clone, Debug)]
pub struct Problem(Box<Parts>);

#[derive(Clone, Debug)]
struct Parts {
    status: StatusCode,
    code: &'static str,
    detail: Cow<'static, str>,
    retryable: bool,
    outcome: Option<Outcome>,
    retry_after: Option<Duration>,
    errors: Vec<Flaw>,
}

/// The body of every refusal.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody<'a> {
    /// Names the kind of problem.
    #[serde(rename = "type")]
    kind: String,
    /// The kind in a few words.
    title: &'a str,
    /// The HTTP status.
    status: u16,
    /// What happened here and what to do.
    detail: &'a str,
    /// The path that was asked for.
    instance: &'a str,
    /// A stable word for programs.
    code: &'a str,
    /// Whether the same request may succeed later.
    retryable: bool,
    /// Where a send is concerned: whether something went out.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Outcome>,
    /// Find it in the logs by this.
    request_id: &'a str,
    /// What is wrong with the request, one by one.
    #[serde(skip_serializing_if = "<[Flaw]>::is_empty")]
    errors: &'a [Flaw],
}

impl Problem {
    /// A refusal. It may be tried again exactly when the status says so (429, 503).
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        let retryable = matches!(
            status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
        );
        Self(Box::new(Parts {
            status,
            code,
            detail: detail.into(),
            retryable,
            outcome: None,
            retry_after: None,
            errors: Vec::new(),
        }))
    }

    /// 404: it does not exist, or belongs to somebody else; nobody can tell which.
    pub fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "There is nothing here. Check the id and the path.",
        )
    }

    /// 409: the state does not allow it.
    pub fn conflict(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// 422 with everything that is wrong.
    pub fn validation(errors: Vec<Flaw>) -> Self {
        let detail = match errors.as_slice() {
            [only] => Cow::Owned(format!(
                "The request is not right at {}: {}",
                only.pointer, only.detail
            )),
            _ => Cow::Borrowed("The request is not right at several places; see errors."),
        };
        let mut problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "validation_failed", detail);
        problem.0.errors = errors;
        problem
    }

    /// 422 with one flaw.
    pub fn flaw(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self::validation(vec![Flaw::new(pointer, code, detail)])
    }

    /// 500; the cause is in the log, under the request's id.
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something went wrong on our side. The request id finds it in the logs.",
        )
    }

    /// The same, with a time after which to try again.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.0.retryable = true;
        self.0.retry_after = Some(wait);
        self
    }

    /// The same, saying whether something was sent.
    #[must_use]
    pub fn outcome(mut self, outcome: Outcome) -> Self {
        self.0.outcome = Some(outcome);
        self
    }

    /// The stable word.
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// What is wrong with the request, one by one.
    pub fn flaws(&self) -> &[Flaw] {
        &self.0.errors
    }

    /// What an answer without a body of its own means: the router's refusals, and errors of the framework.
    pub fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::not_found(),
            StatusCode::METHOD_NOT_ALLOWED => Self::new(
                status,
                "method_not_allowed",
                "This path does not take this method; the Allow header names those that it takes.",
            ),
            StatusCode::PAYLOAD_TOO_LARGE => Self::new(
                status,
                "body_too_large",
                "The body is larger than this server takes. Send less at once.",
            ),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::new(
                status,
                "unsupported_media_type",
                "Send JSON, with the header Content-Type: application/json.",
            ),
            status if status.is_client_error() => {
                Self::new(status, "bad_request", "The request cannot be understood.")
            }
            _ => Self::internal(),
        }
    }

    /// Renders the answer.
    pub fn render(&self, request: &HttpRequest, request_id: &str) -> HttpResponse {
        let parts = &*self.0;
        let body = ProblemBody {
            kind: format!("{TYPES}{}", parts.code),
            title: parts.status.canonical_reason().unwrap_or("Error"),
            status: parts.status.as_u16(),
            detail: &parts.detail,
            instance: request.path(),
            code: parts.code,
            retryable: parts.retryable,
            outcome: parts.outcome,
            request_id,
            errors: &parts.errors,
        };
        let mut response = HttpResponse::build(parts.status);
        response.content_type(JSON);
        if let Some(wait) = parts.retry_after {
            let seconds = wait.as_millis().div_ceil(1_000).max(1).to_string();
            if parts.status == StatusCode::TOO_MANY_REQUESTS {
                response.insert_header(("RateLimit", format!("\"{}\";r=0;t={seconds}", parts.code)));
            }
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        if parts.status == StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer realm=\"zaptor\""));
        }
        response.body(serde_json::to_string(&body).unwrap_or_default())
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.0.code, self.0.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.0.status
    }

    /// Bare: the middleware renders it, with the request's path and id.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.0.status)
    }
}

impl From<AuthError> for Problem {
    fn from(error: AuthError) -> Self {
        let unauthorized = |code, detail: &'static str| Self::new(StatusCode::UNAUTHORIZED, code, detail);
        match error {
            AuthError::Missing => unauthorized(
                "unauthenticated",
                "Send an API key or an access token: Authorization: Bearer …, or X-API-Key: ….",
            ),
            AuthError::Token(TokenFlaw::Expired) => unauthorized(
                "token_expired",
                "The access token has expired. Get a new one from POST /v1/auth/refresh.",
            ),
            AuthError::Token(_) => unauthorized(
                "invalid_token",
                "The access token is not one of ours. Sign in again at POST /v1/auth/login.",
            ),
            AuthError::Key => unauthorized(
                "invalid_key",
                "The API key is unknown or revoked. Create one in the dashboard or at POST /v1/keys.",
            ),
            AuthError::Refresh => unauthorized(
                "invalid_refresh_token",
                "The refresh token is not good any more. Sign in again at POST /v1/auth/login.",
            ),
            AuthError::Credentials => unauthorized(
                "invalid_credentials",
                "Email or password is wrong. Check both and try again.",
            ),
            AuthError::Throttled(wait) => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_attempts",
                "There were too many attempts to sign in. Wait as long as Retry-After says.",
            )
            .retry_after(wait),
            AuthError::Scope(scope) => Self::new(
                StatusCode::FORBIDDEN,
                "missing_scope",
                format!(
                    "This needs the scope {}. Use a key that carries it.",
                    scope.as_str()
                ),
            ),
            AuthError::Role(role) => Self::new(
                StatusCode::FORBIDDEN,
                "missing_role",
                format!("This needs somebody with the role {}.", role.as_str()),
            ),
            AuthError::Store(error) => error.into(),
            AuthError::Hashing(error) => {
                tracing::error!(target: "zaptor::api", %error, "passwords cannot be checked");
                Self::internal()
            }
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => {
                tracing::warn!(target: "zaptor::api", %error, "the store is not available");
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "store_unavailable",
                    "The database cannot be reached. Nothing was changed; try again in a moment.",
                )
                .retry_after(Duration::from_secs(1))
            }
            StoreError::Uncertain(_) => {
                tracing::error!(target: "zaptor::api", %error, "a commit was not answered");
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "outcome_unknown",
                    "The database did not answer whether it kept the change. Send the same request with the same \
                     Idempotency-Key again: it then happens once.",
                )
                .retry_after(Duration::from_secs(1))
                .outcome(Outcome::Unknown)
            }
            StoreError::Conflict(_) => {
                tracing::info!(target: "zaptor::api", %error, "the database refused a change");
                Self::conflict(
                    "conflict",
                    "Somebody else changed this at the same moment. Read it again, then repeat.",
                )
            }
            StoreError::Failed(_) | StoreError::Unreadable(_) => {
                tracing::error!(target: "zaptor::api", %error, "the store failed");
                Self::internal()
            }
        }
    }
}

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::NotPairing => Self::conflict(
                "not_pairing",
                "The account shows no code to scan now. Start it, and ask again once its state is pairing.",
            ),
            // What the page says may name the number, which belongs in no log.
            AccountError::PhoneRefused => Self::flaw(
                "/phone",
                "phone_refused",
                "WhatsApp gives no code for this number: check it, with its country code, or scan the QR code",
            ),
            AccountError::TooManyCodes { retry_after } => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_codes",
                "Too many pairing codes were asked for. Wait as long as Retry-After says, or scan the QR code instead.",
            )
            .retry_after(retry_after),
            AccountError::WrongState(detail) => Self::conflict("wrong_state", detail),
            AccountError::NotRunning => Self::conflict(
                "not_running",
                "The account is not running. Start it with POST /v1/accounts/{id}/start.",
            ),
            AccountError::Busy => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "account_busy",
                "Too many commands wait for this account. Try again in a moment.",
            )
            .retry_after(Duration::from_secs(1)),
            AccountError::NoAnswer => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "account_not_answering",
                "The account did not answer in time. Look at its state, then try again.",
            )
            .retry_after(Duration::from_secs(2)),
            AccountError::Session(error) => {
                tracing::warn!(target: "zaptor::api", %error, "a session refused a command");
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "session_failed",
                    "The page of the account could not do this. Look at the account's state, then try again.",
                )
                .retry_after(Duration::from_secs(2))
            }
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::InsufficientTokens { needed, available } => Self::new(
                StatusCode::PAYMENT_REQUIRED,
                "insufficient_tokens",
                format!(
                    "The message costs {needed} and {available} are available. Top up, then send it again."
                ),
            )
            .outcome(Outcome::NotSent),
            Refusal::Busy { retry_after } => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "busy",
                "Too many messages wait to be stored. Send it again after the time in Retry-After.",
            )
            .retry_after(retry_after)
            .outcome(Outcome::NotSent),
            Refusal::IdempotencyKeyReused => Self::idempotency_key_reused().outcome(Outcome::NotSent),
            Refusal::IdempotencyInProgress => Self::idempotency_in_progress(),
            Refusal::NoSuchAccount => Self::not_found().outcome(Outcome::NotSent),
            Refusal::Store(error @ StoreError::Uncertain(_)) => error.into(),
            Refusal::Store(error) => Self::from(error).outcome(Outcome::NotSent),
        }
    }
}

impl Problem {
    /// 422: the key came before with another request.
    pub fn idempotency_key_reused() -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency_key_reused",
            "This Idempotency-Key came before with another request. Use a new key for a new request.",
        )
    }

    /// 409: the first request with this key is still being answered.
    pub fn idempotency_in_progress() -> Self {
        Self::conflict(
            "idempotency_in_progress",
            "The first request with this Idempotency-Key is still being answered. Ask again in a moment.",
        )
        .retry_after(Duration::from_secs(1))
    }
}
