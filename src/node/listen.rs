use super::log::os_text;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, ToSocketAddrs};

/// Which addresses an instance may listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindPolicy {
    /// What `bind` says.
    AsConfigured,
    /// 127.0.0.1 alone, whatever `bind` says: the lab never opens a door to the network.
    LoopbackOnly,
}

/// Listening failed; nothing is left bound.
#[derive(Debug)]
pub struct ListenError {
    /// The warning that Redis logs for the address that failed.
    pub line: String,
    pub error: io::Error,
}

/// Sockets that listen, and the warnings about addresses that were left out.
#[derive(Debug, Default)]
pub struct Listening {
    pub sockets: Vec<TcpListener>,
    pub warnings: Vec<String>,
}

/// Listens on `port` at every address of `bind` (`*`, `-::*`, `127.0.0.1`, ...; a leading `-`
/// lets an address be absent on this machine). Port 0 listens nowhere, as in Redis.
pub fn listen(
    bind: &[String],
    port: u16,
    backlog: i32,
    policy: BindPolicy,
) -> Result<Listening, ListenError> {
    let mut out = Listening::default();
    if port == 0 {
        return Ok(out);
    }
    let loopback = ["127.0.0.1".to_owned()];
    let bind = match policy {
        BindPolicy::AsConfigured => bind,
        BindPolicy::LoopbackOnly => &loopback,
    };
    for name in bind {
        let (optional, host) = match name.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, name.as_str()),
        };
        match listen_one(host, port, backlog) {
            Ok(socket) => out.sockets.push(socket),
            Err(error) => {
                let line = format!(
                    "Warning: Could not create server TCP listening socket {host}:{port}: {}",
                    reason(&error)
                );
                let code = error.raw_os_error();
                let absent = code == Some(libc::EADDRNOTAVAIL) && optional;
                let no_family = [
                    libc::ENOPROTOOPT,
                    libc::EPROTONOSUPPORT,
                    libc::ESOCKTNOSUPPORT,
                    libc::EPFNOSUPPORT,
                    libc::EAFNOSUPPORT,
                ]
                .iter()
                .any(|c| code == Some(*c));
                if absent || no_family {
                    out.warnings.push(line);
                } else {
                    return Err(ListenError { line, error });
                }
            }
        }
    }
    Ok(out)
}

fn reason(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(libc::EADDRINUSE | libc::EADDRNOTAVAIL | libc::EACCES) => {
            format!("bind: {}", os_text(error))
        }
        _ => os_text(error),
    }
}

fn listen_one(host: &str, port: u16, backlog: i32) -> io::Result<TcpListener> {
    let addr = match host {
        "*" => SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port),
        "::*" => SocketAddr::new(IpAddr::V6(std::net::Ipv6Addr::UNSPECIFIED), port),
        _ => (host, port)
            .to_socket_addrs()?
            .next()
            .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "Name or service not known"))?,
    };
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    if addr.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // A restart must not wait for the old connections' TIME_WAIT.
    socket.set_reuse_address(true)?;
    socket.bind(&addr.into())?;
    socket.listen(backlog)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::{BindPolicy, listen};
    use std::net::TcpListener;

    #[test]
    fn listen_reports_a_taken_port_as_redis_does() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("bind");
        let port = taken.local_addr().expect("addr").port();
        let failed = listen(&["127.0.0.1".into()], port, 16, BindPolicy::AsConfigured)
            .expect_err("the port is taken");
        assert_eq!(
            failed.line,
            format!(
                "Warning: Could not create server TCP listening socket 127.0.0.1:{port}: \
                 bind: Address already in use"
            )
        );
    }

    #[test]
    fn listen_policy_overrides_the_conf() {
        let free = TcpListener::bind("127.0.0.1:0").expect("bind");
        let port = free.local_addr().expect("addr").port();
        drop(free);
        let got = listen(&["*".into()], port, 16, BindPolicy::LoopbackOnly).expect("listens");
        assert_eq!(got.sockets.len(), 1);
        assert!(got.sockets[0].local_addr().expect("addr").ip().is_loopback());
    }

    #[test]
    fn listen_forgives_an_optional_address_only() {
        // 192.0.2.0/24 is reserved for documentation: no machine has it.
        let free = TcpListener::bind("127.0.0.1:0").expect("bind");
        let port = free.local_addr().expect("addr").port();
        drop(free);
        let bind = ["127.0.0.1".to_owned(), "-192.0.2.7".to_owned()];
        let got = listen(&bind, port, 16, BindPolicy::AsConfigured).expect("optional");
        assert_eq!((got.sockets.len(), got.warnings.len()), (1, 1));
        drop(got);
        let bind = ["127.0.0.1".to_owned(), "192.0.2.7".to_owned()];
        assert!(listen(&bind, port, 16, BindPolicy::AsConfigured).is_err());
    }

    #[test]
    fn listen_on_port_zero_listens_nowhere() {
        let got = listen(&["*".into()], 0, 16, BindPolicy::AsConfigured).expect("nothing to do");
        assert!(got.sockets.is_empty());
    }
}
