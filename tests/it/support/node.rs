//! A node inside the test: real store, real actors, the simulated engine, a real HTTP port.

use std::{collections::HashMap, net::TcpListener, sync::Arc, time::Duration};

use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use zaptor::{
    auth::{self, Auth, KeyMode, Scopes},
    edge::{self, Edge, Port, Running},
    stream,
};
use zaptor_actors::{
    domain::{
        AccountId, AccountSettings, Clock, EngineKind, IdSource, TenantId, Tokens,
        event::{EventType, NewEvent},
    },
    journal,
    platform::{self, CreateAccount, DataDir, Platform, Secrets},
    session::{
        Engine,
        browser::{self, BrowserEngine},
        simulated::{self, SimulatedEngine, SimulatedNetwork},
    },
    store::people::{self, KeyRow, UserRow},
};

pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// What a test may want different.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) stream: stream::Settings,
    pub(crate) engine: simulated::Settings,
    pub(crate) body_bytes_max: usize,
    pub(crate) access_lifetime: Duration,
    /// A real browser engine beside the simulated one.
    pub(crate) browser: Option<browser::Settings>,
    /// Where the sandbox's control answers; `None`: browser accounts are on the real WhatsApp.
    pub(crate) sandbox_url: Option<String>,
}

impl Default for Plan {
    fn default() -> Self {
        let engine = simulated::Settings {
            auto_link: false,
            sync_ms: 1,
            deliver_ms: 1,
            read_ms: 1,
            ..simulated::Settings::default()
        };
        Self {
            stream: stream::Settings::default(),
            engine,
            body_bytes_max: 262_144,
            access_lifetime: Duration::from_secs(900),
            browser: None,
            sandbox_url: None,
        }
    }
}

/// A running node. [`Node::stop`] ends it in order.
pub(crate) struct Node {
    pub(crate) url: String,
    pub(crate) platform: Arc<Platform>,
    pub(crate) auth: Auth,
    pub(crate) network: SimulatedNetwork,
    pub(crate) client: Client,
    running: Running,
    _folder: TempDir,
}

/// A tenant with a person of each role that it has, and a live key with every scope.
#[derive(Clone, Debug)]
pub(crate) struct Tenant {
    pub(crate) id: TenantId,
    /// Email of its owner.
    pub(crate) client: String,
    /// Email of its administrator.
    pub(crate) admin: String,
    pub(crate) key: String,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// Checks that this is a problem of the contract with this status and code.
    pub(crate) fn assert_problem(&self, status: u16, code: &str, case: &str) {
        assert_eq!(self.status.as_u16(), status, "{case}: {}", self.body);
        assert_eq!(self.header("content-type"), "application/problem+json", "{case}");
        assert_eq!(self.body["code"], code, "{case}: {}", self.body);
        assert_eq!(self.body["status"], status, "{case}");
        assert_eq!(self.body["request_id"], self.header("x-request-id"), "{case}");
        assert_eq!(
            self.body["type"],
            format!("https://zaptor.dev/problems/{code}"),
            "{case}"
        );
        let detail = self.body["detail"].as_str().unwrap();
        assert!(detail.len() > 20, "{case}: a sentence that says what to do");
    }
}

impl Node {
    pub(crate) async fn start(plan: Plan) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::Builder::new().prefix("zaptor-node-").tempdir().unwrap();
        let clock = Clock::system();
        let data = DataDir::take(folder.path()).unwrap();
        let secrets = Secrets::kept_in(data.path(), &IdSource::random(clock.clone())).unwrap();
        let mut settings = platform::Settings::default();
        settings.store.url = format!("sqlite://{}", folder.path().join("zaptor.db").display());
        settings.rate_limit.messages_per_minute = 60_000;
        settings.rate_limit.burst = 1_000;
        let simulated = SimulatedEngine::new(plan.engine, clock.clone());
        let network = simulated.network();
        let mut engines = HashMap::from([(EngineKind::Simulated, Arc::new(simulated) as Arc<dyn Engine>)]);
        if let Some(settings) = plan.browser {
            let browser = BrowserEngine::new(settings, folder.path(), clock.clone()).unwrap();
            engines.insert(EngineKind::Browser, Arc::new(browser));
        }
        let platform = Platform::start(data, settings, engines, secrets, clock)
            .await
            .unwrap();
        let auth = Auth::new(
            auth::Settings {
                signing_secret: platform.secrets.derive("access tokens").to_vec(),
                previous_secret: None,
                pepper: platform.secrets.derive("digests"),
                access_lifetime: plan.access_lifetime,
                refresh_lifetime: Duration::from_secs(3_600),
            },
            platform.store.clone(),
            platform.clock.clone(),
            Arc::clone(&platform.ids),
        );
        let settings = edge::Settings {
            body_bytes_max: plan.body_bytes_max,
            default_engine: EngineKind::Simulated,
            sandbox_url: plan.sandbox_url,
            stream: plan.stream,
        };
        let edge = Edge::new(Arc::clone(&platform), auth.clone(), settings);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let port = Port {
            workers: 1,
            shutdown_timeout_s: 2,
        };
        let running = edge::serve(&edge, listener, port).unwrap();
        let client = Client::builder()
            .timeout(Duration::from_secs(20))
            .build()
            .unwrap();
        Self {
            url,
            platform,
            auth,
            network,
            client,
            running,
            _folder: folder,
        }
    }

    pub(crate) async fn stop(self) {
        self.running.stop().await;
        self.platform.stop().await;
    }

    /// Makes a tenant with so many tokens.
    pub(crate) async fn tenant(&self, name: &str, tokens: i64) -> Tenant {
        let id: TenantId = self.platform.ids.next();
        let person = |role: &str| UserRow {
            id: self.platform.ids.next(),
            tenant: id,
            email: format!("{role}@{name}.example"),
            role: role.to_owned(),
            password_hash: String::new(),
            disabled_at: None,
        };
        let (mut client, mut admin) = (person("client"), person("admin"));
        client.password_hash = auth::hash_password(PASSWORD).await.unwrap();
        admin.password_hash = client.password_hash.clone();
        let tenant = Tenant {
            id,
            client: client.email.clone(),
            admin: admin.email.clone(),
            key: String::new(),
        };
        let (label, at) = (name.to_owned(), self.platform.clock.now());
        self.platform
            .store
            .write(move |tx| {
                Box::pin(async move {
                    people::create_tenant(tx, id, &label, Tokens(100), at).await?;
                    people::create_user(tx, client, at).await?;
                    people::create_user(tx, admin, at).await
                })
            })
            .await
            .unwrap();
        if tokens > 0 {
            self.platform.top_up(id, Tokens(tokens), None).await.unwrap();
        }
        let key = self.key(id, KeyMode::Live, Scopes::of_keys()).await;
        Tenant { key, ..tenant }
    }

    /// Makes a key.
    pub(crate) async fn key(&self, tenant: TenantId, mode: KeyMode, scopes: Scopes) -> String {
        let new = self.auth.new_api_key(mode);
        let row = KeyRow {
            id: self.platform.ids.next(),
            tenant,
            name: "test".to_owned(),
            prefix: new.prefix,
            key_hash: new.hash,
            mode: mode.as_str().to_owned(),
            scopes: scopes.words().into_iter().map(str::to_owned).collect(),
            created_at: self.platform.clock.now(),
            last_used_at: None,
            revoked_at: None,
        };
        self.platform
            .store
            .write(move |tx| Box::pin(async move { people::create_key(tx, row).await }))
            .await
            .unwrap();
        new.plain
    }

    /// Makes an account that nobody links: what is sent through it waits.
    pub(crate) async fn account(&self, tenant: TenantId) -> AccountId {
        self.account_on(tenant, EngineKind::Simulated).await
    }

    /// As [`Node::account`], on this engine. A test node has no browser, so such an account only stands in the store.
    pub(crate) async fn account_on(&self, tenant: TenantId, engine: EngineKind) -> AccountId {
        let create = CreateAccount {
            tenant,
            name: "Shop".to_owned(),
            engine,
            labels: Vec::new(),
            settings: AccountSettings::default(),
        };
        self.platform.create_account(create, None).await.unwrap().id
    }

    /// Writes events into a tenant's journal, as the rooms below do.
    pub(crate) async fn append(
        &self,
        tenant: TenantId,
        kind: EventType,
        account: Option<AccountId>,
        count: i64,
    ) {
        let (ids, at) = (Arc::clone(&self.platform.ids), self.platform.clock.now());
        let events: Vec<NewEvent> = (0..count)
            .map(|n| NewEvent::new(tenant, account, kind, &json!({"n": n, "pad": "x".repeat(200)})))
            .collect();
        self.platform
            .store
            .write(move |tx| Box::pin(async move { journal::append(tx, &ids, at, &events).await }))
            .await
            .unwrap();
    }

    pub(crate) fn request(&self, method: Method, path: &str, credential: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.url));
        if credential.is_empty() {
            request
        } else {
            request.bearer_auth(credential)
        }
    }

    pub(crate) async fn get(&self, path: &str, credential: &str) -> Answer {
        read(self.request(Method::GET, path, credential)).await
    }

    pub(crate) async fn post(&self, path: &str, credential: &str, body: Value) -> Answer {
        read(self.request(Method::POST, path, credential).json(&body)).await
    }

    /// Signs a person in and gives the whole answer.
    pub(crate) async fn log_in(&self, email: &str) -> Value {
        let answer = self
            .post(
                "/v1/auth/login",
                "",
                json!({"email": email, "password": PASSWORD}),
            )
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.body
    }

    pub(crate) async fn access_token(&self, email: &str) -> String {
        self.log_in(email).await["access_token"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Opens the event stream with a key.
    pub(crate) async fn listen(
        &self,
        query: &str,
        key: &str,
    ) -> WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>> {
        use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
        let url = format!("{}/v1/stream?{query}", self.url.replacen("http", "ws", 1));
        let mut request = url.into_client_request().unwrap();
        let headers = request.headers_mut();
        if !key.is_empty() {
            headers.insert("Authorization", format!("Bearer {key}").parse().unwrap());
        }
        headers.insert("Sec-WebSocket-Protocol", "zaptor.v1".parse().unwrap());
        let (socket, answer) = tokio_tungstenite::connect_async(request).await.unwrap();
        assert_eq!(answer.headers()["sec-websocket-protocol"], "zaptor.v1");
        socket
    }
}

/// Sends a request and reads the answer; a body that is not JSON is given as a string.
pub(crate) async fn read(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = response.bytes().await.unwrap();
    let text = || Value::String(String::from_utf8_lossy(&bytes).into_owned());
    let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| text());
    Answer {
        status,
        headers,
        body,
    }
}
