//! A random load of writes, from a seed.

use super::Client;
use super::either::Server;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// Random writes of strings and generic commands, from a seed.
pub struct Load {
    pub state: u64,
    /// Also with times to live so short that keys expire while the test runs.
    pub brief: bool,
}

impl Load {
    fn below(&mut self, n: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state % n
    }

    fn key(&mut self) -> String {
        format!("key:{}", self.below(60))
    }

    fn command(&mut self) -> String {
        let (a, b, n) = (self.key(), self.key(), self.below(1000));
        let long = "x".repeat(self.below(3000) as usize);
        match self.below(26) {
            0 | 1 => format!("SET {a} {n}"),
            2 => format!("SET {a} {long}{n}"),
            3 => format!("SET {a} {n} EX {}", 100 + n),
            4 if self.brief => format!("SET {a} {n} PX {}", 20 + n),
            5 => format!("SET {a} {n} XX KEEPTTL"),
            6 => format!("INCRBY counter:{} {n}", n % 7),
            7 => format!("INCRBYFLOAT float:{} 0.{n}", n % 5),
            8 => format!("APPEND {a} {n}"),
            9 => format!("SETRANGE {a} {} abc", n % 50),
            10 => format!("MSET {a} 1 {b} {long}"),
            11 => format!("DEL {a} {b}"),
            12 => format!("UNLINK {a}"),
            13 => format!("GETDEL {a}"),
            14 => format!("GETEX {a} EX {}", 50 + n),
            15 => format!("GETSET {a} {n}"),
            16 => format!("EXPIRE {a} {}", 60 + n),
            17 if self.brief => format!("PEXPIRE {a} {n}"),
            18 => format!("PERSIST {a}"),
            19 => format!("RENAME {a} {b}"),
            20 => format!("COPY {a} {b} REPLACE"),
            21 => format!("MOVE {a} {}", n % 4),
            22 => format!("SELECT {}", n % 4),
            23 => format!("SETEX {a} {} {n}", 100 + n),
            24 if n < 30 => format!("SWAPDB {} {}", n % 4, (n + 1) % 4),
            24 if n < 40 => "FLUSHDB".to_owned(),
            _ => format!("SETNX {a} {n}"),
        }
    }

    /// Sends so many of them; some inside transactions.
    pub fn send(&mut self, client: &mut Client, commands: usize) {
        let mut left = 0;
        for _ in 0..commands {
            if left == 0 && self.below(20) == 0 {
                left = 1 + self.below(5);
                client.try_call(&["MULTI"]);
            }
            let command = self.command();
            let words: Vec<&str> = command.split(' ').collect();
            client.try_call(&words);
            if left > 0 {
                left -= 1;
                if left == 0 {
                    client.try_call(&["EXEC"]);
                }
            }
        }
        if left > 0 {
            client.try_call(&["EXEC"]);
        }
    }
}

/// A load that goes on beside the test until it is stopped.
pub struct Beside {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Beside {
    pub fn start(server: &Server, seed: u64) -> Beside {
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        let mut client = server.client();
        let thread = std::thread::spawn(move || {
            let mut load = Load { state: seed, brief: true };
            while !flag.load(Ordering::Relaxed) {
                load.send(&mut client, 20);
            }
        });
        Beside { stop, thread: Some(thread) }
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
