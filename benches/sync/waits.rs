//! How long a client waits while the server saves or sends everything it has.

use super::data::{Noise, key};
use super::server::{Client, Server};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What the clients write to.
#[derive(Clone, Copy, PartialEq)]
pub enum Data {
    Keys(usize),
    List(usize),
}

/// The longest wait and the one that a thousandth passes, in milliseconds.
pub struct Waits {
    pub longest: f64,
    pub p999: f64,
}

/// One command at a time; a write, or now and then a read.
fn one(client: &mut Client, data: Data, noise: &mut Noise) {
    let n = noise.next();
    let text = n.to_string();
    match data {
        Data::Keys(keys) => {
            let key = key(n as usize % keys);
            let words: [&[u8]; 3] = [b"SET", &key, text.as_bytes()];
            client.call(&words);
        }
        Data::List(len) => {
            let at = (n as usize % 1000 * len / 1000).to_string();
            match n % 5 {
                // An element in the middle has to be walked to; most clients use the ends.
                0 => client.call(&["LSET", "list", &(n % 50).to_string(), &text]),
                1 => client.call(&["LINDEX", "list", &at]),
                2 => client.call(&["RPOP", "list"]),
                _ => client.call(&["RPUSH", "list", &text]),
            };
        }
    }
}

/// A client that writes until it is dropped.
pub struct Writer {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub fn start(server: &Server, data: Data) -> Writer {
        let stop = Arc::new(AtomicBool::new(false));
        let (flag, mut client) = (Arc::clone(&stop), server.client());
        let thread = std::thread::spawn(move || {
            let mut noise = Noise(99);
            while !flag.load(Ordering::Relaxed) {
                one(&mut client, data, &mut noise);
                // A steady load, far from what the server can bear.
                std::thread::sleep(Duration::from_micros(200));
            }
        });
        Writer { stop, thread: Some(thread) }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Measures one client beside a writer until `done`.
pub fn measure(server: &Server, data: Data, mut done: impl FnMut() -> bool) -> Waits {
    let _writer = Writer::start(server, data);
    let (mut client, mut noise) = (server.client(), Noise(17));
    let (mut waits, mut asked) = (Vec::new(), Instant::now());
    loop {
        let begun = Instant::now();
        one(&mut client, data, &mut noise);
        waits.push(begun.elapsed().as_secs_f64() * 1000.0);
        if asked.elapsed() > Duration::from_millis(20) {
            if done() {
                break;
            }
            asked = Instant::now();
        }
    }
    waits.sort_by(f64::total_cmp);
    let at = |part: f64| waits[((waits.len() - 1) as f64 * part) as usize];
    Waits { longest: at(1.0), p999: at(0.999) }
}
