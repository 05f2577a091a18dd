//! About the installation: what runs here, and the tree of its actors.

use std::borrow::Cow;

use actix_web::web;
use serde::Serialize;
use utoipa::ToSchema;
use zaptor_actors::{
    domain::{AccountId, EngineKind, NodeId, Timestamp},
    protocol::registry::ActorReport,
};

use super::accounts::is_confined;
use crate::{
    api::{Page, error::Problem, extract::Query},
    auth::{Principal, Role, Scope},
    edge::Edge,
};

/// What runs here.
#[derive(Serialize, ToSchema)]
pub(crate) struct Info {
    version: &'static str,
    #[schema(value_type = String)]
    node: NodeId,
    /// Where the simulated WhatsApp's control answers; null when accounts meet the real one.
    sandbox_url: Option<String>,
    uptime_seconds: u64,
}

/// Why an actor ended last.
#[derive(Serialize, ToSchema)]
pub(crate) struct Exit {
    reason: String,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

/// A supervised actor.
#[derive(Serialize, ToSchema)]
pub struct ActorRow {
    /// Its role: `account`, `dispatcher`, …; a driver of browsers has a name of its own, and so has the one that takes its
    /// place: `driver-3`. All drivers hang on `browsers`.
    name: Cow<'static, str>,
    /// The name of the one that it hangs on; null for the root.
    parent: Option<Cow<'static, str>>,
    #[schema(value_type = Option<String>)]
    account: Option<AccountId>,
    /// `running`, `backing_off`, `failed` or `stopped`.
    state: &'static str,
    /// How often it was started.
    generation: u64,
    /// How often because it had ended by itself: an account that follows its driver pays nothing. For `browsers`, how often
    /// a driver has spent its budget.
    restarts: u64,
    /// Which of its ends are followed by a restart: `permanent` all, `transient` all but the wanted, `temporary` none; null
    /// for a driver, which is started anew when an account needs it, and where nothing is restarted.
    class: Option<&'static str>,
    /// Who is restarted with one below it: `one_for_one` that one alone, `rest_for_one` all that hang on it; null where
    /// nobody is below.
    strategy: Option<&'static str>,
    last_exit: Option<Exit>,
    /// Commands in flight.
    permits_in_use: usize,
    /// What waits for it behind what it does now; null where that is not counted.
    queue_depth: Option<usize>,
    /// Processor time of the account's browser, or of the driver, in percent of one core; null without one.
    cpu_percent: Option<f64>,
    /// Memory of the account's browser, or of the driver, in bytes, where what is shared counts in parts (PSS); null without
    /// one.
    pss_bytes: Option<u64>,
}

impl From<(String, Timestamp)> for Exit {
    fn from((reason, at): (String, Timestamp)) -> Self {
        Self { reason, at }
    }
}

impl From<ActorReport> for ActorRow {
    fn from(report: ActorReport) -> Self {
        Self {
            name: report.name,
            parent: report.parent,
            class: report.class,
            strategy: report.strategy,
            queue_depth: report.queue_depth,
            account: report.account,
            state: report.state,
            generation: report.generation,
            restarts: report.restarts,
            last_exit: report.last_exit.map(Exit::from),
            permits_in_use: report.permits_in_use,
            cpu_percent: report.resources.map(|resources| resources.cpu_percent),
            pss_bytes: report.resources.map(|resources| resources.pss_bytes),
        }
    }
}

/// Version, node, sandbox, uptime.
#[utoipa::path(get, path = "/v1/system/info", tag = "system", responses((status = 200, body = Info)))]
pub(crate) async fn info(edge: web::Data<Edge>, _: Principal) -> web::Json<Info> {
    let clock = &edge.platform.clock;
    web::Json(Info {
        version: env!("CARGO_PKG_VERSION"),
        node: edge.platform.node,
        sandbox_url: edge.settings.sandbox_url.clone(),
        uptime_seconds: clock.instant().saturating_duration_since(edge.started).as_secs(),
    })
}

/// The supervised actors: an administrator sees all, a tenant the services and its own accounts, of these a test key the sandbox's.
#[utoipa::path(get, path = "/v1/system/actors", tag = "system", responses((status = 200, body = Page<ActorRow>)))]
pub(crate) async fn actors(
    edge: web::Data<Edge>,
    principal: Principal,
    query: Query,
) -> Result<web::Json<Page<ActorRow>>, Problem> {
    principal.require(Scope::AccountsRead)?;
    query.finish()?;
    let confined = is_confined(&edge, &principal);
    let mine = |report: &ActorReport| {
        let own = report.tenant == Some(principal.tenant);
        let fenced_out = confined && report.engine == Some(EngineKind::Browser);
        report.account.is_none() || ((principal.role == Role::Admin || own) && !fenced_out)
    };
    let reports = edge.platform.observe_actors().await;
    Ok(web::Json(Page {
        data: reports.into_iter().filter(mine).map(ActorRow::from).collect(),
        next: None,
    }))
}
