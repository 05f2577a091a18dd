//! Media over HTTP: at the page's door with the token of its link, at the control door for everybody on this machine.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};
use serde_json::json;

use super::control::{Answer, State};
use super::hub::Hub;
use super::media::{MediaError, pieces};
use super::problem::Problem;
use crate::sandbox::network::{MediaEntry, MediaKind};

/// The longest type, with its parameters, in bytes.
const TYPE_LIMIT: usize = 128;

/// As many bytes as it takes to tell what a file is.
const TELLING: usize = 64;

/// What stands in for a type that nobody knows.
const UNKNOWN_TYPE: &str = "application/octet-stream";

/// `POST /media/{kind}` of the simulated site: a linked page uploads.
pub(super) async fn page_upload(
    hub: web::Data<Arc<Hub>>,
    request: HttpRequest,
    kind: web::Path<String>,
    body: web::Payload,
) -> HttpResponse {
    let refuse = |status: StatusCode, error: &str| HttpResponse::build(status).json(json!({"error": error}));
    if !bearer(request.headers()).is_some_and(|token| hub.look(|network| network.knows_token(token))) {
        return refuse(StatusCode::UNAUTHORIZED, "not-linked");
    }
    let Some(kind) = MediaKind::named(&kind) else {
        return refuse(StatusCode::NOT_FOUND, "bad-type");
    };
    let mimetype = told_type(request.headers()).unwrap_or(UNKNOWN_TYPE);
    if !kind.rule().takes(mimetype) {
        return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "bad-type");
    }
    match hub
        .upload(Some(kind), mimetype, announced(request.headers()), body)
        .await
    {
        Ok(entry) => HttpResponse::Created().json(json!({
            "mediaId": entry.id, "filehash": entry.what.hash.base64(), "size": entry.what.size,
            "mimetype": entry.what.mimetype,
        })),
        Err(error) => refuse(status_of(&error), word_for(&error)),
    }
}

/// `GET /media/{id}` of the simulated site. The id is the key: whoever was sent it may fetch.
pub(super) async fn page_fetch(
    hub: web::Data<Arc<Hub>>,
    request: HttpRequest,
    id: web::Path<String>,
) -> HttpResponse {
    match hub.find_media(&id) {
        Some(entry) => {
            hub.count_fetch(&id);
            serve(&hub, &entry, request.headers()).await
        }
        None => HttpResponse::NotFound().json(json!({"error": "unknown-media"})),
    }
}

/// `POST /_/api/media`
pub(super) async fn upload(hub: State, request: HttpRequest, mut body: web::Payload) -> Answer {
    let head = read_head(&mut body).await.map_err(|error| problem(&error))?;
    // What programs send when nobody tells them a type says nothing.
    let told = told_type(request.headers())
        .filter(|told| !matches!(*told, UNKNOWN_TYPE | "application/x-www-form-urlencoded"));
    let mimetype = told.or_else(|| tell_type(&head)).unwrap_or(UNKNOWN_TYPE);
    let head = futures::stream::iter((!head.is_empty()).then_some(Ok(head)));
    let entry = hub
        .upload(None, mimetype, announced(request.headers()), head.chain(body))
        .await
        .map_err(|error| problem(&error))?;
    let look = match entry.what.kind {
        MediaKind::Image => hub.look_at(&entry).await,
        _ => None,
    };
    Ok(HttpResponse::Created().json(json!({
        "media": entry.id, "mime_type": entry.what.mimetype, "size": entry.what.size,
        "sha256": entry.what.hash.hex(), "width": look.as_ref().map(|look| look.width),
        "height": look.as_ref().map(|look| look.height),
        "thumbnail": look.map(|look| STANDARD.encode(look.thumbnail)),
    })))
}

/// `GET /_/api/media/{id}`
pub(super) async fn fetch(hub: State, request: HttpRequest, id: web::Path<String>) -> Answer {
    let entry = hub.find_media(&id).ok_or_else(unknown_media)?;
    Ok(serve(&hub, &entry, request.headers()).await)
}

/// `GET /_/api/media/{id}/fetches`: how often pages have asked for it since the sandbox was started.
pub(super) async fn fetches(hub: State, id: web::Path<String>) -> Answer {
    hub.find_media(&id).ok_or_else(unknown_media)?;
    Ok(HttpResponse::Ok().json(json!({"fetches": hub.fetches(&id)})))
}

/// The refusal for an id that leads nowhere.
pub(super) fn unknown_media() -> Problem {
    let detail = "there is no such media: upload it first";
    Problem::new(StatusCode::NOT_FOUND, "unknown_media", detail)
}

/// What an upload ended with, for the control API.
pub(super) fn problem(error: &MediaError) -> Problem {
    let code = match error {
        MediaError::TooLarge { .. } => "payload_too_large",
        MediaError::Empty => "empty",
        MediaError::Broken => "broken_upload",
        MediaError::Disk(_) => "disk",
    };
    Problem::new(
        status_of(error),
        code,
        format!("The media is not stored: {error}."),
    )
}

fn status_of(error: &MediaError) -> StatusCode {
    match error {
        MediaError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        MediaError::Empty => StatusCode::UNPROCESSABLE_ENTITY,
        MediaError::Broken => StatusCode::BAD_REQUEST,
        MediaError::Disk(_) => StatusCode::INSUFFICIENT_STORAGE,
    }
}

fn word_for(error: &MediaError) -> &'static str {
    match error {
        MediaError::TooLarge { .. } => "too-large",
        MediaError::Empty => "empty",
        MediaError::Broken => "broken",
        MediaError::Disk(_) => "disk",
    }
}

async fn serve(hub: &Hub, entry: &MediaEntry, headers: &HeaderMap) -> HttpResponse {
    let size = entry.what.size;
    let wanted = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
    let (begin, end) = wanted
        .and_then(|range| read_range(range, size))
        .unwrap_or((0, size));
    let Ok(part) = hub.media().read_part(&entry.what.hash, begin..end).await else {
        return HttpResponse::NotFound().finish();
    };
    let disposition = match entry.what.kind {
        MediaKind::Document => "attachment",
        _ => "inline",
    };
    let mut answer = HttpResponse::Ok();
    if end - begin < size {
        let range = format!("bytes {begin}-{}/{size}", end - 1);
        answer.status(StatusCode::PARTIAL_CONTENT);
        answer.insert_header((header::CONTENT_RANGE, range));
    }
    answer
        .content_type(entry.what.mimetype.as_str())
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header((header::CONTENT_DISPOSITION, disposition))
        .insert_header((header::CACHE_CONTROL, "private, max-age=31536000, immutable"))
        // Anybody may have sent this, a page with scripts, too: it must not act as the site that it comes from.
        .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(actix_web::body::SizedStream::new(
            end - begin,
            Box::pin(pieces(part)),
        ))
}

/// The part of a file that a player wants: `bytes=100-`, `bytes=100-199` or `bytes=-100`. What is asked for in another way
/// is answered with the whole.
fn read_range(range: &str, size: u64) -> Option<(u64, u64)> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let (begin, end) = if first.is_empty() {
        (size.saturating_sub(last.parse().ok()?), size)
    } else if last.is_empty() {
        (first.parse().ok()?, size)
    } else {
        let last: u64 = last.parse().ok()?;
        (first.parse().ok()?, last.saturating_add(1).min(size))
    };
    (begin < end).then_some((begin, end))
}

/// How large a body is said to be.
fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The `Content-Type`, if it is one.
fn told_type(headers: &HeaderMap) -> Option<&str> {
    let told = headers.get(header::CONTENT_TYPE)?.to_str().ok()?.trim();
    let (family, rest) = told.split_once('/')?;
    let whole = !family.is_empty() && !rest.is_empty() && told.len() <= TYPE_LIMIT;
    whole.then_some(told)
}

/// The first bytes of a body, in one piece if they come at all.
async fn read_head<E>(
    body: &mut (impl Stream<Item = Result<Bytes, E>> + Unpin),
) -> Result<Bytes, MediaError> {
    let mut head = BytesMut::new();
    while head.len() < TELLING {
        match body.next().await {
            Some(piece) => head.extend_from_slice(&piece.map_err(|_| MediaError::Broken)?),
            None => break,
        }
    }
    Ok(head.freeze())
}

/// What a file is by its first bytes, if it is one of those that people send.
pub(super) fn tell_type(head: &[u8]) -> Option<&'static str> {
    let at = |place: usize, sign: &[u8]| head.get(place..).is_some_and(|rest| rest.starts_with(sign));
    let known = [
        (at(0, b"\xff\xd8\xff"), "image/jpeg"),
        (at(0, b"\x89PNG\r\n\x1a\n"), "image/png"),
        (at(0, b"RIFF") && at(8, b"WEBP"), "image/webp"),
        (at(0, b"GIF8"), "image/gif"),
        (at(0, b"%PDF-"), "application/pdf"),
        (at(0, b"OggS"), "audio/ogg; codecs=opus"),
        (at(0, b"ID3") || at(0, b"\xff\xfb"), "audio/mpeg"),
        (at(0, b"RIFF") && at(8, b"WAVE"), "audio/wav"),
        (at(4, b"ftypM4A"), "audio/mp4"),
        (at(4, b"ftyp3g"), "video/3gpp"),
        (at(4, b"ftyp"), "video/mp4"),
        (at(0, b"\x1a\x45\xdf\xa3"), "video/webm"),
    ];
    known.iter().find(|(fits, _)| *fits).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn players_ask_for_parts() {
        for (range, expected) in [
            ("bytes=0-", Some((0, 100))),
            ("bytes=10-19", Some((10, 20))),
            ("bytes=90-500", Some((90, 100))),
            ("bytes=-10", Some((90, 100))),
            ("bytes=-500", Some((0, 100))),
            ("bytes=100-", None),
            ("bytes=20-10", None),
            ("bytes=0-1,5-6", None),
            ("bytes=-0", None),
            ("items=0-1", None),
        ] {
            assert_eq!(read_range(range, 100), expected, "{range}");
        }
    }

    #[test]
    fn files_are_told_by_their_first_bytes() {
        for (head, expected) in [
            (&b"\xff\xd8\xff\xe0"[..], Some("image/jpeg")),
            (b"RIFF\x10\0\0\0WEBPVP8 ", Some("image/webp")),
            (b"RIFF\x10\0\0\0WAVEfmt ", Some("audio/wav")),
            (b"\0\0\0\x18ftypmp42", Some("video/mp4")),
            (b"\0\0\0\x18ftypM4A ", Some("audio/mp4")),
            (b"%PDF-1.7", Some("application/pdf")),
            (b"RIFF", None),
            (b"", None),
        ] {
            assert_eq!(tell_type(head), expected, "{head:?}");
        }
    }
}
