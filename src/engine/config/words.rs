//! Settings that take one of a few words.

use crate::observe::LogLevel;

/// A setting with a fixed list of words.
pub trait Words: Copy + PartialEq + 'static {
    /// In the order in which errors list them.
    const WORDS: &'static [(&'static str, Self)];

    /// The value that this word (in any case) stands for.
    fn from_word(word: &[u8]) -> Option<Self> {
        Self::WORDS.iter().find(|(w, _)| word.eq_ignore_ascii_case(w.as_bytes())).map(|(_, v)| *v)
    }

    /// The word that stands for this value.
    fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, v)| *v == self).map_or("", |(w, _)| w)
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal),+ $(,)? } default $default:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($variant),+ }

        impl Default for $name {
            fn default() -> Self { $name::$default }
        }

        impl Words for $name {
            const WORDS: &'static [(&'static str, Self)] = &[$(($word, $name::$variant)),+];
        }
    };
}

words! {
    /// loglevel
    Level { Debug = "debug", Verbose = "verbose", Notice = "notice", Warning = "warning" }
    default Notice
}

impl Level {
    /// The level from which on lines are logged.
    pub fn level(self) -> LogLevel {
        match self {
            Level::Debug => LogLevel::Debug,
            Level::Verbose => LogLevel::Verbose,
            Level::Notice => LogLevel::Notice,
            Level::Warning => LogLevel::Warning,
        }
    }
}

words! {
    /// repl-diskless-load
    DisklessLoad { Disabled = "disabled", OnEmptyDb = "on-empty-db", Swapdb = "swapdb" }
    default Disabled
}

words! {
    /// propagation-error-behavior
    PropagationError { Ignore = "ignore", Panic = "panic", PanicOnReplicas = "panic-on-replicas" }
    default Ignore
}

words! {
    /// enable-debug-command, enable-protected-configs, enable-module-command
    Protected { No = "no", Yes = "yes", Local = "local" }
    default No
}

words! {
    /// sanitize-dump-payload
    Sanitize { No = "no", Yes = "yes", Clients = "clients" }
    default No
}

words! {
    /// maxmemory-policy
    MaxmemoryPolicy {
        VolatileLru = "volatile-lru",
        VolatileLfu = "volatile-lfu",
        VolatileRandom = "volatile-random",
        VolatileTtl = "volatile-ttl",
        AllkeysLru = "allkeys-lru",
        AllkeysLfu = "allkeys-lfu",
        AllkeysRandom = "allkeys-random",
        NoEviction = "noeviction",
    }
    default NoEviction
}

impl MaxmemoryPolicy {
    /// Whether only keys with an expiry may go.
    pub fn only_volatile(self) -> bool {
        use MaxmemoryPolicy as P;
        matches!(self, P::VolatileLru | P::VolatileLfu | P::VolatileRandom | P::VolatileTtl)
    }

    /// Whether it asks for how long a key was not used.
    pub fn counts_idleness(self) -> bool {
        matches!(self, MaxmemoryPolicy::VolatileLru | MaxmemoryPolicy::AllkeysLru)
    }

    /// Whether it asks how often a key was used.
    pub fn counts_uses(self) -> bool {
        matches!(self, MaxmemoryPolicy::VolatileLfu | MaxmemoryPolicy::AllkeysLfu)
    }
}

words! {
    /// appendfsync
    AppendFsync { Everysec = "everysec", Always = "always", No = "no" }
    default Everysec
}
