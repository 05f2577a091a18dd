//! Signing in and out.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zaptor_actors::domain::{TenantId, UserId};

use crate::{
    api::{
        error::{Problem, ProblemBody},
        extract::Body,
    },
    auth::{Identity, Principal, Tokens},
    edge::Edge,
};

/// What a person signs in with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Login {
    #[schema(example = "ana@example.org")]
    email: String,
    password: String,
}

/// A refresh token; each is good once.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refresh {
    refresh_token: String,
}

/// A signed-in person.
#[derive(Serialize, ToSchema)]
pub(crate) struct User {
    #[schema(value_type = String, example = "usr_01JD8ZK7X4M4T2Q6W9B3N5C8VF")]
    id: UserId,
    email: String,
    /// `admin`, `client` or `api_user`.
    role: String,
    #[schema(value_type = String, example = "ten_01JD8ZK7X4M4T2Q6W9B3N5C8VF")]
    tenant: TenantId,
}

/// The tokens of a login.
#[derive(Serialize, ToSchema)]
pub(crate) struct LoginAnswer {
    /// For `Authorization: Bearer …`.
    access_token: String,
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds for which the access token is good.
    expires_in: u64,
    /// For `POST /v1/auth/refresh`; good once.
    refresh_token: String,
    user: User,
}

impl From<Tokens> for LoginAnswer {
    fn from(tokens: Tokens) -> Self {
        Self {
            access_token: tokens.access_token,
            token_type: "Bearer",
            expires_in: tokens.expires_in.as_secs(),
            refresh_token: tokens.refresh_token,
            user: User {
                id: tokens.user.id,
                email: tokens.user.email,
                role: tokens.user.role,
                tenant: tokens.user.tenant,
            },
        }
    }
}

/// Who asks, and what they may do.
#[derive(Serialize, ToSchema)]
pub(crate) struct Me {
    /// `user` or `key`.
    kind: &'static str,
    id: String,
    email: Option<String>,
    role: &'static str,
    #[schema(value_type = String)]
    tenant: TenantId,
    scopes: Vec<&'static str>,
}

/// Signs a person in with email and password.
#[utoipa::path(post, path = "/v1/auth/login", tag = "auth", security(()), request_body = Login,
    responses((status = 200, body = LoginAnswer), (status = 401, body = ProblemBody<'static>),
        (status = 429, description = "Too many attempts; see Retry-After", body = ProblemBody<'static>)))]
pub(crate) async fn login(
    edge: web::Data<Edge>,
    request: HttpRequest,
    body: Body<Login>,
) -> Result<web::Json<LoginAnswer>, Problem> {
    let from = request.peer_addr().map(|address| address.ip());
    let tokens = edge
        .auth
        .log_in(&body.value.email, &body.value.password, from)
        .await?;
    Ok(web::Json(tokens.into()))
}

/// Exchanges a refresh token for new tokens. A token that was exchanged before ends the whole login.
#[utoipa::path(post, path = "/v1/auth/refresh", tag = "auth", security(()), request_body = Refresh,
    responses((status = 200, body = LoginAnswer), (status = 401, body = ProblemBody<'static>)))]
pub(crate) async fn refresh(
    edge: web::Data<Edge>,
    body: Body<Refresh>,
) -> Result<web::Json<LoginAnswer>, Problem> {
    Ok(web::Json(
        edge.auth.refresh(&body.value.refresh_token).await?.into(),
    ))
}

/// Ends a login: its refresh tokens are good no more.
#[utoipa::path(post, path = "/v1/auth/logout", tag = "auth", security(()), request_body = Refresh,
    responses((status = 204, description = "Signed out")))]
pub(crate) async fn logout(edge: web::Data<Edge>, body: Body<Refresh>) -> Result<HttpResponse, Problem> {
    edge.auth.log_out(&body.value.refresh_token).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Who the credential belongs to, and what it allows.
#[utoipa::path(get, path = "/v1/auth/me", tag = "auth",
    responses((status = 200, body = Me), (status = 401, body = ProblemBody<'static>)))]
pub(crate) async fn me(edge: web::Data<Edge>, principal: Principal) -> Result<web::Json<Me>, Problem> {
    let (kind, id, email) = match principal.identity {
        Identity::Key(key) => ("key", key.to_string(), None),
        Identity::User(user) => {
            let row = edge.auth.user(principal.tenant, user).await?;
            ("user", user.to_string(), row.map(|row| row.email))
        }
    };
    Ok(web::Json(Me {
        kind,
        id,
        email,
        role: principal.role.as_str(),
        tenant: principal.tenant,
        scopes: principal.scopes.words(),
    }))
}
