//! What commands ask of the host: the directory, the sockets, the bound on open files, the clock.

mod nodekit;

use nodekit::{Client, Node, PATIENCE, Reply};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};
use synclab::node::Control;
use synclab::observe::ExitHow;

fn start(dir: &tempfile::TempDir) -> Node {
    Node::start(dir.path(), "save \"\"\nenable-protected-configs yes")
}

fn refused(argument: &str, reason: &str) -> Reply {
    Reply::Error(format!(
        "ERR CONFIG SET failed (possibly related to argument '{argument}') - {reason}"
    ))
}

fn setting(client: &mut Client, name: &str) -> String {
    match client.call(&format!("CONFIG GET {name}")) {
        Reply::Array(pair) => match pair.get(1) {
            Some(Reply::Bulk(Some(value))) => String::from_utf8_lossy(value).into_owned(),
            other => panic!("{name} is {other:?}"),
        },
        other => panic!("{name} is {other:?}"),
    }
}

#[test]
fn a_directory_is_entered_or_nothing_changes() {
    let dir = tempfile::tempdir().expect("a temp dir");
    let base = dir.path().canonicalize().expect("it is there");
    std::fs::create_dir(base.join("sub")).expect("a folder");
    std::fs::write(base.join("file"), "").expect("a file");
    let node = start(&dir);
    let mut c = node.client();
    assert_eq!(
        c.call("CONFIG SET timeout 7 dir nowhere"),
        refused("dir", "No such file or directory")
    );
    assert_eq!(c.call("CONFIG SET dir file"), refused("dir", "Not a directory"));
    assert_eq!(setting(&mut c, "timeout"), "0");
    assert_eq!(setting(&mut c, "dir"), base.to_string_lossy());
    assert_eq!(c.call("CONFIG SET dir sub"), Reply::ok());
    assert_eq!(setting(&mut c, "dir"), base.join("sub").to_string_lossy());
    assert_eq!(c.call("SAVE"), Reply::ok());
    assert!(base.join("sub/dump.rdb").exists());
    node.kill();
}

#[test]
fn a_port_is_taken_or_the_old_one_stays() {
    let dir = tempfile::tempdir().expect("a temp dir");
    std::fs::create_dir(dir.path().join("sub")).expect("a folder");
    let node = start(&dir);
    let mut c = node.client();
    let before = setting(&mut c, "dir");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("its address").port();
    assert_eq!(
        c.call(&format!("CONFIG SET maxclients 50 dir sub port {port}")),
        refused("port", "Unable to listen on this port. Check server logs.")
    );
    assert_eq!(
        c.call(&format!("CONFIG SET bind 127.0.0.1 port {port}")),
        refused("bind", "Failed to bind to specified addresses.")
    );
    assert_eq!(setting(&mut c, "maxclients"), "10000");
    assert_eq!(setting(&mut c, "dir"), before);
    assert_eq!(setting(&mut c, "port"), node.port.to_string());
    // The old port listens again.
    assert_eq!(node.client().call("PING"), Reply::Simple("PONG".into()));
    drop(taken);
    assert_eq!(c.call(&format!("CONFIG SET port {port}")), Reply::ok());
    assert_eq!(Client::connect(port).call("PING"), Reply::Simple("PONG".into()));
    assert!(TcpStream::connect(("127.0.0.1", node.port)).is_err(), "the old port is free");
    node.kill();
}

#[test]
fn more_clients_than_the_system_allows_are_refused() {
    let dir = tempfile::tempdir().expect("a temp dir");
    let node = start(&dir);
    let mut c = node.client();
    match c.call("CONFIG SET maxclients 4000000000") {
        Reply::Error(text) => assert!(
            text.contains(
                "argument 'maxclients') - The operating system is not able to handle the \
                 specified number of clients, try with "
            ),
            "{text}"
        ),
        other => panic!("{other:?}"),
    }
    assert_eq!(setting(&mut c, "maxclients"), "10000");
    assert_eq!(c.call("CONFIG SET maxclients 50"), Reply::ok());
    node.kill();
}

#[test]
fn a_kill_is_noticed_inside_a_long_command() {
    let dir = tempfile::tempdir().expect("a temp dir");
    let node = start(&dir);
    let mut c = node.client();
    c.send(&[b"DEBUG", b"POPULATE", b"1000000000"]);
    // The command runs now, or will be reached in a moment; it would go on for minutes.
    std::thread::sleep(Duration::from_millis(50));
    let begun = Instant::now();
    node.control.send(Control::Kill);
    assert_eq!(node.wait(), ExitHow::Killed);
    assert!(begun.elapsed() < PATIENCE);
}

#[test]
fn commands_are_timed_and_processor_time_is_told() {
    let dir = tempfile::tempdir().expect("a temp dir");
    let node = start(&dir);
    let mut c = node.client();
    assert_eq!(c.call("DEBUG POPULATE 100000"), Reply::ok());
    let number = |c: &mut Client, section: &str, start: &str| -> f64 {
        let Reply::Bulk(Some(text)) = c.call(&format!("INFO {section}")) else { return 0.0 };
        let text = String::from_utf8_lossy(&text).into_owned();
        let rest = text.split_once(start).map_or("", |(_, rest)| rest);
        let end = rest.find(|b: char| !b.is_ascii_digit() && b != '.').unwrap_or(rest.len());
        rest[..end].parse().unwrap_or(0.0)
    };
    assert!(number(&mut c, "commandstats", "cmdstat_debug:calls=1,usec=") >= 1000.0);
    let begun = Instant::now();
    while number(&mut c, "cpu", "used_cpu_user:") + number(&mut c, "cpu", "used_cpu_sys:") <= 0.0 {
        assert!(begun.elapsed() < PATIENCE, "cron tells it ten times a second");
        std::thread::sleep(Duration::from_millis(20));
    }
    node.kill();
}

#[test]
fn a_data_set_goes_to_disk_and_comes_back() {
    let dir = tempfile::tempdir().expect("a temp dir");
    let node = start(&dir);
    let mut c = node.client();
    let cannot = Reply::Error("ERR Error trying to load the RDB dump".into());
    assert_eq!(c.call("SET a 1"), Reply::ok());
    assert_eq!(c.call("SET b 2 PX 10000000"), Reply::ok());
    assert_eq!(c.call("DEBUG POPULATE 5000"), Reply::ok());
    let before = c.call("DEBUG DIGEST");
    assert_eq!(c.call("DEBUG RELOAD"), Reply::ok());
    assert_eq!(c.call("DEBUG DIGEST"), before);
    // What the dump does not have is kept or lost as the options say.
    assert_eq!(c.call("SET c 3"), Reply::ok());
    assert_eq!(c.call("SET a changed"), Reply::ok());
    assert_eq!(c.call("DEBUG RELOAD NOSAVE NOFLUSH"), cannot);
    assert_eq!(c.call("GET a"), Reply::bulk("changed"));
    assert_eq!(c.call("DEBUG RELOAD NOSAVE NOFLUSH MERGE"), Reply::ok());
    assert_eq!(c.call("GET a"), Reply::bulk("1"));
    assert_eq!(c.call("DBSIZE"), Reply::Int(5003));
    assert_eq!(c.call("DEBUG RELOAD NOSAVE"), Reply::ok());
    assert_eq!(c.call("DEBUG DIGEST"), before);
    // The others wait meanwhile; afterwards they are served.
    let mut other = node.client();
    c.send(&[b"DEBUG", b"RELOAD"]);
    assert_eq!(other.call("DBSIZE"), Reply::Int(5002));
    assert_eq!(c.reply(), Reply::ok());
    std::fs::remove_file(dir.path().join("dump.rdb")).expect("the dump");
    assert_eq!(c.call("DEBUG RELOAD NOSAVE"), cannot);
    assert_eq!(c.call("DBSIZE"), Reply::Int(0));
    node.kill();
}

#[test]
fn keys_migrate_to_another_server() {
    let (here, there) = (tempfile::tempdir().expect("a dir"), tempfile::tempdir().expect("a dir"));
    let from = start(&here);
    let to = Node::start(there.path(), "save \"\"\nrequirepass sesame");
    let (mut a, mut b) = (from.client(), to.client());
    assert_eq!(b.call("AUTH sesame"), Reply::ok());
    assert_eq!(b.call("SELECT 3"), Reply::ok());
    let target = format!("MIGRATE 127.0.0.1 {}", to.port);
    let ask = |a: &mut Client, rest: &str| a.call(&format!("{target} {rest}"));
    let refused =
        |why: &str| Reply::Error(format!("ERR Target instance replied with error: {why}"));
    for line in ["SET k v", "SET t 1 PX 5000000", "SET u 2"] {
        assert_eq!(a.call(line), Reply::ok());
    }
    assert_eq!(ask(&mut a, "nokey 3 0"), Reply::Simple("NOKEY".into()));
    assert_eq!(ask(&mut a, "k 3 0"), refused("NOAUTH Authentication required."));
    assert_eq!(ask(&mut a, "k 99 0 AUTH sesame"), refused("ERR DB index is out of range"));
    assert_eq!(a.call("EXISTS k"), Reply::Int(1));
    assert_eq!(ask(&mut a, "k 3 5000 COPY AUTH sesame"), Reply::ok());
    assert_eq!((a.call("GET k"), b.call("GET k")), (Reply::bulk("v"), Reply::bulk("v")));
    // Of several keys those go that the target takes; the others stay.
    assert_eq!(
        ask(&mut a, " 3 5000 AUTH2 default sesame KEYS k t nokey u"),
        refused("BUSYKEY Target key name already exists.")
    );
    assert_eq!(a.call("EXISTS k t u"), Reply::Int(1));
    assert_eq!(b.call("MGET t u"), Reply::Array(vec![Reply::bulk("1"), Reply::bulk("2")]));
    assert!(matches!(b.call("PTTL t"), Reply::Int(1..=5_000_000)));
    assert_eq!(ask(&mut a, "k 3 5000 REPLACE AUTH sesame"), Reply::ok());
    assert_eq!(a.call("DBSIZE"), Reply::Int(0));
    // Nobody there; somebody who is silent.
    assert_eq!(a.call("SET k v"), Reply::ok());
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("its address").port();
    let broken =
        |doing: &str| Reply::Error(format!("IOERR error or timeout {doing} to target instance"));
    assert_eq!(a.call(&format!("MIGRATE 127.0.0.1 {port} k 0 50")), broken("reading"));
    drop(silent);
    assert_eq!(a.call(&format!("MIGRATE 127.0.0.1 {port} k 0 50")), broken("writing"));
    assert_eq!(a.call("GET k"), Reply::bulk("v"));
    from.kill();
    to.kill();
}
