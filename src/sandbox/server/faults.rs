//! `/_/api/faults`: what goes wrong on purpose. `POST` plans a fault, `GET` lists those that wait or last, `DELETE` ends
//! them all.

use actix_web::HttpResponse;
use bytes::Bytes;
use serde_json::{Value, json};

use super::control::{Answer, DAY_MS, State, refused};
use super::fields::Fields;
use super::problem::Problem;
use crate::sandbox::network::{Fault, FaultKind, Nature, Network, inputs};

/// The most that a fault may be counted.
const COUNT_LIMIT: u64 = 1_000_000;

/// The longest QR string, in bytes; a page's has some 240.
const CODE_LIMIT: usize = 1_000;

/// The longest name of a module, in characters.
const MODULE_LIMIT: usize = 200;

pub(super) async fn plan_fault(hub: State, body: Bytes) -> Answer {
    let fault = fault_of(&body)?;
    let id = hub
        .act(inputs::PlanFault { fault: fault.clone() })
        .map_err(refused)?;
    // Whoever goes on with the answer relies on it: a line that is to be cut is cut.
    hub.until_carried_out().await;
    Ok(HttpResponse::Accepted().json(shape(id, &fault, fault.count)))
}

/// The fault that a body orders.
pub(super) fn fault_of(body: &[u8]) -> Result<Fault, Problem> {
    let mut fields = Fields::read(body)?;
    let kind = kind(&mut fields);
    // `account` is another word for the phone that the account is linked to.
    let key = if fields.has("account") && !fields.has("phone") {
        "account"
    } else {
        "phone"
    };
    let code = code(&mut fields, kind, key);
    let everybody = !fields.has(key) && (code.is_some() || kind.is_some_and(|kind| !needs_phone(kind)));
    let phone = if everybody { None } else { fields.needed_phone(key) };
    let count = fields.whole("count", COUNT_LIMIT);
    if count == Some(0) {
        fields.note("count", "out_of_range", "must be at least 1");
    }
    let after_ms = fields.whole("after_ms", DAY_MS);
    let for_ms = fields.whole("for_ms", DAY_MS);
    let probability = if fields.has("probability") {
        fields.share("probability")
    } else {
        Some(1.0)
    };
    let module = module(&mut fields, kind);
    let skew_ms = skew(&mut fields, kind);
    let (kind, probability) = fields.done_with(kind.zip(probability))?;
    Ok(Fault {
        kind,
        phone,
        code,
        count: count.and_then(|count| u32::try_from(count).ok()),
        after_ms,
        for_ms,
        probability,
        module,
        skew_ms,
    })
}

pub(super) async fn list_faults(hub: State) -> HttpResponse {
    HttpResponse::Ok().json(json!({"data": hub.look(standing)}))
}

/// The faults that wait or last.
pub(super) fn standing(network: &Network) -> Vec<Value> {
    let faults = network.faults().into_iter();
    faults.map(|(id, fault, left)| shape(id, fault, left)).collect()
}

pub(super) async fn clear_faults(hub: State) -> HttpResponse {
    hub.act(inputs::ClearFaults {});
    HttpResponse::NoContent().finish()
}

fn shape(id: u64, fault: &Fault, left: Option<u32>) -> Value {
    json!({
        "id": id, "kind": fault.kind.name(), "phone": fault.phone, "code": fault.code, "count": fault.count, "left": left,
        "after_ms": fault.after_ms, "for_ms": fault.for_ms, "probability": fault.probability,
        "module": fault.module, "skew_ms": fault.skew_ms,
    })
}

fn kind(fields: &mut Fields) -> Option<FaultKind> {
    let name = fields.needed_text("kind")?;
    let kind = FaultKind::named(&name);
    if kind.is_none() {
        let known = FaultKind::NAMES.map(|(name, _)| name).join(", ");
        fields.note("kind", "unsupported", format!("must be one of: {known}"));
    }
    kind
}

/// The code of a page that nobody has linked yet.
fn code(fields: &mut Fields, kind: Option<FaultKind>, key: &str) -> Option<String> {
    let code = fields.text("code")?;
    if fields.has(key) {
        fields.note(
            "code",
            "contradiction",
            format!("name a {key} or a code, not both"),
        );
    }
    if kind.is_some_and(|kind| !kind.hits_unlinked()) {
        let kinds = FaultKind::NAMES
            .into_iter()
            .filter(|(_, kind)| kind.hits_unlinked());
        let names: Vec<&str> = kinds.map(|(name, _)| name).collect();
        fields.note("code", "unsupported", format!("only with {}", names.join(", ")));
    }
    if code.len() > CODE_LIMIT {
        fields.note("code", "too_long", format!("at most {CODE_LIMIT} characters"));
    }
    Some(code)
}

/// Those that would be a mistake on everybody at once must name a phone.
fn needs_phone(kind: FaultKind) -> bool {
    matches!(kind, FaultKind::Ban | FaultKind::Logout)
}

fn module(fields: &mut Fields, kind: Option<FaultKind>) -> Option<String> {
    if kind.is_some_and(|kind| kind.nature() == Nature::Load) {
        let name = fields.needed_text("module")?;
        if name.chars().count() <= MODULE_LIMIT {
            return Some(name);
        }
        fields.note("module", "too_long", format!("at most {MODULE_LIMIT} characters"));
    }
    None
}

fn skew(fields: &mut Fields, kind: Option<FaultKind>) -> i64 {
    if kind != Some(FaultKind::ClockSkew) {
        return 0;
    }
    let skew = fields.signed("skew_ms", DAY_MS);
    if skew.is_none() {
        fields.note(
            "skew_ms",
            "missing",
            format!("must be a whole number from -{DAY_MS} to {DAY_MS}"),
        );
    }
    skew.unwrap_or(0)
}
