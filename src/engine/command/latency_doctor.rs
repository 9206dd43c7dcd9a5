//! LATENCY DOCTOR: what the latency monitor saw, and what may help. Its frame is Redis's; the
//! advice is for the events that occur here.

use crate::engine::Engine;
use crate::engine::latency_events::Series;

const OFF: &str = "I'm sorry, Dave, I can't do that. Latency monitoring is disabled in this Redis \
    instance. You may use \"CONFIG SET latency-monitor-threshold <milliseconds>.\" in order to \
    enable it. If we weren't in a deep space mission I'd suggest to take a look at \
    https://redis.io/topics/latency-monitor.\n";
const NOTHING: &str = "Dave, no latency spike was observed during the lifetime of this Redis \
    instance, not in the slightest bit. I honestly think you ought to sit down calmly, take a \
    stress pill, and think things over.\n";
const NO_ADVICE: &str = "\nWhile there are latency events logged, I'm not able to suggest any easy \
    fix. Please use the Redis community to get some help, providing this report in your help \
    request.\n";

/// The report.
pub(super) fn report(e: &Engine) -> String {
    let events = &e.latency_events.by_name;
    if events.is_empty() {
        let off = e.config.latency_monitor_threshold == 0;
        return if off { OFF } else { NOTHING }.to_owned();
    }
    let mut out = "Dave, I have observed latency spikes in this Redis instance. You don't mind \
                   talking about it, do you Dave?\n\n"
        .to_owned();
    for (i, (name, series)) in events.iter().enumerate() {
        out += &line(i + 1, name, series, e.now.wall_s());
    }
    let advice = advice(e);
    if advice.is_empty() {
        return out + NO_ADVICE;
    }
    out += "\nI have a few advices for you:\n\n";
    for text in advice {
        out += &format!("- {text}\n");
    }
    out
}

fn line(number: usize, name: &str, series: &Series, now_s: i64) -> String {
    let n = series.samples.len().max(1) as u64;
    let mean = series.samples.iter().map(|(_, ms)| ms).sum::<u64>() / n;
    let deviation = series.samples.iter().map(|(_, ms)| ms.abs_diff(mean)).sum::<u64>() / n;
    let oldest = series.samples.front().map_or(now_s, |(at, _)| *at);
    let period = (now_s - oldest).max(1) as f64 / n as f64;
    format!(
        "{number}. {name}: {n} latency spikes (average {mean}ms, mean deviation {deviation}ms, \
         period {period:.2} sec). Worst all time event {}ms.\n",
        series.worst_ms
    )
}

fn advice(e: &Engine) -> Vec<String> {
    let saw = |name: &str| e.latency_events.by_name.contains_key(name);
    let threshold = e.config.latency_monitor_threshold;
    let us = threshold.saturating_mul(1000);
    let slower_than = e.config.slowlog_log_slower_than;
    let mut all = Vec::new();
    if saw("command") {
        if slower_than < 0 {
            all.push(format!(
                "The slow log is off, so nothing tells which commands these were: 'CONFIG SET \
                 slowlog-log-slower-than {us}' switches it on."
            ));
        } else if slower_than / 1000 > threshold {
            all.push(format!(
                "The slow log keeps only what is slower than this monitor's threshold: 'CONFIG SET \
                 slowlog-log-slower-than {us}' makes both see the same commands."
            ));
        }
        all.push("SLOWLOG GET names the commands that took long.".into());
    }
    if saw("fast-command") {
        all.push(
            "Commands that cannot be slow were: this thread did not get the processor when it \
             needed it. Look for other load on the machine."
                .into(),
        );
    }
    if saw("expire-cycle") && e.config.hz < 100 {
        all.push("'CONFIG SET hz 100' spreads the expiry of keys over more, shorter runs.".into());
    }
    if saw("command") || saw("expire-cycle") || saw("eviction-del") {
        all.push(
            "Deleting, expiring or evicting one very large value takes long: split such values, or \
             use UNLINK and the lazyfree-lazy-... settings."
                .into(),
        );
    }
    if saw("eviction-cycle") {
        all.push(
            "Many keys had to be evicted at once: lower maxmemory in small steps, and avoid \
             commands that create very large values."
                .into(),
        );
    }
    all
}
