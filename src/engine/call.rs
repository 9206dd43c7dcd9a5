//! One command as a handler sees it, and the description of a command.

use super::Engine;
use super::conn::ConnId;
pub use super::key_spec::KeySpec;

/// Executes a command: reads `call.args`, changes the engine, writes exactly one reply to
/// `engine.reply`.
pub type Handler = fn(&mut Engine, &Call<'_>);

/// A command that is being executed.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// Who asked. For the stream of a master this is the master link.
    pub conn: ConnId,
    /// The words as they were sent, the command's name first; for `CONFIG GET x` all three.
    pub args: &'a [&'a [u8]],
    /// The command, or the subcommand if it has them.
    pub spec: &'static CommandSpec,
}

impl<'a> Call<'a> {
    /// Argument `i`, empty if there is none (the arity was checked before).
    pub fn arg(&self, i: usize) -> &'a [u8] {
        self.args.get(i).copied().unwrap_or_default()
    }

    /// Whether argument `i` is this word, in any case.
    pub fn is(&self, i: usize, word: &str) -> bool {
        self.args.get(i).is_some_and(|a| a.eq_ignore_ascii_case(word.as_bytes()))
    }
}

/// Bits of [`CommandSpec::flags`], named as COMMAND INFO prints them.
pub mod flags {
    pub const WRITE: u32 = 1 << 0;
    pub const READONLY: u32 = 1 << 1;
    pub const DENYOOM: u32 = 1 << 2;
    pub const ADMIN: u32 = 1 << 4;
    pub const PUBSUB: u32 = 1 << 5;
    pub const NOSCRIPT: u32 = 1 << 6;
    pub const BLOCKING: u32 = 1 << 8;
    /// Allowed while a data set is being loaded.
    pub const LOADING: u32 = 1 << 9;
    /// Allowed on a replica whose link is down although replica-serve-stale-data is no.
    pub const STALE: u32 = 1 << 10;
    pub const SKIP_MONITOR: u32 = 1 << 11;
    pub const SKIP_SLOWLOG: u32 = 1 << 12;
    pub const FAST: u32 = 1 << 14;
    /// Allowed before AUTH.
    pub const NO_AUTH: u32 = 1 << 15;
    /// Not a write, but may be propagated (PUBLISH): waits while writes are paused.
    pub const MAY_REPLICATE: u32 = 1 << 16;
    pub const SENTINEL: u32 = 1 << 17;
    pub const NO_MANDATORY_KEYS: u32 = 1 << 19;
    /// Needs `enable-debug-command` and the like.
    pub const PROTECTED: u32 = 1 << 20;
    pub const ALLOW_BUSY: u32 = 1 << 26;
    pub const NO_ASYNC_LOADING: u32 = 1 << 23;
    pub const NO_MULTI: u32 = 1 << 24;
}

/// Bits of [`CommandSpec::acl`]: the categories that do not follow from the flags.
pub mod acl {
    pub const KEYSPACE: u32 = 1 << 0;
    pub const READ: u32 = 1 << 1;
    pub const WRITE: u32 = 1 << 2;
    pub const SET: u32 = 1 << 3;
    pub const SORTEDSET: u32 = 1 << 4;
    pub const LIST: u32 = 1 << 5;
    pub const HASH: u32 = 1 << 6;
    pub const STRING: u32 = 1 << 7;
    pub const BITMAP: u32 = 1 << 8;
    pub const HYPERLOGLOG: u32 = 1 << 9;
    pub const GEO: u32 = 1 << 10;
    pub const STREAM: u32 = 1 << 11;
    pub const PUBSUB: u32 = 1 << 12;
    pub const ADMIN: u32 = 1 << 13;
    pub const FAST: u32 = 1 << 14;
    pub const SLOW: u32 = 1 << 15;
    pub const BLOCKING: u32 = 1 << 16;
    pub const DANGEROUS: u32 = 1 << 17;
    pub const CONNECTION: u32 = 1 << 18;
    pub const TRANSACTION: u32 = 1 << 19;
    pub const SCRIPTING: u32 = 1 << 20;
}

/// COMMAND DOCS' groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    Generic,
    String,
    List,
    Set,
    Hash,
    SortedSet,
    Stream,
    Bitmap,
    HyperLogLog,
    Geo,
    Connection,
    Server,
    Transactions,
    PubSub,
    Scripting,
}

/// Everything that is known about a command before it runs.
///
/// Every file of `engine/command/` exports `pub(super) const SPECS: &[CommandSpec]`, built like
/// `CommandSpec::new("get", 2, get, Group::String, "1.0.0").flags(READONLY | FAST)
/// .acl(STRING).keys(&[KeySpec::range("RO access", 1, 0, 1)])`.
#[derive(Debug)]
pub struct CommandSpec {
    /// In lower case. A subcommand's own name only (`get` of `config|get`).
    pub name: &'static str,
    /// Words needed, the name included; negative: at least so many.
    pub arity: i32,
    pub flags: u32,
    pub acl: u32,
    pub keys: &'static [KeySpec],
    pub group: Group,
    pub since: &'static str,
    /// COMMAND INFO's tips, e.g. `nondeterministic_output`.
    pub tips: &'static [&'static str],
    pub handler: Handler,
    /// If not empty, the second word chooses among these and `handler` is never called, unless
    /// there is no second word and the arity allows that.
    pub subcommands: &'static [CommandSpec],
}

impl CommandSpec {
    /// A command (or subcommand) of the Server group with these flags.
    pub const fn server(
        name: &'static str,
        arity: i32,
        handler: Handler,
        since: &'static str,
        flags: u32,
    ) -> CommandSpec {
        CommandSpec::new(name, arity, handler, Group::Server, since).flags(flags)
    }

    pub const fn new(
        name: &'static str,
        arity: i32,
        handler: Handler,
        group: Group,
        since: &'static str,
    ) -> CommandSpec {
        let (flags, acl) = (0, 0);
        CommandSpec {
            name,
            arity,
            flags,
            acl,
            keys: &[],
            group,
            since,
            tips: &[],
            handler,
            subcommands: &[],
        }
    }

    pub const fn flags(mut self, flags: u32) -> CommandSpec {
        self.flags = flags;
        self
    }

    /// Categories that do not follow from the flags (string, keyspace, connection, ...).
    pub const fn acl(mut self, acl: u32) -> CommandSpec {
        self.acl = acl;
        self
    }

    pub const fn keys(mut self, keys: &'static [KeySpec]) -> CommandSpec {
        self.keys = keys;
        self
    }

    pub const fn tips(mut self, tips: &'static [&'static str]) -> CommandSpec {
        self.tips = tips;
        self
    }

    pub const fn subcommands(mut self, subcommands: &'static [CommandSpec]) -> CommandSpec {
        self.subcommands = subcommands;
        self
    }

    /// Whether all of these flags are set.
    pub const fn has(&self, flags: u32) -> bool {
        self.flags & flags == flags
    }

    /// Whether so many words (the name included) suit the arity.
    pub const fn suits(&self, words: usize) -> bool {
        if self.arity >= 0 {
            words == self.arity as usize
        } else {
            words >= self.arity.unsigned_abs() as usize
        }
    }
}
