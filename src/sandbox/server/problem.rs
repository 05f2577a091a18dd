//! Errors of the control API, as `application/problem+json`.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;

use crate::sandbox::network::Refusal;

/// One thing that is wrong with a request's body or query.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Wrong {
    /// JSON pointer to it.
    pub(super) pointer: String,
    pub(super) code: &'static str,
    pub(super) detail: String,
}

/// A refusal with its status and a sentence that says what to do.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    errors: Vec<Wrong>,
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: &'a str,
    instance: &'a str,
    code: &'static str,
    retryable: bool,
    #[serde(skip_serializing_if = "<[Wrong]>::is_empty")]
    errors: &'a [Wrong],
}

/// Words that pages know, with their code and status here.
const DENIALS: &[(&str, &str, StatusCode)] = &[
    ("not-yours", "not_yours", StatusCode::CONFLICT),
    ("too-late", "too_late", StatusCode::CONFLICT),
    ("not-a-member", "not_a_member", StatusCode::CONFLICT),
    ("not-an-admin", "not_an_admin", StatusCode::CONFLICT),
    ("not-a-poll", "not_a_poll", StatusCode::CONFLICT),
    (
        "unknown-option",
        "unknown_option",
        StatusCode::UNPROCESSABLE_ENTITY,
    ),
    ("bad-content", "bad_content", StatusCode::UNPROCESSABLE_ENTITY),
];

impl Problem {
    /// A problem without details about fields.
    pub(super) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Problem {
        Problem {
            status,
            code,
            detail: detail.into(),
            errors: Vec::new(),
        }
    }

    /// What is wrong, each with its pointer.
    pub(super) fn wrongs(&self) -> Vec<(String, String)> {
        match self.errors.as_slice() {
            [] => vec![(String::new(), self.detail.clone())],
            wrongs => wrongs
                .iter()
                .map(|wrong| (wrong.pointer.clone(), wrong.detail.clone()))
                .collect(),
        }
    }

    /// A body or query that cannot be accepted.
    pub(super) fn invalid(errors: Vec<Wrong>) -> Problem {
        let detail = match errors.first() {
            Some(first) => format!("{}: {}", first.pointer, first.detail),
            None => "The request is not valid.".to_owned(),
        };
        Problem {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            code: "validation",
            detail,
            errors,
        }
    }

    /// What the network refused; `field` is where the request named what the refusal is about.
    pub(super) fn refused(refusal: Refusal, field: &str) -> Problem {
        let (status, code) = match refusal {
            Refusal::UnknownPhone => (StatusCode::NOT_FOUND, "unknown_phone"),
            Refusal::UnknownCode => (StatusCode::NOT_FOUND, "unknown_code"),
            Refusal::UnknownMessage => (StatusCode::NOT_FOUND, "unknown_message"),
            Refusal::UnknownMedia => (StatusCode::NOT_FOUND, "unknown_media"),
            Refusal::UnknownGroup => (StatusCode::NOT_FOUND, "unknown_group"),
            Refusal::UnknownSession => (StatusCode::NOT_FOUND, "unknown_session"),
            Refusal::Banned => (StatusCode::CONFLICT, "banned"),
            Refusal::TooManyFaults => (StatusCode::CONFLICT, "too_many_faults"),
            Refusal::TooManyDevices => (StatusCode::CONFLICT, "too_many_devices"),
            Refusal::OtherPhone => (StatusCode::CONFLICT, "other_phone"),
            Refusal::Denied(word) => return Problem::denied(word, refusal.to_string(), field),
            Refusal::NotOnWhatsApp | Refusal::OwnNumber => {
                let code = if refusal == Refusal::OwnNumber {
                    "own_number"
                } else {
                    "not_on_whatsapp"
                };
                let wrong = Wrong {
                    pointer: field.to_owned(),
                    code,
                    detail: refusal.to_string(),
                };
                return Problem::invalid(vec![wrong]);
            }
        };
        Problem::new(status, code, refusal.to_string())
    }

    /// What pages would be told in this word: 404 for what there is not, 422 for what a field says, 409 for the rest.
    fn denied(word: &'static str, detail: String, field: &str) -> Problem {
        let known = DENIALS.iter().find(|(known, _, _)| *known == word);
        let (_, code, status) = known.copied().unwrap_or((word, "refused", StatusCode::CONFLICT));
        if status == StatusCode::UNPROCESSABLE_ENTITY {
            return Problem::invalid(vec![Wrong {
                pointer: field.to_owned(),
                code,
                detail,
            }]);
        }
        Problem::new(status, code, detail)
    }

    /// The answer, for a request to `instance`.
    pub(super) fn answer(&self, instance: &str) -> HttpResponse {
        let body = Body {
            r#type: format!("https://zaptor.dev/problems/{}", self.code),
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.detail,
            instance,
            code: self.code,
            retryable: false,
            errors: &self.errors,
        };
        HttpResponse::build(self.status)
            .content_type("application/problem+json")
            .body(serde_json::to_vec(&body).expect("plain data with string keys"))
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    /// Without the path, which the door adds.
    fn error_response(&self) -> HttpResponse {
        self.answer("")
    }
}
