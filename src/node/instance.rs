//! The loop of one instance: wait, feed the engine, carry out what it wants, write, tell.

use super::conn::Socks;
use super::control::{Control, ControlRx};
use super::dial::Dialling;
use super::gate::Gate;
use super::host::SharedPlace;
use super::jobs::Jobs;
use super::limits::thread_cpu_us;
use super::log::{Log, os_text};
use super::ready::{ReadyQueue, Token};
use super::startup::is_mode_line;
use super::steps::Steps;
use super::timer::Timer;
use super::{Clock, FactSink};
use crate::engine::Engine;
use crate::engine::Signal;
use crate::engine::conn::ConnId;
use crate::engine::effect::Parked;
use crate::observe::{ExitHow, Fact, LogLevel, Now};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

/// One running instance. It lives and dies on one thread.
pub(super) struct Instance {
    pub(super) engine: Engine,
    pub(super) control: ControlRx,
    pub(super) sink: Box<dyn FactSink>,
    pub(super) gate: Arc<dyn Gate>,
    pub(super) steps: Arc<dyn Steps>,
    /// The port that the instance was started on: its name among the steps.
    pub(super) name: u16,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) log: Log,
    /// Where it works and listens.
    pub(super) place: SharedPlace,
    /// The file with the pid, as the instance sees it, while it is there.
    pub(super) pidfile: Option<String>,

    pub(super) ready: Arc<ReadyQueue>,
    /// Out of file descriptors: nothing is accepted before this moment of the clients' clock.
    pub(super) accept_again_us: Option<u64>,
    pub(super) socks: Socks,
    pub(super) dialling: Option<Dialling>,
    pub(super) jobs: Jobs,
    pub(super) facts: Vec<Fact>,
    /// Connections that have more to read or to write than one turn takes.
    pub(super) again: Vec<ConnId>,
    /// Connections that the engine lends no space to at the moment.
    pub(super) stalled: Vec<ConnId>,
    /// Connections whose link holds output back.
    pub(super) held: Vec<ConnId>,
    /// Connections with bytes on their way to us.
    pub(super) late: Vec<ConnId>,
    /// Something is, or was, wrong with a link of ours.
    pub(super) troubled: bool,
    /// Connections to be written to in this turn.
    pub(super) to_write: Vec<ConnId>,
    /// Set by `Effect::Exit`.
    pub(super) exit: Option<i32>,
    /// Between the begin and the end of a load: signals say so in the log.
    pub(super) loading: bool,

    tokens: Vec<Token>,
    /// What became ready while the engine was parked.
    parked_tokens: Vec<Token>,
    signals: Vec<Signal>,
    /// Whether steps were held when this was looked at last.
    stepped: bool,
    /// The owner said that gates, link clock or steps changed.
    woken: bool,
    timer: Timer,
    control_waker: Waker,
}

/// The parts that an instance is made of; see [`super::NodeSpec`].
pub(super) struct Parts {
    pub(super) engine: Engine,
    pub(super) control: ControlRx,
    pub(super) sink: Box<dyn FactSink>,
    pub(super) gate: Arc<dyn Gate>,
    pub(super) steps: Arc<dyn Steps>,
    pub(super) name: u16,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) log: Log,
    pub(super) place: SharedPlace,
    pub(super) ready: Arc<ReadyQueue>,
}

impl Instance {
    pub(super) fn new(parts: Parts) -> Instance {
        let Parts { engine, control, sink, gate, steps, name, clock, log, place, ready } = parts;
        Instance {
            engine,
            control,
            sink,
            gate,
            steps,
            name,
            clock,
            log,
            place,
            pidfile: None,
            accept_again_us: None,
            socks: Socks::default(),
            dialling: None,
            jobs: Jobs::new(ready.clone()),
            facts: Vec::new(),
            again: Vec::new(),
            stalled: Vec::new(),
            held: Vec::new(),
            late: Vec::new(),
            troubled: false,
            to_write: Vec::new(),
            exit: None,
            loading: false,
            tokens: Vec::new(),
            parked_tokens: Vec::new(),
            signals: Vec::new(),
            stepped: false,
            woken: false,
            timer: Timer::new(ready.waker(Token::Timer)),
            control_waker: ready.waker(Token::Control),
            ready,
        }
    }

    /// Tells the lines of the start, the driver's remarks before the line about the mode. The logo
    /// is no fact: it goes straight to the log, in that line's place.
    pub(super) fn begin(&mut self, remarks: Vec<Fact>, logo: Option<String>) {
        self.engine.take_facts(&mut self.facts);
        let is_mode = |f: &Fact| matches!(f, Fact::Log { text, .. } if is_mode_line(text));
        let at = self.facts.iter().position(is_mode).unwrap_or(self.facts.len());
        let upto = at + remarks.len();
        self.facts.splice(at..at, remarks);
        if let Some(logo) = logo {
            let rest = self.facts.split_off(upto);
            self.tell(self.clock.now());
            self.log.raw(&logo);
            self.facts = rest;
            self.facts.retain(|f| !is_mode(f));
        }
        self.tell(self.clock.now());
    }

    /// Leaves the pid in a file. That it cannot be written stops nobody.
    pub(super) fn write_pidfile(&mut self, path: Option<String>, pid: u32) {
        let Some(path) = path else { return };
        let written = self.real(&path).and_then(|real| std::fs::write(real, format!("{pid}\n")));
        match written {
            Ok(()) => self.pidfile = Some(path),
            Err(e) => {
                let text = format!("Failed to write PID file: {}", os_text(&e));
                self.say(LogLevel::Warning, text);
            }
        }
    }

    /// Listens on these sockets from now on, and on no others.
    pub(super) fn listen_on(&mut self, sockets: Vec<std::net::TcpListener>) {
        let lines = self.place.get_mut().listen_on(sockets);
        for line in lines {
            self.say(LogLevel::Warning, line);
        }
    }

    /// A log line of the driver's own; it takes the way of the engine's lines.
    pub(super) fn say(&mut self, level: LogLevel, text: String) {
        let role = if self.engine.is_replica() { 'S' } else { 'M' };
        self.facts.push(Fact::Log { level, role, text });
    }

    /// Runs until the instance ends.
    pub(super) async fn run(&mut self) -> ExitHow {
        let now = self.clock.now();
        self.control_waker.wake_by_ref();
        self.engine.start(now);
        self.finish_turn(now);
        loop {
            if self.control.killed() {
                self.put_all_away();
                return ExitHow::Killed;
            }
            if let Some(code) = self.exit {
                self.leave();
                return ExitHow::Shutdown { code };
            }
            self.wait().await;
            if self.control.frozen() {
                self.stand_still().await;
            }
            if !self.control.killed() {
                self.turn();
            }
        }
    }

    /// Does nothing at all until the owner says go on. What becomes ready meanwhile is noted.
    async fn stand_still(&mut self) {
        self.control.stands(true);
        while self.control.frozen() && !self.control.killed() {
            self.control.listen(&self.control_waker);
            // Said in between: it would wake nobody any more.
            if !self.control.frozen() || self.control.killed() {
                break;
            }
            let ready = &self.ready;
            poll_fn(|cx| ready.poll_any(cx.waker())).await;
            self.ready.take(&mut self.tokens);
        }
        self.control.stands(false);
        // What was said meanwhile waits, and the line has to be listened to again.
        self.tokens.push(Token::Control);
    }

    /// Waits until there is something to do. The reactor is asked every time, so that work at hand
    /// never keeps the sockets from being noticed.
    async fn wait(&mut self) {
        let now = self.clock.now();
        let delay = self.delay(now);
        self.timer.set(delay);
        if !self.again.is_empty() && self.engine.parked().is_none() || self.ready.has_any() {
            tokio::task::yield_now().await;
        } else {
            let ready = &self.ready;
            poll_fn(|cx| ready.poll_any(cx.waker())).await;
        }
        self.ready.take(&mut self.tokens);
    }

    /// How long nothing needs to be done, if nothing happens.
    fn delay(&self, now: Now) -> Option<Duration> {
        let until_mono = |us: u64| Duration::from_micros(us.saturating_sub(now.mono_us));
        match self.engine.parked() {
            Some(Parked::UntilMono(us)) => return Some(until_mono(us)),
            Some(Parked::Job(_)) => return None,
            None => {}
        }
        let wake = self.engine.next_wake();
        let held = self.held.iter().filter_map(|c| self.socks.get(c)?.write_again_us);
        let late = self.late.iter().filter_map(|c| self.socks.get(c)?.read_again_us);
        let mono = wake.mono_us.into_iter().chain(self.accept_again_us).chain(held).chain(late);
        let mono = mono.min();
        let link = wake.link_us.and_then(|us| self.clock.real_until_link(us));
        mono.map(until_mono).into_iter().chain(link).min()
    }

    /// One turn: all that is ready goes in, then the engine ends its turn, then output goes out.
    fn turn(&mut self) {
        let now = self.clock.now();
        let mut tokens = std::mem::take(&mut self.tokens);
        if self.engine.parked().is_none() {
            if !self.parked_tokens.is_empty() {
                tokens.splice(0..0, self.parked_tokens.drain(..));
            }
            for conn in std::mem::take(&mut self.again) {
                tokens.push(Token::Conn(conn));
            }
            self.retry_stalled(&mut tokens);
            self.retry_late(now, &mut tokens);
        }
        for token in tokens.drain(..) {
            if self.control.killed() {
                return;
            }
            // As with Redis's exit(): nobody is served by what is left (of a dump that did not load).
            if self.exit.is_some() {
                break;
            }
            self.feed(token);
        }
        self.tokens = tokens;
        if self.exit.is_none() {
            self.run_timer(now);
        }
        if self.engine.parked().is_none() && self.exit.is_none() {
            self.heed();
            for signal in std::mem::take(&mut self.signals) {
                self.engine.signal_shutdown(self.clock.now(), signal);
            }
        }
        self.finish_turn(self.clock.now());
    }

    /// Feeds what one source has. While the engine is parked only what can end that goes in.
    fn feed(&mut self, token: Token) {
        // From the moment on that steps are held, nothing more slips through.
        if self.steps.stepping() != self.stepped && self.engine.parked().is_none() {
            self.stepped = !self.stepped;
            self.engine.poke(self.clock.now());
        }
        match (token, self.engine.parked()) {
            (Token::Control, _) => self.hear(),
            (Token::Timer, _) => self.timer.fired(),
            (Token::Job(job), Some(Parked::Job(parked))) if job == parked => self.hear_job(job),
            (_, Some(_)) => self.parked_tokens.push(token),
            (Token::Listener(i), None) => self.accept_some(i),
            (Token::Dial, None) => self.hear_dial(),
            (Token::Conn(conn), None) => self.serve(conn),
            (Token::Job(job), None) => self.hear_job(job),
        }
        self.carry_out();
    }

    /// What the owner of the instance says.
    fn hear(&mut self) {
        while let Some(message) = self.control.next(&self.control_waker) {
            match message {
                // Seen by the loop's own check.
                Control::Kill => {}
                Control::Wake => {
                    // The gates are asked again, whatever time they named before.
                    for conn in std::mem::take(&mut self.held) {
                        if let Some(sock) = self.socks.get_mut(&conn) {
                            sock.write_again_us = None;
                            self.to_write.push(conn);
                        }
                    }
                    for conn in std::mem::take(&mut self.late) {
                        if let Some(sock) = self.socks.get_mut(&conn) {
                            sock.read_again_us = None;
                            self.again.push(conn);
                        }
                    }
                    self.woken = true;
                }
                // The loop looks at them itself.
                Control::Freeze | Control::Thaw => {}
                Control::Shutdown(signal) => {
                    let text = match signal {
                        _ if self.loading => {
                            "Received shutdown signal during loading, scheduling shutdown."
                        }
                        Signal::Int => "Received SIGINT scheduling shutdown...",
                        Signal::Term => "Received SIGTERM scheduling shutdown...",
                    };
                    self.log.from_handler(self.clock.now(), text);
                    self.signals.push(signal);
                }
            }
        }
    }

    /// Does what the owner said, as soon as the engine takes anything.
    fn heed(&mut self) {
        let now = self.clock.now();
        if std::mem::take(&mut self.woken) {
            self.review_links(now);
            self.review_dial();
            self.carry_out();
            self.engine.poke(now);
            for drop in self.control.drops() {
                self.drop_links(now, drop);
            }
        }
    }

    fn run_timer(&mut self, now: Now) {
        let due = match self.engine.parked() {
            Some(Parked::UntilMono(us)) => us <= now.mono_us,
            Some(Parked::Job(_)) => false,
            None => {
                let wake = self.engine.next_wake();
                wake.mono_us.is_some_and(|us| us <= now.mono_us)
                    || wake.link_us.is_some_and(|us| us <= now.link_us)
            }
        };
        if due {
            // A few times a second: cron is what is due.
            let (system, user) = thread_cpu_us();
            self.engine.tell_cpu(system, user);
            self.engine.timer(now);
            self.carry_out();
        }
        let may_accept = self.accept_again_us.is_some_and(|us| us <= now.mono_us);
        if may_accept && self.engine.parked().is_none() {
            self.accept_again_us = None;
            let listeners = self.place.get().listeners.len();
            for i in 0..listeners {
                self.accept_some(i);
            }
        }
    }

    /// Connections with bytes that have arrived by now.
    fn retry_late(&mut self, now: Now, tokens: &mut Vec<Token>) {
        let mut late = std::mem::take(&mut self.late);
        late.retain(|conn| {
            let Some(sock) = self.socks.get_mut(conn) else { return false };
            let due = sock.read_again_us.is_none_or(|us| us <= now.mono_us);
            if due {
                sock.read_again_us = None;
                tokens.push(Token::Conn(*conn));
            }
            !due
        });
        self.late.append(&mut late);
    }

    /// Ends the engine's turn, writes what can be written and tells the facts.
    fn finish_turn(&mut self, now: Now) {
        self.carry_out();
        if self.engine.parked().is_none() {
            self.engine.end_turn(now);
            self.carry_out();
            // Log and journal first: whoever reads a reply finds there what led to it.
            self.tell(now);
            self.write_all(now);
            self.carry_out();
        }
        self.tell(now);
        if self.steps.holding() {
            self.tell_who_waits();
        }
    }

    /// Hands the facts to the log and to the sink.
    pub(super) fn tell(&mut self, now: Now) {
        self.engine.take_facts(&mut self.facts);
        if self.facts.is_empty() {
            return self.steps.turn_over(self.name);
        }
        for fact in &self.facts {
            match fact {
                Fact::Log { level, role, text } => self.log.line(now, *level, *role, text),
                Fact::LoadBegan { .. } => self.loading = true,
                Fact::LoadEnded { .. } | Fact::Ready { .. } => self.loading = false,
                _ => {}
            }
        }
        self.sink.take(now, &mut self.facts);
        self.facts.clear();
        self.steps.turn_over(self.name);
    }

    /// While link time stands: which outside peers do not hear from us.
    fn tell_who_waits(&self) {
        let peers = self.engine.impatient_peers();
        let peers = peers.into_iter().filter_map(|(conn, link, sends)| {
            let sock = self.socks.get(&conn)?;
            let since = if sends { sock.read_us } else { sock.wrote_us };
            Some((link.peer, since))
        });
        let peers = peers.collect();
        self.steps.peers_wait(self.name, peers);
    }

    /// The orderly end: what is queued is offered to the sockets once, the pidfile goes.
    fn leave(&mut self) {
        self.place.get_mut().listeners.clear();
        let now = self.clock.now();
        let conns: Vec<ConnId> = self.socks.keys().copied().collect();
        self.to_write.extend(conns);
        self.write_all(now);
        if let Some(path) = self.pidfile.take()
            && let Ok(real) = self.real(&path)
        {
            let _ = std::fs::remove_file(real);
        }
        self.tell(now);
        self.put_all_away();
    }

    /// Connections that were lent no space may read on when the engine lends again.
    fn retry_stalled(&mut self, tokens: &mut Vec<Token>) {
        let mut stalled = std::mem::take(&mut self.stalled);
        stalled.retain(|conn| {
            if !self.socks.contains_key(conn) {
                return false;
            }
            let lends = self.engine.read_space(*conn).is_some();
            if lends {
                tokens.push(Token::Conn(*conn));
            }
            !lends
        });
        self.stalled.append(&mut stalled);
    }
}
