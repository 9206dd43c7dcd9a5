//! What is told of the bytes on a link, and of the records in an RDB.

use super::pump::World;
use crate::observe::{Fact, Flow, Offset, Passage, RdbSum, RdbWhat};

/// Where the stream began, and its bytes.
type StreamBytes = Option<(Offset, Vec<u8>)>;

/// The bytes that one end told one way, end to end, and the stream's among them.
fn passed(facts: &[Fact], way: Flow) -> (u64, Vec<u8>, StreamBytes) {
    let (mut first, mut all, mut stream) = (None, Vec::new(), None::<(Offset, Vec<u8>)>);
    for fact in facts {
        let Fact::Passed { flow, at, part, raw, .. } = fact else { continue };
        if *flow != way {
            continue;
        }
        let first = *first.get_or_insert(*at);
        assert_eq!(*at, first + all.len() as u64, "nothing is left out: {fact:?}");
        assert!(!raw.is_cut());
        all.extend_from_slice(raw.bytes());
        if let Passage::Stream { from } = part {
            let stream = stream.get_or_insert((*from, Vec::new()));
            assert_eq!(from.0, stream.0.0 + stream.1.len() as i64);
            stream.1.extend_from_slice(raw.bytes());
        }
    }
    (first.unwrap_or_default(), all, stream)
}

fn records(facts: &[Fact]) -> Vec<(u64, u64, RdbWhat)> {
    let of = |fact: &Fact| match fact {
        Fact::RdbItem { at, raw, what, .. } => Some((*at, raw.len(), what.clone())),
        _ => None,
    };
    facts.iter().filter_map(of).collect()
}

#[test]
fn both_ends_tell_the_same_bytes_and_no_password() {
    for diskless in ["yes", "no"] {
        for load in ["disabled", "swapdb"] {
            let mut w = World::new(7);
            let conf = format!("repl-diskless-sync {diskless}\nrepl-diskless-sync-delay 0\n");
            let m = w.start(&format!("{conf}requirepass pass-of-test\n"));
            let r = w.start(&format!("masterauth pass-of-test\nrepl-diskless-load {load}\n"));
            w.ask(m, "AUTH pass-of-test\r\nSET a 1\r\nSET b 2");
            w.follow(r, m);
            w.ask(m, "AUTH pass-of-test\r\nSET after 1");
            w.advance_ms(1500);
            let (replica, master) = (&w.nodes[r].facts, &w.nodes[m].facts);
            for fact in replica.iter().chain(master) {
                assert!(!format!("{fact:?}").contains("pass-of-test"), "{fact:?}");
                if let Fact::Passed { raw, .. } = fact {
                    assert!(!raw.bytes().windows(12).any(|w| w == b"pass-of-test"), "{fact:?}");
                }
            }
            let (_, out, _) = passed(replica, Flow::Out);
            let text = String::from_utf8_lossy(&out);
            assert!(
                text.starts_with("*1\r\n$4\r\nPING\r\n*2\r\n$4\r\nAUTH\r\n$12\r\n************\r\n")
            );
            assert!(text.contains("PSYNC") && text.contains("ACK"));
            let (_, into, stream) = passed(replica, Flow::In);
            let (at, sent, sent_stream) = passed(master, Flow::Out);
            assert!(String::from_utf8_lossy(&into).contains("+FULLRESYNC"));
            assert_eq!(
                String::from_utf8_lossy(&into[at as usize..]),
                String::from_utf8_lossy(&sent)
            );
            assert_eq!(stream, sent_stream);
            let stream = String::from_utf8_lossy(&stream.expect("a stream").1).into_owned();
            assert!(stream.contains("after"), "{stream}");
            let told = records(replica);
            assert_eq!(told, records(master));
            let keys = told.iter().filter(|(_, _, what)| matches!(what, RdbWhat::Key(_))).count();
            assert_eq!(keys, 2);
            let right = RdbWhat::Checksum { sum: 0, verdict: RdbSum::Right };
            let Some((_, 8, RdbWhat::Checksum { verdict, .. })) = told.last() else {
                panic!("not {right:?}: {told:?}")
            };
            assert_eq!(*verdict, RdbSum::Right);
        }
    }
}

#[test]
fn a_load_is_not_told_byte_by_byte() {
    let mut w = World::new(3);
    let m = w.start("repl-diskless-sync-delay 0\n");
    let r = w.start("");
    w.follow(r, m);
    for n in 0..5000 {
        w.tell(m, &format!("SET key:{n} some-value"));
    }
    let count = |node: usize| {
        let passed = |f: &&Fact| matches!(f, Fact::Passed { .. });
        w.nodes[node].facts.iter().filter(passed).count()
    };
    assert!(count(m) < 1500 && count(r) < 1500, "{} {}", count(m), count(r));
}
