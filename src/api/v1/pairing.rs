//! The code that a phone scans, in the form that the client asks for, and the picture of the page.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use qrcode::{Color, EcLevel, QrCode, render::unicode::Dense1x2};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zaptor_actors::{
    domain::{PairingMethod, Phone, Timestamp},
    protocol::{
        self,
        account::{GetPairing, PairByPhone, TakeScreenshot},
    },
};

use crate::{
    api::{
        account_of::{AccountOf, Write},
        error::{Problem, ProblemBody},
        extract::Body,
    },
    edge::Edge,
};

/// Pixels of one module of the PNG, and white modules around it (ISO 18004 asks for four).
const MODULE_PIXELS: usize = 8;
const QUIET: usize = 4;

/// A pairing code. It changes some three times a minute; whoever scans it owns the link.
#[derive(Serialize, ToSchema)]
pub(crate) struct Pairing {
    /// `qr`: to be scanned; `code`: to be typed on the phone.
    #[schema(value_type = String, example = "qr")]
    method: PairingMethod,
    /// The content of the QR code, or the eight signs to be typed.
    code: String,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// The how-manieth code of this pairing it is.
    attempt: u32,
}

impl From<protocol::account::Pairing> for Pairing {
    fn from(shown: protocol::account::Pairing) -> Self {
        let code = match shown.method {
            PairingMethod::Code => typed(&shown.code),
            PairingMethod::Qr => shown.code,
        };
        Self {
            method: shown.method,
            code,
            expires_at: shown.expires_at,
            attempt: shown.attempt,
        }
    }
}

/// Eight signs as phones show the places for them: two groups of four.
fn typed(code: &str) -> String {
    match code.split_at_checked(4) {
        Some((first, second)) if !second.is_empty() => format!("{first}-{second}"),
        _ => code.to_owned(),
    }
}

/// Which phone is to be linked by a code that is typed on it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PhoneToPair {
    /// The number with its country code, 7 to 15 digits; a plus, blanks and dashes are taken.
    #[schema(example = "+55 11 98765-4321")]
    phone: String,
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
    account: AccountOf<Write>,
) -> Result<HttpResponse, Problem> {
    let shown = edge.platform.ask(account.id, GetPairing).await?;
    let accept = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok());
    let mut answer = HttpResponse::Ok();
    answer.insert_header((header::VARY, "Accept"));
    if Form::of(accept) == Form::Json {
        return Ok(answer.json(Pairing::from(shown)));
    }
    if shown.method == PairingMethod::Code {
        if Form::of(accept) != Form::Text {
            return Err(Problem::conflict(
                "pairing_by_code",
                "The account shows a code to be typed on the phone, which has no picture. Ask for application/json.",
            ));
        }
        let line = format!("{}\n", typed(&shown.code));
        return Ok(answer.content_type("text/plain; charset=utf-8").body(line));
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

/// A code that is typed on the phone (Linked devices, Link a device, Link with phone number) instead of scanning one.
/// The account must be pairing. The same number gets the same code as long as that is good, some three minutes.
#[utoipa::path(post, path = "/v1/accounts/{id}/pairing/code", tag = "accounts", params(("id" = String, Path)),
    request_body = PhoneToPair,
    responses((status = 200, body = Pairing), (status = 404, body = ProblemBody<'static>),
        (status = 409, description = "`not_pairing`: the account does not wait to be linked", body = ProblemBody<'static>),
        (status = 422, description = "the number is none, or WhatsApp does not take it", body = ProblemBody<'static>),
        (status = 429, description = "`too_many_codes`: after the time in Retry-After there are more",
            body = ProblemBody<'static>)))]
pub(crate) async fn by_phone(
    edge: web::Data<Edge>,
    account: AccountOf<Write>,
    body: Body<PhoneToPair>,
) -> Result<web::Json<Pairing>, Problem> {
    let digits: String = body
        .value
        .phone
        .chars()
        .filter(|sign| !" -()".contains(*sign))
        .collect();
    let phone = Phone::parse(&digits).map_err(|_| {
        let detail = "must be a phone number with its country code, 7 to 15 digits";
        Problem::flaw("/phone", "invalid_phone", detail)
    })?;
    Ok(web::Json(
        edge.platform.ask(account.id, PairByPhone { phone }).await?.into(),
    ))
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
    account: AccountOf<Write>,
) -> Result<HttpResponse, Problem> {
    let picture = edge.platform.ask(account.id, TakeScreenshot).await?;
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
    fn a_code_to_be_typed_comes_in_two_groups() {
        for (code, shown) in [
            ("ABCDEFGH", "ABCD-EFGH"),
            ("ABCD", "ABCD"),
            ("", ""),
            ("äöüß", "äö-üß"),
        ] {
            assert_eq!(typed(code), shown);
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
