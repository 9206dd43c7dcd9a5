//! Clients that wait for keys, on both servers alike: who waits, who is served with what, in which
//! order, and what CLIENT UNBLOCK finds.

use super::compare::{Both, Context};
use super::lines::{self, CONNS, Family, Line, Script};
use super::pair::{Conn, Pair, Side, WAITERS};
use super::quoted;
use libtest_mimic::Failed;
use std::time::{Duration, Instant};
use synclab::wire::command::encode_command;
use synclab::wire::text::printable;

/// So many steps, each one a client that begins to wait or some lines of others.
const STEPS: usize = 150;

/// Plays `rounds` stories from this seed on.
pub fn stories(first: u64, rounds: u64) -> Result<(), Failed> {
    let mut pair = Pair::start();
    let families: Vec<(u32, &'static dyn Family)> =
        lines::all().into_iter().map(|f| (1, f)).collect();
    let mut waited = 0;
    for seed in first..first + rounds {
        for side in [&mut pair.real, &mut pair.ours] {
            side.connect();
        }
        if !pair.clear(&families) {
            pair.renew();
            pair.clear(&families);
        }
        let mut told = Vec::new();
        waited += story(&mut pair, &mut Script::new(seed, &families), &mut told).map_err(|e| {
            let from = told.len().saturating_sub(30);
            let text =
                format!("SYNCLAB_SEED={seed}:\n{}\n{e}\n{}", told[from..].join("\n"), pair.log());
            Failed::from(text)
        })?;
    }
    eprintln!("clients that wait: {waited} waits, seeds {first} to {}", first + rounds - 1);
    Ok(())
}

fn story(pair: &mut Pair, script: &mut Script, told: &mut Vec<String>) -> Result<usize, String> {
    let mut ids = Vec::new();
    for side in [&mut pair.real, &mut pair.ours] {
        let ask = |c: &mut Conn| number(&call(c, &["CLIENT", "ID"]));
        ids.push(side.conns[CONNS..].iter_mut().map(ask).collect::<Vec<_>>());
    }
    let mut waiting = [false; WAITERS];
    let mut waits = 0;
    for _ in 0..STEPS {
        let who = script.dice().below(WAITERS);
        if waiting[who] && script.dice().one_in(3) {
            wake(pair, who, &ids, told)?;
            waiting[who] = false;
        } else if !waiting[who]
            && let Some(words) = script.waiting()
        {
            told.push(show(CONNS + who, &words));
            let real = begin(&mut pair.real, who, ids[0][who], &words);
            let ours = begin(&mut pair.ours, who, ids[1][who], &words);
            if real.is_none() != ours.is_none() || !same(&words, &real, &ours) {
                return Err(unlike(&real, &ours));
            }
            waiting[who] = real.is_none();
            waits += usize::from(waiting[who]);
        } else {
            let lines: Vec<Line> = (0..3)
                .flat_map(|_| script.group())
                .map(|words| Line { conn: 0, words, glued: false })
                .collect();
            told.extend(lines.iter().map(|l| show(0, &l.words)));
            if let Some(found) = pair.run(&lines) {
                return Err(unlike(&Some(found.real), &Some(found.ours)));
            }
        }
    }
    for who in (0..WAITERS).filter(|who| waiting[*who]) {
        wake(pair, who, &ids, told)?;
    }
    let digest = Line::new(1, &["DEBUG", "DIGEST"]);
    match pair.run(&[digest]) {
        Some(found) => {
            let unlike = unlike(&Some(found.real), &Some(found.ours));
            Err(format!("{unlike}{}", pair.unlike()))
        }
        None => Ok(waits),
    }
}

/// Sends a command that may wait; its reply, or None once the server says that it waits.
fn begin(side: &mut Side, who: usize, id: i64, words: &[Vec<u8>]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    encode_command(&mut bytes, words);
    side.conns[CONNS + who].send(&bytes);
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(reply) = side.conns[CONNS + who].reply_so_far() {
            return Some(reply);
        }
        let list = call(&mut side.conns[2], &["CLIENT", "LIST", "ID", &id.to_string()]);
        let text = String::from_utf8_lossy(&list).into_owned();
        let flags = text.split(' ').find_map(|f| f.strip_prefix("flags="));
        if flags.is_some_and(|f| f.contains('b')) {
            return None;
        }
        assert!(Instant::now() < until, "neither a reply nor a client that waits: {text}");
    }
}

/// Ends a client's waiting: both had it waiting still, or both had served it, with the same.
fn wake(
    pair: &mut Pair,
    who: usize,
    ids: &[Vec<i64>],
    told: &mut Vec<String>,
) -> Result<(), String> {
    told.push(format!("  CLIENT UNBLOCK (of {})", CONNS + who));
    let mut found = Vec::new();
    for (side, ids) in [&mut pair.real, &mut pair.ours].into_iter().zip(ids) {
        let id = ids[who].to_string();
        let was = call(&mut side.conns[2], &["CLIENT", "UNBLOCK", &id]);
        let reply = side.conns[CONNS + who].reply().to_vec();
        found.push((was, reply));
    }
    let (real, ours) = (&found[0], &found[1]);
    if real.0 != ours.0 || !same(&[b"BLPOP".to_vec()], &Some(real.1.clone()), &Some(ours.1.clone()))
    {
        let (was, is) = (printable(&real.0, 20), printable(&ours.0, 20));
        let unlike = unlike(&Some(real.1.clone()), &Some(ours.1.clone()));
        return Err(format!("UNBLOCK: redis {was}, ours {is}\n{unlike}"));
    }
    Ok(())
}

fn same(words: &[Vec<u8>], real: &Option<Vec<u8>>, ours: &Option<Vec<u8>>) -> bool {
    match (real, ours) {
        (Some(real), Some(ours)) => Context::default().same(&Both { words, real, ours }),
        _ => real.is_none() && ours.is_none(),
    }
}

fn call(conn: &mut Conn, words: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_command(&mut bytes, words);
    conn.send(&bytes);
    conn.reply().to_vec()
}

fn number(reply: &[u8]) -> i64 {
    let text = String::from_utf8_lossy(reply).into_owned();
    text.trim_start_matches(':').trim().parse().unwrap_or(-1)
}

fn show(conn: usize, words: &[Vec<u8>]) -> String {
    let words: Vec<String> = words.iter().map(|w| quoted(w)).collect();
    format!("  {conn}> {}", words.join(" "))
}

fn unlike(real: &Option<Vec<u8>>, ours: &Option<Vec<u8>>) -> String {
    let show = |reply: &Option<Vec<u8>>| match reply {
        None => "(it waits)".to_owned(),
        Some(bytes) if bytes.is_empty() => "(the connection ended)".to_owned(),
        Some(bytes) => printable(bytes, 500),
    };
    format!("  redis: {}\n  ours:  {}", show(real), show(ours))
}
