//! What the screens cost: the processor time of a frame at 200×60 with sixteen instances under load,
//! the frames that the real program draws in a second under load and when idle, and how long it
//! takes to look back.
//!
//! `cargo bench --bench frame`. It needs nothing but the program.

use pty_process::blocking::{Command, open};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use std::io::{Read, Write};
use std::process::exit;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use synclab::engine::config::Config;
use synclab::lab::journal::Journal;
use synclab::observe::{Body, LabFact, Source};
use synclab::sim::Sim;
use synclab::tui::app::{App, Mode, Pane};
use synclab::tui::theme::{Palette, Theme};
use synclab::tui::view;

/// The bounds.
const MOST_MS: f64 = 4.0;
const MOST_FRAMES: f64 = 30.0;

fn main() {
    let mut good = frames_cost();
    good &= looking_back();
    good &= frames_drawn();
    exit(i32::from(!good));
}

/// Prints one figure with its bound.
fn judge(what: &str, value: f64, unit: &str, most: f64) -> bool {
    let verdict = if value <= most { "ok" } else { "TOO MUCH" };
    println!("{what:<52}{value:>9.2} {unit:<8} bound {most} {verdict}");
    value <= most
}

/// Processor time of this thread, in milliseconds.
fn cpu_ms() -> f64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the struct is ours, and the clock exists on every Linux.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut now) };
    now.tv_sec as f64 * 1e3 + now.tv_nsec as f64 / 1e6
}

/// A simulated session of sixteen instances: one master, three replicas, twelve below these.
struct Session {
    sim: Sim,
    app: App,
    journal: Arc<Journal>,
    seen: usize,
}

impl Session {
    fn new() -> Session {
        let ports: Vec<u16> = (6380..6396).collect();
        let mut sim = Sim::new(1);
        let began = LabFact::SessionBegan {
            version: String::new(),
            ports: ports.clone(),
            bare: false,
            lesson: None,
        };
        sim.record(Source::Lab, Body::Lab(began));
        for port in &ports {
            let mut config = Config::default();
            let conf = format!("port {port}\ndir /data/{port}\nrepl-diskless-sync-delay 0\n");
            synclab::engine::config::file::apply(&mut config, &conf).expect("a good conf");
            sim.start(*port, config);
        }
        let mut app = App::new(Theme { palette: Palette::Full }, ports.clone(), Vec::new());
        let journal = Arc::new(Journal::default());
        app.travel.set_journal(journal.clone());
        app.begun(&Mode::Free, "127.0.0.1:6380> ".into());
        let mut session = Session { sim, app, journal, seen: 0 };
        session.run(1_000_000);
        for (n, port) in ports.iter().enumerate().skip(1) {
            let master = if n < 4 { 6380 } else { 6381 + (n as u16 - 4) % 3 };
            session.sim.command(*port, &format!("SLAVEOF 127.0.0.1 {master}"));
            session.run(3_000_000);
        }
        session
    }

    fn run(&mut self, us: u64) {
        self.sim.run_for(us);
        for event in &self.sim.events()[self.seen..] {
            self.journal.append(event.at, event.source, event.body.clone());
            self.app.event(event);
        }
        self.seen = self.sim.events().len();
        self.app.tick(self.sim.now());
    }

    fn write(&mut self, n: usize) {
        self.sim.command(6380, &format!("SET key:{} value:{n}", n % 500));
    }
}

/// Bytes for a terminal that nobody looks at.
struct Nowhere;

impl Write for Nowhere {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn terminal() -> Terminal<CrosstermBackend<Nowhere>> {
    let area = ratatui::layout::Rect::new(0, 0, 200, 60);
    let fixed = ratatui::TerminalOptions { viewport: ratatui::Viewport::Fixed(area) };
    Terminal::with_options(CrosstermBackend::new(Nowhere), fixed).expect("a terminal")
}

fn frames_cost() -> bool {
    let mut session = Session::new();
    let mut terminal = terminal();
    let mut good = true;
    for (name, tab) in
        [("Buffer", Pane::Buffer), ("Wire", Pane::Wire), ("Keys", Pane::Keys), ("Logs", Pane::Logs)]
    {
        session.app.tab = tab;
        let mut costs = Vec::new();
        for n in 0..150 {
            for k in 0..20 {
                session.write(n * 20 + k);
            }
            session.run(34_000);
            let began = cpu_ms();
            terminal.draw(|f| view::draw(f, &mut session.app)).expect("drawn");
            costs.push(cpu_ms() - began);
        }
        costs.sort_by(f64::total_cmp);
        let what = format!("a frame, 200×60, 16 instances, {name}: median");
        good &= judge(&what, costs[costs.len() / 2], "ms CPU", MOST_MS);
        println!("{:<52}{:>9.2} ms CPU", "  the slowest of 150", costs[costs.len() - 1]);
    }
    good
}

fn looking_back() -> bool {
    let mut session = Session::new();
    while session.journal.len() < 100_000 {
        let n = session.seen;
        for k in 0..200 {
            session.write(n + k);
        }
        session.run(200_000);
    }
    let end = session.journal.len();
    let app = &mut session.app;
    let time = |app: &mut App, to: u64| {
        let began = Instant::now();
        app.go_to(to);
        began.elapsed().as_secs_f64() * 1e3
    };
    let mut jumps: Vec<f64> = (0..40).map(|n| time(app, end * (n * 17 % 40) / 40)).collect();
    jumps.sort_by(f64::total_cmp);
    let mut good = judge("a jump among 100,000 events: the slowest of 40", jumps[39], "ms", 100.0);
    app.go_to(end / 2);
    let mut steps: Vec<f64> = (1..400).map(|n| time(app, end / 2 - n)).collect();
    steps.sort_by(f64::total_cmp);
    good &= judge("an event back: median of 400", steps[200], "ms", 5.0);
    println!("{:<52}{:>9.2} ms", "  the slowest", steps[398]);
    good
}

/// The real program in a terminal: every frame is marked as one for the terminal.
fn frames_drawn() -> bool {
    const MARK: &[u8] = b"\x1b[?2026h";
    let (pty, pts) = open().expect("a pseudo-terminal");
    pty.resize(pty_process::Size::new(60, 200)).expect("a size");
    let folder = tempfile::tempdir().expect("a folder");
    let free = |port| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
    let mut bases = (22_000..60_000u16).step_by(41);
    let base = bases.find(|b| (0..3).all(|n| free(b + n))).expect("three free ports");
    let mut child = Command::new(env!("CARGO_BIN_EXE_synclab"))
        .args(["--base-port", &base.to_string()])
        .arg("--workspace")
        .arg(folder.path().join("session"))
        .env("TERM", "xterm-256color")
        .spawn(pts)
        .expect("the program");
    let (pty, frames) = (Arc::new(pty), Arc::new(AtomicUsize::new(0)));
    let (from, counted) = (pty.clone(), frames.clone());
    std::thread::spawn(move || {
        let (mut chunk, mut kept) = ([0; 65536], Vec::new());
        while let Ok(n @ 1..) = (&*from).read(&mut chunk) {
            kept.extend_from_slice(&chunk[..n]);
            let found = kept.windows(MARK.len()).filter(|w| *w == MARK).count();
            counted.fetch_add(found, Ordering::Relaxed);
            // A mark may be cut between two reads.
            kept.drain(..kept.len().saturating_sub(MARK.len() - 1));
        }
    });
    let pause = |ms| std::thread::sleep(Duration::from_millis(ms));
    pause(1_000);
    (&*pty).write_all(b"f").expect("a key");
    let until = Instant::now() + Duration::from_secs(20);
    while std::net::TcpStream::connect(("127.0.0.1", base + 2)).is_err() {
        assert!(Instant::now() < until, "the lab does not come up");
        pause(50);
    }
    // What the start has to say fades within seconds.
    pause(8_000);
    let rate = |seconds: u64| {
        let before = frames.load(Ordering::Relaxed);
        pause(seconds * 1_000);
        (frames.load(Ordering::Relaxed) - before) as f64 / seconds as f64
    };
    let idle = rate(5);
    let over = Arc::new(AtomicBool::new(false));
    let loads: Vec<_> = (0..3).map(|n| load(base + n, over.clone())).collect();
    pause(1_000);
    let loaded = rate(5);
    over.store(true, Ordering::Relaxed);
    for load in loads {
        println!("{:<52}{:>9.0} SETs/s", "  a server meanwhile", load.join().expect("a client"));
    }
    let _ = child.kill();
    let _ = child.wait();
    let good = judge("frames in a second, idle", idle, "", 0.0);
    good & judge("frames in a second, three servers under load", loaded, "", MOST_FRAMES)
}

/// Writes as fast as the server answers; returns writes per second.
fn load(port: u16, over: Arc<AtomicBool>) -> std::thread::JoinHandle<f64> {
    std::thread::spawn(move || {
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).expect("it listens");
        let (mut n, began, mut replies) = (0u64, Instant::now(), vec![0; 32 * 5]);
        while !over.load(Ordering::Relaxed) {
            let mut out = Vec::new();
            for _ in 0..32 {
                n += 1;
                out.extend_from_slice(format!("SET key:{} value:{n}\r\n", n % 10_000).as_bytes());
            }
            stream.write_all(&out).expect("written");
            stream.read_exact(&mut replies).expect("answered");
        }
        n as f64 / began.elapsed().as_secs_f64()
    })
}
