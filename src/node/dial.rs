use super::log::os_text;
use super::ready::{ReadyQueue, Token};
use crate::engine::effect::DialId;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream, lookup_host};

type Connecting = Pin<Box<dyn Future<Output = io::Result<TcpStream>>>>;

/// How a link lets a dial pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Free,
    /// As a free one, so much later.
    After(Duration),
    /// As if nobody listened there.
    Refused,
    /// Nothing is ever heard of it.
    Nowhere,
}

/// The one connection that an instance may be opening.
pub(super) struct Dialling {
    pub(super) dial: DialId,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) way: Way,
    connecting: Connecting,
    waker: Waker,
}

impl Dialling {
    /// Begins to connect, from the address `source` unless it is empty. A host name is looked up
    /// on a thread of the runtime's.
    pub(super) fn begin(
        ready: &Arc<ReadyQueue>,
        dial: DialId,
        host: String,
        port: u16,
        source: &str,
        way: Way,
    ) -> Dialling {
        let waker = ready.waker(Token::Dial);
        waker.wake_by_ref();
        let source: Option<IpAddr> = source.parse().ok();
        let to = host.clone();
        let connecting: Connecting = Box::pin(async move {
            match way {
                Way::Free => {}
                Way::After(time) => tokio::time::sleep(time).await,
                Way::Refused => return Err(io::Error::from_raw_os_error(libc::ECONNREFUSED)),
                Way::Nowhere => std::future::pending().await,
            }
            if let Some(source) = source
                && let Ok(stream) = connect_from(source, &to, port).await
            {
                return Ok(stream);
            }
            TcpStream::connect((to.as_str(), port)).await
        });
        Dialling { dial, host, port, way, connecting, waker }
    }

    /// The outcome, once; its token is noted when it is worth asking again.
    pub(super) fn poll(&mut self) -> Poll<Result<TcpStream, String>> {
        self.connecting
            .as_mut()
            .poll(&mut Context::from_waker(&self.waker))
            .map(|outcome| outcome.map_err(|e| os_text(&e)))
    }
}

/// `bind-source-addr` is a wish: where it cannot be had, Redis connects without it.
async fn connect_from(source: IpAddr, host: &str, port: u16) -> io::Result<TcpStream> {
    let mut addrs = lookup_host((host, port)).await?;
    let to =
        addrs.find(|a| a.is_ipv4() == source.is_ipv4()).ok_or(io::ErrorKind::AddrNotAvailable)?;
    let socket = if to.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.bind(SocketAddr::new(source, 0))?;
    socket.connect(to).await
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// Where a listener at 127.0.0.1 sees the connection come from.
    fn seen_from(source: &str) -> String {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("bind");
            let port = listener.local_addr().expect("addr").port();
            let ready = Arc::new(ReadyQueue::default());
            let mut dialling =
                Dialling::begin(&ready, DialId(1), "127.0.0.1".into(), port, source, Way::Free);
            let _stream = dialling.connecting.as_mut().await.expect("connects");
            listener.accept().await.expect("accepts").1.ip().to_string()
        })
    }

    #[test]
    fn dial_starts_from_the_source_address_where_it_can() {
        assert_eq!(seen_from(""), "127.0.0.1");
        assert_eq!(seen_from("127.0.0.2"), "127.0.0.2");
        // No machine has this one: it is for documentation.
        assert_eq!(seen_from("192.0.2.7"), "127.0.0.1");
    }
}
