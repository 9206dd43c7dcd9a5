//! The console's verbs for time, faults and instances, in a lab with real instances; and every
//! scenario that the program brings along.

mod common;

use common::lab::{Client, wait_for};
use std::io::Write;
use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};
use synclab::console::{Console, Interrupt, MoreLines, Outcome};
use synclab::lab::{Lab, LabOptions};
use synclab::observe::StepKind;

/// A script's lines: nobody types between them.
struct Script;

impl MoreLines for Script {
    fn next_line(&mut self, _prompt: &str) -> Option<String> {
        None
    }

    fn put_back(&mut self, _line: String) {}
}

/// An empty lab whose first port has nine free ones behind it: scenarios add instances.
fn open() -> (Lab, tempfile::TempDir) {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let from = 10_000 + (std::process::id() % 1_000) as u16 * 20;
    let base_port = loop {
        let base = from + NEXT.fetch_add(10, Ordering::SeqCst);
        if (base..base + 10).all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok()) {
            break base;
        }
    };
    let folder = tempfile::tempdir().expect("a folder");
    let workspace = Some(folder.path().to_path_buf());
    let options = LabOptions { workspace, base_port, bare: true, ..LabOptions::default() };
    (Lab::open(options).expect("opens"), folder)
}

/// A console on a lab with three masters, on free ports.
struct Session {
    console: Console,
    lab: Lab,
    _folder: tempfile::TempDir,
}

impl Session {
    fn start() -> Session {
        let (lab, folder) = open();
        lab.prepare_free().expect("three masters");
        Session::on(lab, folder)
    }

    fn on(lab: Lab, folder: tempfile::TempDir) -> Session {
        let console = Console::new(lab.clone(), Interrupt::new());
        Session { console, lab, _folder: folder }
    }

    /// Runs a line in which 6380 … 6389 stand for the lab's ports; the answer, with them in it.
    fn try_line(&mut self, line: &str) -> (Outcome, String) {
        let base = self.lab.base_ports()[0];
        let mut line = line.to_owned();
        for i in (0..10).rev() {
            line = line.replace(&(6380 + i).to_string(), &(base + i).to_string());
        }
        let mut said = String::new();
        let mut out = |answer: &synclab::observe::Answer| {
            said.push_str(&answer.plain());
            said.push('\n');
        };
        let outcome = self.console.run(&line, &mut Script, &mut out);
        for i in (0..10).rev() {
            said = said.replace(&(base + i).to_string(), &(6380 + i).to_string());
        }
        (outcome, said)
    }

    /// The same for a line that has to be understood and to succeed.
    fn line(&mut self, line: &str) -> String {
        let (outcome, said) = self.try_line(line);
        assert!(!outcome.failed && !outcome.not_understood, "{line}\n{said}");
        said
    }

    /// And whose answer must hold these texts.
    #[track_caller]
    fn says(&mut self, line: &str, texts: &[&str]) -> String {
        let said = self.line(line);
        for text in texts {
            assert!(said.contains(text), "{line}: no {text:?} in\n{said}");
        }
        said
    }

    fn refused(&mut self, line: &str, text: &str) {
        let (outcome, said) = self.try_line(line);
        assert!(outcome.not_understood && said.contains(text), "{line}\n{said}");
    }

    /// 6381 follows 6380, in sync.
    fn follow(&mut self) {
        self.line("127.0.0.1:6380> CONFIG SET repl-diskless-sync-delay 0");
        self.line("127.0.0.1:6381> REPLICAOF 127.0.0.1 6380");
        self.line(":wait 6381.master_link_status == up for 30");
        self.line(":wait 6380.connected_slaves == 1 for 30");
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.lab.close();
    }
}

#[test]
fn steps_of_a_full_sync_go_one_by_one_by_name() {
    let mut s = Session::start();
    s.says(":step", &["step mode is off"]);
    s.line("127.0.0.1:6380> CONFIG SET repl-diskless-sync-delay 0");
    s.says(":step on", &["step mode is on"]);
    s.line("127.0.0.1:6381> REPLICAOF 127.0.0.1 6380");
    s.says(":step", &["went  6381          connects to 6380", "next  6381 → 6380  PING"]);
    s.says(":step", &["went  6381 → 6380  PING", "next  6380 → 6381  +PONG"]);
    let mut told = String::new();
    for _ in 0..40 {
        let said = s.line(":step");
        told.push_str(&said);
        if said.contains("(held back until now)") || told.contains("in sync") {
            break;
        }
        if said.contains("+FULLRESYNC") {
            // In the middle of the sync: it is served, and seen falling into the buffer.
            assert!(s.line("127.0.0.1:6380> set name xd").starts_with("OK"));
            s.says(":show buffer", &["set name xd"]);
        }
        if said.contains("no step waits") {
            break;
        }
    }
    for step in ["REPLCONF listening-port", "+OK", "PSYNC", "judges", "+FULLRESYNC", "RDB"] {
        assert!(told.contains(step), "no {step} in\n{told}");
    }
    s.says(":run", &["live again"]);
    s.line(":wait 6381> GET name == \"xd\" for 30");
    s.says(":run", &["live already"]);
    s.says(":show time", &["live", "steps were taken"]);
    // In sync, a write waits in the replica's buffer for its step.
    s.line(":wait 6381.master_link_status == up for 30");
    s.line(":step on");
    s.line("127.0.0.1:6380> set name xe");
    wait_for(&s.lab, "the write is held", |m| {
        m.time.waiting.iter().any(|w| w.step.kind == StepKind::Command)
    });
    s.says(":show buffer", &["31 B waits", "waits for a step of yours", "set name xe"]);
}

#[test]
fn a_breakpoint_holds_before_its_step() {
    let mut s = Session::start();
    s.line("127.0.0.1:6380> CONFIG SET repl-diskless-sync-delay 0");
    s.says(":break psync", &["breakpoint psync: the replica asks to go on"]);
    s.says(":breaks", &["breakpoint psync", "step mode is off"]);
    s.line("127.0.0.1:6381> REPLICAOF 127.0.0.1 6380");
    wait_for(&s.lab, "PSYNC is held", |m| m.time.stepping && m.time.waiting.len() == 1);
    s.says(":breaks", &["step mode is on", "next  6381 → 6380  PSYNC"]);
    s.says(":show topology", &["handshake", "1 step is held on it"]);
    s.says(":unbreak psync", &["no breakpoint psync any more"]);
    s.says(":unbreak psync", &["there is no breakpoint psync"]);
    s.says(":break 6381", &["every step of 6381"]);
    s.says(":unbreak all", &["1 breakpoint cleared"]);
    s.line(":run");
    s.line(":wait 6381.master_link_status == up for 30");
    s.refused(":break psnyc", "did you mean psync?");
    s.refused(":break rdb", "rdb could be rdb-begin, rdb-piece, rdb-end");
    s.refused(":step of", "on, off, or how many steps");
    s.refused(":stpe", "did you mean :step?");
}

#[test]
fn a_held_promotion_gives_the_prompt_back_and_replies_later() {
    let mut s = Session::start();
    s.follow();
    s.line(":break promotion");
    let said = s.line("127.0.0.1:6381> REPLICAOF NO ONE");
    assert!(said.contains("held before the promotion: :step lets it go"), "{said}");
    // The instance serves clients as always.
    s.says("127.0.0.1:6381> role", &["slave"]);
    let cursor = s.lab.journal().len();
    s.says(":step", &["went  6381          becomes a master"]);
    let mut events = Vec::new();
    let mut at = cursor;
    let reply = loop {
        at = s.lab.journal().read_from(at, &mut events, 1024);
        let late = events.drain(..).find_map(|e| match e.body {
            synclab::observe::Body::Console(synclab::observe::ConsoleFact::Answered {
                answer,
                ..
            }) if answer.plain().contains("replies to") => Some(answer.plain()),
            _ => None,
        });
        if let Some(reply) = late {
            break reply;
        }
        assert!(s.lab.journal().wait_beyond(at, std::time::Duration::from_secs(30)), "no reply");
    };
    assert!(reply.contains("replies to REPLICAOF NO ONE)\nOK"), "{reply}");
    s.line(":wait 6381.role == master");
}

#[test]
fn faults_are_made_listed_and_healed() {
    let mut s = Session::start();
    s.follow();
    s.says(":faults", &["nothing is wrong"]);
    s.says(":cut 6380 6381", &["6380 ⇄ 6381 is cut", ":heal 6380 6381 undoes it"]);
    s.line(":wait 6381.master_link_status == down for 30");
    s.says(":faults", &["6380 ⇄ 6381  cut"]);
    s.says(":show topology", &["link down", "the link is cut"]);
    s.says(":heal", &["1 link is as it should be again"]);
    s.line(":wait 6381.master_link_status == up for 30");
    s.says(":show why 6381", &["partial resync", "6381"]);
    s.says(":delay 6380 6381 200ms", &["every byte of 6380 ⇄ 6381 is 200 ms late"]);
    s.says(":throttle 6380 6381 64kb", &["at most 64 KB/s"]);
    s.says(":faults", &["200 ms late", "at most 64 KB/s"]);
    s.says(":delay 6380 6381 off", &["delayed no more"]);
    s.says(":heal 6380 6381", &["1 link"]);
    s.says(":heal 6380 6381", &["nothing to heal"]);
    s.says(":halfopen 6380 6381", &["half-open"]);
    s.says(":faults", &["half-open"]);
    s.line(":heal");
    s.line(":wait 6381.master_link_status == up for 30");
    s.says(":drop", &["the connection of 6380 ⇄ 6381 was dropped"]);
    s.line(":wait 6380.sync_partial_ok >= 2 for 30");
    s.says(":slow 10", &["run at 1/10"]);
    s.says(":faults", &["run at 1/10"]);
    s.says(":slow off", &["full speed"]);
    s.refused(":cut 6380", "which link? There is 6380 6381");
    s.refused(":delay 6380 6381 200", "a time such as 200ms");
    s.refused(":slow fast", "how many times slower?");
    let (_, said) = s.try_line(":cut 6380 6380");
    assert!(said.contains("no link to itself"), "{said}");
}

#[test]
fn a_frozen_instance_answers_nobody_and_a_script_says_so() {
    let mut s = Session::start();
    s.says(":freeze 6381", &["6381 is frozen", ":thaw 6381"]);
    s.says("127.0.0.1:6381> ping", &["6381 is frozen, and answers nobody", ":thaw 6381"]);
    s.says(":freeze 6381", &["frozen already"]);
    s.says(":thaw 6381", &["6381 goes on"]);
    s.says("127.0.0.1:6381> ping", &["PONG"]);
    let pid = s.lab.instance(s.lab.base_ports()[2]).expect("there").shown_pid;
    s.line(&format!("kill -STOP {pid}"));
    s.says(":faults", &["6382         frozen"]);
    s.line(&format!("kill -SIGSTOP {pid}"));
    s.line(&format!("kill -CONT {pid}"));
    s.says("127.0.0.1:6382> ping", &["PONG"]);
}

#[test]
fn instances_come_go_and_lose_their_data() {
    let mut s = Session::start();
    s.says(":add 6385", &["6385 is up and one of the lab's"]);
    s.says("127.0.0.1:6385> set a b", &["OK"]);
    s.says(":add 6385", &["in the lab already"]);
    s.line("127.0.0.1:6385> save");
    s.says(":kill 6385", &["was killed", ":restart 6385"]);
    s.says(":kill 6385", &["down", ":restart 6385"]);
    s.says(":restart 6385", &["up again"]);
    s.says("redis-cli -p 6385 get a", &["\"b\""]);
    s.line(":kill 6385");
    s.says(":restart 6385 --empty", &["without its data"]);
    s.says("redis-cli -p 6385 get a", &["(nil)"]);
    s.says(":remove 6385", &["out of the lab"]);
    assert!(!s.lab.ports().contains(&(s.lab.base_ports()[0] + 5)));
    s.refused(":add", "6383 would be the next");
    s.refused(":restart 6380 6381", "one port");
}

#[test]
fn small_limits_hold_for_all_and_go_again() {
    let mut s = Session::start();
    let size = "redis-cli -p 6381 config get repl-backlog-size";
    s.says(size, &["1048576"]);
    s.says(":scale limits", &["repl-backlog-size 16384", ":scale off"]);
    s.says(size, &["16384"]);
    s.says("redis-cli -p 6380 config get client-output-buffer-limit", &["slave 65536 0 0"]);
    s.says("redis-cli -p 6380 config get repl-timeout", &["\"5\""]);
    s.line(":add 6385");
    s.says("redis-cli -p 6385 config get repl-backlog-size", &["16384"]);
    s.line(":kill 6382");
    s.line(":restart 6382");
    s.says("redis-cli -p 6382 config get repl-backlog-size", &["16384"]);
    s.says(":scale off", &["the former limits are back on 6380, 6381, 6382, 6385"]);
    s.says(size, &["1048576"]);
    s.says("redis-cli -p 6382 config get repl-ping-replica-period", &["\"10\""]);
    s.refused(":scale banana", "limits, or off");
}

#[test]
fn an_earlier_moment_is_printed_with_what_is_another_way_now() {
    let mut s = Session::start();
    s.says(":bookmarks", &["no moment has a name"]);
    s.says(":bookmark before", &[":back before"]);
    s.follow();
    s.line("127.0.0.1:6380> set name xd");
    s.line(":wait 6381> GET name == \"xd\" for 30");
    s.says(
        ":back before",
        &["as it was at 0:0", "what is another way now", "then master", "now replica", "key name"],
    );
    s.says(":back -20", &["as it was at"]);
    s.says(":back 0:00", &["as it was at"]);
    s.says(":bookmarks", &["before"]);
    s.says(":back befor", &["did you mean before?"]);
    s.says(":now", &["this is now"]);
    s.refused(":bookmark 10s", "not a number or a time");
    s.refused(":back 4x", "is no moment");
}

#[test]
fn panes_are_shown_as_plain_text() {
    let mut s = Session::start();
    s.follow();
    s.line("127.0.0.1:6380> set name xd");
    s.line(":wait 6381> GET name == \"xd\" for 30");
    s.says(":show", &[":show topology", ":show why"]);
    s.says(":show topology", &["6380     master", "└─ 6381  replica  online", "behind"]);
    s.says(":show backlog", &["holds", "resumes", "6381", "6382"]);
    s.says(":show buffer", &["6380 for 6381", "hard limit 256 MB"]);
    s.says(":show keys", &["= name", "no difference"]);
    s.says(":show why", &["PSYNC of 6381, judged by 6380", "+FULLRESYNC"]);
    s.says(":show wire", &["6381 → 6380", "REPLCONF listening-port 6381", "PSYNC", "SELECT 0"]);
    s.line("127.0.0.1:6381> set name no");
    s.says(":show why", &["set was refused by 6381", "replica-read-only no"]);
    s.says(":show topo", &["master"]);
    s.refused(":show keyz", "did you mean keys?");
    s.refused(":show keys 1", "nobody in this lab is called 1");
}

#[test]
fn scenario_chain_hands_a_write_down_three_links() {
    let mut s = Session::start();
    let said = s.says(":scenario chain", &["Chain: a replica of a replica", "Try"]);
    assert!(said.contains("begin anew"), "{said}");
    let [base, ..] = s.lab.base_ports();
    let mut last = Client::to(base + 3);
    assert_eq!(last.ask("GET name"), "$2 xd");
    for i in 1..4 {
        let above = s.console_field(base + i, "master_port");
        assert_eq!(above, (base + i - 1).to_string(), "{i} follows the one before it");
    }
}

#[test]
fn scenario_fan_out_makes_one_snapshot_for_five() {
    let mut s = Session::start();
    s.line(":scenario fan-out");
    let [base, ..] = s.lab.base_ports();
    assert_eq!(s.console_field(base, "connected_slaves"), "5");
    assert_eq!(s.console_field(base, "sync_full"), "5");
    let model = s.lab.journal().model_at(s.lab.journal().len()).expect("in reach");
    assert_eq!(model.instances[&base].counters.snapshots, 1, "one for all");
    // A second time: what it added is taken out first.
    s.line(":scenario fan-out");
}

#[test]
fn scenario_two_masters_ends_with_two_histories() {
    let mut s = Session::start();
    s.line(":scenario two-masters");
    let [a, b, c] = s.lab.base_ports();
    assert_eq!(Client::to(a).ask("GET name"), "$3 old");
    assert_eq!(Client::to(b).ask("GET name"), "$3 new");
    assert_eq!(s.console_field(a, "role"), "master");
    assert_eq!(s.console_field(b, "role"), "master");
    assert_eq!(s.console_field(c, "master_port"), b.to_string());
    assert_eq!(s.console_field(b, "sync_partial_ok"), "1", "6382 went on without a snapshot");
    s.says(":faults", &["6380 ⇄ 6381  cut", "6380 ⇄ 6382  cut"]);
}

#[test]
fn scenario_resync_loop_loses_its_link_over_the_limit_again_and_again() {
    let mut s = Session::start();
    s.line(":scenario resync-loop");
    let [base, ..] = s.lab.base_ports();
    let fulls: u64 = s.console_field(base, "sync_full").parse().expect("a number");
    assert!(fulls >= 3, "{fulls}");
    let model = s.lab.journal().model_at(s.lab.journal().len()).expect("in reach");
    let over = |k: &synclab::lab::model::MomentKind| {
        use synclab::lab::model::MomentKind;
        use synclab::observe::LinkLoss;
        matches!(k, MomentKind::LinkLost { cause: LinkLoss::OutputLimit { .. }, .. })
    };
    assert!(model.history.count(0, over) >= 2);
    // The way out that it names.
    s.line("127.0.0.1:6380> CONFIG SET client-output-buffer-limit \"replica 0 0 0\"");
    s.line(":heal");
    s.line(":wait 6381.master_link_status == up for 60");
}

#[test]
fn scenario_empty_master_empties_its_replicas() {
    let mut s = Session::start();
    s.line(":scenario empty-master");
    let [_, b, c] = s.lab.base_ports();
    for port in [b, c] {
        assert_eq!(Client::to(port).ask("DBSIZE"), ":0");
    }
    s.says(":back hundred-keys", &["100 keys", "then 100"]);
}

#[test]
fn scenarios_are_read_from_files_and_refused_by_line() {
    let (lab, folder) = open();
    let mut s = Session::on(lab, folder);
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("mine.txt");
    let mut file = std::fs::File::create(&path).expect("a file");
    writeln!(file, "# Mine\n#\n# Two lines.\n\n127.0.0.1:6380> SET a b\n:wait 6380> GET a == b")
        .expect("written");
    // In an empty lab: the three are started.
    s.says(
        &format!(":scenario {}", path.display()),
        &["Mine", "Two lines.", "OK", "GET a is \"b\""],
    );
    std::fs::write(&path, "# Bad\n\n:stpe on\nset a b\n").expect("written");
    let (outcome, said) = s.try_line(&format!(":scenario {}", path.display()));
    assert!(outcome.not_understood, "{said}");
    assert!(said.contains(":3: :stpe is no verb of the lab; did you mean :step?"), "{said}");
    assert!(said.contains(":4: set: a redis-cli line needs its prompt"), "{said}");
    std::fs::write(&path, "# Fails\n\n:wait 6380.role == slave for 0.2\n:fill 10\n")
        .expect("written");
    let (outcome, said) = s.try_line(&format!(":scenario {}", path.display()));
    assert!(outcome.failed && said.contains(":3: this line did not succeed"), "{said}");
    s.refused(":scenario chian", "did you mean chain?");
    s.says(":scenarios", &[":scenario chain", ":scenario empty-master"]);
}

impl Session {
    /// A field of INFO, as the instance itself prints it.
    fn console_field(&mut self, port: u16, name: &str) -> String {
        let info = self.console_info(port);
        let line = info.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(':'));
        line.unwrap_or_else(|| panic!("no {name} in\n{info}")).trim().to_owned()
    }

    fn console_info(&mut self, port: u16) -> String {
        let mut said = String::new();
        let line = format!("redis-cli -p {port} info everything");
        self.console.run(&line, &mut Script, &mut |a| said.push_str(&a.plain()));
        said
    }
}
