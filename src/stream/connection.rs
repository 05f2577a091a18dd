//! The connection under a request, as far as it must be ended from outside.
//!
//! A peer that does not read stalls the task that serves it: nothing inside that task can end it. The kernel does after
//! a time, and the hub can at once.

use std::{
    any::Any,
    net::Shutdown,
    os::fd::{AsFd as _, OwnedFd},
    sync::Arc,
    time::Duration,
};

use actix_web::{dev::Extensions, rt::net::TcpStream};
use socket2::SockRef;

/// How long the kernel tries to get bytes to a peer that takes none.
const USER_TIMEOUT: Duration = Duration::from_secs(30);

/// Ends a connection from outside of its task.
#[derive(Clone)]
pub(super) struct Cut(Arc<OwnedFd>);

impl Cut {
    pub(super) fn now(&self) {
        // An error means that it is over already.
        let _ = SockRef::from(&*self.0).shutdown(Shutdown::Both);
    }
}

/// For `HttpServer::on_connect`: bounds how long a dead peer holds a connection, sends small answers at once, and keeps a
/// handle with which streams can be cut.
pub fn on_connect(connection: &dyn Any, extensions: &mut Extensions) {
    let Some(stream) = connection.downcast_ref::<TcpStream>() else {
        return;
    };
    let socket = SockRef::from(stream);
    let set = socket
        .set_tcp_user_timeout(Some(USER_TIMEOUT))
        .and_then(|()| socket.set_tcp_nodelay(true));
    if let Err(error) = set {
        tracing::debug!(target: "zaptor::stream", %error, "a connection took no options");
    }
    if let Ok(fd) = stream.as_fd().try_clone_to_owned() {
        extensions.insert(Cut(Arc::new(fd)));
    }
}
