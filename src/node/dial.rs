use super::log::os_text;
use super::ready::{ReadyQueue, Token};
use crate::engine::effect::DialId;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use tokio::net::TcpStream;

type Connecting = Pin<Box<dyn Future<Output = std::io::Result<TcpStream>>>>;

/// The one connection that an instance may be opening.
pub(super) struct Dialling {
    pub(super) dial: DialId,
    connecting: Connecting,
    waker: Waker,
}

impl Dialling {
    /// Begins to connect. A host name is looked up on a thread of the runtime's.
    pub(super) fn begin(
        ready: &Arc<ReadyQueue>,
        dial: DialId,
        host: String,
        port: u16,
    ) -> Dialling {
        let waker = ready.waker(Token::Dial);
        waker.wake_by_ref();
        let connecting = Box::pin(async move { TcpStream::connect((host.as_str(), port)).await });
        Dialling { dial, connecting, waker }
    }

    /// The outcome, once; its token is noted when it is worth asking again.
    pub(super) fn poll(&mut self) -> Poll<Result<TcpStream, String>> {
        self.connecting
            .as_mut()
            .poll(&mut Context::from_waker(&self.waker))
            .map(|outcome| outcome.map_err(|e| os_text(&e)))
    }
}
