//! Speaks the REST API for the client commands.

use std::io::Write;
use std::sync::Mutex;
use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response, StatusCode, header};
use serde_json::{Value, json};
use url::Url;

use super::args::Service;
use super::credentials::{self, Credentials, Pass};
use super::failure::Failure;

const DEFAULT_URL: &str = "http://127.0.0.1:7880";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// For what may be large.
const TRANSFER_TIMEOUT: Duration = Duration::from_secs(600);

/// A connection to one service, with the way in.
#[derive(Debug)]
pub(super) struct Client {
    base: Url,
    http: reqwest::Client,
    pass: Mutex<Option<Pass>>,
    /// Whether the way in came from the credentials file, and so a renewed one goes back there.
    remembered: bool,
}

impl Client {
    /// Takes address and key from flags or environment, else from the credentials file. A remembered way in is only
    /// used with the address that it was given by.
    pub(super) fn new(service: &Service) -> Result<Self, Failure> {
        let remembered = credentials::read();
        let url = service
            .url
            .clone()
            .or_else(|| remembered.as_ref().map(|known| known.url.clone()));
        let url = url.unwrap_or_else(|| DEFAULT_URL.to_owned());
        let base = parse_url(&url)?;
        let same = |known: &Credentials| parse_url(&known.url).is_ok_and(|known| known == base);
        let (pass, remembered) = match (&service.api_key, remembered) {
            (Some(api_key), _) => (
                Some(Pass::Key {
                    api_key: api_key.clone(),
                }),
                false,
            ),
            (None, Some(known)) if same(&known) => (Some(known.pass), true),
            _ => (None, false),
        };
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            .user_agent(concat!("zaptor-cli/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Failure::machine("cannot speak HTTP", error))?;
        Ok(Self {
            base,
            http,
            pass: Mutex::new(pass),
            remembered,
        })
    }

    /// The address, without a slash at its end.
    pub(super) fn url(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// What goes behind `Bearer`, if there is anything.
    pub(super) fn bearer(&self) -> Option<String> {
        self.pass
            .lock()
            .ok()?
            .as_ref()
            .map(|pass| pass.bearer().to_owned())
    }

    /// GET of JSON. `path` begins with `/`; `query` leaves out what is `None`.
    pub(super) async fn get(&self, path: &str, query: &[(&str, Option<String>)]) -> Result<Value, Failure> {
        let mut url = self.at(path)?;
        for (name, value) in query {
            if let Some(value) = value {
                url.query_pairs_mut().append_pair(name, value);
            }
        }
        read_json(self.send(|| self.http.get(url.clone())).await?).await
    }

    /// POST of JSON, or of nothing.
    pub(super) async fn post(&self, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        self.post_once(path, body, None).await
    }

    /// POST of JSON under an idempotency key.
    pub(super) async fn post_once(
        &self,
        path: &str,
        body: Option<&Value>,
        idempotency_key: Option<&str>,
    ) -> Result<Value, Failure> {
        let url = self.at(path)?;
        let request = || {
            let mut request = self.http.post(url.clone());
            if let Some(key) = idempotency_key {
                request = request.header("Idempotency-Key", key);
            }
            match body {
                Some(body) => request.json(body),
                None => request,
            }
        };
        read_json(self.send(request).await?).await
    }

    /// PATCH of JSON.
    pub(super) async fn patch(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        let url = self.at(path)?;
        let request = || self.http.request(Method::PATCH, url.clone()).json(body);
        read_json(self.send(request).await?).await
    }

    /// DELETE; the answer, or null where there is none.
    pub(super) async fn delete(&self, path: &str) -> Result<Value, Failure> {
        let url = self.at(path)?;
        read_json(
            self.send(|| self.http.request(Method::DELETE, url.clone()))
                .await?,
        )
        .await
    }

    /// GET of something that is not JSON.
    pub(super) async fn get_bytes(&self, path: &str, accept: &str) -> Result<Vec<u8>, Failure> {
        let url = self.at(path)?;
        let answer = self
            .send(|| self.http.get(url.clone()).header(header::ACCEPT, accept))
            .await?;
        let bytes = answer.bytes().await.map_err(|error| self.unreachable(&error))?;
        Ok(bytes.to_vec())
    }

    /// GET of something large, written piece by piece. `secret` goes in a header, where no log shows it.
    pub(super) async fn get_into(
        &self,
        path: &str,
        secret: (&str, &str),
        to: &mut impl Write,
    ) -> Result<(), Failure> {
        let url = self.at(path)?;
        let request = || {
            let get = self.http.get(url.clone()).timeout(TRANSFER_TIMEOUT);
            get.header(secret.0, hidden(secret.1))
        };
        let mut answer = self.send(request).await?;
        loop {
            let piece = answer.chunk().await.map_err(|error| self.unreachable(&error))?;
            let Some(piece) = piece else { return Ok(()) };
            to.write_all(&piece)
                .map_err(|error| Failure::machine("cannot write", error))?;
        }
    }

    /// POST of bytes.
    pub(super) async fn post_bytes(
        &self,
        path: &str,
        secret: (&str, &str),
        bytes: Vec<u8>,
    ) -> Result<Value, Failure> {
        let (url, bytes) = (self.at(path)?, bytes::Bytes::from(bytes));
        let request = || {
            self.http
                .post(url.clone())
                .timeout(TRANSFER_TIMEOUT)
                .header(secret.0, hidden(secret.1))
                .header(header::CONTENT_TYPE, "application/octet-stream")
                .body(bytes.clone())
        };
        read_json(self.send(request).await?).await
    }

    /// The id of an account that is named by id or by name.
    pub(super) async fn account_id(&self, which: &str) -> Result<String, Failure> {
        if which.starts_with("acc_") {
            return Ok(which.to_owned());
        }
        let named: Vec<Value> = self
            .accounts()
            .await?
            .into_iter()
            .filter(|account| account["name"] == which)
            .collect();
        match named.as_slice() {
            [only] => Ok(only["id"].as_str().unwrap_or_default().to_owned()),
            [] => Err(Failure::Usage(format!(
                "no account is called {which}; `zaptor account list` shows them"
            ))),
            _ => Err(Failure::Usage(format!(
                "several accounts are called {which}; use the id"
            ))),
        }
    }

    /// Every account, over as many pages as there are.
    pub(super) async fn accounts(&self) -> Result<Vec<Value>, Failure> {
        let mut accounts = Vec::new();
        let mut after = None;
        loop {
            let query = [("limit", Some("200".to_owned())), ("after", after)];
            let mut page = self.get("/v1/accounts", &query).await?;
            accounts.extend(
                page["data"]
                    .as_array_mut()
                    .map(std::mem::take)
                    .unwrap_or_default(),
            );
            after = page["next"].as_str().map(str::to_owned);
            if after.is_none() {
                return Ok(accounts);
            }
        }
    }

    fn at(&self, path: &str) -> Result<Url, Failure> {
        let text = format!("{}{path}", self.url());
        Url::parse(&text).map_err(|error| Failure::Usage(format!("{text} is no address: {error}")))
    }

    /// Sends what `request` makes. A login that has run out is renewed once.
    async fn send(&self, request: impl Fn() -> RequestBuilder) -> Result<Response, Failure> {
        let answer = self.send_as_is(request()).await?;
        if answer.status() == StatusCode::UNAUTHORIZED && self.renew().await? {
            return succeed(self.send_as_is(request()).await?).await;
        }
        succeed(answer).await
    }

    async fn send_as_is(&self, mut request: RequestBuilder) -> Result<Response, Failure> {
        if let Some(token) = self.bearer() {
            request = request.bearer_auth(token);
        }
        request.send().await.map_err(|error| self.unreachable(&error))
    }

    /// Takes a new access token for the refresh token and remembers both. `false` if there is nothing to renew.
    async fn renew(&self) -> Result<bool, Failure> {
        let refresh_token = match self.pass.lock().ok().as_deref() {
            Some(Some(Pass::Login { refresh_token, .. })) => refresh_token.clone(),
            _ => return Ok(false),
        };
        let body = json!({ "refresh_token": refresh_token });
        let request = self.http.post(self.at("/v1/auth/refresh")?).json(&body);
        let answer = request.send().await.map_err(|error| self.unreachable(&error))?;
        if !answer.status().is_success() {
            return Ok(false);
        }
        let pass = login_pass(&read_json(answer).await?)?;
        if self.remembered {
            credentials::write(&Credentials {
                url: self.url().to_owned(),
                pass: pass.clone(),
            })?;
        }
        if let Ok(mut held) = self.pass.lock() {
            *held = Some(pass);
        }
        Ok(true)
    }

    fn unreachable(&self, error: &reqwest::Error) -> Failure {
        let why = if error.is_timeout() {
            "it does not answer"
        } else {
            "no connection"
        };
        let detail = deepest_cause(error);
        Failure::Unreachable(format!(
            "cannot reach {}: {why} ({detail}). `zaptor up` starts one here",
            self.url()
        ))
    }
}

/// What a login or a renewal answered, as a way in.
pub(super) fn login_pass(answer: &Value) -> Result<Pass, Failure> {
    let text = |name: &str| answer[name].as_str().map(str::to_owned);
    match (text("access_token"), text("refresh_token")) {
        (Some(access_token), Some(refresh_token)) => Ok(Pass::Login {
            access_token,
            refresh_token,
        }),
        _ => Err(Failure::Here(
            "the service answered without tokens; is it a Zaptor?".to_owned(),
        )),
    }
}

/// A header's value that is never printed.
fn hidden(secret: &str) -> header::HeaderValue {
    let mut value =
        header::HeaderValue::from_str(secret).unwrap_or_else(|_| header::HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

fn parse_url(text: &str) -> Result<Url, Failure> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(url),
        Ok(_) => Err(Failure::Usage(format!(
            "{text} must begin with http:// or https://"
        ))),
        Err(error) => Err(Failure::Usage(format!("{text} is no address: {error}"))),
    }
}

/// The answer itself if it is a success, else its problem document.
async fn succeed(answer: Response) -> Result<Response, Failure> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let request_id = answer
        .headers()
        .get("x-request-id")
        .and_then(|id| id.to_str().ok())
        .map(str::to_owned);
    let body = answer.text().await.unwrap_or_default();
    let problem = serde_json::from_str(&body)
        .ok()
        .filter(Value::is_object)
        .unwrap_or_else(|| {
            // Something between us and Zaptor answered.
            json!({
                "title": status.to_string(),
                "status": status.as_u16(),
                "detail": format!("answered with {status}"),
                "code": "http_error",
                "request_id": request_id,
            })
        });
    Err(Failure::Refused(problem))
}

async fn read_json(answer: Response) -> Result<Value, Failure> {
    let text = answer
        .text()
        .await
        .map_err(|error| Failure::Unreachable(error.to_string()))?;
    if text.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(&text)
        .map_err(|error| Failure::machine("the service did not answer with JSON", error))
}

fn deepest_cause(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), deepest_cause)
}
