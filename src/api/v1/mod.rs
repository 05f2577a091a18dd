//! Version 1 of the contract, one file per resource.

pub mod account_actions;
pub mod accounts;
pub mod agent;
pub mod auth;
pub mod events;
pub mod forensics;
pub mod health;
pub mod keys;
pub mod messages;
pub mod pairing;
pub mod profile;
pub mod send;
mod settings;
pub mod stream;
pub mod system;
pub mod wallet;

use actix_web::web::ServiceConfig;

use super::routes;

pub(super) fn configure(config: &mut ServiceConfig) {
    routes!(config;
        // The hot one first: the router looks from top to bottom.
        "/v1/messages" => { POST send::send, GET messages::list },
        "/v1/messages/{id}" => { GET messages::show, DELETE messages::cancel },
        "/v1/auth/login" => { POST auth::login },
        "/v1/auth/refresh" => { POST auth::refresh },
        "/v1/auth/logout" => { POST auth::logout },
        "/v1/auth/me" => { GET auth::me },
        "/v1/accounts" => { POST accounts::create, GET accounts::list },
        "/v1/accounts/{id}" => { GET accounts::show, PATCH accounts::change, DELETE accounts::delete },
        "/v1/accounts/{id}/forensics" => { GET forensics::list },
        "/v1/accounts/{id}/forensics/{bundle}" => { GET forensics::show },
        "/v1/accounts/{id}/forensics/{bundle}/screenshot" => { GET forensics::screenshot },
        "/v1/accounts/{id}/health" => { GET health::show },
        "/v1/accounts/{id}/pairing" => { GET pairing::pairing },
        "/v1/accounts/{id}/pairing/code" => { POST pairing::by_phone },
        "/v1/accounts/{id}/screenshot" => { GET pairing::screenshot },
        "/v1/accounts/{id}/{action:start|stop|restart|logout|hibernate|wake}" => { POST account_actions::act },
        "/v1/accounts/{id}/profile/snapshots" => { GET profile::list, POST profile::take },
        "/v1/accounts/{id}/profile/restore" => { POST profile::restore },
        "/v1/accounts/{id}/profile/export" => { GET profile::export },
        "/v1/accounts/{id}/profile/import" => { POST profile::import },
        "/v1/wallet" => { GET wallet::show },
        "/v1/wallet/entries" => { GET wallet::entries },
        "/v1/wallet/topups" => { POST wallet::top_up },
        "/v1/events" => { GET events::list },
        "/v1/keys" => { GET keys::list, POST keys::create },
        "/v1/keys/{id}" => { DELETE keys::revoke },
        "/v1/stream" => { GET stream::open },
        "/v1/stream/tickets" => { POST stream::ticket },
        "/v1/system/info" => { GET system::info },
        "/v1/system/actors" => { GET system::actors },
        "/v1/system/agent" => { GET agent::show },
        "/v1/system/agent/reload" => { POST agent::reload },
        "/v1/system/vault/rotate" => { POST profile::rotate },
    );
}
