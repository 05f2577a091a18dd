//! What links an account to its phone: snapshots of its browser profile, and the profile as a file that only a
//! passphrase opens. Whoever has one of them has the link, so all but the list needs the right to write.

use std::{io::Read as _, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse,
    body::SizedStream,
    http::{StatusCode, header},
    web,
};
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt as _;
use utoipa::ToSchema;
use zaptor_actors::{
    domain::{SnapshotId, Timestamp},
    platform::{Passphrase, ProfileError},
    vault::{self, VaultError},
};

use crate::{
    api::{
        Page,
        account_of::{AccountOf, Read, Write},
        error::{Problem, ProblemBody},
        extract::{Body, Query},
    },
    auth::Principal,
    edge::Edge,
};

/// The header with the passphrase: in a query it would stand in logs on the way.
const PASSPHRASE: &str = "Zaptor-Passphrase";
/// Shorter ones are guessed, however slow each guess is.
const PASSPHRASE_MIN: usize = 12;
const PASSPHRASE_MAX: usize = 256;
/// How much of an export is read at once, in bytes.
const PIECE: usize = 65_536;
/// How long a client may send nothing in the middle of an upload.
const SILENCE: Duration = Duration::from_secs(30);

/// A snapshot of a browser profile, encrypted and whole.
#[derive(Serialize, ToSchema)]
pub struct Snapshot {
    #[schema(value_type = String, example = "snp_01JD8ZK7X4M4T2Q6W9B3N5C8VF")]
    id: SnapshotId,
    #[schema(value_type = String, format = DateTime)]
    taken_at: Timestamp,
    /// What it takes in the vault.
    stored_bytes: u64,
}

impl From<vault::Snapshot> for Snapshot {
    fn from(snapshot: vault::Snapshot) -> Self {
        Self {
            id: snapshot.id,
            taken_at: snapshot.taken_at,
            stored_bytes: snapshot.stored_bytes,
        }
    }
}

/// Which snapshot is put in the place of the profile.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Restore {
    #[schema(value_type = String, example = "snp_01JD8ZK7X4M4T2Q6W9B3N5C8VF")]
    snapshot: SnapshotId,
}

/// The snapshot that is in the place of the profile now.
#[derive(Serialize, ToSchema)]
pub(crate) struct Restored {
    #[schema(value_type = String)]
    snapshot: SnapshotId,
    #[schema(value_type = String, format = DateTime)]
    taken_at: Timestamp,
}

impl From<ProfileError> for Problem {
    fn from(error: ProfileError) -> Self {
        match error {
            ProfileError::Account(error) => error.into(),
            ProfileError::Store(error) => error.into(),
            ProfileError::Off => Self::conflict(
                "vault_off",
                "No snapshots are kept on this node. Set vault.enabled = true and restart it.",
            ),
            ProfileError::Vault(error) => refused(error),
        }
    }
}

fn refused(error: VaultError) -> Problem {
    match error {
        VaultError::NotFound => Problem::not_found(),
        VaultError::NoProfile => Problem::conflict(
            "no_profile",
            "This account has no browser profile yet. Link it first, then stop it.",
        ),
        VaultError::Damaged(what) => Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "not_whole",
            format!("This cannot be put in place: {what}. Nothing was changed; use another one."),
        ),
        VaultError::NoKey(name) => Problem::conflict(
            "key_missing",
            format!("The key {name} is not in the vault's ring. Put it back, then try again."),
        ),
        VaultError::Passphrase => Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "wrong_passphrase",
            "The passphrase does not open this file, or the file was damaged. Nothing was changed.",
        ),
        VaultError::TooLarge(mib) => Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "profile_too_large",
            format!(
                "The profile has more than {mib} MiB. Raise vault.profile_mib_max to take it all the same."
            ),
        ),
        error => {
            tracing::error!(target: "zaptor::api", %error, "the vault failed");
            Problem::internal()
        }
    }
}

fn passphrase(request: &HttpRequest) -> Result<Passphrase, Problem> {
    let given = request.headers().get(PASSPHRASE);
    let text = given.and_then(|value| value.to_str().ok());
    text.filter(|text| (PASSPHRASE_MIN..=PASSPHRASE_MAX).contains(&text.len()))
        .map(|text| Passphrase::new(text.to_owned()))
        .ok_or_else(|| {
            Problem::flaw(
                format!("/header/{PASSPHRASE}"),
                "invalid_value",
                "must be 12 to 256 printable ASCII characters",
            )
        })
}

/// The account's snapshots, the newest first.
#[utoipa::path(get, path = "/v1/accounts/{id}/profile/snapshots", tag = "profiles", params(("id" = String, Path)),
    responses((status = 200, body = Page<Snapshot>), (status = 404, body = ProblemBody<'static>)))]
pub(crate) async fn list(
    edge: web::Data<Edge>,
    account: AccountOf<Read>,
    query: Query,
) -> Result<web::Json<Page<Snapshot>>, Problem> {
    query.finish()?;
    let snapshots = edge.platform.snapshots(account.id).await?;
    Ok(web::Json(Page {
        data: snapshots.into_iter().map(Snapshot::from).collect(),
        next: None,
    }))
}

/// Takes a snapshot now, of an account that is stopped.
#[utoipa::path(post, path = "/v1/accounts/{id}/profile/snapshots", tag = "profiles", params(("id" = String, Path)),
    responses((status = 201, body = Snapshot), (status = 404, body = ProblemBody<'static>),
        (status = 409, description = "`wrong_state`: it runs; `no_profile`: it never did", body = ProblemBody<'static>)))]
pub(crate) async fn take(edge: web::Data<Edge>, account: AccountOf<Write>) -> Result<HttpResponse, Problem> {
    let snapshot = edge.platform.take_snapshot(account.tenant, account.id).await?;
    Ok(HttpResponse::Created().json(Snapshot::from(snapshot)))
}

/// Puts a snapshot in the place of the profile of an account that is stopped. The profile that was there is set aside.
#[utoipa::path(post, path = "/v1/accounts/{id}/profile/restore", tag = "profiles", params(("id" = String, Path)),
    request_body = Restore,
    responses((status = 200, body = Restored),
        (status = 404, description = "No such account, or no such snapshot of it", body = ProblemBody<'static>),
        (status = 409, description = "`wrong_state`: it runs", body = ProblemBody<'static>),
        (status = 422, description = "`not_whole`: the snapshot was damaged", body = ProblemBody<'static>)))]
pub(crate) async fn restore(
    edge: web::Data<Edge>,
    account: AccountOf<Write>,
    body: Body<Restore>,
) -> Result<web::Json<Restored>, Problem> {
    let Restore { snapshot } = body.value;
    let restored = edge
        .platform
        .restore_snapshot(account.tenant, account.id, snapshot)
        .await?;
    Ok(web::Json(Restored {
        snapshot: restored.id,
        taken_at: restored.taken_at,
    }))
}

/// The profile of an account that is stopped, as a file that only the passphrase opens: to be imported elsewhere.
#[utoipa::path(get, path = "/v1/accounts/{id}/profile/export", tag = "profiles",
    params(("id" = String, Path),
        ("Zaptor-Passphrase" = String, Header, description = "12 to 256 printable ASCII characters")),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>),
        (status = 404, body = ProblemBody<'static>),
        (status = 409, description = "`wrong_state`: it runs; `no_profile`: it never did", body = ProblemBody<'static>)))]
pub(crate) async fn export(
    edge: web::Data<Edge>,
    request: HttpRequest,
    account: AccountOf<Write>,
) -> Result<HttpResponse, Problem> {
    let passphrase = passphrase(&request)?;
    let file = edge
        .platform
        .export_profile(account.tenant, account.id, passphrase)
        .await?;
    let length = file.metadata().map_err(|_| Problem::internal())?.len();
    let pieces = stream::unfold(file, |mut file| async move {
        let read = web::block(move || {
            let mut piece = vec![0; PIECE];
            let count = file.read(&mut piece)?;
            piece.truncate(count);
            Ok::<_, std::io::Error>((piece, file))
        });
        match read.await {
            Ok(Ok((piece, _))) if piece.is_empty() => None,
            Ok(Ok((piece, file))) => Some((Ok(Bytes::from(piece)), file)),
            // Short of its length, the answer is cut off: no client takes it for whole.
            Ok(Err(_)) | Err(_) => None,
        }
    });
    let pieces = pieces.map(|piece: Result<Bytes, actix_web::Error>| piece);
    Ok(HttpResponse::Ok()
        .content_type("application/octet-stream")
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{}.zaptor-profile\"", account.id),
        ))
        .body(SizedStream::new(length, Box::pin(pieces))))
}

/// Puts an exported profile, of this account or of another, in the place of that of an account that is stopped, and takes
/// a snapshot of it. Start the account then: it is linked as the other one was, which must not run any more.
#[utoipa::path(post, path = "/v1/accounts/{id}/profile/import", tag = "profiles",
    params(("id" = String, Path),
        ("Zaptor-Passphrase" = String, Header, description = "The one that it was exported with")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = Snapshot), (status = 404, body = ProblemBody<'static>),
        (status = 409, description = "`wrong_state`: it runs", body = ProblemBody<'static>),
        (status = 413, description = "`profile_too_large`", body = ProblemBody<'static>),
        (status = 422, description = "`wrong_passphrase`; `not_whole`: no export, or damaged", body = ProblemBody<'static>)))]
pub(crate) async fn import(
    edge: web::Data<Edge>,
    request: HttpRequest,
    account: AccountOf<Write>,
    body: web::Payload,
) -> Result<HttpResponse, Problem> {
    let passphrase = passphrase(&request)?;
    let file = receive(&edge, body).await?;
    let snapshot = edge
        .platform
        .import_profile(account.tenant, account.id, file, passphrase)
        .await?;
    Ok(HttpResponse::Created().json(Snapshot::from(snapshot)))
}

/// Takes the upload into a file without a name, piece by piece.
async fn receive(edge: &Edge, mut body: web::Payload) -> Result<std::fs::File, Problem> {
    let (inbox, bytes_max) = edge.platform.profile_inbox().await?;
    let mut file = tokio::fs::File::from_std(inbox);
    let mut left = bytes_max;
    loop {
        let piece = tokio::select! {
            piece = body.next() => piece,
            () = edge.platform.clock.sleep(SILENCE) => {
                return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "upload_timeout",
                    "Nothing came for half a minute. Send the file again, without pauses."));
            }
        };
        let Some(piece) = piece else { break };
        let piece = piece.map_err(|_| Problem::of_status(StatusCode::BAD_REQUEST))?;
        left = left
            .checked_sub(piece.len() as u64)
            .ok_or_else(|| refused(VaultError::TooLarge(bytes_max >> 20)))?;
        file.write_all(&piece)
            .await
            .map_err(|error| refused(VaultError::Storage(error)))?;
    }
    file.flush()
        .await
        .map_err(|error| refused(VaultError::Storage(error)))?;
    Ok(file.into_std().await)
}

/// What a rotation did.
#[derive(Serialize, ToSchema)]
pub(crate) struct Rotation {
    /// Snapshots whose key was locked anew, and secrets that were sealed anew.
    locked_anew: u64,
    /// Those that could not be: damaged, not readable now, or locked with a key that is missing. They stay as they are, and
    /// no key is dropped while there is one of which nobody can read which key it needs.
    failed: u64,
    /// Keys in the ring now.
    keys: u64,
}

/// Makes a new key, locks the key of every snapshot anew with it, seals the accounts' secrets (passwords of proxies) anew,
/// and drops keys that nothing needs any more. For administrators. Where the keys are configured, put a new one in front
/// and restart first.
#[utoipa::path(post, path = "/v1/system/vault/rotate", tag = "system",
    responses((status = 200, body = Rotation), (status = 403, body = ProblemBody<'static>)))]
pub(crate) async fn rotate(
    edge: web::Data<Edge>,
    principal: Principal,
) -> Result<web::Json<Rotation>, Problem> {
    principal.require_admin()?;
    let done = edge.platform.rotate_vault().await?;
    Ok(web::Json(Rotation {
        locked_anew: done.locked_anew,
        failed: done.failed,
        keys: done.keys,
    }))
}
