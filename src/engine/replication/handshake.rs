//! The replica's half of the handshake, as a pure state machine.
//!
//! In: "the connection stands" and one line after the other. Out: what to write, what to log, the
//! states passed through, and at last how it ended. It knows no socket, no clock and no engine; the
//! settings come with every input, because CONFIG SET may change them half-way.

use super::lines::{command, shown};
use super::stream::MAX_OFFSET;
use crate::observe::{LinkLoss, LinkState, LogLevel, Message, Offset, ReplId};

/// What the replica says about itself.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// masterauth, if set.
    pub password: Option<Vec<u8>>,
    /// masteruser, if set.
    pub user: Option<Vec<u8>>,
    /// replica-announce-port, else the port listened on.
    pub port: u16,
    /// replica-announce-ip, if set.
    pub announce_ip: Option<String>,
    /// The history to go on from and the first byte lacking, if there is a cached master.
    pub resume: Option<(ReplId, i64)>,
    /// FAILOVER: the peer is asked to become a master first.
    pub failover: bool,
}

/// What is to be done, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    To(LinkState),
    Heard(Message),
    Send(Message, Vec<u8>),
    Log(LogLevel, String),
    /// The attempt is over: close, and try again.
    Fail(LinkLoss),
    /// The line was an answer to PSYNC that decides.
    Decided(Outcome),
}

/// How the handshake ends when it ends well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A full sync follows. No id: the master's line was malformed, and no later request can match.
    Full { replid: Option<ReplId>, offset: i64 },
    /// The stream goes on; with the master's id when it told one.
    Continue { replid: Option<ReplId> },
    /// The master does not know PSYNC: plain SYNC was sent instead.
    Legacy,
    /// The target of a FAILOVER answered this, and does not take over.
    Rejected(String),
}

/// Where the handshake stands. [`LinkState::Connecting`] at first.
#[derive(Clone, Debug)]
pub struct Handshake {
    state: LinkState,
}

impl Default for Handshake {
    fn default() -> Handshake {
        Handshake { state: LinkState::Connecting }
    }
}

impl Handshake {
    /// The current state.
    #[cfg(test)]
    pub fn state(&self) -> LinkState {
        self.state
    }

    /// The connection stands: greets.
    pub fn connected(&mut self) -> Vec<Action> {
        let mut out = vec![Action::Log(
            LogLevel::Notice,
            "Non blocking connect for SYNC fired the event.".into(),
        )];
        self.to(LinkState::ReceivePingReply, &mut out);
        out.push(Action::Send(Message::Ping, command(&[b"PING"])));
        out
    }

    /// The next line from the master.
    pub fn line(&mut self, line: &[u8], settings: &Settings) -> Vec<Action> {
        let mut out = Vec::new();
        match self.state {
            LinkState::ReceivePingReply => self.pong(line, settings, &mut out),
            LinkState::ReceiveAuthReply => {
                out.push(Action::Heard(said_ok(line)));
                if line.first() == Some(&b'-') {
                    warn(&mut out, format!("Unable to AUTH to MASTER: {}", shown(line)));
                    out.push(Action::Fail(LinkLoss::Refused(shown(line))));
                } else {
                    self.to(LinkState::ReceivePortReply, &mut out);
                }
            }
            LinkState::ReceivePortReply => {
                optional(line, "listening-port", &mut out);
                let next = match settings.announce_ip {
                    Some(_) => LinkState::ReceiveIpReply,
                    None => LinkState::ReceiveCapaReply,
                };
                self.to(next, &mut out);
            }
            LinkState::ReceiveIpReply => {
                optional(line, "ip-address", &mut out);
                self.to(LinkState::ReceiveCapaReply, &mut out);
            }
            LinkState::ReceiveCapaReply => {
                optional(line, "capa", &mut out);
                self.to(LinkState::SendPsync, &mut out);
                self.ask(settings, &mut out);
            }
            LinkState::ReceivePsyncReply => answer(line, settings.failover, &mut out),
            // No line is awaited in the other states; the caller does not come here with one.
            _ => {}
        }
        out
    }

    fn to(&mut self, state: LinkState, out: &mut Vec<Action>) {
        self.state = state;
        out.push(Action::To(state));
    }

    /// Anything but an error counts as a PONG; so do errors that only mean "log in first".
    fn pong(&mut self, line: &[u8], settings: &Settings, out: &mut Vec<Action>) {
        out.push(Action::Heard(match line.first() {
            Some(b'+') => Message::Pong(shown(&line[1..])),
            _ => Message::Error(shown(line)),
        }));
        let fine: [&[u8]; 4] = [b"+", b"-NOAUTH", b"-NOPERM", b"-ERR operation not permitted"];
        if !fine.iter().any(|prefix| line.starts_with(prefix)) {
            warn(out, format!("Error reply to PING from master: '{}'", shown(line)));
            out.push(Action::Fail(LinkLoss::Refused(shown(line))));
            return;
        }
        out.push(Action::Log(
            LogLevel::Notice,
            "Master replied to PING, replication can continue...".into(),
        ));
        self.to(LinkState::SendHandshake, out);
        // All of these go out in one breath; the replies are read one by one.
        if let Some(password) = &settings.password {
            let bytes = match &settings.user {
                Some(user) => command(&[b"AUTH", user, password]),
                None => command(&[b"AUTH", password]),
            };
            let user = settings.user.as_deref().map(shown);
            out.push(Action::Send(Message::Auth { user }, bytes));
        }
        let port = settings.port.to_string();
        out.push(Action::Send(
            Message::ListeningPort(settings.port),
            command(&[b"REPLCONF", b"listening-port", port.as_bytes()]),
        ));
        if let Some(ip) = &settings.announce_ip {
            out.push(Action::Send(
                Message::AnnounceIp(ip.clone()),
                command(&[b"REPLCONF", b"ip-address", ip.as_bytes()]),
            ));
        }
        out.push(Action::Send(
            Message::Capa(vec!["eof".into(), "psync2".into()]),
            command(&[b"REPLCONF", b"capa", b"eof", b"capa", b"psync2"]),
        ));
        let next = match settings.password {
            Some(_) => LinkState::ReceiveAuthReply,
            None => LinkState::ReceivePortReply,
        };
        self.to(next, out);
    }

    fn ask(&mut self, settings: &Settings, out: &mut Vec<Action>) {
        let (replid, offset) = match &settings.resume {
            Some((id, first)) => {
                notice(out, format!("Trying a partial resynchronization (request {id}:{first})."));
                (id.0.to_vec(), *first)
            }
            None => {
                let text = "Partial resynchronization not possible (no cached master)";
                notice(out, text.to_owned());
                (b"?".to_vec(), -1)
            }
        };
        let number = offset.to_string();
        let words: [&[u8]; 4] = [b"PSYNC", &replid, number.as_bytes(), b"FAILOVER"];
        let failover = settings.failover;
        let bytes = command(&words[..if failover { 4 } else { 3 }]);
        let message = Message::Psync { replid: shown(&replid), offset: Offset(offset), failover };
        out.push(Action::Send(message, bytes));
        self.to(LinkState::ReceivePsyncReply, out);
    }
}

/// The answer to PSYNC. `failover`: it was asked to take over, and anything but a synchronization
/// means that it does not.
fn answer(line: &[u8], failover: bool, out: &mut Vec<Action>) {
    if line.is_empty() {
        // The master waits for its snapshot and keeps the link alive.
        out.push(Action::Heard(Message::Newline));
    } else if let Some(rest) = line.strip_prefix(b"+FULLRESYNC") {
        let (replid, offset) = match full_resync(rest) {
            Some((replid, offset)) => {
                let offset_shown = Offset(offset);
                out.push(Action::Heard(Message::FullResync { replid, offset: offset_shown }));
                notice(out, format!("Full resync from master: {replid}:{offset}"));
                (Some(replid), offset)
            }
            None => {
                out.push(Action::Heard(Message::Unexpected(shown(line))));
                warn(out, "Master replied with wrong +FULLRESYNC syntax.".into());
                (None, -1)
            }
        };
        out.push(Action::Decided(Outcome::Full { replid, offset }));
    } else if let Some(rest) = line.strip_prefix(b"+CONTINUE") {
        // Exactly forty bytes after the blank are an id; anything else leaves the id alone.
        let replid = rest.get(1..).and_then(ReplId::from_bytes);
        out.push(Action::Heard(Message::Continue { replid }));
        notice(out, "Successful partial resynchronization with master.".into());
        out.push(Action::Decided(Outcome::Continue { replid }));
    } else if line.starts_with(b"-NOMASTERLINK") || line.starts_with(b"-LOADING") {
        out.push(Action::Heard(Message::Error(shown(line))));
        let text = "Master is currently unable to PSYNC but should be in the future";
        notice(out, format!("{text}: {}", shown(line)));
        out.push(match failover {
            true => Action::Decided(Outcome::Rejected(shown(line))),
            false => Action::Fail(LinkLoss::Refused(shown(line))),
        });
    } else {
        if line.starts_with(b"-ERR") {
            let text = "Master does not support PSYNC or is in error state";
            notice(out, format!("{text} (reply: {})", shown(line)));
        } else {
            warn(out, format!("Unexpected reply to PSYNC from master: {}", shown(line)));
        }
        out.insert(0, Action::Heard(said_ok(line)));
        if failover {
            out.push(Action::Decided(Outcome::Rejected(shown(line))));
            return;
        }
        notice(out, "Retrying with SYNC...".into());
        out.push(Action::Send(Message::Sync, b"SYNC\r\n".to_vec()));
        out.push(Action::Decided(Outcome::Legacy));
    }
}

fn full_resync(rest: &[u8]) -> Option<(ReplId, i64)> {
    let mut words = rest.strip_prefix(b" ")?.splitn(2, |b| *b == b' ');
    let replid = ReplId::from_bytes(words.next()?)?;
    // Digits as far as they go, as strtoll takes them.
    let offset = words.next()?;
    let end = offset.iter().skip(1).position(|b| !b.is_ascii_digit());
    let digits = &offset[..end.map_or(offset.len(), |n| n + 1)];
    let offset = std::str::from_utf8(digits).ok()?.parse().unwrap_or(0);
    (-MAX_OFFSET..=MAX_OFFSET).contains(&offset).then_some((replid, offset))
}

fn said_ok(line: &[u8]) -> Message {
    match line.first() {
        Some(b'+') if line == b"+OK" => Message::Ok,
        Some(b'-') => Message::Error(shown(line)),
        _ => Message::Unexpected(shown(line)),
    }
}

/// A reply that does not decide anything: an error to it is only remarked.
fn optional(line: &[u8], what: &str, out: &mut Vec<Action>) {
    out.push(Action::Heard(said_ok(line)));
    if line.first() == Some(&b'-') {
        let text = "(Non critical) Master does not understand REPLCONF";
        notice(out, format!("{text} {what}: {}", shown(line)));
    }
}

fn notice(out: &mut Vec<Action>, text: String) {
    out.push(Action::Log(LogLevel::Notice, text));
}

fn warn(out: &mut Vec<Action>, text: String) {
    out.push(Action::Log(LogLevel::Warning, text));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings { port: 17001, ..Settings::default() }
    }

    fn sent(actions: &[Action]) -> Vec<u8> {
        let mut all = Vec::new();
        for a in actions {
            if let Action::Send(_, bytes) = a {
                all.extend_from_slice(bytes);
            }
        }
        all
    }

    fn asked(settings: &Settings) -> Handshake {
        let mut h = Handshake::default();
        h.connected();
        h.line(b"+PONG", settings);
        while h.state() != LinkState::ReceivePsyncReply {
            h.line(b"+OK", settings);
        }
        h
    }

    #[test]
    fn the_plain_handshake_writes_these_bytes() {
        let mut h = Handshake::default();
        assert_eq!(sent(&h.connected()), b"*1\r\n$4\r\nPING\r\n");
        assert_eq!(
            sent(&h.line(b"+PONG", &settings())),
            b"*3\r\n$8\r\nREPLCONF\r\n$14\r\nlistening-port\r\n$5\r\n17001\r\n\
              *5\r\n$8\r\nREPLCONF\r\n$4\r\ncapa\r\n$3\r\neof\r\n$4\r\ncapa\r\n$6\r\npsync2\r\n"
        );
        assert_eq!(h.state(), LinkState::ReceivePortReply);
        assert_eq!(sent(&h.line(b"+OK", &settings())), b"");
        assert_eq!(h.state(), LinkState::ReceiveCapaReply);
        assert_eq!(
            sent(&h.line(b"+OK", &settings())),
            b"*3\r\n$5\r\nPSYNC\r\n$1\r\n?\r\n$2\r\n-1\r\n"
        );
        assert_eq!(h.state(), LinkState::ReceivePsyncReply);
    }

    #[test]
    fn auth_and_announced_ip_come_first_and_are_waited_for() {
        let settings = Settings {
            password: Some(b"pw".to_vec()),
            user: Some(b"me".to_vec()),
            announce_ip: Some("10.9.8.7".into()),
            resume: Some((ReplId([b'a'; 40]), 51)),
            ..settings()
        };
        let mut h = Handshake::default();
        h.connected();
        let bytes = sent(&h.line(b"-NOAUTH Authentication required.", &settings));
        assert!(bytes.starts_with(b"*3\r\n$4\r\nAUTH\r\n$2\r\nme\r\n$2\r\npw\r\n*3\r\n"));
        let mut states = vec![h.state()];
        let mut last = Vec::new();
        while h.state() != LinkState::ReceivePsyncReply {
            last = sent(&h.line(b"+OK", &settings));
            states.push(h.state());
        }
        assert_eq!(
            states,
            [
                LinkState::ReceiveAuthReply,
                LinkState::ReceivePortReply,
                LinkState::ReceiveIpReply,
                LinkState::ReceiveCapaReply,
                LinkState::ReceivePsyncReply
            ]
        );
        assert!(last.ends_with(b"$2\r\n51\r\n"));
    }

    #[test]
    fn errors_are_judged_state_by_state() {
        let mut h = Handshake::default();
        h.connected();
        let out = h.line(b"-LOADING Redis is loading the dataset in memory", &settings());
        assert!(matches!(out.last(), Some(Action::Fail(LinkLoss::Refused(_)))));

        let auth = Settings { password: Some(b"pw".to_vec()), ..settings() };
        let mut h = Handshake::default();
        h.connected();
        h.line(b"+PONG", &auth);
        assert!(matches!(h.line(b"-ERR no", &auth).last(), Some(Action::Fail(_))));

        let mut h = Handshake::default();
        h.connected();
        h.line(b"+PONG", &settings());
        h.line(b"-ERR unknown", &settings());
        assert_eq!(h.state(), LinkState::ReceiveCapaReply);

        let out = asked(&settings()).line(b"-NOMASTERLINK Can't SYNC", &settings());
        assert!(matches!(out.last(), Some(Action::Fail(_))));
        for line in [&b"-ERR unknown command"[..], b"-NOAUTH x", b"+OK"] {
            let out = asked(&settings()).line(line, &settings());
            assert_eq!(out.last(), Some(&Action::Decided(Outcome::Legacy)));
            assert_eq!(sent(&out), b"SYNC\r\n");
        }
    }

    #[test]
    fn answers_to_psync_decide() {
        let id = ReplId([b'f'; 40]);
        let decide = |line: &[u8]| asked(&settings()).line(line, &settings()).pop();
        let full = format!("+FULLRESYNC {id} 1234");
        assert_eq!(
            decide(full.as_bytes()),
            Some(Action::Decided(Outcome::Full { replid: Some(id), offset: 1234 }))
        );
        assert_eq!(
            decide(b"+FULLRESYNC short 1"),
            Some(Action::Decided(Outcome::Full { replid: None, offset: -1 }))
        );
        assert_eq!(
            decide(format!("+CONTINUE {id}").as_bytes()),
            Some(Action::Decided(Outcome::Continue { replid: Some(id) }))
        );
        for line in [&b"+CONTINUE"[..], b"+CONTINUE short"] {
            assert_eq!(decide(line), Some(Action::Decided(Outcome::Continue { replid: None })));
        }
        for offset in [i64::MAX, i64::MIN, i64::MAX - 5000] {
            let line = format!("+FULLRESYNC {id} {offset}");
            assert_eq!(
                decide(line.as_bytes()),
                Some(Action::Decided(Outcome::Full { replid: None, offset: -1 }))
            );
        }
        let mut h = asked(&settings());
        assert_eq!(h.line(b"", &settings()), [Action::Heard(Message::Newline)]);
        assert_eq!(h.state(), LinkState::ReceivePsyncReply);
    }
}
