//! `synclab cli` beside the real redis-cli: the same words to the same server, the same bytes back, in
//! the terminal's format and in the pipe's. Without a redis-cli on this machine it says so.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output};
use std::time::{Duration, Instant};

/// One of our servers, ended with the test.
struct Server {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Server {
    fn start() -> Server {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_synclab"))
            .args(["server", "--port", &port.to_string(), "--save", "", "--dir"])
            .arg(folder.path())
            .stdout(std::process::Stdio::null())
            .spawn()
            .expect("a server");
        let until = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "the server does not listen");
            std::thread::sleep(Duration::from_millis(10));
        }
        Server { child, port, _folder: folder }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run(program: &str, first: &[&str], port: u16, words: &[&str]) -> Output {
    let port = port.to_string();
    Command::new(program)
        .args(first)
        .args(["-p", &port])
        .args(words)
        .env_remove("REDISCLI_AUTH")
        .output()
        .expect("it runs")
}

#[test]
fn cli_prints_what_redis_cli_prints() {
    if Command::new("redis-cli").arg("--version").output().is_err() {
        eprintln!("no redis-cli here: nothing was compared");
        return;
    }
    let server = Server::start();
    // Commands whose replies differ from time to time are not among them.
    let lines: &[&[&str]] = &[
        &["ping"],
        &["set", "name", "xd"],
        &["get", "name"],
        &["get", "none"],
        &["set", "odd", "a\"b\\c\n\t\u{7}é"],
        &["get", "odd"],
        &[
            "mset", "a", "1", "b", "2", "c", "3", "d", "4", "e", "5", "f", "6", "g", "7", "h", "8",
            "i", "9",
        ],
        &["mget", "a", "b", "c", "d", "e", "f", "g", "h", "i", "none"],
        &["incr", "a"],
        &["incrbyfloat", "a", "0.5"],
        &["ttl", "name"],
        &["command", "info", "get", "nonsense"],
        &["config", "get", "repl-*"],
        &["config", "get", "nonsense"],
        &["scan", "0", "match", "nothing"],
        &["nonsense", "x"],
        &["get"],
        &["incr", "name"],
        &["role"],
        &["info", "replication"],
        &["echo", ""],
        &["-n", "3", "dbsize"],
        &["-r", "2", "incr", "n"],
        &["shutdown", "nonsense"],
    ];
    for words in lines {
        for format in [["--no-raw"].as_slice(), &["--raw"], &["-3", "--no-raw"], &["-3"], &[]] {
            if words[0] == "incr" || words[0] == "incrbyfloat" || words[0] == "-r" {
                // It must find the same number both times.
                run("redis-cli", &[], server.port, &["mset", "a", "1", "n", "0"]);
            }
            let theirs = run("redis-cli", &[], server.port, &[format, words].concat());
            if words[0] == "incr" || words[0] == "incrbyfloat" || words[0] == "-r" {
                run("redis-cli", &[], server.port, &["mset", "a", "1", "n", "0"]);
            }
            let ours = run(
                env!("CARGO_BIN_EXE_synclab"),
                &["cli"],
                server.port,
                &[format, words].concat(),
            );
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let mut expected = text(&theirs.stdout);
            if format.contains(&"--no-raw") {
                // For a terminal INFO's carriage returns are left out: they steer the cursor.
                expected = expected.replace("\r\n", "\n");
            }
            assert_eq!(text(&ours.stdout), expected, "{format:?} {words:?}");
            assert_eq!(ours.status.code(), theirs.status.code(), "{format:?} {words:?}");
        }
    }
}

#[test]
fn cli_says_that_nobody_listens() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let out = run(env!("CARGO_BIN_EXE_synclab"), &["cli"], free, &["ping"]);
    let expected = format!("Could not connect to Redis at 127.0.0.1:{free}: Connection refused\n");
    assert_eq!(String::from_utf8_lossy(&out.stderr), expected);
    assert_eq!(out.status.code(), Some(1));
}
