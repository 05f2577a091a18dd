//! Accounts: create, list, show, change, delete.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zaptor_actors::{
    domain::{
        AccountId, AccountSettings, AccountState, EngineKind, Hibernation, HibernationCause, Phone,
        SettingsChange, TenantId, Timestamp,
    },
    platform::{CreateAccount, KeptAnswer},
    store::{AccountRow, accounts, secrets::PROXY_PASSWORD},
};

use super::{
    agent::Agent,
    settings::{self, Settings},
};
use crate::{
    api::{
        Page,
        account_of::{AccountOf, Read, Write},
        error::{Flaw, Problem, ProblemBody},
        extract::{Body, Query},
        idempotency::{Begin, begin, refused},
    },
    auth::{KeyMode, Principal, Scope},
    edge::Edge,
};

const NAME_MAX: usize = 100;
const LABELS_MAX: usize = 20;
const LABEL_MAX: usize = 50;

/// One WhatsApp number in our care.
#[derive(Serialize, ToSchema)]
pub struct Account {
    #[schema(value_type = String, example = "acc_01JD8ZK7X4M4T2Q6W9B3N5C8VF")]
    id: AccountId,
    name: String,
    /// `browser` or `simulated`.
    #[schema(value_type = String, example = "browser")]
    engine: EngineKind,
    /// `created`, `starting`, `pairing`, `syncing`, `online`, `degraded`, `restarting`, `hibernated`, `stopped`,
    /// `logged_out`, `banned` or `failed`.
    #[schema(value_type = String, example = "online")]
    state: AccountState,
    /// Why it is in this state.
    reason: Option<String>,
    /// What is asked of you.
    action: Option<String>,
    /// What the state rests on, with the time `at` at which it was seen: `{"round_trip_ms": 84, "probe": 17, "at": "…"}`
    /// for `online`, `{"missed_probes": 2, "last_error": "…", "at": "…"}` or what the page said for others, `{"exit": "…",
    /// "generation": 4, "at": "…"}` after a session that died.
    #[schema(value_type = Option<Object>)]
    evidence: Option<serde_json::Value>,
    /// The repair that is under way: `{"stage": "reload_page", "attempt": 1, "since": "…", "trigger": "page_unresponsive"}`.
    /// With it `detail` (what was wrong), `at` (since when) and `tried`, the stages so far as in the account's forensics.
    /// The stages, in their order: `dismiss_modal`, `reload_page`, `new_page`, `new_browser`, `restore_profile`, `ask_user`.
    #[schema(value_type = Option<Object>)]
    repair: Option<serde_json::Value>,
    /// Since when it is in this state.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// The linked number.
    #[schema(value_type = Option<String>)]
    phone: Option<Phone>,
    push_name: Option<String>,
    labels: Vec<String>,
    settings: Settings,
    /// When a round trip through the page to WhatsApp's server was proven last.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_round_trip_at: Option<Timestamp>,
    restarts: i64,
    /// What its page said of itself last; null before its first page.
    agent: Option<Agent>,
    /// What is meant to hold of a parked account; it is kept while the account is awake for a moment only (`state` says
    /// whether it sleeps now).
    hibernation: Option<Parking>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// Why an account is parked, and when it is looked after.
#[derive(Serialize, ToSchema)]
#[schema(as = Hibernation)]
pub(crate) struct Parking {
    /// Since when it is parked.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// When it is opened next to look for messages; null while it is awake, and where that is turned off.
    #[schema(value_type = Option<String>, format = DateTime)]
    wake_at: Option<Timestamp>,
    /// `idle`, `asked` or `memory`.
    #[schema(value_type = String, example = "idle")]
    why: HibernationCause,
}

impl From<Hibernation> for Parking {
    fn from(Hibernation { since, wake_at, why }: Hibernation) -> Self {
        Self { since, wake_at, why }
    }
}

impl From<AccountRow> for Account {
    fn from(row: AccountRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            engine: row.engine,
            state: row.state,
            reason: row.reason,
            action: row.action,
            evidence: row.evidence,
            repair: row.repair,
            since: row.since,
            phone: row.phone,
            push_name: row.push_name,
            labels: row.labels,
            settings: row.settings.into(),
            last_round_trip_at: row.last_round_trip_at,
            restarts: row.restarts,
            agent: row.agent.map(Agent::from),
            hibernation: row.hibernation.map(Parking::from),
            created_at: row.created_at,
        }
    }
}

/// A new account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAccount {
    /// What people call it, 1 to 100 characters.
    #[schema(example = "Shop")]
    name: String,
    /// `browser` (Chromium with WhatsApp Web) or `simulated`; the configured one when it is not named.
    #[schema(value_type = Option<String>)]
    engine: Option<EngineKind>,
    /// At most 20, each of 1 to 50 characters.
    #[serde(default)]
    labels: Vec<String>,
    /// What is to differ from the node's defaults.
    #[serde(default, deserialize_with = "settings::object")]
    #[schema(value_type = Option<Settings>)]
    settings: SettingsChange,
}

/// What to change; what is not named stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountChange {
    /// What people call it, 1 to 100 characters.
    #[schema(example = "Shop")]
    name: Option<String>,
    /// At most 20, each of 1 to 50 characters; they replace those that it has.
    labels: Option<Vec<String>>,
    /// Settings to change: what is not named stays, null goes back to the default. The session that runs keeps those
    /// that it was opened with.
    #[serde(default, deserialize_with = "settings::object")]
    #[schema(value_type = Option<Settings>)]
    settings: SettingsChange,
    /// Open a new session if a setting has changed and one runs, so that the change holds at once.
    #[serde(default)]
    restart: bool,
}

/// An account after a change.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChangedAccount {
    #[serde(flatten)]
    account: Account,
    /// When the change of the settings takes effect: `next_session` (restart the account for it), or `now` where a new
    /// session was asked for or none runs. Null when no setting has changed.
    #[schema(example = "next_session")]
    settings_take_effect: Option<&'static str>,
}

fn check(name: Option<&str>, labels: &[String], settings: &SettingsChange) -> Result<(), Problem> {
    let mut flaws = settings::flaws(settings);
    if name.is_some_and(|name| !(1..=NAME_MAX).contains(&name.trim().chars().count())) {
        flaws.push(Flaw::new(
            "/name",
            "invalid_length",
            "must have 1 to 100 characters",
        ));
    }
    if labels.len() > LABELS_MAX {
        flaws.push(Flaw::new(
            "/labels",
            "invalid_length",
            "must be 20 labels at most",
        ));
    }
    for (i, label) in labels.iter().enumerate() {
        if !(1..=LABEL_MAX).contains(&label.chars().count()) {
            let pointer = format!("/labels/{i}");
            flaws.push(Flaw::new(
                pointer,
                "invalid_length",
                "must have 1 to 50 characters",
            ));
        }
    }
    if flaws.is_empty() {
        Ok(())
    } else {
        Err(Problem::validation(flaws))
    }
}

/// The tenant's account, or 404.
pub(super) async fn find(edge: &Edge, tenant: TenantId, id: AccountId) -> Result<AccountRow, Problem> {
    edge.platform
        .account(tenant, id)
        .await?
        .ok_or_else(Problem::not_found)
}

/// The tenant's account, or 404; 403 if this key may not touch it.
pub(in crate::api) async fn find_for(
    edge: &Edge,
    principal: &Principal,
    id: AccountId,
) -> Result<AccountRow, Problem> {
    let row = find(edge, principal.tenant, id).await?;
    check_mode(edge, principal, row.engine)?;
    Ok(row)
}

/// Keeps a test key away from accounts on the real WhatsApp.
pub(super) fn check_mode(edge: &Edge, principal: &Principal, engine: EngineKind) -> Result<(), Problem> {
    if is_confined(edge, principal) && engine == EngineKind::Browser {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "test_key",
            "A test key works on accounts of the sandbox only. Use a live key for this one.",
        ));
    }
    Ok(())
}

/// Whether this is a test key on a node where some accounts may be real.
pub(super) fn is_confined(edge: &Edge, principal: &Principal) -> bool {
    principal.key_mode == Some(KeyMode::Test) && edge.settings.sandbox_url.is_none()
}

/// Keeps what a test key may list to accounts of the sandbox: where accounts may be real it has to name them.
pub(super) async fn check_named(
    edge: &Edge,
    principal: &Principal,
    named: impl IntoIterator<Item = AccountId>,
) -> Result<(), Problem> {
    if !is_confined(edge, principal) {
        return Ok(());
    }
    let mut none = true;
    for id in named {
        none = false;
        find_for(edge, principal, id).await?;
    }
    if none {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "test_key",
            "A test key sees accounts of the sandbox only. Name one of them with ?account=, or use a live key.",
        ));
    }
    Ok(())
}

fn text_of(row: AccountRow) -> String {
    serde_json::to_string(&Account::from(row)).unwrap_or_default()
}

/// Creates an account and starts it.
#[utoipa::path(post, path = "/v1/accounts", tag = "accounts", request_body = NewAccount,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat safe")),
    responses((status = 201, body = Account), (status = 422, body = ProblemBody<'static>)))]
pub(crate) async fn create(
    edge: web::Data<Edge>,
    request: HttpRequest,
    principal: Principal,
    body: Body<NewAccount>,
) -> Result<HttpResponse, Problem> {
    principal.require(Scope::AccountsWrite)?;
    let new = body.value;
    check(Some(&new.name), &new.labels, &new.settings)?;
    let engine = new.engine.unwrap_or(edge.settings.default_engine);
    check_mode(&edge, &principal, engine)?;
    let first = match begin(&edge, &request, principal.tenant, &body.bytes).await? {
        Begin::Replay(answer) => return Ok(answer),
        Begin::Go(first) => first,
    };
    let mut settings = AccountSettings::default();
    new.settings.apply(&mut settings);
    let create = CreateAccount {
        tenant: principal.tenant,
        name: new.name.trim().to_owned(),
        engine,
        labels: new.labels,
        settings,
    };
    let (keyed, now) = (first.is_some(), edge.platform.clock.now());
    let answer = first.map(|first| -> KeptAnswer {
        Box::new(move |row| first.record(StatusCode::CREATED, text_of(row.clone()), now))
    });
    let row = edge
        .platform
        .create_account(create, answer)
        .await
        .map_err(|error| refused(error, keyed))?;
    let id = row.id;
    let text = text_of(row);
    Ok(HttpResponse::Created()
        .insert_header(("Location", format!("/v1/accounts/{id}")))
        .content_type("application/json")
        .body(text))
}

/// The tenant's accounts, oldest first; a test key sees those of the sandbox.
#[utoipa::path(get, path = "/v1/accounts", tag = "accounts",
    params(("limit" = Option<u64>, Query, description = "1 to 200, 50 by default"),
        ("after" = Option<String>, Query, description = "The cursor from `next`")),
    responses((status = 200, body = Page<Account>)))]
pub(crate) async fn list(
    edge: web::Data<Edge>,
    principal: Principal,
    mut query: Query,
) -> Result<web::Json<Page<Account>>, Problem> {
    principal.require(Scope::AccountsRead)?;
    let limit = query.limit();
    let after = query.take::<AccountId>("after", "must be the cursor of the page before");
    query.finish()?;
    let engine = is_confined(&edge, &principal).then_some(EngineKind::Simulated);
    let rows = edge
        .platform
        .accounts(principal.tenant, engine, after, limit + 1)
        .await?;
    Ok(web::Json(Page::of(
        rows,
        limit,
        |row| row.id.to_string(),
        Account::from,
    )))
}

/// One account.
#[utoipa::path(get, path = "/v1/accounts/{id}", tag = "accounts", params(("id" = String, Path)),
    responses((status = 200, body = Account), (status = 404, body = ProblemBody<'static>)))]
pub(crate) async fn show(account: AccountOf<Read>) -> Result<web::Json<Account>, Problem> {
    Ok(web::Json(account.0.into()))
}

/// Changes an account's name, labels and settings.
#[utoipa::path(patch, path = "/v1/accounts/{id}", tag = "accounts", params(("id" = String, Path)),
    request_body = AccountChange,
    responses((status = 200, body = ChangedAccount), (status = 404, body = ProblemBody<'static>),
        (status = 422, body = ProblemBody<'static>)))]
pub(crate) async fn change(
    edge: web::Data<Edge>,
    account: AccountOf<Write>,
    body: Body<AccountChange>,
) -> Result<web::Json<ChangedAccount>, Problem> {
    let change = body.value;
    let mut settings = change.settings;
    check(
        change.name.as_deref(),
        change.labels.as_deref().unwrap_or_default(),
        &settings,
    )?;
    let (tenant, id) = (account.tenant, account.id);
    let concerns_browser = settings::concerns_browser(&settings);
    let proxy = settings.proxy.as_mut().and_then(Option::as_mut);
    let password = proxy.and_then(|proxy| proxy.password.take());
    let platform = &edge.platform;
    let seal = |secret| platform.store.seal(&platform.ids, id, PROXY_PASSWORD, &secret);
    let description = accounts::Description {
        name: change.name.map(|name| name.trim().to_owned()),
        labels: change.labels,
        settings: Some(settings),
        proxy_password: password.map(seal).transpose()?,
        at: platform.clock.now(),
    };
    let changed = edge
        .platform
        .store
        .write(move |tx| Box::pin(async move { accounts::describe(tx, tenant, id, description).await }))
        .await?
        .ok_or_else(Problem::not_found)?;
    // What is stored holds, whoever hears of it: it is read when the account is looked at next.
    if changed && let Err(error) = edge.platform.settings_changed(tenant, id).await {
        tracing::warn!(target: "zaptor::api", account = %id, %error, "changed settings were not told to the account");
    }
    let row = find(&edge, tenant, id).await?;
    let runs = concerns_browser && runs(&row);
    if changed && change.restart && runs {
        edge.platform.restart_account(tenant, id).await?;
    }
    Ok(web::Json(ChangedAccount {
        account: find(&edge, tenant, id).await?.into(),
        settings_take_effect: changed.then_some(match runs && !change.restart {
            true => "next_session",
            false => "now",
        }),
    }))
}

/// Whether a session may have been opened for it that is still there.
fn runs(row: &AccountRow) -> bool {
    row.wanted
        && !matches!(
            row.state,
            AccountState::Stopped | AccountState::Hibernated | AccountState::LoggedOut
        )
}

/// Logs the account out, removes its browser profile, keeps its history.
#[utoipa::path(delete, path = "/v1/accounts/{id}", tag = "accounts", params(("id" = String, Path)),
    responses((status = 204, description = "Deleted"), (status = 404, body = ProblemBody<'static>)))]
pub(crate) async fn delete(
    edge: web::Data<Edge>,
    account: AccountOf<Write>,
) -> Result<HttpResponse, Problem> {
    if edge.platform.delete_account(account.tenant, account.id).await? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(Problem::not_found())
    }
}
