//! INFO's persistence section.

use super::load::{Loading, loading, loading_progress};
use crate::engine::Engine;
use std::fmt::Write;

/// Appends the lines with their ends, without the header.
pub fn info_lines(e: &Engine, out: &mut String) {
    let p = &e.persist;
    let now_s = e.now.wall_s();
    let background = p.running.as_ref().filter(|s| s.in_background());
    let copied =
        background.map_or(0, |s| e.keyspace.copied_bytes().saturating_sub(s.copied_before));
    let (done, total) = background.map_or((0, 0), |s| (s.keys_done, s.keys_total));
    let percent = if total == 0 { 0.0 } else { done as f64 * 100.0 / total as f64 };
    let took = background.map_or(-1, |s| now_s - s.began.wall_s());
    let status = if p.last_ok { "ok" } else { "err" };
    let mut line = |name: &str, value: &dyn std::fmt::Display| {
        // Writing to a String cannot fail.
        let _ = write!(out, "{name}:{value}\r\n");
    };
    line("loading", &u8::from(loading(e) == Loading::Yes));
    line("async_loading", &u8::from(loading(e) == Loading::Async));
    line("current_cow_peak", &copied);
    line("current_cow_size", &copied);
    line("current_cow_size_age", &0);
    line("current_fork_perc", &format_args!("{percent:.2}"));
    line("current_save_keys_processed", &done);
    line("current_save_keys_total", &total);
    line("rdb_changes_since_last_save", &super::changes(e));
    line("rdb_bgsave_in_progress", &u8::from(background.is_some()));
    line("rdb_last_save_time", &p.lastsave_s);
    line("rdb_last_bgsave_status", &status);
    line("rdb_last_bgsave_time_sec", &p.last_took_s);
    line("rdb_current_bgsave_time_sec", &took);
    line("rdb_saves", &p.saves);
    line("rdb_last_cow_size", &p.last_copied);
    line("rdb_last_load_keys_expired", &p.last_expired);
    line("rdb_last_load_keys_loaded", &p.last_loaded);
    // There is no append-only file: its fields say so.
    line("aof_enabled", &0);
    line("aof_rewrite_in_progress", &0);
    line("aof_rewrite_scheduled", &0);
    line("aof_last_rewrite_time_sec", &-1);
    line("aof_current_rewrite_time_sec", &-1);
    line("aof_last_bgrewrite_status", &"ok");
    line("aof_rewrites", &0);
    line("aof_rewrites_consecutive_failures", &0);
    line("aof_last_write_status", &"ok");
    line("aof_last_cow_size", &0);
    line("module_fork_in_progress", &0);
    line("module_fork_last_cow_size", &0);
    if loading(e) == Loading::Yes
        && let Some((began, loaded, total, used_mem)) = loading_progress(e)
    {
        let age = (now_s - began.wall_s()).max(1) as f64;
        // Without a length the memory that the data took stands in for it.
        let size = total.unwrap_or(used_mem.max(loaded + 1)) as f64;
        let percent = loaded as f64 * 100.0 / size.max(1.0);
        let eta = (size - loaded as f64).max(0.0) / (loaded as f64 / age).max(1.0);
        line("loading_start_time", &began.wall_s());
        line("loading_total_bytes", &total.unwrap_or(0));
        line("loading_rdb_used_mem", &used_mem);
        line("loading_loaded_bytes", &loaded);
        line("loading_loaded_perc", &format_args!("{percent:.2}"));
        line("loading_eta_seconds", &(eta as i64));
    }
}
