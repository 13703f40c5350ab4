//! How an answer leaves hyper: a handler that sees [`CanLeave`] may answer with [`Leaving`], and the connection's task
//! takes its socket back, writes the answer's head and gives the socket away.

use std::net::TcpStream;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::response::Parts;
use axum::response::Response;

use crate::availability::Listener;

/// On requests whose connection can be given away: HTTP/1.1, no proxying tunnel.
#[derive(Clone, Copy, Debug)]
pub struct CanLeave;

/// On answers: the body goes to this listener, past hyper.
#[derive(Clone, Debug)]
pub struct Leaving(Arc<Mutex<Option<Listener>>>);

impl Leaving {
    /// For this listener.
    #[must_use]
    pub fn new(listener: Listener) -> Self {
        Self(Arc::new(Mutex::new(Some(listener))))
    }

    fn take(&self) -> Option<Listener> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// An answer on its way out of hyper.
pub(super) struct Departure {
    parts: Parts,
    listener: Listener,
}

impl Departure {
    /// Takes the departure out of an answer; the answer itself where it is an ordinary one.
    #[expect(clippy::result_large_err, reason = "the other way on is the common one, not an error to be carried along")]
    pub(super) fn of(response: Response) -> Result<Self, Response> {
        let Some(listener) = response.extensions().get::<Leaving>().and_then(Leaving::take) else {
            return Err(response);
        };
        Ok(Self { parts: response.into_parts().0, listener })
    }

    /// Writes the head, the date being `date`, and begins. The socket must not block.
    pub(super) fn depart(self, socket: TcpStream, date: &str) {
        let mut head = format!("HTTP/1.1 {}\r\n", self.parts.status).into_bytes();
        for (name, value) in &self.parts.headers {
            // The body's framing is ours to say.
            if !matches!(name.as_str(), "content-length" | "transfer-encoding" | "connection" | "date") {
                head.extend_from_slice(name.as_str().as_bytes());
                head.extend_from_slice(b": ");
                head.extend_from_slice(value.as_bytes());
                head.extend_from_slice(b"\r\n");
            }
        }
        head.extend_from_slice(
            format!("date: {date}\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n").as_bytes(),
        );
        self.listener.onto(socket, &head);
    }
}
