//! The walk-through as its page has it, with nothing of the lab: `synclab server` three times with
//! the three conf files, and a real redis-cli that types the lines. The same page is then walked
//! with redis-server in place of ours, and both must have shown the same.

mod real_redis;

use libtest_mimic::{Arguments, Failed};
use real_redis::{free_port, trial};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

fn main() {
    let args = Arguments::from_args();
    let trials = vec![
        trial("the_page_is_walked_with_redis_cli", walk_ours),
        trial("redis_server_shows_the_same", walk_both),
    ];
    libtest_mimic::run(&args, trials).exit();
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Ours,
    Real,
}

/// The three instances of the page, in a folder of their own and on ports of their own.
struct Page {
    kind: Kind,
    data: tempfile::TempDir,
    ports: [u16; 3],
}

impl Page {
    /// `mkdir`, `vim` and `redis-server` of the page.
    fn begin(kind: Kind) -> Result<Page, Failed> {
        let data = tempfile::tempdir()?;
        let ports = [free_port(), free_port(), free_port()];
        let page = Page { kind, data, ports };
        for port in ports {
            let dir = page.dir(port);
            std::fs::create_dir(&dir)?;
            let shown = dir.display();
            let conf = format!(
                "port {port}\ndaemonize yes\npidfile {shown}/redis.pid\nloglevel notice\n\
                 logfile \"{shown}/redis.log\"\ndbfilename dump.rdb\ndir {shown}\n\
                 protected-mode no\n"
            );
            std::fs::write(dir.join("redis.conf"), conf)?;
            let mut command = match kind {
                Kind::Real => Command::new("redis-server"),
                Kind::Ours => {
                    let mut ours = Command::new(env!("CARGO_BIN_EXE_synclab"));
                    ours.arg("server");
                    ours
                }
            };
            let status = command
                .arg(dir.join("redis.conf"))
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()?;
            check("the server goes into the background", status.success())?;
            page.until("it answers", || page.cli(port, &["PING"]).trim() == "PONG")?;
        }
        Ok(page)
    }

    fn dir(&self, port: u16) -> PathBuf {
        self.data.path().join(port.to_string())
    }

    /// A line typed at a shell: `redis-cli -p PORT WORDS`.
    fn cli(&self, port: u16, words: &[&str]) -> String {
        let output = Command::new("redis-cli")
            .args(["-p", &port.to_string()])
            .args(words)
            .stdin(Stdio::null())
            .output()
            .expect("redis-cli runs");
        String::from_utf8_lossy(&output.stdout).replace('\r', "")
    }

    /// Lines typed at redis-cli's prompt.
    fn session(&self, port: u16, lines: &[String]) -> String {
        use std::io::Write;
        let mut child = Command::new("redis-cli")
            .args(["-p", &port.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("redis-cli runs");
        let mut typed = lines.join("\n");
        typed.push('\n');
        if let Some(mut input) = child.stdin.take() {
            // redis-cli may have left already (SHUTDOWN); then there is nobody to read the rest.
            let _ = input.write_all(typed.as_bytes());
        }
        let output = child.wait_with_output().expect("redis-cli ends");
        String::from_utf8_lossy(&output.stdout).replace('\r', "")
    }

    fn field(&self, port: u16, name: &str) -> String {
        let info = self.cli(port, &["info", "replication"]);
        let value = info.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(':'));
        value.unwrap_or("(absent)").to_owned()
    }

    fn until(&self, what: &str, holds: impl Fn() -> bool) -> Result<(), Failed> {
        let end = Instant::now() + Duration::from_secs(30);
        while Instant::now() < end {
            if holds() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(30));
        }
        let logs: Vec<String> = self.ports.iter().map(|p| self.log(*p)).collect();
        Err(format!("{:?}: not within 30 s: {what}\n{}", self.kind, logs.join("\n---\n")).into())
    }

    fn log(&self, port: u16) -> String {
        std::fs::read_to_string(self.dir(port).join("redis.log")).unwrap_or_default()
    }

    fn up(&self, replica: u16) -> Result<(), Failed> {
        self.until("the link is up", || self.field(replica, "master_link_status") == "up")
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        for port in self.ports {
            self.cli(port, &["shutdown", "nosave", "now", "force"]);
            let pid = |dir: &Path| -> Option<libc::pid_t> {
                std::fs::read_to_string(dir.join("redis.pid")).ok()?.trim().parse().ok()
            };
            if let Some(pid) = pid(&self.dir(port)) {
                // SAFETY: a plain system call; the pid file of our own folder names our server.
                unsafe { libc::kill(pid, libc::SIGKILL) };
            }
        }
    }
}

fn check(what: &str, holds: bool) -> Result<(), Failed> {
    if holds { Ok(()) } else { Err(what.into()) }
}

/// What must be the same whoever serves: ports and ids are replaced, times are left out.
fn neutral(page: &Page, text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let moves = ["master_last_io", "master_link_down_since", "slave_read_repl_offset"];
        if moves.iter().any(|m| line.starts_with(m)) {
            continue;
        }
        let mut line = line.to_owned();
        for (i, port) in page.ports.iter().enumerate() {
            line = line.replace(&port.to_string(), &format!("638{i}"));
        }
        let id = |line: &str| line.split(':').nth(1).is_some_and(|v| v.len() == 40);
        if line.starts_with("master_replid") && id(&line) && !line.ends_with("00000000") {
            line = format!("{}:ID", line.split(':').next().unwrap_or_default());
        }
        if let Some(at) = line.find(",lag=") {
            line.truncate(at);
        }
        // A ping may have come in between.
        for moving in ["offset:", "offset=", "histlen:"] {
            if let Some(at) = line.find(moving) {
                line.truncate(at + moving.len());
            }
        }
        out.push_str(&line);
        out.push('\n');
    }
    out
}

/// The page, line by line. Gives what was shown.
fn walk(page: &Page) -> Result<Vec<String>, Failed> {
    let [a, b, c] = page.ports;
    let mut shown = Vec::new();
    for port in [c, b, a] {
        let info = page.cli(port, &["info", "Replication"]);
        check("a master", info.contains("\nrole:master\n"))?;
        shown.push(info);
    }
    let slaveof = |port: u16| format!("SLAVEOF 127.0.0.1 {port} ");
    for replica in [b, c] {
        let said = page.session(replica, &[slaveof(a)]);
        check("OK to SLAVEOF", said == "OK\n")?;
        shown.push(said);
        page.up(replica)?;
    }
    shown.push(page.session(a, &["set name xd".into()]));
    for replica in [b, c] {
        page.until("xd arrives", || page.cli(replica, &["get", "name"]) == "xd\n")?;
        shown.push(page.session(replica, &["get name ".into(), "set name no".into()]));
        shown.push(page.cli(replica, &["info", "replication"]));
    }
    page.until("both are online", || {
        let info = page.cli(a, &["info", "replication"]);
        info.matches("state=online").count() == 2 && info.contains("connected_slaves:2")
    })?;
    shown.push(page.cli(a, &["info", "replication"]));
    // The master goes; it saves, and takes its pid file with it.
    shown.push(page.session(a, &["shutdown".into()]));
    page.until("the port is free", || page.cli(a, &["PING"]).is_empty())?;
    check("it saved", page.dir(a).join("dump.rdb").exists())?;
    page.until("its pid file is gone", || !page.dir(a).join("redis.pid").exists())?;
    for replica in [b, c] {
        page.until("the link is down", || page.field(replica, "master_link_status") == "down")?;
        shown.push(page.cli(replica, &["info", "replication"]));
    }
    // The failover by hand.
    shown.push(page.session(b, &["slaveof no one".into()]));
    check("a master now", page.field(b, "role") == "master")?;
    shown.push(page.cli(b, &["info", "replication"]));
    shown.push(page.session(c, &["SLAVEOF no one".into(), slaveof(b)]));
    page.up(c)?;
    page.cli(b, &["set", "after", "1"]);
    page.until("it goes on", || page.cli(c, &["get", "after"]) == "1\n")?;
    shown.push(page.cli(c, &["info", "replication"]));
    shown.push(page.session(c, &["get name".into()]));
    let stats = page.cli(b, &["info", "stats"]);
    shown.push(stats.lines().filter(|l| l.starts_with("sync_")).collect::<Vec<_>>().join("\n"));
    // The page's last state, from a fresh start of the old master as a replica.
    for line in ["Starting BGSAVE for SYNC", "Synchronization with replica 127.0.0.1"] {
        check(line, page.log(a).contains(line))?;
    }
    let log = page.log(b);
    check("promoted", log.contains("MASTER MODE enabled (user request from 'id="))?;
    check("the old history was kept", log.contains("Setting secondary replication ID to "))?;
    Ok(shown.iter().map(|text| neutral(page, text)).collect())
}

fn walk_ours() -> Result<(), Failed> {
    let page = Page::begin(Kind::Ours)?;
    walk(&page)?;
    Ok(())
}

fn walk_both() -> Result<(), Failed> {
    let real = walk(&Page::begin(Kind::Real)?)?;
    let ours = walk(&Page::begin(Kind::Ours)?)?;
    for (n, (real, ours)) in real.iter().zip(&ours).enumerate() {
        if real != ours {
            return Err(format!("answer {n}\n--- redis-server\n{real}--- ours\n{ours}").into());
        }
    }
    check("as many answers", real.len() == ours.len())
}
