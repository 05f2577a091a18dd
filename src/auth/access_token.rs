//! Access tokens: short-lived JWTs, checked without a look into the database.

use std::{collections::HashSet, time::Duration};

use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode, errors::ErrorKind,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zaptor_actors::domain::{IdSource, TenantId, Timestamp, UserId};

use super::{Identity, Principal, Role, Scopes, hex};

const ISSUER: &str = "zaptor";
const AUDIENCE: &str = "zaptor-api";
/// Keeps other tokens that may one day be signed with the same key from passing as access tokens.
const TYPE: &str = "access";
/// Clocks of several nodes differ a little: a token may be used this much before its time, never after it.
const EARLY: Duration = Duration::from_secs(30);

/// What is wrong with an access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenFlaw {
    /// Its time is over: refresh it.
    #[error("expired")]
    Expired,
    /// Its time has not come.
    #[error("not valid yet")]
    Early,
    /// Broken, signed by somebody else, or meant for something else.
    #[error("not one of ours")]
    Foreign,
    /// It could not be made.
    #[error("cannot be signed")]
    Unsigned,
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: UserId,
    tenant: TenantId,
    role: Role,
    typ: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    jti: String,
}

struct Key {
    id: String,
    decoding: DecodingKey,
}

/// The keys of the access tokens: one signs, all verify.
pub(super) struct AccessTokens {
    signing: EncodingKey,
    keys: Vec<Key>,
    validation: Validation,
}

impl AccessTokens {
    pub(super) fn new(secret: &[u8], previous: Option<&[u8]>) -> Self {
        let key = |secret: &[u8]| Key {
            id: key_id(secret),
            decoding: DecodingKey::from_secret(secret),
        };
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        // The times are checked below, by our clock instead of the library's.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.required_spec_claims =
            HashSet::from(["iss", "aud", "sub", "exp", "nbf"].map(str::to_owned));
        Self {
            signing: EncodingKey::from_secret(secret),
            keys: std::iter::once(secret).chain(previous).map(key).collect(),
            validation,
        }
    }

    pub(super) fn issue(
        &self,
        user: UserId,
        tenant: TenantId,
        role: Role,
        now: Timestamp,
        lifetime: Duration,
        ids: &IdSource,
    ) -> Result<String, TokenFlaw> {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: user,
            tenant,
            role,
            typ: TYPE.to_owned(),
            iat: now.millis() / 1_000,
            nbf: now.millis() / 1_000,
            exp: now.after(lifetime).millis() / 1_000,
            jti: hex(&ids.bytes::<16>()),
        };
        let header = Header {
            kid: self.keys.first().map(|key| key.id.clone()),
            ..Header::new(Algorithm::HS256)
        };
        encode(&header, &claims, &self.signing).map_err(|_| TokenFlaw::Unsigned)
    }

    pub(super) fn verify(&self, token: &str, now: Timestamp) -> Result<Principal, TokenFlaw> {
        let header = decode_header(token).map_err(|_| TokenFlaw::Foreign)?;
        let key = self
            .keys
            .iter()
            .find(|key| header.kid.as_deref() == Some(key.id.as_str()))
            .ok_or(TokenFlaw::Foreign)?;
        let claims: Claims = decode(token, &key.decoding, &self.validation)
            .map_err(|error| match error.kind() {
                ErrorKind::ExpiredSignature => TokenFlaw::Expired,
                _ => TokenFlaw::Foreign,
            })?
            .claims;
        if claims.typ != TYPE {
            return Err(TokenFlaw::Foreign);
        }
        let seconds = now.millis() / 1_000;
        if claims.exp <= seconds {
            return Err(TokenFlaw::Expired);
        }
        if claims.nbf > now.after(EARLY).millis() / 1_000 {
            return Err(TokenFlaw::Early);
        }
        Ok(Principal {
            tenant: claims.tenant,
            identity: Identity::User(claims.sub),
            role: claims.role,
            scopes: Scopes::of_role(claims.role),
            key_mode: None,
        })
    }
}

/// Names a signing secret without telling it.
fn key_id(secret: &[u8]) -> String {
    hex(&Sha256::new_with_prefix(b"zaptor access token key id")
        .chain_update(secret)
        .finalize()[..8])
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
pub(super) mod tests {
    use serde_json::{Value, json};
    use zaptor_actors::domain::Clock;

    use super::{super::install_crypto, *};

    const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";
    const NOW: i64 = 1_764_000_000;

    fn claims() -> Value {
        json!({
            "iss": "zaptor", "aud": "zaptor-api", "sub": UserId::from_bits(1), "tenant": TenantId::from_bits(2),
            "role": "client", "typ": "access", "iat": NOW, "nbf": NOW, "exp": NOW + 900, "jti": "1",
        })
    }

    fn with(key: &str, value: impl Into<Value>) -> Value {
        let mut claims = claims();
        claims[key] = value.into();
        claims
    }

    fn without(key: &str) -> Value {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove(key);
        claims
    }

    fn signed(claims: &Value, kid: Option<&str>, secret: &[u8]) -> String {
        let header = Header {
            kid: kid.map(str::to_owned),
            ..Header::new(Algorithm::HS256)
        };
        encode(&header, claims, &EncodingKey::from_secret(secret)).unwrap()
    }

    fn unsigned(header: &Value, claims: &Value) -> String {
        use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
        format!(
            "{}.{}.",
            BASE64.encode(header.to_string()),
            BASE64.encode(claims.to_string())
        )
    }

    fn tokens() -> AccessTokens {
        install_crypto();
        AccessTokens::new(SECRET, None)
    }

    #[test]
    fn what_is_issued_is_taken_until_its_last_second() {
        let tokens = tokens();
        let ids = IdSource::seeded(Clock::system(), 1);
        let now = Timestamp::from_millis(NOW * 1_000);
        let (user, tenant) = (UserId::from_bits(1), TenantId::from_bits(2));
        let life = Duration::from_secs(900);
        let token = tokens.issue(user, tenant, Role::Client, now, life, &ids).unwrap();
        let principal = tokens.verify(&token, now).unwrap();
        assert_eq!(principal.tenant, tenant);
        assert_eq!(principal.identity, Identity::User(user));
        assert!(tokens.verify(&token, now.after(Duration::from_secs(899))).is_ok());
        assert_eq!(
            tokens.verify(&token, now.after(life)).unwrap_err(),
            TokenFlaw::Expired
        );
    }

    #[test]
    fn bad_tokens_by_table() {
        let tokens = tokens();
        let kid = key_id(SECRET);
        let good = |claims: &Value| signed(claims, Some(&kid), SECRET);
        let whole = good(&claims());
        let (head, _) = whole.rsplit_once('.').unwrap();
        let rows = [
            ("wrong issuer", good(&with("iss", "other")), TokenFlaw::Foreign),
            ("wrong audience", good(&with("aud", "other")), TokenFlaw::Foreign),
            ("wrong type", good(&with("typ", "refresh")), TokenFlaw::Foreign),
            ("no issuer", good(&without("iss")), TokenFlaw::Foreign),
            ("no audience", good(&without("aud")), TokenFlaw::Foreign),
            ("no expiry", good(&without("exp")), TokenFlaw::Foreign),
            ("no tenant", good(&without("tenant")), TokenFlaw::Foreign),
            ("unknown role", good(&with("role", "root")), TokenFlaw::Foreign),
            ("expired", good(&with("exp", NOW)), TokenFlaw::Expired),
            ("not yet valid", good(&with("nbf", NOW + 60)), TokenFlaw::Early),
            ("no kid", signed(&claims(), None, SECRET), TokenFlaw::Foreign),
            (
                "unknown kid",
                signed(&claims(), Some("0"), SECRET),
                TokenFlaw::Foreign,
            ),
            (
                "another's secret",
                signed(&claims(), Some(&kid), b"x"),
                TokenFlaw::Foreign,
            ),
            (
                "no algorithm",
                unsigned(&json!({"alg": "none", "kid": kid}), &claims()),
                TokenFlaw::Foreign,
            ),
            (
                "another algorithm",
                unsigned(&json!({"alg": "RS256", "kid": kid}), &claims()),
                TokenFlaw::Foreign,
            ),
            ("no signature", format!("{head}."), TokenFlaw::Foreign),
            (
                "cut short",
                whole[..whole.len() - 1].to_owned(),
                TokenFlaw::Foreign,
            ),
            ("two parts", head.to_owned(), TokenFlaw::Foreign),
            ("empty", String::new(), TokenFlaw::Foreign),
            ("noise", "a.b.c".to_owned(), TokenFlaw::Foreign),
        ];
        let now = Timestamp::from_millis(NOW * 1_000);
        assert!(tokens.verify(&whole, now).is_ok());
        for (name, token, flaw) in rows {
            assert_eq!(tokens.verify(&token, now).unwrap_err(), flaw, "{name}");
        }
    }

    #[test]
    fn a_token_of_the_previous_secret_is_taken_while_it_is_rotated() {
        install_crypto();
        let old = AccessTokens::new(SECRET, None);
        let ids = IdSource::seeded(Clock::system(), 1);
        let now = Timestamp::from_millis(NOW * 1_000);
        let life = Duration::from_secs(60);
        let token = old
            .issue(
                UserId::from_bits(1),
                TenantId::from_bits(2),
                Role::Admin,
                now,
                life,
                &ids,
            )
            .unwrap();
        let new = b"another secret of thirty-two by.";
        assert!(AccessTokens::new(new, Some(SECRET)).verify(&token, now).is_ok());
        assert!(AccessTokens::new(new, None).verify(&token, now).is_err());
    }
}
