//! How a person or a service manager asks a running program to end.

use tokio::signal::unix::{SignalKind, signal};

/// Completes at the first SIGINT (Ctrl-C) or SIGTERM. Call it before announcing that the program is ready, or a signal
/// that comes at once ends it without cleaning up.
///
/// # Errors
/// When the system refuses to tell us about signals.
pub fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
