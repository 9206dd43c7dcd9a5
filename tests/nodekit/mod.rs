//! A small client and instances on threads, for the tests of the real driver.
#![allow(dead_code, reason = "each test program uses its part")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use synclab::node::{
    BindPolicy, Control, ControlTx, FactSink, Gate, Invocation, LogTo, NoSink, NoSteps, NodeSpec,
    OpenGate, Root, SystemClock, boot, control, load, run,
};
use synclab::observe::ExitHow;

/// Nothing in these tests takes longer on a machine that works.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// An instance on a thread of this process.
pub struct Node {
    pub port: u16,
    pub control: ControlTx,
    thread: JoinHandle<ExitHow>,
}

impl Node {
    /// An instance with these lines of redis.conf in `dir`.
    pub fn start(dir: &Path, conf: &str) -> Node {
        Node::start_with(dir, conf, Box::new(NoSink), Arc::new(OpenGate))
    }

    pub fn start_with(
        dir: &Path,
        conf: &str,
        sink: Box<dyn FactSink>,
        gate: Arc<dyn Gate>,
    ) -> Node {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let options = format!("port {port}\nenable-debug-command yes\n{conf}");
        let asked = Invocation { options, configured: true, ..Invocation::default() };
        let cwd = dir.to_str().expect("a path in UTF-8");
        let loaded =
            load(&asked, &Root::host(), cwd, &mut std::io::empty()).expect("the conf is right");
        let spec = NodeSpec {
            boot: boot(&loaded, port, 1),
            loaded,
            listeners: vec![listener],
            warnings: Vec::new(),
            root: Root::host(),
            bind: BindPolicy::LoopbackOnly,
            stdout: LogTo::Nowhere,
        };
        let (control, rx) = control();
        let thread = std::thread::spawn(move || {
            run(spec, rx, sink, gate, Arc::new(NoSteps), Arc::new(SystemClock::new()))
        });
        Node { port, control, thread }
    }

    pub fn client(&self) -> Client {
        Client::connect(self.port)
    }

    pub fn kill(self) -> ExitHow {
        self.control.send(Control::Kill);
        self.wait()
    }

    pub fn wait(self) -> ExitHow {
        self.thread.join().expect("the driver itself does not panic")
    }
}

/// A reply, RESP2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    Simple(String),
    Error(String),
    Int(i64),
    Bulk(Option<Vec<u8>>),
    Array(Vec<Reply>),
}

impl Reply {
    pub fn ok() -> Reply {
        Reply::Simple("OK".to_owned())
    }

    pub fn bulk(text: &str) -> Reply {
        Reply::Bulk(Some(text.as_bytes().to_vec()))
    }
}

pub struct Client {
    pub stream: TcpStream,
    reader: BufReader<TcpStream>,
}

impl Client {
    pub fn connect(port: u16) -> Client {
        Client::over(TcpStream::connect(("127.0.0.1", port)).expect("the server listens"))
    }

    pub fn over(stream: TcpStream) -> Client {
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        stream.set_nodelay(true).expect("nodelay");
        let reader = BufReader::new(stream.try_clone().expect("a second handle"));
        Client { stream, reader }
    }

    pub fn send(&mut self, args: &[&[u8]]) {
        self.stream.write_all(&encode(args)).expect("the server reads");
    }

    pub fn call(&mut self, line: &str) -> Reply {
        let args: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
        self.send(&args);
        self.reply()
    }

    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.reader.read_line(&mut line).expect("a line");
        line.trim_end().to_owned()
    }

    pub fn bytes(&mut self, n: usize) -> Vec<u8> {
        let mut bytes = vec![0; n];
        self.reader.read_exact(&mut bytes).expect("so many bytes");
        bytes
    }

    /// Whether the server has closed the connection; reads what it said before.
    pub fn is_closed(&mut self) -> bool {
        let mut rest = Vec::new();
        // A reset is an end as well: unread input was thrown away.
        match self.reader.read_to_end(&mut rest) {
            Ok(_) => true,
            Err(e) => e.kind() == std::io::ErrorKind::ConnectionReset,
        }
    }

    pub fn reply(&mut self) -> Reply {
        let line = self.line();
        let rest = line.get(1..).unwrap_or_default().to_owned();
        match line.as_bytes().first() {
            Some(b'+') => Reply::Simple(rest),
            Some(b'-') => Reply::Error(rest),
            Some(b':') => Reply::Int(rest.parse().expect("a number")),
            Some(b'$') => match rest.parse::<i64>().expect("a length") {
                -1 => Reply::Bulk(None),
                n => {
                    let n = usize::try_from(n).expect("a length");
                    let bytes = self.bytes(n);
                    self.bytes(2);
                    Reply::Bulk(Some(bytes))
                }
            },
            Some(b'*') => {
                let n: i64 = rest.parse().expect("a length");
                Reply::Array((0..n).map(|_| self.reply()).collect())
            }
            _ => panic!("not a reply: {line:?}"),
        }
    }
}

pub fn encode(args: &[&[u8]]) -> Vec<u8> {
    let mut out = format!("*{}\r\n", args.len()).into_bytes();
    for arg in args {
        out.extend_from_slice(format!("${}\r\n", arg.len()).as_bytes());
        out.extend_from_slice(arg);
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// Asks until it is so. For what no event tells: files of another process, an INFO field.
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
