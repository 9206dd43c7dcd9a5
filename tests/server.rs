//! `synclab server` as a process: what scripts and supervisors of redis-server rely on.

mod nodekit;

use nodekit::{Client, Reply, until};
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_synclab");

fn temp() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temp dir")
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}

fn server(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.arg("server").args(args).current_dir(dir).stdin(Stdio::null());
    command
}

fn output(command: &mut Command) -> Output {
    command.output().expect("the program runs")
}

/// A server in the foreground; killed when the test ends early.
struct Running {
    child: Child,
    port: u16,
}

impl Running {
    fn start(dir: &Path, args: &[&str]) -> Running {
        let port = free_port();
        let log = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(dir.join("stdout"))
            .expect("a file for its output");
        let child = server(dir, args)
            .args(["--port", &port.to_string()])
            .stdout(log)
            .spawn()
            .expect("the program runs");
        let running = Running { child, port };
        until("it listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        running
    }

    fn client(&self) -> Client {
        Client::connect(self.port)
    }

    fn signal(&self, signal: i32) {
        send_signal(self.child.id(), signal);
    }

    fn code(&mut self) -> Option<i32> {
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn send_signal(pid: u32, signal: i32) {
    let pid = libc::pid_t::try_from(pid).expect("a pid");
    // SAFETY: the pid is that of a process that this test started and has not waited for.
    assert_eq!(unsafe { libc::kill(pid, signal) }, 0, "the process is there");
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn server_version_help_and_refusals() {
    let dir = temp();
    let version = output(&mut server(dir.path(), &["-v"]));
    assert_eq!(version.status.code(), Some(0));
    assert!(text(&version.stdout).starts_with("Redis server v=7.0.15 "));
    let help = output(&mut server(dir.path(), &["--help"]));
    assert_eq!(help.status.code(), Some(1));
    assert!(text(&help.stderr).starts_with("Usage: "));
    let sentinel = output(&mut server(dir.path(), &["x.conf", "--sentinel"]));
    assert_eq!(sentinel.status.code(), Some(1));
    assert!(text(&sentinel.stderr).contains("redis-sentinel"));
}

#[test]
fn server_fatal_config_errors() {
    let dir = temp();
    let bad = output(&mut server(dir.path(), &["--port", "0x", "--nonsense", "1"]));
    assert_eq!(bad.status.code(), Some(1));
    assert_eq!(
        text(&bad.stderr),
        "\n*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***\nReading the configuration file, at \
         line 2\n>>> 'port \"0x\"'\nargument couldn't be parsed into an integer\n"
    );
    let gone = output(&mut server(dir.path(), &["/no/such.conf"]));
    assert_eq!(gone.status.code(), Some(1));
    assert!(
        text(&gone.stdout).ends_with(
            " # Fatal error, can't open config file '/no/such.conf': No such file or directory\n"
        ),
        "{}",
        text(&gone.stdout)
    );
    let log = output(&mut server(dir.path(), &["--logfile", "/no/such/dir/x"]));
    assert_eq!(log.status.code(), Some(1));
    assert!(text(&log.stderr).ends_with("Can't open the log file: No such file or directory\n"));
}

#[test]
fn server_port_taken() {
    let dir = temp();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("its address").port().to_string();
    let out = output(&mut server(dir.path(), &["--port", &port, "--bind", "127.0.0.1"]));
    assert_eq!(out.status.code(), Some(1));
    let said = text(&out.stdout);
    assert!(said.contains("oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo"));
    assert!(said.contains(&format!(
        "# Warning: Could not create server TCP listening socket 127.0.0.1:{port}: bind: Address \
         already in use\n"
    )));
    assert!(said.ends_with(&format!("# Failed listening on port {port} (TCP), aborting.\n")));
}

#[test]
fn server_takes_its_conf_from_standard_input() {
    let dir = temp();
    let port = free_port();
    let mut child = server(dir.path(), &["-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the program runs");
    let conf = format!("port {port}\nmaxclients 77\nlogfile from-stdin.log\n");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(conf.as_bytes()).expect("it reads");
    drop(stdin);
    let mut running = Running { child, port };
    until("it listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
    let reply = running.client().call("CONFIG GET maxclients");
    assert_eq!(reply, Reply::Array(vec![Reply::bulk("maxclients"), Reply::bulk("77")]));
    running.signal(libc::SIGTERM);
    assert_eq!(running.code(), Some(0));
    assert!(dir.path().join("from-stdin.log").exists());
}

#[test]
fn server_prints_the_lines_that_harnesses_wait_for() {
    let dir = temp();
    let mut running = Running::start(
        dir.path(),
        &["--always-show-logo", "yes", "--logfile", "", "--pidfile", "/var/no/such/redis.pid"],
    );
    let said = || std::fs::read_to_string(dir.path().join("stdout")).expect("its output");
    until("it is ready", || said().contains("* Ready to accept connections\n"));
    let pid = running.child.id();
    assert!(said().contains(&format!(" PID: {pid}\n")), "{}", said());
    assert!(said().contains(&format!("pid={pid}, just started\n")));
    assert!(said().contains("# Configuration loaded\n"));
    assert!(said().contains("# Server initialized\n"));
    running.signal(libc::SIGTERM);
    assert_eq!(running.code(), Some(0));
    assert!(said().contains("# Redis is now ready to exit, bye bye...\n"), "{}", said());
    assert!(said().contains(&format!("{pid}:signal-handler (")));
    assert!(said().contains(") Received SIGTERM scheduling shutdown...\n"));
}

#[test]
fn server_told_to_leave_saves_and_comes_back_with_its_keys() {
    let dir = temp();
    let mut running = Running::start(dir.path(), &["--save", "900 1"]);
    assert_eq!(running.client().call("SET name xd"), Reply::ok());
    // SIGHUP is what a closed terminal sends: ignored.
    running.signal(libc::SIGHUP);
    assert_eq!(running.client().call("GET name"), Reply::bulk("xd"));
    running.signal(libc::SIGTERM);
    assert_eq!(running.code(), Some(0));
    assert!(dir.path().join("dump.rdb").exists());

    let mut again = Running::start(dir.path(), &["--save", "900 1"]);
    let mut client = again.client();
    until("the dump is loaded", || client.call("GET name") == Reply::bulk("xd"));
    assert_eq!(client.call("SET name yd"), Reply::ok());
    again.signal(libc::SIGKILL);
    assert_eq!(again.code(), None);

    let third = Running::start(dir.path(), &["--save", "900 1"]);
    let mut client = third.client();
    until("the old dump is loaded", || client.call("GET name") == Reply::bulk("xd"));
}

#[test]
fn server_without_save_points_saves_nothing() {
    let dir = temp();
    let mut running = Running::start(dir.path(), &["--save", ""]);
    assert_eq!(running.client().call("SET name xd"), Reply::ok());
    running.signal(libc::SIGINT);
    assert_eq!(running.code(), Some(0));
    assert!(!dir.path().join("dump.rdb").exists());
}

#[test]
fn server_second_interrupt_leaves_at_once() {
    let dir = temp();
    let mut running = Running::start(dir.path(), &["--enable-debug-command", "yes"]);
    let mut client = running.client();
    assert_eq!(client.call("PING"), Reply::Simple("PONG".to_owned()));
    client.send(&[b"DEBUG", b"SLEEP", b"1000"]);
    // Asleep, it answers nobody.
    let mut probe = running.client();
    probe.stream.set_read_timeout(Some(std::time::Duration::from_millis(200))).expect("a time-out");
    probe.send(&[b"PING"]);
    let said = || std::fs::read_to_string(dir.path().join("stdout")).expect("its output");
    running.signal(libc::SIGINT);
    until("the first is taken", || said().contains("Received SIGINT scheduling shutdown..."));
    running.signal(libc::SIGINT);
    assert_eq!(running.code(), Some(1));
    assert!(said().contains("You insist... exiting now.\n"));
}

#[test]
fn server_by_the_name_of_redis_server() {
    let dir = temp();
    let link = dir.path().join("redis-server");
    std::os::unix::fs::symlink(PROGRAM, &link).expect("a link");
    let out = output(Command::new(&link).arg("--version"));
    assert!(text(&out.stdout).starts_with("Redis server v=7.0.15 "));
    let out = output(Command::new(PROGRAM).arg0("/usr/bin/redis-server").arg("-v"));
    assert_eq!(out.status.code(), Some(0));
}

#[test]
fn server_runs_the_conf_of_the_walk_through() {
    let dir = temp();
    let home = dir.path().join("6380");
    std::fs::create_dir(&home).expect("mkdir");
    let (port, at) = (free_port(), home.to_str().expect("utf-8"));
    let conf = format!(
        "port {port}\ndaemonize yes\npidfile {at}/redis.pid\nloglevel notice\n\
         logfile \"{at}/redis.log\"\ndbfilename dump.rdb\ndir {at}\nprotected-mode no\n"
    );
    let path = home.join("redis.conf");
    std::fs::write(&path, conf).expect("written");
    // The program comes back at once, the server goes on without it.
    let out = output(&mut server(dir.path(), &[path.to_str().expect("utf-8")]));
    assert_eq!((out.status.code(), text(&out.stdout).as_str()), (Some(0), ""));
    let log = || std::fs::read_to_string(home.join("redis.log")).unwrap_or_default();
    until("it is ready", || log().contains("Ready to accept connections"));
    let pid: u32 = std::fs::read_to_string(home.join("redis.pid"))
        .expect("the pidfile")
        .trim()
        .parse()
        .expect("a pid");
    assert!(log().contains(&format!("pid={pid}, just started")));

    let mut client = Client::connect(port);
    assert_eq!(client.call("SET name xd"), Reply::ok());
    let reply = client.call("CONFIG GET dir");
    let real = home.canonicalize().expect("real");
    assert_eq!(
        reply,
        Reply::Array(vec![Reply::bulk("dir"), Reply::bulk(real.to_str().expect("utf-8"))])
    );
    client.send(&[b"SHUTDOWN"]);
    assert!(client.is_closed());
    until("the pidfile goes", || !home.join("redis.pid").exists());
    assert!(home.join("dump.rdb").exists(), "the default save points save at the end");
}
