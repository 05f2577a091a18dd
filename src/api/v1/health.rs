//! How an account is: where it stands and why, and what was measured of it.

use actix_web::web;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use zaptor_actors::{
    domain::{AccountState, Resources as Measured, Timestamp},
    protocol::{account::ProbeSeen, registry::MemoryLimits},
};

use super::{accounts::Parking, agent::Agent, system::Exit};
use crate::{
    api::{
        account_of::{AccountOf, Read},
        error::{Problem, ProblemBody},
    },
    edge::Edge,
};

/// How an account is. What is not known, or does not apply now, is null.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    #[schema(value_type = String, example = "online")]
    state: AccountState,
    /// Since when it is in this state.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// Why it is in this state.
    reason: Option<String>,
    /// What is asked of you.
    action: Option<String>,
    /// What the state rests on: the round trip that was proven, the proofs that failed, or how the session ended.
    #[schema(value_type = Option<Object>)]
    evidence: Option<Value>,
    /// When a round trip through the page to WhatsApp's server was proven last.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_round_trip_at: Option<Timestamp>,
    /// The last 20 proofs that were asked for on this node, the newest first.
    probes: Vec<Probe>,
    /// Restarts since the account was created.
    restarts: i64,
    /// How its actor ended last on this node.
    last_exit: Option<Exit>,
    /// How often its actor was started on this node.
    generation: Option<u64>,
    /// What its session takes of this machine; null for one that has no processes.
    resources: Option<Resources>,
    /// What its session may take.
    limits: Option<Limits>,
    /// The repair that is under way.
    #[schema(value_type = Option<Object>)]
    repair: Option<Value>,
    /// The script in its page, and what of WhatsApp Web it misses.
    agent: Option<Agent>,
    /// Since when and why it sleeps, and when it wakes by itself.
    hibernation: Option<Parking>,
}

/// One proof of a round trip.
#[derive(Serialize, ToSchema)]
pub(crate) struct Probe {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// How long the round trip took, in milliseconds; null when it was not proven.
    took_ms: Option<u64>,
    /// Why it was not proven.
    error: Option<String>,
}

impl From<ProbeSeen> for Probe {
    fn from(seen: ProbeSeen) -> Self {
        Self {
            at: seen.at,
            took_ms: seen.took_ms,
            error: seen.error,
        }
    }
}

/// What a session takes of the machine.
#[derive(Serialize, ToSchema)]
pub(crate) struct Resources {
    /// Memory, with shared pages divided among those who share them (PSS).
    pss_bytes: u64,
    /// Processor time since the session began.
    cpu_seconds: f64,
    /// Of one core, since the measurement before.
    cpu_percent: f64,
    /// Processes of its browser.
    processes: u32,
    /// Errors that its page reported since the session began.
    page_errors: u64,
    #[schema(value_type = String, format = DateTime)]
    measured_at: Timestamp,
}

/// What a session may take.
#[derive(Serialize, ToSchema)]
pub(crate) struct Limits {
    /// Above it the session is made anew at a quiet moment; null: no limit.
    soft_bytes: Option<u64>,
    /// Above it the session is made anew at once; null: no limit.
    hard_bytes: Option<u64>,
}

impl From<Measured> for Resources {
    fn from(measured: Measured) -> Self {
        Self {
            pss_bytes: measured.pss_bytes,
            cpu_seconds: measured.cpu_seconds,
            cpu_percent: measured.cpu_percent,
            processes: measured.processes,
            page_errors: measured.page_errors,
            measured_at: measured.measured_at,
        }
    }
}

impl From<MemoryLimits> for Limits {
    fn from(limits: MemoryLimits) -> Self {
        let limit = |bytes: u64| Some(bytes).filter(|&bytes| bytes > 0);
        Self {
            soft_bytes: limit(limits.soft_bytes),
            hard_bytes: limit(limits.hard_bytes),
        }
    }
}

/// How an account is: its state with reason and evidence, the last proofs of a round trip, what it takes of the machine,
/// and what is being done about it.
#[utoipa::path(get, path = "/v1/accounts/{id}/health", tag = "accounts", params(("id" = String, Path)),
    responses((status = 200, body = Health), (status = 404, body = ProblemBody<'static>)))]
pub(crate) async fn show(
    edge: web::Data<Edge>,
    account: AccountOf<Read>,
) -> Result<web::Json<Health>, Problem> {
    let row = account.0;
    let vitals = edge.platform.observe_account(row.id).await;
    let (actor, probes) = vitals.map(|vitals| (vitals.actor, vitals.probes)).unzip();
    let seen = probes.iter().flatten();
    let proven = seen
        .filter(|probe| probe.took_ms.is_some())
        .map(|probe| probe.at)
        .max();
    Ok(web::Json(Health {
        state: row.state,
        since: row.since,
        reason: row.reason,
        action: row.action,
        evidence: row.evidence,
        // Written now and then only, and remembered always.
        last_round_trip_at: row.last_round_trip_at.max(proven),
        probes: probes.into_iter().flatten().map(Probe::from).collect(),
        restarts: row.restarts,
        generation: actor.as_ref().map(|actor| actor.generation),
        resources: actor
            .as_ref()
            .and_then(|actor| actor.resources)
            .map(Resources::from),
        limits: actor.as_ref().and_then(|actor| actor.limits).map(Limits::from),
        last_exit: actor.and_then(|actor| actor.last_exit).map(Exit::from),
        repair: row.repair,
        agent: row.agent.map(Agent::from),
        hibernation: row.hibernation.map(Parking::from),
    }))
}
