//! INFO's replication section and ROLE.

use super::attached::{addr_of, lag_s, link};
use super::{failover, feed, follow};
use crate::engine::Engine;
use crate::engine::call::Call;
use crate::observe::{LinkState, ReplicaState};
use std::fmt::Write;

/// INFO's replication section, lines with their ends, without the header.
pub fn info_lines(e: &Engine, out: &mut String) {
    let mut line = |name: &str, value: &dyn std::fmt::Display| {
        // Writing to a String cannot fail.
        let _ = write!(out, "{name}:{value}\r\n");
    };
    let s = &e.repl.stream;
    if let Some(master) = follow::master_addr(e) {
        replica_lines(e, &master, &mut line);
    } else {
        line("role", &"master");
    }
    line("connected_slaves", &e.repl.replicas.len());
    if e.config.min_replicas_to_write > 0 && e.config.min_replicas_max_lag > 0 {
        line("min_slaves_good_slaves", &e.repl.good_replicas);
    }
    for (i, &conn) in e.repl.replicas.iter().enumerate() {
        let (Some(c), Some(l)) = (e.clients.get(conn), link(e, conn)) else { continue };
        let Some(state) = l.state.info_word() else { continue };
        let host = addr_of(c, &l.announced).host;
        let lag = match l.state {
            ReplicaState::Online => lag_s(e.now.link_us, l.ack_at_us),
            _ => 0,
        };
        let (port, offset) = (l.announced.port, l.ack_offset);
        line(
            &format!("slave{i}"),
            &format!("ip={host},port={port},state={state},offset={offset},lag={lag}"),
        );
    }
    line("master_failover_state", &failover::state_word(e));
    line("master_replid", &e.repl.ids.replid);
    line("master_replid2", &e.repl.ids.replid2);
    line("master_repl_offset", &s.end());
    line("second_repl_offset", &e.repl.ids.second_offset);
    line("repl_backlog_active", &i32::from(s.is_active()));
    line("repl_backlog_size", &feed::backlog_size(e));
    line("repl_backlog_first_byte_offset", &if s.is_active() { s.first() } else { 0 });
    line("repl_backlog_histlen", &s.histlen());
}

fn replica_lines(
    e: &Engine,
    master: &crate::observe::Addr,
    line: &mut dyn FnMut(&str, &dyn std::fmt::Display),
) {
    let f = &e.repl.follow;
    let now = e.now.link_us;
    let up = f.state == LinkState::Connected;
    line("role", &"slave");
    line("master_host", &master.host);
    line("master_port", &master.port);
    line("master_link_status", &if up { "up" } else { "down" });
    line("master_last_io_seconds_ago", &if up { lag_s(now, f.last_io_us) } else { -1 });
    line("master_sync_in_progress", &i32::from(f.state == LinkState::Transfer));
    let (read, applied) = offsets(e);
    line("slave_read_repl_offset", &read);
    line("slave_repl_offset", &applied);
    if let (LinkState::Transfer, Some(r)) = (f.state, &f.receive) {
        let (total, got) = r.figures();
        let percent = match total {
            0 => 0.0,
            n => got as f64 / n as f64 * 100.0,
        };
        line("master_sync_total_bytes", &total);
        line("master_sync_read_bytes", &got);
        line("master_sync_left_bytes", &(total - got));
        line("master_sync_perc", &format!("{percent:.2}"));
        line("master_sync_last_io_seconds_ago", &lag_s(now, f.last_io_us));
    }
    if !up {
        let down = f.down_since_us.map_or(-1, |since| lag_s(now, since));
        line("master_link_down_since_seconds", &down);
    }
    line("slave_priority", &e.config.replica_priority);
    line("slave_read_only", &i32::from(e.config.replica_read_only));
    line("replica_announced", &i32::from(e.config.replica_announced));
}

/// Bytes received (half commands included) and bytes applied; without link and history 1 and 1.
fn offsets(e: &Engine) -> (i64, i64) {
    if let Some(conn) = follow::connected_conn(e) {
        let waiting = e.clients.get(conn).map_or(0, |c| c.query.waiting().len());
        let applied = e.repl.stream.end();
        return (applied + (e.repl.follow.unapplied.len() + waiting) as i64, applied);
    }
    match e.repl.follow.cached {
        Some(cached) => (cached.offset, cached.offset),
        None => (1, 1),
    }
}

/// `ROLE`.
pub(super) fn role(e: &mut Engine, _call: &Call<'_>) {
    if let Some(master) = follow::master_addr(e) {
        let state = e.repl.follow.state;
        let offset = if state == LinkState::Connected { e.repl.stream.end() } else { -1 };
        e.reply.array(5);
        e.reply.bulk(b"slave");
        e.reply.bulk(master.host.as_bytes());
        e.reply.int(i64::from(master.port));
        e.reply.bulk(state.role_word().as_bytes());
        e.reply.int(offset);
        return;
    }
    let mut online = Vec::new();
    for &conn in &e.repl.replicas {
        let (Some(c), Some(l)) = (e.clients.get(conn), link(e, conn)) else { continue };
        if l.state == ReplicaState::Online {
            let host = addr_of(c, &l.announced).host;
            online.push([host, l.announced.port.to_string(), l.ack_offset.to_string()]);
        }
    }
    e.reply.array(3);
    e.reply.bulk(b"master");
    e.reply.int(e.repl.stream.end());
    e.reply.array(online.len());
    for words in online {
        e.reply.array(3);
        for word in words {
            e.reply.bulk(word.as_bytes());
        }
    }
}
