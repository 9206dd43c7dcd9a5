//! The walk-through of the page that this project began with, pasted into line mode as it stands.

use std::io::Write;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};

/// The page, from its first command on: prompts, comments in Chinese, prose, a separator, two commands
/// under a prompt of their own, a file name with a slip in it. `638` is replaced, for the ports.
const PAGE: &str = r#"
mkdir /data/638{0..2}    # 创建6380, 6381, 6382文件夹

配置文件实例 :

# vim   /data/6380/redis.conf
port 6380
daemonize yes
pidfile /data/6380/redis.pid
loglevel notice
logfile "/data/6380/redis.log"
dbfilename dump.rdb
dir /data/6380
protected-mode no
# vim   /data/6381/redis.conf
port 6381
daemonize yes
pidfile /data/6381/redis.pid
loglevel notice
logfile "/data/6381/redis.log"
dbfilename dump.rdb
dir /data/6381
protected-mode no
# vim /data/6382/redisconf
port 6382
daemonize yes
pidfile /data/6382/redis.pid
loglevel notice
logfile "/data/6382/redis.log"
dbfilename dump.rdb
dir /data/6382
protected-mode no

启动三个redis实例 :

redis-server /data/6380/redis.conf
redis-server /data/6381/redis.conf
redis-server /data/6382/redis.conf

预主从规划 :

主节点:6380
从节点:6381、6382

查看redis的身份信息, 通过info参数() 此时还未配置主从, 因此身份都是master身份 :

redis-cli -p 6382 info Replication
redis-cli -p 6381 info Replication
redis-cli -p 6380 info Replication

配置主从身份, 通过命令指明master节点信息 :

redis-cli -p 6381
127.0.0.1:6381> SLAVEOF 127.0.0.1 6380 
----------------------------------------------------------
redis-cli -p 6382
127.0.0.1:6382> SLAVEOF 127.0.0.1 6380 

测试写入数据, 主库写入数据, 检查从库数据 :

127.0.0.1:6380> set name xd
127.0.0.1:6381>get name 
  

手动进行主从复制故障切换 :

#关闭主库6380
redis-cli -p 6380
shutdown

检查从库主从信息, 此时master_link_status:down :

redis-cli -p 6381
info replication

redis-cli -p 6382
info replication

既然主库挂了, 就要在从库内选一个新的主库 :

1. 将6381关闭从库身份 :

redis-cli -p 6381
info replication
slaveof no one

2. 将6382设为6381的从库 :

6382连接到6381:
[root@db03 ~]# redis-cli -p 6382
127.0.0.1:6382> SLAVEOF no one
127.0.0.1:6382> SLAVEOF 127.0.0.1 6381
"#;

/// What the page leaves unsaid: that it worked.
const AFTERWARDS: &str = r#"
:wait 6382.master_link_status == up for 20
:wait 6381.role == master
:wait 6382.role == slave
127.0.0.1:6381> set city "Linz"
127.0.0.1:6382> get city
:wait 6382> GET name == "xd"
"#;

/// The first of three free ports in a row that ends with 0, so that `638{0..2}` can be replaced.
/// Never the same twice, for tests run side by side.
fn free_base() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let from = 1100 + (std::process::id() % 1000) as u16;
    loop {
        let base = (from + NEXT.fetch_add(1, Ordering::SeqCst)) * 10;
        if (0..3).all(|i| TcpListener::bind(("127.0.0.1", base + i)).is_ok()) {
            return base;
        }
    }
}

struct Run {
    text: String,
    code: i32,
}

/// Pastes `page` into `synclab repl ARGS --script -` on free ports. The output comes back with the
/// usual ports in it.
fn paste(page: &str, args: &[&str]) -> Run {
    let base = free_base();
    let tens = (base / 10).to_string();
    let folder = tempfile::tempdir().expect("a folder");
    let workspace: PathBuf = folder.path().join("session");
    let mut child = Command::new(env!("CARGO_BIN_EXE_synclab"))
        .arg("repl")
        .args(args)
        .args(["--script", "-", "--base-port", &base.to_string(), "--workspace"])
        .arg(&workspace)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("synclab starts");
    let page = page.replace("638", &tens);
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(page.as_bytes()).expect("it reads");
    drop(stdin);
    let out = child.wait_with_output().expect("it ends");
    let text = String::from_utf8(out.stdout).expect("UTF-8");
    let errors = String::from_utf8_lossy(&out.stderr);
    assert!(errors.is_empty(), "{errors}");
    for port in 0..3 {
        let free = TcpListener::bind(("127.0.0.1", base + port));
        assert!(free.is_ok(), "port {} is still held", base + port);
    }
    Run { text: text.replace(&tens, "638"), code: out.status.code().unwrap_or(-1) }
}

/// What stands between a typed line (the first of that text behind `from`) and the next prompt.
fn answer<'a>(text: &'a str, typed: &str, from: usize) -> (&'a str, usize) {
    let at = text[from..].find(typed).unwrap_or_else(|| panic!("no {typed:?} in:\n{text}")) + from;
    let start = at + typed.len();
    let rest = &text[start..];
    let is_prompt = |l: &&str| {
        l.starts_with("127.0.0.1:") || l.starts_with('[') || l.starts_with("not connected")
    };
    let mut end = 0;
    for line in rest.split_inclusive('\n').skip(1) {
        if is_prompt(&line) {
            break;
        }
        end += line.len();
    }
    let first = rest.find('\n').map_or(rest.len(), |n| n + 1);
    (&rest[first..(first + end).min(rest.len())], start)
}

#[test]
fn walkthrough_works_as_the_page_has_it() {
    let run = paste(&format!("{PAGE}{AFTERWARDS}"), &["--bare"]);
    let text = &run.text;
    let mut at = 0;
    let mut next = |typed: &str| {
        let (found, end) = answer(text, typed, at);
        at = end;
        found.to_owned()
    };
    for port in [6382, 6381, 6380] {
        let said = next(&format!("redis-cli -p {port} info Replication"));
        assert!(said.contains("role:master\n"), "{port}: {said}\n{text}");
        assert!(said.contains("connected_slaves:0\n"), "{port}: {said}");
    }
    assert!(next("127.0.0.1:6381> SLAVEOF 127.0.0.1 6380").starts_with("OK"), "{text}");
    assert!(next("127.0.0.1:6382> SLAVEOF 127.0.0.1 6380").starts_with("OK"), "{text}");
    assert!(next("127.0.0.1:6380> set name xd").starts_with("OK"), "{text}");
    let got = next("127.0.0.1:6381>get name");
    assert!(got.lines().any(|l| l == "\"xd\""), "{got}\n{text}");
    next("shutdown");
    for _ in 0..2 {
        let said = next("info replication");
        assert!(said.contains("role:slave\n"), "{said}\n{text}");
        assert!(said.contains("master_link_status:down\n"), "{said}\n{text}");
    }
    next("info replication");
    assert!(next("slaveof no one").starts_with("OK"), "{text}");
    assert!(next("127.0.0.1:6382> SLAVEOF no one").starts_with("OK"), "{text}");
    assert!(next("127.0.0.1:6382> SLAVEOF 127.0.0.1 6381").starts_with("OK"), "{text}");
    let got = next("127.0.0.1:6382> get city");
    assert!(got.lines().any(|l| l == "\"Linz\""), "{got}\n{text}");
    assert_eq!(run.code, 0, "{text}");
}

#[test]
fn walkthrough_free_lab_begins_with_three_masters() {
    let run = paste(
        "ls /data\ncat /data/6381/redis.conf\n:wait 6380.role == master\n:wait 6381.role == master\n\
         :wait 6382.role == master\nps\n",
        &[],
    );
    assert_eq!(run.code, 0, "{}", run.text);
    assert!(run.text.contains("6380/  6381/  6382/"), "{}", run.text);
    assert!(run.text.contains("daemonize yes"), "{}", run.text);
    assert_eq!(run.text.matches("redis-server 127.0.0.1:638").count(), 3, "{}", run.text);
}

#[test]
fn script_goes_on_behind_a_line_that_nobody_understands() {
    let run = paste("frobnicate /data\npwd\nexit\npwd", &["--bare"]);
    assert_eq!(run.code, 1, "{}", run.text);
    assert!(run.text.contains("frobnicate: command not found"), "{}", run.text);
    assert!(run.text.contains("\n/data\n"), "{}", run.text);
    assert_eq!(run.text.matches("]# pwd").count(), 1, "exit leaves: {}", run.text);
}

#[test]
fn script_takes_errors_as_results() {
    let run = paste(
        "cat /data/none\nredis-server /data/none.conf\nredis-cli -p 6380 ping\nredis-cli -p 6380\nping\n",
        &["--bare"],
    );
    assert_eq!(run.code, 0, "{}", run.text);
    let refused = "Could not connect to Redis at 127.0.0.1:6380: Connection refused";
    assert_eq!(run.text.matches(refused).count(), 3, "{}", run.text);
    assert!(run.text.contains("not connected> ping"), "{}", run.text);
}

#[test]
fn script_fails_for_a_wait_that_is_not_fulfilled() {
    let run = paste(":wait 6380.role == slave for 0.3\n:wait 6380.role == master\n", &[]);
    assert_eq!(run.code, 1, "{}", run.text);
    assert!(run.text.contains("last seen: master"), "{}", run.text);
    let run = paste(":wiat 6380.role == slave\n", &["--bare"]);
    assert_eq!(run.code, 1, "{}", run.text);
    assert!(run.text.contains("did you mean :wait?"), "{}", run.text);
}

#[test]
fn script_keeps_secrets_out_of_what_it_shows() {
    let run = paste("redis-cli -p 6380\nCONFIG SET requirepass sesame\nAUTH sesame\nping\n", &[]);
    assert!(!run.text.contains("sesame"), "{}", run.text);
    assert!(run.text.contains("AUTH ***"), "{}", run.text);
}
