//! The engine seen from outside: what a client gets back for what it sends.

mod evict;
mod limits;
mod pubsub;
mod storm;
mod tracking;
mod waiting;

use super::testkit::TestServer;

/// A server that has found no dump and is ready.
fn server(conf: &str) -> TestServer {
    let mut s = TestServer::new(conf);
    s.finish_boot();
    s
}

#[test]
fn pipelined_commands_are_answered_in_order_however_they_are_cut() {
    let mut s = server("");
    let bytes = b"PING\r\n*2\r\n$4\r\nECHO\r\n$2\r\nhi\r\nSELECT 3\r\nnope a b\r\n";
    let want = "+PONG\r\n$2\r\nhi\r\n+OK\r\n-ERR unknown command 'nope', with args beginning with: \
                'a' 'b' \r\n";
    let c = s.connect();
    assert_eq!(String::from_utf8(s.send(c, bytes)).unwrap(), want);
    let c = s.connect();
    let mut got = Vec::new();
    for b in bytes {
        got.extend(s.send(c, [*b]));
    }
    assert_eq!(String::from_utf8(got).unwrap(), want);
}

#[test]
fn a_protocol_error_is_answered_and_closes() {
    let mut s = server("loglevel verbose");
    let c = s.connect();
    let reply = s.send(c, "PING\r\n*1\r\nx\r\n");
    assert_eq!(reply, b"+PONG\r\n-ERR Protocol error: expected '$', got 'x'\r\n");
    assert_eq!(s.closed, [c]);
    assert!(s.log().iter().any(|l| l.starts_with("Protocol error (expected $ but got")));
}

#[test]
fn arity_and_subcommands_are_checked_first() {
    let mut s = server("requirepass x");
    let c = s.connect();
    assert_eq!(s.ask(c, "ECHO"), "-ERR wrong number of arguments for 'echo' command\r\n");
    assert_eq!(s.ask(c, "client foo"), "-ERR unknown subcommand 'foo'. Try CLIENT HELP.\r\n");
    assert_eq!(
        s.ask(c, "client id x"),
        "-ERR wrong number of arguments for 'client|id' command\r\n"
    );
    assert_eq!(s.ask(c, "PING"), "-NOAUTH Authentication required.\r\n");
    assert!(s.ask(c, "AUTH y").starts_with("-WRONGPASS"));
    assert_eq!(s.ask(c, "AUTH x"), "+OK\r\n");
    assert_eq!(s.ask(c, "PING"), "+PONG\r\n");
}

#[test]
fn a_transaction_queues_runs_and_aborts() {
    let mut s = server("");
    let c = s.connect();
    assert_eq!(
        s.ask(c, "MULTI\r\nPING\r\nECHO a\r\nEXEC"),
        "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+PONG\r\n$1\r\na\r\n"
    );
    assert_eq!(s.ask(c, "EXEC"), "-ERR EXEC without MULTI\r\n");
    assert!(
        s.ask(c, "MULTI\r\nECHO\r\nEXEC")
            .ends_with("-EXECABORT Transaction discarded because of previous errors.\r\n")
    );
    assert_eq!(
        s.ask(c, "MULTI\r\nDISCARD\r\nDISCARD"),
        "+OK\r\n+OK\r\n-ERR DISCARD without MULTI\r\n"
    );
}

#[test]
fn hello_switches_to_resp3_and_names() {
    let mut s = server("");
    let c = s.connect();
    assert!(s.ask(c, "HELLO 3 SETNAME me").starts_with("%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n"));
    assert_eq!(s.ask(c, "CLIENT GETNAME"), "$2\r\nme\r\n");
    assert_eq!(s.ask(c, "HELLO 4"), "-NOPROTO unsupported protocol version\r\n");
    assert_eq!(s.ask(c, "RESET\r\nCLIENT GETNAME"), "+RESET\r\n$-1\r\n");
}

#[test]
fn client_reply_and_pause() {
    let mut s = server("");
    let (a, b) = (s.connect(), s.connect());
    assert_eq!(s.ask(a, "CLIENT REPLY SKIP\r\nPING\r\nPING"), "+PONG\r\n");
    assert_eq!(s.ask(a, "CLIENT REPLY OFF\r\nPING"), "");
    assert_eq!(s.ask(a, "CLIENT REPLY ON"), "+OK\r\n");
    assert_eq!(s.ask(a, "CLIENT PAUSE 1000"), "+OK\r\n");
    assert_eq!(s.ask(b, "PING\r\nPING"), "");
    s.advance(999_000);
    assert_eq!(s.receive(b), b"");
    s.advance(2_000);
    assert_eq!(s.receive(b), b"+PONG\r\n+PONG\r\n");
}

#[test]
fn killing_oneself_answers_first() {
    let mut s = server("");
    let (a, b) = (s.connect(), s.connect());
    assert_eq!(s.ask(a, &format!("CLIENT KILL ID {}", b.0)), ":1\r\n");
    assert_eq!(s.closed, [b]);
    assert_eq!(s.ask(a, &format!("CLIENT KILL ID {} SKIPME no", a.0)), ":1\r\n");
    assert_eq!(s.closed, [b, a]);
}

#[test]
fn quitting_without_replies_closes_too() {
    let mut s = server("");
    let c = s.connect();
    assert_eq!(s.ask(c, "CLIENT REPLY OFF\r\nQUIT"), "");
    assert_eq!(s.closed, [c]);
}

#[test]
fn config_set_is_all_or_nothing() {
    let mut s = server("");
    let c = s.connect();
    let reply = s.ask(c, "CONFIG SET timeout 7 hz x");
    assert_eq!(
        reply,
        "-ERR CONFIG SET failed (possibly related to argument 'hz') - argument couldn't be parsed \
         into an integer\r\n"
    );
    assert_eq!(s.ask(c, "CONFIG GET timeout"), "*2\r\n$7\r\ntimeout\r\n$1\r\n0\r\n");
    assert_eq!(s.ask(c, "CONFIG SET timeout 7 slave-read-only no"), "+OK\r\n");
    assert_eq!(
        s.ask(c, "CONFIG GET timeout replica-read-only"),
        "*4\r\n$7\r\ntimeout\r\n$1\r\n7\r\n$17\r\nreplica-read-only\r\n$2\r\nno\r\n"
    );
    assert!(s.ask(c, "CONFIG SET appendonly yes").starts_with("-ERR CONFIG SET failed"));
}

#[test]
fn secrets_are_masked_in_facts_and_hidden_from_monitors() {
    use crate::observe::Fact;
    let mut s = server("requirepass topsecret");
    let (m, c) = (s.connect(), s.connect());
    assert_eq!(s.ask(m, "AUTH topsecret\r\nMONITOR"), "+OK\r\n+OK\r\n");
    s.ask(c, "AUTH topsecret");
    s.ask(c, "CONFIG SET requirepass othersecret");
    s.ask(c, "HELLO 2 AUTH default othersecret");
    s.ask(c, "ECHO seen\\n");
    let seen = String::from_utf8(s.receive(m)).unwrap();
    assert!(seen.contains("\"ECHO\" \"seen\\\\n\""), "{seen}");
    let told: Vec<String> = s
        .facts
        .iter()
        .filter_map(|f| match f {
            Fact::Command { argv, .. } => {
                Some(argv.iter().map(|p| p.text()).collect::<Vec<_>>().join(" "))
            }
            Fact::ConfigSet { value, .. } => Some(value.clone()),
            _ => None,
        })
        .collect();
    assert!(told.iter().any(|t| t == "AUTH ***"));
    assert!(!told.join("\n").contains("secret"), "{told:?}");
    assert!(!seen.contains("secret"), "{seen}");
}

#[test]
fn a_sleep_parks_and_what_came_meanwhile_follows() {
    let mut s = server("enable-debug-command yes");
    let (a, b) = (s.connect(), s.connect());
    s.feed(a, b"DEBUG SLEEP 1.5\r\nPING\r\n");
    assert!(s.parked().is_some());
    assert!(s.engine.read_space(b).is_none());
    s.advance(1_500_000);
    assert!(s.parked().is_none());
    assert_eq!(s.receive(a), b"+OK\r\n+PONG\r\n");
    assert_eq!(s.ask(b, "SLOWLOG LEN"), ":1\r\n");
}

#[test]
fn debug_is_guarded() {
    let mut s = server("");
    let c = s.connect();
    assert!(s.ask(c, "DEBUG SLEEP 0").starts_with("-ERR DEBUG command not allowed. If the "));
    let mut s = server("enable-debug-command local");
    let c = s.connect();
    assert_eq!(s.ask(c, "DEBUG SLEEP 0"), "+OK\r\n");
}

#[test]
fn shutdown_without_save_points_exits_at_once() {
    use super::effect::Effect;
    let mut s = server("save \"\"");
    let c = s.connect();
    assert_eq!(s.ask(c, "SHUTDOWN\r\nPING"), "");
    assert!(matches!(s.effects.last(), Some(Effect::Exit { code: 0 })), "{:?}", s.effects);
    let log = s.log();
    assert_eq!(
        log[log.len() - 2..],
        ["User requested shutdown...", "Redis is now ready to exit, bye bye..."]
    );
}

#[test]
fn a_rewritten_conf_file_is_read_and_replaced() {
    use super::effect::Effect;
    let mut s = TestServer::with_file("port 6379\n# mine\ntimeout 3\n", "/data/redis.conf");
    s.finish_boot();
    let c = s.connect();
    s.ask(c, "CONFIG SET timeout 9");
    assert_eq!(s.ask(c, "CONFIG REWRITE"), "");
    let Some(Effect::OpenFile { job, path }) = s.effects.pop() else { panic!("no file opened") };
    assert_eq!(path, "/data/redis.conf");
    s.engine.opened(s.now, job, Ok(Some(9)));
    s.engine.piece(s.now, job, b"# mine\ntimeout 3\n".to_vec());
    s.engine.job_done(s.now, job, Default::default());
    s.turn();
    let written = s.effects.iter().find_map(|e| match e {
        Effect::WriteFile { bytes, .. } => Some(String::from_utf8_lossy(bytes).into_owned()),
        _ => None,
    });
    assert_eq!(
        written.as_deref(),
        Some(
            "# mine\ntimeout 9\n# Generated by CONFIG REWRITE\nsave 3600 1\nsave 300 100\n\
             save 60 10000\nuser default on nopass ~* &* +@all\n"
        )
    );
    let Some(Effect::FinishFile { job, path }) = s.effects.pop() else { panic!("not finished") };
    assert_eq!(path, "/data/redis.conf");
    s.engine.job_done(s.now, job, Default::default());
    s.turn();
    assert_eq!(s.receive(c), b"+OK\r\n");
}

#[test]
fn idle_clients_and_slow_readers_are_closed() {
    let mut s = server("timeout 2\nclient-output-buffer-limit normal 100 0 0");
    let (a, b) = (s.connect(), s.connect());
    s.feed(b, format!("ECHO {}\r\n", "x".repeat(200)).as_bytes());
    s.turn();
    assert_eq!(s.closed, [], "what fits into the client's own buffer is not counted");
    s.feed(b, format!("ECHO {}\r\n", "x".repeat(20_000)).as_bytes());
    s.turn();
    assert_eq!(s.closed, [b]);
    s.advance(1_900_000);
    assert_eq!(s.closed, [b]);
    s.advance(400_000);
    assert_eq!(s.closed, [b, a]);
}

#[test]
fn facts_of_a_busy_turn_are_summed_up() {
    use crate::observe::Fact;
    let mut s = server("");
    let c = s.connect();
    s.facts.clear();
    s.send(c, "PING\r\n".repeat(100));
    let told = s.facts.iter().filter(|f| matches!(f, Fact::Command { .. })).count();
    let summed = s.facts.iter().find_map(|f| match f {
        Fact::Summary { commands, .. } => Some(*commands),
        _ => None,
    });
    assert_eq!((told, summed), (64, Some(36)));
}

#[test]
fn maxclients_refuses() {
    let mut s = server("maxclients 1");
    s.connect();
    assert_eq!(s.engine.accept(s.now, "127.0.0.1:1".into(), "127.0.0.1:2".into(), 3), None);
    assert_eq!(s.engine.refusal(), b"-ERR max number of clients reached\r\n");
}

#[test]
fn a_replica_refuses_in_the_order_of_redis() {
    let conf = "replicaof 127.0.0.1 1\nreplica-serve-stale-data no\nmin-replicas-to-write 1";
    let mut s = server(conf);
    let c = s.connect();
    assert!(s.ask(c, "SET a 1").starts_with("-READONLY "));
    assert!(s.ask(c, "GET a").starts_with("-MASTERDOWN "));
    assert!(s.ask(c, "PING").starts_with("-MASTERDOWN "));
    assert_eq!(s.ask(c, "SET a"), "-ERR wrong number of arguments for 'set' command\r\n");
    assert!(s.ask(c, "INFO replication").contains("role:slave"));
    assert!(s.ask(c, "MULTI\r\nSET a 1\r\nEXEC").contains("-EXECABORT "));
    assert_eq!(s.ask(c, "CONFIG SET replica-serve-stale-data yes\r\nGET a"), "+OK\r\n$-1\r\n");
}

#[test]
fn a_master_without_replicas_refuses_writes_queued_before() {
    let mut s = server("");
    let (a, b) = (s.connect(), s.connect());
    s.ask(a, "MULTI\r\nSET a 1");
    s.ask(b, "CONFIG SET min-replicas-to-write 1");
    assert_eq!(
        s.ask(a, "EXEC"),
        "-EXECABORT Transaction discarded because of: NOREPLICAS Not enough good replicas to \
         write.\r\n"
    );
    assert_eq!(s.ask(a, "EXEC"), "-ERR EXEC without MULTI\r\n");
}

#[test]
fn a_paused_writer_waits_and_readers_go_on() {
    let mut s = server("");
    let (a, b) = (s.connect(), s.connect());
    assert_eq!(s.ask(a, "CLIENT PAUSE 10000 WRITE"), "+OK\r\n");
    assert_eq!(s.ask(b, "MULTI\r\nSET a 1\r\nEXEC\r\nGET a"), "+OK\r\n");
    assert_eq!(s.ask(a, "GET a"), "$-1\r\n");
    assert!(s.ask(a, "INFO clients").contains("blocked_clients:1\r\n"));
    assert_eq!(s.ask(a, "CLIENT UNPAUSE"), "+OK\r\n");
    assert_eq!(s.receive(b), b"+QUEUED\r\n*1\r\n+OK\r\n$1\r\n1\r\n");
}

#[test]
fn swapdb_spares_watchers_to_whom_nothing_changed() {
    // What lies in 1 and what in 0 before the swap, and whether a watcher of 1 is spoiled.
    let cases: [(&str, &str, bool); 8] = [
        ("", "", false),
        ("stale", "", false),
        ("", "stale", false),
        ("stale", "stale", false),
        ("there", "", true),
        ("", "there", true),
        ("stale", "there", true),
        ("there", "stale", true),
    ];
    for (one, zero, spoiled) in cases {
        let mut s = server("");
        let (c, other) = (s.connect(), s.connect());
        s.ask(c, "DEBUG SET-ACTIVE-EXPIRE 0");
        for (db, what) in [(0, zero), (1, one)] {
            s.ask(c, &format!("SELECT {db}"));
            match what {
                "stale" => s.ask(c, "SET x foo PX 1"),
                "there" => s.ask(c, "SET x foo"),
                _ => continue,
            };
        }
        s.advance(2_000);
        s.ask(c, "WATCH x");
        s.ask(other, "SWAPDB 0 1");
        s.ask(c, "MULTI");
        s.ask(c, "PING");
        let want = if spoiled { "*-1\r\n" } else { "*1\r\n+PONG\r\n" };
        assert_eq!(s.ask(c, "EXEC"), want, "{one:?} in 1, {zero:?} in 0");
    }
}

#[test]
fn config_set_refuses_words_that_mean_nothing() {
    let mut s = server("");
    let c = s.connect();
    for line in [
        "CONFIG SET shutdown-on-sigint ''",
        "CONFIG SET shutdown-on-sigterm ' '",
        "CONFIG SET latency-tracking-info-percentiles '50 101'",
        "CONFIG SET latency-tracking-info-percentiles a",
    ] {
        assert!(s.ask(c, line).starts_with("-ERR CONFIG SET failed"), "{line}");
    }
    assert_eq!(
        s.ask(c, "CONFIG SET latency-tracking-info-percentiles '50.0 99.90 100'"),
        "+OK\r\n"
    );
    let got = s.ask(c, "CONFIG GET latency-tracking-info-percentiles");
    assert!(got.ends_with("$11\r\n50 99.9 100\r\n"), "{got}");
}

#[test]
fn a_restored_key_may_be_idle_for_longer_than_the_server_runs() {
    let mut s = server("");
    let c = s.connect();
    s.ask(c, "SET k v");
    let dump = s.send(c, "DUMP k\r\n");
    let text = dump.iter().position(|b| *b == b'\n').expect("a bulk") + 1;
    let payload = &dump[text..dump.len() - 2];
    let mut restore = b"*6\r\n$7\r\nRESTORE\r\n$1\r\nr\r\n$1\r\n0\r\n".to_vec();
    restore.extend(format!("${}\r\n", payload.len()).bytes());
    restore.extend_from_slice(payload);
    restore.extend_from_slice(b"\r\n$8\r\nIDLETIME\r\n$4\r\n1000\r\n");
    assert_eq!(s.send(c, restore), b"+OK\r\n");
    assert_eq!(s.ask(c, "OBJECT IDLETIME r"), ":1000\r\n");
    s.advance(3_000_000);
    assert_eq!(s.ask(c, "OBJECT IDLETIME r"), ":1003\r\n");
    s.ask(c, "GET r");
    assert_eq!(s.ask(c, "OBJECT IDLETIME r"), ":0\r\n");
}

#[test]
fn a_failure_counts_for_the_command_that_failed_and_not_for_its_exec() {
    let mut s = server("");
    let c = s.connect();
    for line in ["MULTI", "SET a x", "INCR a", "EXEC", "EXEC", "MULTI", "SET", "EXEC", "MULTI"] {
        s.ask(c, line);
    }
    assert!(s.ask(c, "EXEC 1").starts_with("-EXECABORT "));
    let got = s.ask(c, "INFO commandstats errorstats stats");
    let has = |line: &str| got.lines().any(|l| l == line);
    let times = "usec=0,usec_per_call=0.00";
    for (name, calls, rejected, failed) in
        [("set", 1, 1, 0), ("incr", 1, 0, 1), ("multi", 3, 0, 0), ("exec", 3, 1, 2)]
    {
        let line = format!(
            "cmdstat_{name}:calls={calls},{times},rejected_calls={rejected},failed_calls={failed}"
        );
        assert!(has(&line), "{line} is not in {got}");
    }
    // INCR, the EXEC without a MULTI, and SET; then the two transactions that were discarded.
    assert!(has("errorstat_ERR:count=3") && has("errorstat_EXECABORT:count=2"), "{got}");
    assert!(has("total_error_replies:5"), "{got}");
}

#[test]
fn latencies_are_told_of_commands_that_were_called_while_they_are_tracked() {
    let mut s = server("enable-debug-command yes");
    let c = s.connect();
    s.ask(c, "CONFIG SET latency-tracking-info-percentiles '0.0 50 99.90'");
    s.ask(c, "CONFIG RESETSTAT");
    s.ask(c, "SET a 1");
    s.ask(c, "DEBUG SLEEP 0.0005");
    s.advance(1_000);
    let shown = |s: &mut TestServer| {
        let text = s.ask(c, "INFO latencystats");
        text.lines().filter(|l| l.starts_with("latency_")).map(str::to_owned).collect::<Vec<_>>()
    };
    let instant =
        |name: &str| format!("latency_percentiles_usec_{name}:p0=0.001,p50=0.001,p99.9=0.001");
    let debug = "latency_percentiles_usec_debug:p0=499.712,p50=501.759,p99.9=501.759";
    assert_eq!(shown(&mut s), [instant("config|resetstat"), debug.to_owned(), instant("set")]);
    let histogram = "*2\r\n$3\r\nset\r\n*4\r\n$5\r\ncalls\r\n:1\r\n";
    let got = s.ask(c, "LATENCY HISTOGRAM nosuch SET get");
    assert!(got.starts_with(histogram), "{got}");
    assert!(got.ends_with("$14\r\nhistogram_usec\r\n*2\r\n:1\r\n:1\r\n"), "{got}");
    s.ask(c, "CONFIG SET latency-tracking no");
    assert_eq!(shown(&mut s), [""; 0]);
    s.ask(c, "CONFIG RESETSTAT");
    s.ask(c, "CONFIG SET latency-tracking yes");
    assert_eq!(shown(&mut s), [instant("config|set")]);
}

#[test]
fn string_commands_refuse_other_types() {
    use super::types::Container;
    let mut s = server("");
    let c = s.connect();
    s.engine.set_key(b"l", super::types::List::default().into_value(), false);
    for line in [
        "GET l",
        "GETSET l x",
        "SET l x GET",
        "GETDEL l",
        "GETEX l EX 10",
        "STRLEN l",
        "GETRANGE l 0 1",
        "SETRANGE l 0 x",
        "APPEND l x",
        "INCR l",
        "INCRBYFLOAT l 1",
    ] {
        let reply = s.ask(c, line);
        assert!(reply.starts_with("-WRONGTYPE "), "{line}: {reply}");
    }
    let reply = s.ask(c, "LCS l l");
    assert_eq!(reply, "-ERR The specified keys must contain string values\r\n");
    assert_eq!(s.ask(c, "MGET l x"), "*2\r\n$-1\r\n$-1\r\n");
    assert_eq!(s.ask(c, "TYPE l"), "+list\r\n");
    assert_eq!(s.ask(c, "SET l x"), "+OK\r\n");
    assert_eq!(s.ask(c, "GET l"), "$1\r\nx\r\n");
}
