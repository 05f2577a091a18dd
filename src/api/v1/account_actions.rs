//! Start, stop, restart, log out, hibernate, wake. All may be repeated: what is so already stays so.

use std::str::FromStr;

use actix_web::{FromRequest, HttpRequest, HttpResponse, dev::Payload, web};
use futures::future::{Ready, ready};
use zaptor_actors::protocol::account::LogOut;

use super::accounts::{Account, find};
use crate::{
    api::{
        account_of::{AccountOf, Write},
        error::{Problem, ProblemBody},
    },
    edge::Edge,
};

/// What an account is told.
#[derive(Clone, Copy)]
pub(crate) enum Action {
    Start,
    Stop,
    Restart,
    Logout,
    Hibernate,
    Wake,
}

impl FromStr for Action {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Ok(match text {
            "start" => Self::Start,
            "stop" => Self::Stop,
            "restart" => Self::Restart,
            "logout" => Self::Logout,
            "hibernate" => Self::Hibernate,
            "wake" => Self::Wake,
            _ => return Err(()),
        })
    }
}

impl FromRequest for Action {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let action = request
            .match_info()
            .get("action")
            .and_then(|action| action.parse().ok());
        ready(action.ok_or_else(Problem::not_found))
    }
}

/// Starts, stops, restarts, logs out, hibernates or wakes an account; answers with the account as it stands then.
///
/// `hibernate` closes the browser of a linked account and gives its memory back. It is opened again by itself when a
/// message is to be sent, and from time to time to let messages in. Where something waits to be sent, it is closed once
/// that is done. `wake` opens it and lets it stay open.
#[utoipa::path(post, path = "/v1/accounts/{id}/{action}", tag = "accounts",
    params(("id" = String, Path), ("action" = String, Path, description = "`start`, `stop`, `restart`, `logout`, `hibernate` or `wake`")),
    responses((status = 202, body = Account), (status = 404, body = ProblemBody<'static>),
        (status = 409, body = ProblemBody<'static>)))]
pub(crate) async fn act(
    edge: web::Data<Edge>,
    account: AccountOf<Write>,
    action: Action,
) -> Result<HttpResponse, Problem> {
    let (tenant, id) = (account.tenant, account.id);
    let platform = &edge.platform;
    match action {
        Action::Start => platform.start_account(tenant, id).await?,
        Action::Stop => platform.stop_account(tenant, id).await?,
        Action::Restart => platform.restart_account(tenant, id).await?,
        Action::Logout => platform.ask(id, LogOut).await?,
        Action::Hibernate => platform.hibernate_account(tenant, id).await?,
        Action::Wake => platform.wake_account(tenant, id).await?,
    }
    Ok(HttpResponse::Accepted().json(Account::from(find(&edge, tenant, id).await?)))
}
