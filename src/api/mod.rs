//! The HTTP contract: shapes, validation, errors. The only room that knows what a request or an answer looks like.

pub(crate) mod account_of;
pub mod error;
pub(crate) mod extract;
mod idempotency;
pub(crate) mod middleware;
pub mod openapi;
mod operations;
mod pointer;
pub mod v1;

use actix_web::web::ServiceConfig;
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use idempotency::InFlight;

/// Registers every call of the contract.
pub(crate) fn configure(config: &mut ServiceConfig) {
    operations::configure(config);
    v1::configure(config);
    openapi::configure(config);
}

/// One page of a list.
#[derive(Serialize, ToSchema)]
pub struct Page<T: ToSchema> {
    /// The rows.
    pub data: Vec<T>,
    /// The cursor of the next page (`?after=`); null at the end.
    pub next: Option<String>,
}

impl<T: ToSchema> Page<T> {
    /// Makes a page of `limit` out of rows of which one more was asked for, to know whether there is a next page.
    fn of<R>(mut rows: Vec<R>, limit: u64, cursor: impl Fn(&R) -> String, shape: impl Fn(R) -> T) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = if more { rows.last().map(&cursor) } else { None };
        Self {
            data: rows.into_iter().map(shape).collect(),
            next,
        }
    }
}

/// Registers resources: each path with its methods. Any other method answers 405 with an `Allow` header, not 404.
macro_rules! routes {
    ($config:expr; $($path:literal => { $($method:ident $handler:expr),+ $(,)? }),+ $(,)?) => {
        $({
            let allow = [$(stringify!($method)),+].join(", ");
            $config.service(
                actix_web::web::resource($path)
                    $(.route(actix_web::web::method(actix_web::http::Method::$method).to($handler)))+
                    .default_service(actix_web::web::to(move || {
                        std::future::ready($crate::api::middleware::method_not_allowed(&allow))
                    })),
            );
        })+
    };
}
use routes;
