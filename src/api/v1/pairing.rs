//! The code that a phone scans, in the form that the client asks for, and the picture of the page.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use qrcode::{Color, EcLevel, QrCode, render::unicode::Dense1x2};
use serde::Serialize;
use utoipa::ToSchema;
use zaptor_actors::{
    domain::{AccountId, Timestamp},
    protocol::account::{GetPairing, TakeScreenshot},
};

use super::accounts::find_for;
use crate::{
    api::{
        error::{Problem, ProblemBody},
        extract::Id,
    },
    auth::{Principal, Scope},
    edge::Edge,
};

/// Pixels of one module of the PNG, and white modules around it (ISO 18004 asks for four).
const MODULE_PIXELS: usize = 8;
const QUIET: usize = 4;

/// A pairing code. It changes some three times a minute; whoever scans it owns the link.
#[derive(Serialize, ToSchema)]
pub(crate) struct Pairing {
    /// `qr`.
    method: &'static str,
    /// The content of the QR code.
    code: String,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// The how-manieth code of this pairing it is.
    attempt: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Json,
    Png,
    Svg,
    Text,
}

impl Form {
    /// The first form named in `Accept` that we have; JSON when it takes anything.
    fn of(accept: Option<&str>) -> Self {
        let wanted = accept.unwrap_or("*/*").split(',').find_map(|part| {
            Some(match part.split(';').next().unwrap_or_default().trim() {
                "application/json" | "*/*" | "application/*" => Self::Json,
                "image/png" | "image/*" => Self::Png,
                "image/svg+xml" => Self::Svg,
                "text/plain" | "text/*" => Self::Text,
                _ => return None,
            })
        });
        wanted.unwrap_or(Self::Json)
    }
}

/// The pairing code that is shown now: as JSON, or drawn, as `Accept` asks (`image/png`, `image/svg+xml`, `text/plain`).
#[utoipa::path(get, path = "/v1/accounts/{id}/pairing", tag = "accounts", params(("id" = String, Path)),
    responses((status = 200, content((Pairing = "application/json"), (Vec<u8> = "image/png"),
            (String = "image/svg+xml"), (String = "text/plain"))),
        (status = 404, body = ProblemBody<'static>),
        (status = 409, description = "`not_pairing`: no code is shown", body = ProblemBody<'static>)))]
pub(crate) async fn pairing(
    edge: web::Data<Edge>,
    request: HttpRequest,
    principal: Principal,
    Id(id): Id<AccountId>,
) -> Result<HttpResponse, Problem> {
    principal.require(Scope::AccountsWrite)?;
    find_for(&edge, &principal, id).await?;
    let shown = edge.platform.ask(id, GetPairing).await?;
    let accept = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok());
    let mut answer = HttpResponse::Ok();
    answer.insert_header((header::VARY, "Accept"));
    if Form::of(accept) == Form::Json {
        return Ok(answer.json(Pairing {
            method: "qr",
            code: shown.code,
            expires_at: shown.expires_at,
            attempt: shown.attempt,
        }));
    }
    let code =
        QrCode::with_error_correction_level(&shown.code, EcLevel::L).map_err(|_| Problem::internal())?;
    Ok(match Form::of(accept) {
        Form::Png => answer.content_type("image/png").body(png(&code)?),
        Form::Svg => answer.content_type("image/svg+xml").body(
            code.render::<qrcode::render::svg::Color<'_>>()
                .min_dimensions(256, 256)
                .build(),
        ),
        _ => answer
            .content_type("text/plain; charset=utf-8")
            .body(blocks(&code)),
    })
}

/// For terminals, which are mostly dark: the light modules are printed.
fn blocks(code: &QrCode) -> String {
    let mut text = code
        .render::<Dense1x2>()
        .dark_color(Dense1x2::Light)
        .light_color(Dense1x2::Dark)
        .build();
    text.push('\n');
    text
}

fn png(code: &QrCode) -> Result<Vec<u8>, Problem> {
    let side = code.width() + 2 * QUIET;
    let pixels = side * MODULE_PIXELS;
    let dark = |x: usize, y: usize| {
        let inside = |n: usize| (QUIET..side - QUIET).contains(&n);
        inside(x) && inside(y) && code[(x - QUIET, y - QUIET)] == Color::Dark
    };
    let mut data = Vec::with_capacity(pixels * pixels);
    for y in 0..pixels {
        data.extend((0..pixels).map(|x| {
            if dark(x / MODULE_PIXELS, y / MODULE_PIXELS) {
                0_u8
            } else {
                255
            }
        }));
    }
    let mut file = Vec::new();
    let side = u32::try_from(pixels).map_err(|_| Problem::internal())?;
    let mut encoder = png::Encoder::new(&mut file, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(|_| Problem::internal())?;
    writer.write_image_data(&data).map_err(|_| Problem::internal())?;
    writer.finish().map_err(|_| Problem::internal())?;
    Ok(file)
}

/// What the account's page looks like now.
#[utoipa::path(get, path = "/v1/accounts/{id}/screenshot", tag = "accounts", params(("id" = String, Path)),
    responses((status = 200, content_type = "image/png", body = Vec<u8>), (status = 404, body = ProblemBody<'static>),
        (status = 409, body = ProblemBody<'static>)))]
pub(crate) async fn screenshot(
    edge: web::Data<Edge>,
    principal: Principal,
    Id(id): Id<AccountId>,
) -> Result<HttpResponse, Problem> {
    principal.require(Scope::AccountsWrite)?;
    find_for(&edge, &principal, id).await?;
    let picture = edge.platform.ask(id, TakeScreenshot).await?;
    Ok(HttpResponse::Ok().content_type("image/png").body(picture))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use super::*;

    #[test]
    fn forms_by_table() {
        let rows = [
            (None, Form::Json),
            (Some("*/*"), Form::Json),
            (Some("image/png"), Form::Png),
            (Some("image/svg+xml;q=0.9, */*"), Form::Svg),
            (Some("text/plain"), Form::Text),
            (Some("text/html, image/*;q=0.5"), Form::Png),
            (Some("video/mp4"), Form::Json),
        ];
        for (accept, form) in rows {
            assert_eq!(Form::of(accept), form, "{accept:?}");
        }
    }

    #[test]
    fn a_code_becomes_a_picture() {
        let code = QrCode::new(b"2@abc,def,ghi").unwrap();
        let file = png(&code).unwrap();
        let reader = png::Decoder::new(std::io::Cursor::new(&file))
            .read_info()
            .unwrap();
        let side = u32::try_from((code.width() + 8) * 8).unwrap();
        assert_eq!((reader.info().width, reader.info().height), (side, side));
        assert_eq!(
            blocks(&code).lines().next().unwrap().chars().count(),
            code.width() + 8
        );
    }
}
