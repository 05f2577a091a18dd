//! What Zaptor is held against, as a careful person would write it with the same crates.

use std::{
    collections::HashSet,
    net::TcpListener,
    path::{Path, PathBuf},
    sync::Arc,
};

use actix::{Actor, ActorContext as _, Addr, AsyncContext as _, Context, Handler, Message, StreamHandler};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use actix_web_actors::ws;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use serde::{Deserialize, Serialize};

use crate::children::say_address;

/// A bare JSON echo: parses, serialises, answers. No authentication, no log, no database.
pub(crate) const ECHO: &str = "echo";
/// A broadcast by the book of actix-web-actors: an actor per socket, a hub that sends every event to each of them, one
/// frame for each socket and event.
pub(crate) const BROADCAST: &str = "broadcast";

/// One write for each socket and event, without a framework: see [`crate::bare_frames`].
pub(crate) const FRAMES: &str = "frames";

/// Every frame of a WebSocket over TLS comes back: the stack of the sandbox's page door, and nothing behind it. After the
/// word and a space comes the folder of its key and certificate.
pub(crate) const TLS_ECHO: &str = "tls-echo";

/// Serves until it is killed. Workers are actix-web's default, as they are Zaptor's: one for each processor.
pub(crate) fn serve(role: &str) {
    crate::numbers::allow_many_files();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    say_address(listener.local_addr().unwrap());
    actix_web::rt::System::new().block_on(async move {
        let server = match role {
            ECHO => HttpServer::new(|| App::new().route("/v1/messages", web::post().to(echo)))
                .listen(listener)
                .unwrap()
                .run(),
            BROADCAST => {
                let hub = web::Data::new(Hub::default().start());
                let app = move || {
                    App::new()
                        .app_data(hub.clone())
                        .route("/v1/stream", web::get().to(join))
                        .route("/v1/messages", web::post().to(publish))
                };
                HttpServer::new(app).listen(listener).unwrap().run()
            }
            role if role.starts_with(TLS_ECHO) => {
                let folder = PathBuf::from(role[TLS_ECHO.len()..].trim());
                HttpServer::new(|| App::new().route("/ws/chat", web::get().to(join_echo)))
                    .workers(1)
                    .listen_rustls_0_23(listener, tls(&folder))
                    .unwrap()
                    .run()
            }
            FRAMES => return crate::bare_frames::serve(listener).await,
            other => panic!("there is no comparator {other}"),
        };
        server.await.unwrap();
    });
}

/// The fields of a message as our clients write it.
#[derive(Deserialize, Serialize)]
struct Body {
    account: String,
    to: String,
    #[serde(rename = "type")]
    kind: String,
    text: Text,
}

#[derive(Deserialize, Serialize)]
struct Text {
    body: String,
}

async fn echo(body: web::Json<Body>) -> HttpResponse {
    HttpResponse::Accepted().json(&*body)
}

/// An event on its way to every socket. It is encoded once; what repeats is the frame and the write.
#[derive(Clone, Message)]
#[rtype(result = "()")]
struct Event(Arc<str>);

#[derive(Message)]
#[rtype(result = "()")]
struct Joined(Addr<Socket>);

#[derive(Message)]
#[rtype(result = "()")]
struct Left(Addr<Socket>);

#[derive(Default)]
struct Hub {
    sockets: HashSet<Addr<Socket>>,
}

impl Actor for Hub {
    type Context = Context<Self>;
}

impl Handler<Joined> for Hub {
    type Result = ();

    fn handle(&mut self, joined: Joined, _: &mut Self::Context) {
        self.sockets.insert(joined.0);
    }
}

impl Handler<Left> for Hub {
    type Result = ();

    fn handle(&mut self, left: Left, _: &mut Self::Context) {
        self.sockets.remove(&left.0);
    }
}

impl Handler<Event> for Hub {
    type Result = ();

    fn handle(&mut self, event: Event, _: &mut Self::Context) {
        self.sockets
            .iter()
            .for_each(|socket| socket.do_send(event.clone()));
    }
}

struct Socket {
    hub: Addr<Hub>,
}

impl Actor for Socket {
    type Context = ws::WebsocketContext<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.hub.do_send(Joined(ctx.address()));
    }
}

impl Handler<Event> for Socket {
    type Result = ();

    fn handle(&mut self, event: Event, ctx: &mut Self::Context) {
        ctx.text(&*event.0);
    }
}

impl StreamHandler<Result<ws::Message, ws::ProtocolError>> for Socket {
    fn handle(&mut self, message: Result<ws::Message, ws::ProtocolError>, ctx: &mut Self::Context) {
        match message {
            Ok(ws::Message::Ping(content)) => ctx.pong(&content),
            Ok(ws::Message::Close(_)) | Err(_) => {
                self.hub.do_send(Left(ctx.address()));
                ctx.stop();
            }
            Ok(_) => {}
        }
    }
}

async fn join(
    hub: web::Data<Addr<Hub>>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, actix_web::Error> {
    ws::start(
        Socket {
            hub: hub.get_ref().clone(),
        },
        &request,
        payload,
    )
}

/// An event of the size of ours, made of a message of the same form.
async fn publish(hub: web::Data<Addr<Hub>>, body: web::Json<Body>) -> HttpResponse {
    let data = serde_json::json!({
        "id": "evt_01JD8ZK7X4M4T2Q6W9B3N5C8VF",
        "seq": 123_456,
        "type": "message.queued",
        "tenant": "ten_01JD8ZK7X4M4T2Q6W9B3N5C8VF",
        "account": body.account,
        "account_seq": 123_456,
        "timestamp": "2026-01-02T03:04:05.678Z",
        "data": {
            "message": "msg_01JD8ZK7X4M4T2Q6W9B3N5C8VF",
            "wa_message_id": "3EB0A1B2C3D4E5F60718293A4B",
            "status": "queued",
            "chat": format!("{}@c.us", body.to),
            "type": "text",
            "cost": 1,
            "cause": null,
            "callback_data": null,
        },
    });
    hub.do_send(Event(Arc::from(data.to_string())));
    HttpResponse::Accepted().json(&*body)
}

fn tls(folder: &Path) -> rustls::ServerConfig {
    let certificate = CertificateDer::from_pem_file(folder.join("certificate.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join("key.pem")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap()
}

struct Echo;

impl Actor for Echo {
    type Context = ws::WebsocketContext<Self>;
}

impl StreamHandler<Result<ws::Message, ws::ProtocolError>> for Echo {
    fn handle(&mut self, message: Result<ws::Message, ws::ProtocolError>, ctx: &mut Self::Context) {
        match message {
            Ok(ws::Message::Text(text)) => ctx.text(text),
            Ok(ws::Message::Close(_)) | Err(_) => ctx.stop(),
            Ok(_) => {}
        }
    }
}

async fn join_echo(request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, actix_web::Error> {
    ws::start(Echo, &request, payload)
}
