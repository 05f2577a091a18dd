//! The account in the path, for whoever may do this with it: credential, scope, tenant and the key's mode are looked at before a
//! handler runs, so that none can forget to. Another tenant's account answers exactly as one that nobody has.

use std::{marker::PhantomData, ops::Deref};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use futures::future::{FutureExt as _, LocalBoxFuture};
use zaptor_actors::{domain::AccountId, store::AccountRow};

use super::{
    error::Problem,
    extract::{Id, edge},
    v1::accounts::find_for,
};
use crate::auth::{Principal, Scope};

/// What is done with an account, and so what a key has to be allowed.
pub(crate) trait Access: 'static {
    /// The scope that it takes.
    const SCOPE: Scope;
}

/// It is looked at.
pub(crate) struct Read;
/// It is changed, or something is seen of it that a reader must not see.
pub(crate) struct Write;

impl Access for Read {
    const SCOPE: Scope = Scope::AccountsRead;
}

impl Access for Write {
    const SCOPE: Scope = Scope::AccountsWrite;
}

/// The tenant's account `{id}`, as it stood when the request came in.
pub(crate) struct AccountOf<A>(pub(super) AccountRow, PhantomData<A>);

impl<A> Deref for AccountOf<A> {
    type Target = AccountRow;

    fn deref(&self) -> &AccountRow {
        &self.0
    }
}

impl<A: Access> FromRequest for AccountOf<A> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (principal, id) = (
            Principal::from_request(request, payload),
            Id::<AccountId>::from_request(request, payload),
        );
        let request = request.clone();
        async move {
            let principal = principal.await?;
            principal.require(A::SCOPE)?;
            let Id(id) = id.await?;
            let row = find_for(edge(&request)?, &principal, id).await?;
            Ok(Self(row, PhantomData))
        }
        .boxed_local()
    }
}
