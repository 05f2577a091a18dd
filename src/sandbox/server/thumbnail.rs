//! A small picture of a picture, as a phone makes it before it sends one. Pages make their own.

use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Seek};
use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use image::{ImageReader, Limits};

/// The longer side of a thumbnail, in pixels.
const SIDE: u32 = 100;

/// The longest side of a picture that is opened, in pixels.
const SIDE_LIMIT: u32 = 16_384;

/// What opening a picture may take, in bytes: some 60 megapixels. A few bytes can claim to be much more.
pub(super) const MEMORY_LIMIT: u64 = 256 * 1024 * 1024;

/// What a picture looks like.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Look {
    /// In pixels.
    pub(super) width: u32,
    pub(super) height: u32,
    /// A JPEG of at most 100 by 100 pixels.
    pub(super) thumbnail: Vec<u8>,
}

/// Looks at the picture in a file, whatever its name says. `None` if it is none, or too large.
pub(super) fn look(path: &Path) -> Option<Look> {
    look_at(BufReader::new(File::open(path).ok()?))
}

fn look_at(source: impl BufRead + Seek) -> Option<Look> {
    let mut reader = ImageReader::new(source).with_guessed_format().ok()?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_LIMIT);
    limits.max_image_height = Some(SIDE_LIMIT);
    limits.max_alloc = Some(MEMORY_LIMIT);
    reader.limits(limits);
    let picture = reader.decode().ok()?;
    let small = if picture.width().max(picture.height()) > SIDE {
        picture.thumbnail(SIDE, SIDE)
    } else {
        picture.clone()
    };
    let mut thumbnail = Cursor::new(Vec::new());
    let encoder = JpegEncoder::new_with_quality(&mut thumbnail, 60);
    // JPEG knows no transparency.
    small.to_rgb8().write_with_encoder(encoder).ok()?;
    Some(Look {
        width: picture.width(),
        height: picture.height(),
        thumbnail: thumbnail.into_inner(),
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test panics where it fails")]
    use image::{ImageFormat, RgbaImage};

    use super::*;

    fn encoded(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let picture = image::DynamicImage::ImageRgba8(RgbaImage::from_pixel(
            width,
            height,
            image::Rgba([9, 99, 200, 128]),
        ));
        let picture = if format == ImageFormat::Jpeg {
            image::DynamicImage::ImageRgb8(picture.to_rgb8())
        } else {
            picture
        };
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn each_format_becomes_a_small_jpeg() {
        for (width, height, format, small) in [
            (400, 200, ImageFormat::Png, (100, 50)),
            (300, 600, ImageFormat::Jpeg, (50, 100)),
            (512, 512, ImageFormat::WebP, (100, 100)),
            (30, 20, ImageFormat::Png, (30, 20)),
            (1, 1, ImageFormat::Png, (1, 1)),
            (2_000, 1, ImageFormat::Png, (100, 1)),
        ] {
            let look = look_at(Cursor::new(encoded(width, height, format))).unwrap();
            assert_eq!((look.width, look.height), (width, height));
            assert_eq!(look.thumbnail[..3], [0xff, 0xd8, 0xff]);
            let thumbnail = image::load_from_memory(&look.thumbnail).unwrap();
            assert_eq!((thumbnail.width(), thumbnail.height()), small);
        }
    }

    #[test]
    fn what_is_no_picture_has_no_look() {
        let mut torn = encoded(400, 400, ImageFormat::Png);
        torn.truncate(100);
        for bytes in [Vec::new(), b"<html>".to_vec(), torn] {
            assert_eq!(look_at(Cursor::new(bytes)), None);
        }
    }

    /// Two dozen bytes that promise 4 gigapixels.
    #[test]
    fn a_bomb_is_not_opened() {
        let mut bomb = encoded(2, 2, ImageFormat::Png);
        bomb[16..24].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
        assert_eq!(look_at(Cursor::new(bomb.clone())), None);
        // Within the sides allowed, and still too much.
        bomb[16..24].copy_from_slice(&[0, 0, 0x3f, 0xff, 0, 0, 0x3f, 0xff]);
        assert_eq!(look_at(Cursor::new(bomb)), None);
    }
}
