//! What the server tells about itself: commands and their keys, settings, messages, clients.

use super::Family;
use super::dice::Dice;
use super::pattern::Words;

pub struct Server;

impl Family for Server {
    fn name(&self) -> &'static str {
        "server"
    }

    fn prefix(&self) -> &'static str {
        "srv"
    }

    fn patterns(&self) -> &'static [(u32, &'static str)] {
        PATTERNS
    }

    fn item(&self, name: &str, dice: &mut Dice, words: &mut Words) -> bool {
        words.push(match name {
            "channel" => format!("ch{}", dice.below(4)).into_bytes(),
            "events" => (0..dice.below(5)).map(|_| b"Ag$lshzxeKEtmdn!"[dice.below(16)]).collect(),
            _ => return false,
        });
        true
    }
}

const PATTERNS: &[(u32, &str)] = &[
    (4, "COMMAND INFO (get|set|sort|zunionstore|migrate|georadius|lmpop|bitfield|blmpop|nope)"),
    (2, "COMMAND INFO (subscribe|spublish|publish|ssubscribe|lolwut|sort_ro|client tracking)"),
    (2, "COMMAND (GETKEYS|GETKEYSANDFLAGS) SORT <key> [(BY|GET|STORE|LIMIT)] [<value>]*"),
    (
        2,
        "COMMAND (GETKEYS|GETKEYSANDFLAGS) (ZUNION|ZINTER|ZDIFF|SINTERCARD) (2|0|-1|x|9|1) (<key>)++",
    ),
    (2, "COMMAND (GETKEYS|GETKEYSANDFLAGS) ZUNIONSTORE <key> (2|1|0|x|1x) (<key>)++"),
    (2, "COMMAND (GETKEYS|GETKEYSANDFLAGS) SET <key> <value> [(GET|get|NX)]*"),
    (2, "COMMAND (GETKEYS|GETKEYSANDFLAGS) BITFIELD <key> [(GET u8 0|SET u8 0 1|OVERFLOW SAT|x)]*"),
    (2, "COMMAND (GETKEYS|GETKEYSANDFLAGS) (LMPOP|ZMPOP) (1|2|0|x) (<key>)++ LEFT"),
    (1, "COMMAND (GETKEYS|GETKEYSANDFLAGS) MIGRATE h 1 <key> 0 5 [(COPY|REPLACE|AUTH x)]*"),
    (1, "COMMAND (GETKEYS|GETKEYSANDFLAGS) GEORADIUS <key> 1 2 3 m [(STORE|STOREDIST|ASC|<key>)]*"),
    (1, "COMMAND (GETKEYS|GETKEYSANDFLAGS) (PING|MSET|MEMORY|OBJECT|nope|SPUBLISH) [<key>]*"),
    (1, "COMMAND (GETKEYS|GETKEYSANDFLAGS) MEMORY USAGE <key>"),
    (1, "COMMAND LIST FILTERBY (MODULE|PATTERN|nope) (xx*|get|client|tracking)"),
    (1, "COMMAND LIST FILTERBY ACLCAT nosuchcategory [x]*"),
    (1, "COMMAND (DOCS|INFO|COUNT|LIST|GETKEYS|HELP|x) nosuch [x]*"),
    (3, "CONFIG SET notify-keyspace-events <events>"),
    (3, "CONFIG GET notify-keyspace-events"),
    (3, "CONFIG SET (slowlog-max-len|tracking-table-max-keys) (0|5|-1|1mb|5%|x)"),
    (2, "CONFIG SET (latency-monitor-threshold|tcp-keepalive|slowlog-log-slower-than) (0|-5|x)"),
    (1, "CONFIG SET maxmemory-clients (0|5%|-1|200%|x)"),
    (2, "CONFIG SET client-output-buffer-limit (pubsub 1 2 3|pubsub 1|normal x 0 0|nope 0 0 0)"),
    (2, "CONFIG GET (slowlog-max-len|timeout|maxmemory-clients|*output-buffer*|track*|nope)"),
    (1, "CONFIG SET (daemonize|nope|dir) yes"),
    (1, "CONFIG SET timeout 0 (timeout|hz) 5"),
    (3, "PUBLISH <channel> <value>"),
    (2, "SPUBLISH <channel> <value>"),
    (2, "PUBSUB (CHANNELS|SHARDCHANNELS) [<channel>]*"),
    (2, "PUBSUB (NUMSUB|SHARDNUMSUB) [<channel>]*"),
    (1, "PUBSUB (NUMPAT|HELP|nope) [x]*"),
    (1, "(UNSUBSCRIBE|SUNSUBSCRIBE|PUNSUBSCRIBE) [<channel>]*"),
    (
        2,
        "CLIENT TRACKING (on|off|x) [(BCAST|OPTIN|OPTOUT|NOLOOP|PREFIX <short>|REDIRECT 999999|x)]*",
    ),
    (2, "CLIENT TRACKINGINFO"),
    (2, "CLIENT CACHING (yes|no|x)"),
    (1, "CLIENT GETREDIR"),
    (1, "CLIENT NO-EVICT (on|off|x)"),
    (1, "CLIENT KILL (ID 0|ID x|TYPE nope|USER nope|ADDR 1.2.3.4:5|SKIPME maybe|x) [x]*"),
    (1, "CLIENT LIST (TYPE nope|ID x|TYPE pubsub|x)"),
    (1, "CLIENT (PAUSE|UNBLOCK|SETNAME|REPLY) (x|-1) [(x|ALL|ERROR)]*"),
    (1, "CLIENT (GETNAME|UNPAUSE|HELP|nope)"),
    (1, "SLOWLOG (GET -2|GET x|GET 1 2|HELP|RESET|nope)"),
    (1, "LATENCY (LATEST x|HISTORY nope|GRAPH nope|RESET nope|HELP|DOCTOR|nope)"),
    (1, "MEMORY (USAGE nosuchkey|USAGE nosuchkey SAMPLES -1|USAGE a b|PURGE|HELP|nope)"),
    (1, "LOLWUT (VERSION x|VERSION 9)"),
    (1, "PING [<value>]*"),
    (1, "DEBUG PROTOCOL (string|integer|double|bignum|null|array|set|map|attrib|verbatim|true|x)"),
];
