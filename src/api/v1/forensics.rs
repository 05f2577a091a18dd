//! What was tried and seen when an account was repaired.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;
use zaptor_actors::{
    domain::{BundleId, Timestamp},
    forensics,
};

use crate::{
    api::{
        Page,
        account_of::{AccountOf, Read, Write},
        error::{Problem, ProblemBody},
        extract::Query,
    },
    edge::Edge,
};

/// What was tried and seen in one repair. Phone numbers, ids, codes and texts are taken out before it is kept.
#[derive(Serialize, ToSchema)]
pub struct Bundle {
    #[schema(value_type = String, example = "rep_01JD8ZK7X4M4T2Q6W9B3N5C8VF")]
    id: BundleId,
    /// When the trouble was noticed.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// What was wrong: `modal`, `page_unresponsive`, `page_crashed`, `page_silent`, `no_round_trip`, `browser_gone`,
    /// `profile_damaged`, `profile_lost`, …
    #[schema(example = "page_unresponsive")]
    trigger: String,
    /// The same for people.
    detail: String,
    /// What was tried, in order.
    stages: Vec<Stage>,
    /// `repaired`, `gave_up` (a person was asked), or `overtaken` (by a stop or by the end of the link).
    #[schema(value_type = String, example = "repaired")]
    ended: forensics::Ended,
    /// The account's last states before and in the repair, the oldest first.
    states: Vec<State>,
    /// The last lines of the page's console, at most 100, the oldest first.
    console: Vec<String>,
    /// Whether there is a picture of the page, with everything hidden that somebody wrote or could scan.
    has_screenshot: bool,
    /// Why there is none: a page that does not answer cannot be made to hide what it shows.
    #[schema(example = "the page gave no answer to the heartbeat for 6s")]
    no_screenshot: Option<String>,
    bytes: u64,
}

/// One stage of a repair.
#[derive(Serialize, ToSchema)]
pub(crate) struct Stage {
    /// `dismiss_modal`, `reload_page`, `new_page`, `new_browser`, `restore_profile` or `ask_user`.
    #[schema(example = "reload_page")]
    stage: String,
    #[schema(value_type = String, format = DateTime)]
    began_at: Timestamp,
    took_ms: u64,
    /// `helped` or `failed`; `begun` where the repair ended in its middle.
    outcome: String,
    /// Why it did not help.
    detail: Option<String>,
}

/// A state that the account had.
#[derive(Serialize, ToSchema)]
pub(crate) struct State {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    state: String,
    reason: Option<String>,
}

impl From<forensics::Bundle> for Bundle {
    fn from(bundle: forensics::Bundle) -> Self {
        let record = bundle.record;
        let stage = |tried: forensics::StageTried| Stage {
            stage: tried.stage,
            began_at: tried.began_at,
            took_ms: tried.took_ms,
            outcome: tried.outcome,
            detail: tried.detail,
        };
        let state = |seen: forensics::StateSeen| State {
            at: seen.at,
            state: seen.state,
            reason: seen.reason,
        };
        Self {
            id: bundle.id,
            at: record.at,
            trigger: record.trigger,
            detail: record.detail,
            stages: record.stages.into_iter().map(stage).collect(),
            ended: record.ended,
            states: record.states.into_iter().map(state).collect(),
            console: record.console,
            has_screenshot: bundle.has_screenshot,
            no_screenshot: record.no_picture.filter(|_| !bundle.has_screenshot),
            bytes: bundle.bytes,
        }
    }
}

fn bundle_of(request: &HttpRequest) -> Result<BundleId, Problem> {
    let bundle = request.match_info().get("bundle");
    bundle
        .and_then(|bundle| bundle.parse().ok())
        .ok_or_else(Problem::not_found)
}

/// What was tried and seen in the account's last repairs, at most 10, the newest first.
#[utoipa::path(get, path = "/v1/accounts/{id}/forensics", tag = "accounts", params(("id" = String, Path)),
    responses((status = 200, body = Page<Bundle>), (status = 404, body = ProblemBody<'static>)))]
pub(crate) async fn list(
    edge: web::Data<Edge>,
    account: AccountOf<Read>,
    query: Query,
) -> Result<web::Json<Page<Bundle>>, Problem> {
    query.finish()?;
    let bundles = edge
        .platform
        .forensics
        .list(account.id)
        .await
        .map_err(|_| Problem::internal())?;
    let all = u64::try_from(forensics::KEPT).unwrap_or(u64::MAX);
    Ok(web::Json(Page::of(
        bundles,
        all,
        |bundle| bundle.id.to_string(),
        Bundle::from,
    )))
}

/// One repair.
#[utoipa::path(get, path = "/v1/accounts/{id}/forensics/{bundle}", tag = "accounts",
    params(("id" = String, Path), ("bundle" = String, Path)),
    responses((status = 200, body = Bundle), (status = 404, body = ProblemBody<'static>)))]
pub(crate) async fn show(
    edge: web::Data<Edge>,
    request: HttpRequest,
    account: AccountOf<Read>,
) -> Result<web::Json<Bundle>, Problem> {
    let bundle = bundle_of(&request)?;
    let found = edge.platform.forensics.find(account.id, bundle).await;
    let found = found.map_err(|_| Problem::internal())?;
    Ok(web::Json(found.ok_or_else(Problem::not_found)?.into()))
}

// As for a picture of the living page: nobody can promise that nothing of it can be read, so it takes the right to write.
/// What the page looked like in a repair. Every text and every picture was hidden before it was taken.
#[utoipa::path(get, path = "/v1/accounts/{id}/forensics/{bundle}/screenshot", tag = "accounts",
    params(("id" = String, Path), ("bundle" = String, Path)),
    responses((status = 200, content_type = "image/png", body = Vec<u8>), (status = 404, body = ProblemBody<'static>)))]
pub(crate) async fn screenshot(
    edge: web::Data<Edge>,
    request: HttpRequest,
    account: AccountOf<Write>,
) -> Result<HttpResponse, Problem> {
    let bundle = bundle_of(&request)?;
    let picture = edge.platform.forensics.picture(account.id, bundle).await;
    let picture = picture.map_err(|_| Problem::internal())?;
    let picture = picture.ok_or_else(Problem::not_found)?;
    Ok(HttpResponse::Ok().content_type("image/png").body(picture))
}
