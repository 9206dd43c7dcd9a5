//! What an instance is told about its host when it is made.

/// What the host hands to an instance at its birth: the engine asks nobody itself.
#[derive(Clone, Debug)]
pub struct Boot {
    /// Seeds every random choice of this instance (ids, hashing, RANDOMKEY). The same seed and the
    /// same inputs give the same trace, to the byte.
    pub seed: [u8; 32],
    /// 40 lower-case hexadecimal characters; INFO's run_id.
    pub run_id: String,
    /// The pid that INFO and log lines show. In the lab it is not a process that `kill` could hit.
    pub pid: u32,
    /// INFO's `os` and `executable`.
    pub os: String,
    pub executable: String,
    /// How the program was called; the start's advice repeats it.
    pub program: String,
    /// Whether a conf file, standard input or the command line configured anything.
    pub configured: bool,
    /// Absolute path of the conf file as the instance sees it.
    pub config_file: Option<String>,
    /// The port that is really listened on (tests bind port 0).
    pub port: u16,
    /// Bytes of physical memory, for INFO's total_system_memory.
    pub system_memory: u64,
}
