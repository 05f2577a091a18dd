//! The agent in the pages: what it is and what it lacks there.

use actix_web::{HttpResponse, http::StatusCode, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zaptor_actors::{
    domain::{AccountId, AgentReport, Lack, Timestamp},
    protocol::registry::{AgentNamed, AgentReload, AgentStatus, ReloadAgents, ReloadError},
};

use crate::{
    api::{
        error::{Flaw, Problem, ProblemBody},
        extract::Body,
    },
    auth::Principal,
    edge::Edge,
};

/// How many accounts may be named at once.
const ACCOUNTS_MAX: usize = 1_000;

/// Something of wa-js or WhatsApp Web that the agent uses and a page does not have.
#[derive(Serialize, ToSchema)]
pub struct Missing {
    /// Its path in wa-js.
    #[schema(example = "whatsapp.functions.addAndSendMsgToChat")]
    name: String,
    /// What it is needed for: `link`, `pairing`, `probe`, `send`, `receive`, `acks`, `look_up`, `backfill`, `log_out` or
    /// `names`. Without one for `link`, `probe`, `send`, `receive` or
    /// `look_up` an account is `degraded` and sends nothing.
    #[schema(example = json!(["send"]))]
    needed_for: Vec<String>,
}

impl From<Lack> for Missing {
    fn from(lack: Lack) -> Self {
        Self {
            name: lack.name,
            needed_for: lack.needed_for,
        }
    }
}

/// The agent in an account's page, and its newest self-test.
#[derive(Serialize, ToSchema)]
pub struct Agent {
    /// The agent's version.
    #[schema(example = "0.2.0")]
    version: String,
    /// Which files run there: the start of their SHA-256, as `/v1/system/agent` names them.
    #[schema(example = "9f2c4e1a7b3d5680")]
    build: String,
    /// The version of wa-js.
    wa_js: Option<String>,
    /// The version of WhatsApp Web.
    whatsapp_web: Option<String>,
    /// What the page lacks of what the agent uses.
    missing: Vec<Missing>,
    /// When it was tested.
    #[schema(value_type = String, format = DateTime)]
    tested_at: Timestamp,
}

impl From<AgentReport> for Agent {
    fn from(report: AgentReport) -> Self {
        Self {
            version: report.test.version,
            build: report.test.build,
            wa_js: report.test.wa_js,
            whatsapp_web: report.test.whatsapp_web,
            missing: report.test.missing.into_iter().map(Missing::from).collect(),
            tested_at: report.tested_at,
        }
    }
}

/// Files of the agent: wa.js and agent.js together.
#[derive(Serialize, ToSchema)]
pub struct AgentFiles {
    /// The start of their SHA-256; a page says by it which ones it has.
    #[schema(example = "9f2c4e1a7b3d5680")]
    build: String,
    sha256: String,
    /// The agent's version.
    version: String,
    /// The version of wa-js.
    wa_js: String,
}

impl From<AgentNamed> for AgentFiles {
    fn from(files: AgentNamed) -> Self {
        Self {
            build: files.build,
            sha256: files.sha256,
            version: files.version,
            wa_js: files.wa_js,
        }
    }
}

/// How many pages have which files.
#[derive(Serialize, ToSchema)]
pub struct AgentPages {
    build: String,
    accounts: usize,
}

/// An account whose page did not work with the files.
#[derive(Serialize, ToSchema)]
pub struct AgentFailure {
    #[schema(value_type = String)]
    account: AccountId,
    why: String,
}

/// An exchange of the agent's files.
#[derive(Serialize, ToSchema)]
pub struct Reload {
    files: AgentFiles,
    /// `trying` on the first account, `rolling_out` to the others, `done`, `put_back` (the first account failed and has
    /// the old files again; the others were not touched), `halted` (every page of a group failed) or `untried` (the first
    /// account was stopped or parked meanwhile; nothing was touched).
    #[schema(example = "done")]
    state: &'static str,
    /// The first account; null where the files were in use already.
    #[schema(value_type = Option<String>)]
    canary: Option<AccountId>,
    /// Accounts whose page has proven a round trip with them.
    #[schema(value_type = Vec<String>)]
    reloaded: Vec<AccountId>,
    failed: Vec<AgentFailure>,
    /// Accounts that are still to come.
    waiting: usize,
    /// Why it was put back, halted or not tried.
    why: Option<String>,
    /// What is asked of you, if something failed.
    action: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    began_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
}

impl From<AgentReload> for Reload {
    fn from(reload: AgentReload) -> Self {
        let failure = |(account, why)| AgentFailure { account, why };
        Self {
            files: reload.files.into(),
            state: reload.state,
            canary: reload.canary,
            reloaded: reload.reloaded,
            failed: reload.failed.into_iter().map(failure).collect(),
            waiting: reload.waiting,
            why: reload.why,
            action: reload.action,
            began_at: reload.began_at,
            ended_at: reload.ended_at,
        }
    }
}

/// The agent's files on this node.
#[derive(Serialize, ToSchema)]
pub struct SystemAgent {
    /// What new sessions get.
    current: AgentFiles,
    /// The folder in which new files are looked for.
    folder: String,
    /// What the pages of online and degraded accounts have.
    pages: Vec<AgentPages>,
    /// The last exchange; null when there was none since the start.
    reload: Option<Reload>,
}

impl From<AgentStatus> for SystemAgent {
    fn from(status: AgentStatus) -> Self {
        let pages = |(build, accounts)| AgentPages { build, accounts };
        Self {
            current: status.current.into(),
            folder: status.folder.display().to_string(),
            pages: status.pages.into_iter().map(pages).collect(),
            reload: status.reload.map(Reload::from),
        }
    }
}

/// Which accounts get new files, and which one first.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReloadOrder {
    /// At most 1,000; all that are online or degraded when none is named.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    accounts: Vec<AccountId>,
    /// The first one; a quiet one that is online when it is not named.
    #[schema(value_type = Option<String>)]
    canary: Option<AccountId>,
}

/// Which files of the agent are in use, and how the last exchange went. For administrators.
#[utoipa::path(get, path = "/v1/system/agent", tag = "system",
    responses((status = 200, body = SystemAgent), (status = 403, body = ProblemBody<'static>)))]
pub(crate) async fn show(
    edge: web::Data<Edge>,
    principal: Principal,
) -> Result<web::Json<SystemAgent>, Problem> {
    principal.require_admin()?;
    let status = edge.platform.agent().await.ok_or_else(no_pages)?;
    Ok(web::Json(status.into()))
}

/// Looks for new files of the agent, tries them on one account, and puts them into the pages of the others once it has
/// proven a round trip with them; nothing is restarted. Answers once it has begun: `GET /v1/system/agent` tells how it
/// goes. For administrators.
#[utoipa::path(post, path = "/v1/system/agent/reload", tag = "system", request_body = ReloadOrder,
    responses((status = 202, body = SystemAgent), (status = 403, body = ProblemBody<'static>),
        (status = 409, body = ProblemBody<'static>), (status = 422, body = ProblemBody<'static>)))]
pub(crate) async fn reload(
    edge: web::Data<Edge>,
    principal: Principal,
    Body { value: order, .. }: Body<ReloadOrder>,
) -> Result<HttpResponse, Problem> {
    principal.require_admin()?;
    if order.accounts.len() > ACCOUNTS_MAX {
        let detail = format!("must name at most {ACCOUNTS_MAX} accounts");
        return Err(Problem::validation(vec![Flaw::new(
            "/accounts",
            "too_many",
            detail,
        )]));
    }
    let order = ReloadAgents {
        accounts: order.accounts,
        canary: order.canary,
    };
    let status = edge.platform.reload_agents(order).await?;
    Ok(HttpResponse::Accepted().json(SystemAgent::from(status)))
}

fn no_pages() -> Problem {
    Problem::conflict(
        "no_pages",
        "This node has no engine with pages, or is being made anew. Try again in a moment.",
    )
}

impl From<ReloadError> for Problem {
    fn from(error: ReloadError) -> Self {
        match error {
            ReloadError::Files(detail) => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "agent_files",
                format!("The agent's files are not taken: {detail}. Nothing was changed."),
            ),
            ReloadError::Busy => Self::conflict(
                "reload_running",
                "The agent's files are being exchanged. Look at GET /v1/system/agent, then try again.",
            ),
            ReloadError::NoCanary(detail) => {
                Self::conflict("no_canary", format!("Nothing was changed: {detail}."))
            }
        }
    }
}
