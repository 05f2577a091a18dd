//! The event stream: every event of a tenant's journal to every socket that listens, live, without gap or repeat.
//!
//! One tail per tenant reads the journal (woken by the bus), encodes each event once into a ready WebSocket frame and
//! puts it into a ring that all sockets share. A socket owns a cursor and nothing else: behind the ring it reads the
//! journal page by page, within the ring it takes frames; both by number, so that the change from one to the other
//! neither skips nor repeats. What is due within a few milliseconds goes out in one write.
//!
//! The handshake is `actix_web_actors`' own; behind it there is no actor per socket. A `WebsocketContext` takes one
//! message per event and encodes it once per socket, its timers stand still while the peer does not read, and whatever
//! is sent to it is queued without bound. Here the response body itself is the socket: it is polled only when there is
//! room to write, hands out frames that exist already, and queues nothing.
//!
//! Never here: an unbounded queue, a payload sent to an actor, a socket that watches over itself (a stalled one is not
//! polled: the hub watches).

mod client;
mod connection;
mod feed;
mod frames;
mod hub;
mod line;
mod ring;
mod selection;
mod socket;
mod tail;
mod ticket;

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};
use actix_web_actors::ws;
use zaptor_actors::{journal, store::StoreError};

pub use connection::on_connect;
pub use hub::Hub;
pub use selection::Selection;
pub use ticket::Tickets;

use crate::auth::Principal;

/// The WebSocket subprotocol.
const PROTOCOL: &str = "zaptor.v1";

/// How streams behave.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long events are gathered before sockets are written to; zero writes each at once.
    pub flush: Duration,
    /// Events that the ring keeps for sockets that are a little behind.
    pub ring_events: usize,
    /// How often an idle stream shows that it lives; a client that is silent for three of these is cut.
    pub heartbeat: Duration,
    /// How long a socket may stay behind the ring before it is closed with 1013.
    pub lag_patience: Duration,
    /// How long a socket that was told to close may take before its connection is cut.
    pub close_patience: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            flush: Duration::from_millis(5),
            ring_events: 1_024,
            heartbeat: Duration::from_secs(15),
            lag_patience: Duration::from_secs(5),
            close_patience: Duration::from_secs(1),
        }
    }
}

/// Opens a stream. `after`: the last event that the client has; `None` begins with the next one. Gives `None` when the
/// request is no WebSocket handshake.
///
/// # Errors
/// As the store says.
pub(crate) async fn open(
    hub: &Hub,
    request: &HttpRequest,
    payload: web::Payload,
    principal: Principal,
    selection: Selection,
    after: Option<i64>,
) -> Result<Option<HttpResponse>, StoreError> {
    let Ok(mut handshake) = ws::handshake_with_protocols(request, &[PROTOCOL]) else {
        return Ok(None);
    };
    // A cursor beyond the journal's end comes from another database: the `ready` frame tells the client where it is.
    let head = journal::head(hub.reads(), principal.tenant).await?;
    let cursor = after.unwrap_or(head).clamp(0, head);
    let cut = request.conn_data::<connection::Cut>().cloned();
    let seat = hub.join(principal, cursor, cut).await?;
    Ok(Some(handshake.streaming(socket::Socket::new(
        seat, selection, cursor, payload,
    ))))
}
