//! The certificate of the simulated site: made once, kept in the data directory, trusted by nobody except a browser
//! that was told its key.

use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, DnType, KeyPair, PublicKeyData};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};

use super::SandboxError;
use super::files::{read_if_there, write_whole};

/// The hosts a WhatsApp Web page talks to.
const HOSTS: [&str; 3] = ["web.whatsapp.com", "*.web.whatsapp.com", "static.whatsapp.net"];

/// A key with its self-signed certificate.
pub(super) struct Identity {
    key: KeyPair,
    certificate: CertificateDer<'static>,
}

impl Identity {
    /// Takes the key and certificate from `folder`, or makes them there.
    pub(super) fn load_or_make(folder: &Path) -> Result<Identity, SandboxError> {
        let (key_file, certificate_file) = (folder.join("key.pem"), folder.join("certificate.pem"));
        let kept = (read_if_there(&key_file)?, read_if_there(&certificate_file)?);
        if let (Some(key), Some(certificate)) = kept {
            let key = String::from_utf8(key)
                .ok()
                .and_then(|pem| KeyPair::from_pem(&pem).ok());
            let certificate = CertificateDer::from_pem_slice(&certificate).ok();
            if let (Some(key), Some(certificate)) = (key, certificate) {
                return Ok(Identity { key, certificate });
            }
            tracing::warn!("the sandbox's certificate is damaged, making a new one");
        }
        let broken = |error: rcgen::Error| SandboxError::Tls(error.to_string());
        let key = KeyPair::generate().map_err(broken)?;
        let mut params = CertificateParams::new(HOSTS.map(str::to_owned)).map_err(broken)?;
        params
            .distinguished_name
            .push(DnType::CommonName, "Zaptor sandbox");
        let made = params.self_signed(&key).map_err(broken)?;
        write_whole(&key_file, key.serialize_pem().as_bytes())?;
        write_whole(&certificate_file, made.pem().as_bytes())?;
        Ok(Identity {
            key,
            certificate: made.der().clone(),
        })
    }

    /// The hash by which Chromium is told to trust this key: base64 of SHA-256 over the SubjectPublicKeyInfo.
    pub(super) fn fingerprint(&self) -> String {
        STANDARD.encode(Sha256::digest(self.key.subject_public_key_info()))
    }

    /// The TLS settings of the page's server.
    pub(super) fn server_config(&self) -> Result<ServerConfig, SandboxError> {
        let broken = |error: rustls::Error| SandboxError::Tls(error.to_string());
        let key = PrivateKeyDer::try_from(self.key.serialize_der())
            .map_err(|error| SandboxError::Tls(error.to_owned()))?;
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(broken)?
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], key)
            .map_err(broken)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test panics where it fails")]
    use super::*;

    #[test]
    fn the_key_is_kept_and_a_damaged_one_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let first = Identity::load_or_make(folder.path()).unwrap().fingerprint();
        assert_eq!(
            Identity::load_or_make(folder.path()).unwrap().fingerprint(),
            first
        );
        std::fs::write(folder.path().join("key.pem"), "nonsense").unwrap();
        let mended = Identity::load_or_make(folder.path()).unwrap();
        assert_ne!(mended.fingerprint(), first);
        mended.server_config().unwrap();
    }
}
