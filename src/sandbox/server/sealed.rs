//! Files as WhatsApp's own servers hand them out: encrypted. Clients that download outside the browser (wppconnect's
//! `decryptFile`) expect them so. Nothing is kept secret by it: the key is the file's hash, which its message tells.

use std::io;

use actix_web::{HttpResponse, web};
use aes::Aes256;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeEncrypt as _, KeyIvInit as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use tokio::io::AsyncReadExt as _;

use super::control::{Answer, State};
use super::media_doors::unknown_media;
use crate::sandbox::network::MediaKind;

/// Where they lie; an id follows.
pub(super) const FOLDER: &str = "/_/sealed/";

/// Of one file.
pub(super) const ROUTE: &str = "/_/sealed/{id}";

/// What a key becomes: where the cipher begins, its key, and the key of the seal. (The rest is for other uses.)
const EXPANDED: usize = 112;

/// As much of the seal as goes along.
const SEAL: usize = 10;

/// `GET /_/sealed/{id}`
pub(super) async fn fetch(hub: State, id: web::Path<String>) -> Answer {
    let entry = hub.find_media(&id).ok_or_else(unknown_media)?;
    let mut file = hub
        .media()
        .read(&entry.what.hash)
        .await
        .map_err(|_| unknown_media())?;
    let mut content = Vec::new();
    file.read_to_end(&mut content)
        .await
        .map_err(|_| unknown_media())?;
    let (key, purpose) = (entry.what.hash.0, purpose(entry.what.kind));
    let sealed = web::block(move || seal(&content, &key, purpose))
        .await
        .map_err(io::Error::other)
        .and_then(|sealed| sealed)
        .map_err(|_| unknown_media())?;
    Ok(HttpResponse::Ok()
        .content_type("application/octet-stream")
        .body(sealed))
}

/// Each kind of file has keys of its own.
fn purpose(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Image | MediaKind::Sticker => "WhatsApp Image Keys",
        MediaKind::Video => "WhatsApp Video Keys",
        MediaKind::Audio => "WhatsApp Audio Keys",
        MediaKind::Document => "WhatsApp Document Keys",
    }
}

/// AES-256 in CBC mode under keys that HKDF makes of this one, and the beginning of an HMAC over all of it.
fn seal(content: &[u8], key: &[u8; 32], purpose: &str) -> io::Result<Vec<u8>> {
    let keys = expand(key, purpose)?;
    let [start, cipher_key, seal_key] = [&keys[..16], &keys[16..48], &keys[48..80]];
    let cipher = cbc::Encryptor::<Aes256>::new_from_slices(cipher_key, start).map_err(io::Error::other)?;
    let mut sealed = cipher.encrypt_padded_vec::<Pkcs7>(content);
    let mac = hmac(seal_key, &[start, &sealed])?;
    sealed.extend_from_slice(&mac[..SEAL]);
    Ok(sealed)
}

/// HKDF with SHA-256 and no salt (RFC 5869).
fn expand(key: &[u8], purpose: &str) -> io::Result<Vec<u8>> {
    let pseudorandom = hmac(&[0; 32], &[key])?;
    let mut expanded = Vec::with_capacity(EXPANDED + 32);
    let mut last: Vec<u8> = Vec::new();
    let mut round = 0_u8;
    while expanded.len() < EXPANDED {
        round += 1;
        last = hmac(&pseudorandom, &[&last, purpose.as_bytes(), &[round]])?;
        expanded.extend_from_slice(&last);
    }
    expanded.truncate(EXPANDED);
    Ok(expanded)
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> io::Result<Vec<u8>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(io::Error::other)?;
    for part in parts {
        mac.update(part);
    }
    Ok(mac.finalize().into_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test panics where it fails")]
    use cbc::cipher::BlockModeDecrypt as _;

    use super::*;

    #[test]
    fn what_is_sealed_opens_with_its_key_and_carries_its_seal() {
        for length in [0, 1, 15, 16, 17, 1_000] {
            let content = vec![7_u8; length];
            let sealed = seal(&content, &[9; 32], "WhatsApp Image Keys").unwrap();
            assert_eq!(sealed.len(), (length / 16 + 1) * 16 + SEAL);
            let keys = expand(&[9; 32], "WhatsApp Image Keys").unwrap();
            let (body, mac) = sealed.split_at(sealed.len() - SEAL);
            let cipher = cbc::Decryptor::<Aes256>::new_from_slices(&keys[16..48], &keys[..16]).unwrap();
            assert_eq!(cipher.decrypt_padded_vec::<Pkcs7>(body).unwrap(), content);
            assert_eq!(mac, &hmac(&keys[48..80], &[&keys[..16], body]).unwrap()[..SEAL]);
        }
    }

    #[test]
    fn each_kind_has_its_own_keys() {
        let one = expand(&[1; 32], purpose(MediaKind::Image)).unwrap();
        assert_ne!(one, expand(&[1; 32], purpose(MediaKind::Audio)).unwrap());
        assert_eq!(one, expand(&[1; 32], purpose(MediaKind::Sticker)).unwrap());
    }

    #[test]
    fn keys_are_expanded_as_the_standard_says() {
        // RFC 5869, test case 3: no salt, no purpose.
        let expanded = expand(&[0x0b; 22], "").unwrap();
        let expected = "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8";
        let hex: String = expanded[..42].iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, expected);
    }
}
