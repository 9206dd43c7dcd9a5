//! The Redis commands that the console knows by name: for completion, hints and suggestions only.
//! Whether a command exists is for the server to say; this list never refuses anything.

/// A command, what follows it, and whether it can change keys.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    pub name: &'static str,
    pub arguments: &'static str,
    pub writes: bool,
}

const fn reads(name: &'static str, arguments: &'static str) -> Known {
    Known { name, arguments, writes: false }
}

const fn writes(name: &'static str, arguments: &'static str) -> Known {
    Known { name, arguments, writes: true }
}

/// In the order of the alphabet. The arguments follow Redis's own notation.
pub const COMMANDS: &[Known] = &[
    reads("ACL", "subcommand [argument ...]"),
    writes("APPEND", "key value"),
    reads("AUTH", "[username] password"),
    reads("BGREWRITEAOF", ""),
    reads("BGSAVE", "[SCHEDULE]"),
    reads("BITCOUNT", "key [start end [BYTE|BIT]]"),
    writes("BITOP", "operation destkey key [key ...]"),
    writes("BLPOP", "key [key ...] timeout"),
    writes("BRPOP", "key [key ...] timeout"),
    reads("CLIENT", "ID|LIST|INFO|KILL|PAUSE|REPLY|TRACKING|SETNAME|GETNAME [argument ...]"),
    reads("COMMAND", "[COUNT|DOCS|GETKEYS|INFO|LIST [argument ...]]"),
    reads("CONFIG", "GET|SET|REWRITE|RESETSTAT [parameter value ...]"),
    writes("COPY", "source destination [DB destination-db] [REPLACE]"),
    reads("DBSIZE", ""),
    reads("DEBUG", "SLEEP|DIGEST|POPULATE|CHANGE-REPL-ID [argument ...]"),
    writes("DECR", "key"),
    writes("DECRBY", "key decrement"),
    writes("DEL", "key [key ...]"),
    reads("DISCARD", ""),
    reads("DUMP", "key"),
    reads("ECHO", "message"),
    writes("EVAL", "script numkeys [key ...] [arg ...]"),
    reads("EXEC", ""),
    reads("EXISTS", "key [key ...]"),
    writes("EXPIRE", "key seconds [NX|XX|GT|LT]"),
    writes("EXPIREAT", "key unix-time-seconds [NX|XX|GT|LT]"),
    reads("EXPIRETIME", "key"),
    reads("FAILOVER", "[TO host port [FORCE]] [ABORT] [TIMEOUT milliseconds]"),
    writes("FLUSHALL", "[ASYNC|SYNC]"),
    writes("FLUSHDB", "[ASYNC|SYNC]"),
    reads("GET", "key"),
    reads("GETBIT", "key offset"),
    writes("GETDEL", "key"),
    writes("GETEX", "key [EX seconds|PX milliseconds|EXAT timestamp|PXAT timestamp|PERSIST]"),
    reads("GETRANGE", "key start end"),
    writes("GETSET", "key value"),
    writes("HDEL", "key field [field ...]"),
    reads("HELLO", "[protover [AUTH username password] [SETNAME clientname]]"),
    reads("HGET", "key field"),
    reads("HGETALL", "key"),
    writes("HSET", "key field value [field value ...]"),
    writes("INCR", "key"),
    writes("INCRBY", "key increment"),
    writes("INCRBYFLOAT", "key increment"),
    reads("INFO", "[section ...]"),
    reads("KEYS", "pattern"),
    reads("LASTSAVE", ""),
    reads("LLEN", "key"),
    writes("LPOP", "key [count]"),
    writes("LPUSH", "key element [element ...]"),
    reads("LRANGE", "key start stop"),
    reads("MEMORY", "USAGE|STATS|DOCTOR [argument ...]"),
    reads("MGET", "key [key ...]"),
    reads("MONITOR", ""),
    writes("MOVE", "key db"),
    writes("MSET", "key value [key value ...]"),
    writes("MSETNX", "key value [key value ...]"),
    reads("MULTI", ""),
    reads("OBJECT", "ENCODING|FREQ|IDLETIME|REFCOUNT key"),
    writes("PERSIST", "key"),
    writes("PEXPIRE", "key milliseconds [NX|XX|GT|LT]"),
    writes("PEXPIREAT", "key unix-time-milliseconds [NX|XX|GT|LT]"),
    reads("PEXPIRETIME", "key"),
    reads("PING", "[message]"),
    writes("PSETEX", "key milliseconds value"),
    reads("PSUBSCRIBE", "pattern [pattern ...]"),
    reads("PSYNC", "replicationid offset"),
    reads("PTTL", "key"),
    writes("PUBLISH", "channel message"),
    reads("PUBSUB", "CHANNELS|NUMSUB|NUMPAT|SHARDCHANNELS|SHARDNUMSUB [argument ...]"),
    reads("PUNSUBSCRIBE", "[pattern ...]"),
    reads("QUIT", ""),
    reads("RANDOMKEY", ""),
    writes("RENAME", "key newkey"),
    writes("RENAMENX", "key newkey"),
    reads("REPLCONF", "option value [option value ...]"),
    reads("REPLICAOF", "host port | NO ONE"),
    reads("RESET", ""),
    writes(
        "RESTORE",
        "key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]",
    ),
    reads("ROLE", ""),
    writes("RPOP", "key [count]"),
    writes("RPUSH", "key element [element ...]"),
    writes("SADD", "key member [member ...]"),
    reads("SAVE", ""),
    reads("SCAN", "cursor [MATCH pattern] [COUNT count] [TYPE type]"),
    reads("SCARD", "key"),
    reads("SELECT", "index"),
    writes(
        "SET",
        "key value [NX|XX] [GET] [EX seconds|PX milliseconds|EXAT timestamp|PXAT timestamp|KEEPTTL]",
    ),
    writes("SETBIT", "key offset value"),
    writes("SETEX", "key seconds value"),
    writes("SETNX", "key value"),
    writes("SETRANGE", "key offset value"),
    reads("SHUTDOWN", "[NOSAVE|SAVE] [NOW] [FORCE] [ABORT]"),
    reads("SLAVEOF", "host port | NO ONE"),
    reads("SLOWLOG", "GET|LEN|RESET [argument ...]"),
    reads("SMEMBERS", "key"),
    writes("SPOP", "key [count]"),
    writes("SPUBLISH", "shardchannel message"),
    writes("SREM", "key member [member ...]"),
    reads("SSUBSCRIBE", "shardchannel [shardchannel ...]"),
    reads("STRLEN", "key"),
    reads("SUBSCRIBE", "channel [channel ...]"),
    reads("SUBSTR", "key start end"),
    reads("SUNSUBSCRIBE", "[shardchannel ...]"),
    writes("SWAPDB", "index1 index2"),
    reads("SYNC", ""),
    reads("TIME", ""),
    reads("TOUCH", "key [key ...]"),
    reads("TTL", "key"),
    reads("TYPE", "key"),
    writes("UNLINK", "key [key ...]"),
    reads("UNSUBSCRIBE", "[channel ...]"),
    reads("UNWATCH", ""),
    reads("WAIT", "numreplicas timeout"),
    reads("WATCH", "key [key ...]"),
    writes("XADD", "key [NOMKSTREAM] *|id field value [field value ...]"),
    writes("ZADD", "key [NX|XX] [GT|LT] [CH] [INCR] score member [score member ...]"),
    reads("ZRANGE", "key start stop [WITHSCORES]"),
    reads("ZSCORE", "key member"),
];

/// The command of that name, in any case.
pub fn known(name: &str) -> Option<&'static Known> {
    COMMANDS.iter().find(|k| k.name.eq_ignore_ascii_case(name))
}

/// The words of the lab's shell, and what follows them.
pub const SHELL: &[(&str, &str, &str)] = &[
    ("redis-server", "CONF [--directive value ...]", "start an instance"),
    ("redis-cli", "[-h host] [-p port] [-n db] [-a password] [command ...]", "talk to one"),
    ("mkdir", "[-p] DIR ...", "make folders; braces work: /data/638{0..2}"),
    ("vim", "FILE", "edit a file"),
    ("ls", "[-l] [PATH ...]", "list files"),
    ("cat", "FILE ...", "print files"),
    ("tail", "[-n LINES] FILE ...", "print the end of a file"),
    ("rm", "[-r] [-f] PATH ...", "remove files"),
    ("pwd", "", "where am I"),
    ("cd", "[DIR]", "go there"),
    ("ps", "", "which servers run"),
    ("kill", "[-9|-TERM|-STOP|-CONT] PID ...", "end, stop or continue a server"),
    ("clear", "", "clear the screen"),
    ("help", "", "what can be typed"),
    ("exit", "", "leave"),
];

/// Whether the shell knows this word.
pub fn is_shell_word(word: &str) -> bool {
    SHELL.iter().any(|(name, ..)| *name == word) || alias(word) != word
}

/// Other spellings of the shell's words, as fingers and web pages have them.
pub fn alias(word: &str) -> &str {
    match word {
        "vi" | "nano" | "view" => "vim",
        "ll" | "dir" => "ls",
        "more" | "less" => "cat",
        "quit" | "logout" => "exit",
        _ => match word.rsplit_once('/') {
            // /usr/local/redis/bin/redis-server, ./redis-cli
            Some((_, base @ ("redis-server" | "redis-cli"))) => base,
            _ => word,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_sorted_and_single() {
        assert!(COMMANDS.windows(2).all(|w| w[0].name < w[1].name));
        assert!(known("slaveof").is_some() && known("set").is_some_and(|k| k.writes));
        assert!(known("slaveoff").is_none());
    }

    #[test]
    fn shell_words_have_aliases() {
        assert!(is_shell_word("/usr/bin/redis-cli") && is_shell_word("vi") && is_shell_word("ls"));
        assert!(!is_shell_word("set") && !is_shell_word("grep"));
    }
}
