//! One page's WebSocket. A thin shell: it pulls its frames from a bounded channel at the pace of the socket and hands
//! what the page says to the hub. It holds no state of the network and owns no timer: while a socket is stalled its
//! actor is not polled, so nothing here may be what keeps it alive or ends it.

use std::sync::Arc;

use actix::{Actor, ActorContext, AsyncContext, StreamHandler};
use actix_web::{HttpRequest, HttpResponse, web};
use actix_web_actors::ws;
use tokio::sync::mpsc;

use super::hub::Hub;
use crate::sandbox::network::SocketId;

/// The longest frame a page may send, in bytes.
const FRAME_LIMIT: usize = 1024 * 1024;

struct PageSocket {
    hub: Arc<Hub>,
    socket: SocketId,
    /// Until the actor has started.
    frames: Option<mpsc::Receiver<String>>,
}

/// A frame for the page.
struct Outgoing(String);

/// `GET /ws/chat` of the simulated site.
pub(super) async fn open(
    request: HttpRequest,
    body: web::Payload,
    hub: web::Data<Arc<Hub>>,
) -> Result<HttpResponse, actix_web::Error> {
    let hub = Arc::clone(hub.get_ref());
    // Refuse what is no WebSocket before the network hears of it.
    ws::handshake(&request)?;
    let (socket, frames) = hub.connect(request.peer_addr());
    let page = PageSocket {
        hub,
        socket,
        frames: Some(frames),
    };
    ws::WsResponseBuilder::new(page, &request, body)
        .frame_size(FRAME_LIMIT)
        .start()
}

impl Actor for PageSocket {
    type Context = ws::WebsocketContext<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        if let Some(mut frames) = self.frames.take() {
            ctx.add_stream(futures::stream::poll_fn(move |task| {
                frames.poll_recv(task).map(|frame| frame.map(Outgoing))
            }));
        }
    }
}

impl Drop for PageSocket {
    // Not `stopped`: an actor whose connection vanishes may be dropped without it.
    fn drop(&mut self) {
        self.hub.disconnect(self.socket);
    }
}

impl StreamHandler<Outgoing> for PageSocket {
    fn handle(&mut self, frame: Outgoing, ctx: &mut Self::Context) {
        ctx.text(frame.0);
    }

    /// The hub has cut this page: no farewell, as when the network fails.
    fn finished(&mut self, ctx: &mut Self::Context) {
        ctx.stop();
    }
}

impl StreamHandler<Result<ws::Message, ws::ProtocolError>> for PageSocket {
    fn handle(&mut self, message: Result<ws::Message, ws::ProtocolError>, ctx: &mut Self::Context) {
        match message {
            Ok(ws::Message::Text(text)) => self.hub.frame(self.socket, &text),
            Ok(ws::Message::Ping(payload)) => ctx.pong(&payload),
            Ok(ws::Message::Pong(_) | ws::Message::Nop) => {}
            Ok(ws::Message::Close(reason)) => {
                ctx.close(reason);
                ctx.stop();
            }
            // The page's frames are small text; nothing else is part of the protocol.
            Ok(ws::Message::Binary(_) | ws::Message::Continuation(_)) => {
                ctx.close(Some(ws::CloseCode::Unsupported.into()));
                ctx.stop();
            }
            Err(_) => ctx.stop(),
        }
    }
}
