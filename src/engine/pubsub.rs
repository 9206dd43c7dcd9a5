//! Publish and subscribe: who listens to which channel or pattern, and the messages to them.
//!
//! In: subscriptions and messages. Out: messages in the clients' outputs. Nothing is kept of a
//! message that nobody listens to.

use super::Engine;
use super::conn::ConnId;
use crate::wire::reply::ReplyWriter;
use crate::wire::text;
use std::collections::{BTreeMap, BTreeSet};

/// Two worlds of channels that know nothing of each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sphere {
    /// SUBSCRIBE, PUBLISH.
    Global,
    /// SSUBSCRIBE, SPUBLISH: no patterns there.
    Shard,
}

impl Sphere {
    /// The letter in front of the shard commands' kinds of message.
    fn kind(self, word: &str) -> String {
        match self {
            Sphere::Global => word.to_owned(),
            Sphere::Shard => format!("s{word}"),
        }
    }
}

type Listeners = BTreeMap<Box<[u8]>, BTreeSet<ConnId>>;

/// All subscriptions of an instance.
#[derive(Debug, Default)]
pub struct PubSub {
    channels: Listeners,
    shard_channels: Listeners,
    patterns: Listeners,
}

/// What one client listens to.
#[derive(Clone, Debug, Default)]
pub struct Subscriptions {
    channels: BTreeSet<Box<[u8]>>,
    shard_channels: BTreeSet<Box<[u8]>>,
    /// In the order of subscription.
    patterns: Vec<Box<[u8]>>,
}

impl Subscriptions {
    /// Channels, patterns, shard channels: CLIENT LIST's sub, psub, ssub.
    pub fn counts(&self) -> [usize; 3] {
        [self.channels.len(), self.patterns.len(), self.shard_channels.len()]
    }

    fn is_empty(&self) -> bool {
        self.counts() == [0; 3]
    }

    fn of(&mut self, sphere: Sphere) -> &mut BTreeSet<Box<[u8]>> {
        match sphere {
            Sphere::Global => &mut self.channels,
            Sphere::Shard => &mut self.shard_channels,
        }
    }

    /// Bytes that it takes.
    pub fn memory(&self) -> usize {
        let all = self.channels.iter().chain(&self.shard_channels).chain(&self.patterns);
        all.map(|name| name.len() + 48).sum()
    }

    /// The number that a message about a subscription ends with.
    fn told(&self, sphere: Sphere) -> i64 {
        match sphere {
            Sphere::Global => (self.channels.len() + self.patterns.len()) as i64,
            Sphere::Shard => self.shard_channels.len() as i64,
        }
    }
}

impl PubSub {
    fn of(&mut self, sphere: Sphere) -> &mut Listeners {
        match sphere {
            Sphere::Global => &mut self.channels,
            Sphere::Shard => &mut self.shard_channels,
        }
    }

    /// Whether nobody listens to anything: then nothing needs to be said.
    pub fn is_silent(&self) -> bool {
        self.channels.is_empty() && self.patterns.is_empty()
    }

    /// The channels that somebody listens to and that match `pattern`, if there is one.
    pub fn active(&self, sphere: Sphere, pattern: Option<&[u8]>) -> Vec<&[u8]> {
        let channels = match sphere {
            Sphere::Global => &self.channels,
            Sphere::Shard => &self.shard_channels,
        };
        let fits = |name: &[u8]| pattern.is_none_or(|p| text::glob_match(p, name, false));
        channels.keys().map(|name| &**name).filter(|name| fits(name)).collect()
    }

    /// How many clients listen to a channel.
    pub fn listeners(&self, sphere: Sphere, channel: &[u8]) -> usize {
        let channels = match sphere {
            Sphere::Global => &self.channels,
            Sphere::Shard => &self.shard_channels,
        };
        channels.get(channel).map_or(0, BTreeSet::len)
    }

    /// How many channels somebody listens to.
    pub fn channels_len(&self, sphere: Sphere) -> usize {
        match sphere {
            Sphere::Global => self.channels.len(),
            Sphere::Shard => self.shard_channels.len(),
        }
    }

    /// How many different patterns somebody listens to.
    pub fn patterns_len(&self) -> usize {
        self.patterns.len()
    }
}

fn add(listeners: &mut Listeners, name: &[u8], conn: ConnId) {
    match listeners.get_mut(name) {
        Some(conns) => {
            conns.insert(conn);
        }
        None => {
            listeners.insert(name.into(), BTreeSet::from([conn]));
        }
    }
}

fn remove(listeners: &mut Listeners, name: &[u8], conn: ConnId) {
    if let Some(conns) = listeners.get_mut(name) {
        conns.remove(&conn);
        if conns.is_empty() {
            listeners.remove(name);
        }
    }
}

impl Engine {
    /// What a client listens to now, as the number that messages about it end with.
    fn subscriptions_told(&self, conn: ConnId, sphere: Sphere) -> i64 {
        let subs = self.clients.get(conn).and_then(|c| c.subscriptions.as_deref());
        subs.map_or(0, |s| s.told(sphere))
    }

    /// Says what became of a subscription.
    fn tell_subscription(&mut self, conn: ConnId, sphere: Sphere, kind: &str, name: Option<&[u8]>) {
        let told = self.subscriptions_told(conn, sphere);
        self.push_to(conn, |w| {
            w.push(3);
            w.bulk_str(kind);
            match name {
                Some(name) => w.bulk(name),
                None => w.null(),
            }
            w.int(told);
        });
    }

    /// Subscribes a client to a channel, and says so to it.
    pub(crate) fn subscribe(&mut self, conn: ConnId, sphere: Sphere, channel: &[u8]) {
        let Some(c) = self.clients.get_mut(conn) else { return };
        c.subscriptions.get_or_insert_default().of(sphere).insert(channel.into());
        add(self.pubsub.of(sphere), channel, conn);
        self.tell_subscription(conn, sphere, &sphere.kind("subscribe"), Some(channel));
    }

    /// Subscribes a client to a pattern, and says so to it.
    pub(crate) fn psubscribe(&mut self, conn: ConnId, pattern: &[u8]) {
        let Some(c) = self.clients.get_mut(conn) else { return };
        let subs = c.subscriptions.get_or_insert_default();
        if !subs.patterns.iter().any(|p| **p == *pattern) {
            subs.patterns.push(pattern.into());
        }
        add(&mut self.pubsub.patterns, pattern, conn);
        self.tell_subscription(conn, Sphere::Global, "psubscribe", Some(pattern));
    }

    /// Ends the subscription to a channel, and says so, even if there was none.
    pub(crate) fn unsubscribe(&mut self, conn: ConnId, sphere: Sphere, channel: &[u8]) {
        if let Some(subs) = self.clients.get_mut(conn).and_then(|c| c.subscriptions.as_mut()) {
            subs.of(sphere).remove(channel);
        }
        remove(self.pubsub.of(sphere), channel, conn);
        self.tell_subscription(conn, sphere, &sphere.kind("unsubscribe"), Some(channel));
    }

    /// Ends the subscription to a pattern, and says so.
    pub(crate) fn punsubscribe(&mut self, conn: ConnId, pattern: &[u8]) {
        if let Some(subs) = self.clients.get_mut(conn).and_then(|c| c.subscriptions.as_mut()) {
            subs.patterns.retain(|p| **p != *pattern);
        }
        remove(&mut self.pubsub.patterns, pattern, conn);
        self.tell_subscription(conn, Sphere::Global, "punsubscribe", Some(pattern));
    }

    /// Ends a client's subscriptions to all channels of a sphere; says so for each, or once that
    /// there was none.
    pub(crate) fn unsubscribe_all(&mut self, conn: ConnId, sphere: Sphere) {
        let subs = self.clients.get_mut(conn).and_then(|c| c.subscriptions.as_mut());
        let all: Vec<_> = subs.map(|s| s.of(sphere).iter().cloned().collect()).unwrap_or_default();
        for channel in &all {
            self.unsubscribe(conn, sphere, channel);
        }
        if all.is_empty() {
            self.tell_subscription(conn, sphere, &sphere.kind("unsubscribe"), None);
        }
    }

    /// The same for its patterns.
    pub(crate) fn punsubscribe_all(&mut self, conn: ConnId) {
        let subs = self.clients.get(conn).and_then(|c| c.subscriptions.as_ref());
        let all = subs.map(|s| s.patterns.clone()).unwrap_or_default();
        for pattern in &all {
            self.punsubscribe(conn, pattern);
        }
        if all.is_empty() {
            self.tell_subscription(conn, Sphere::Global, "punsubscribe", None);
        }
    }

    /// After an end of subscriptions: a client that listens to nothing is a plain one again.
    pub(crate) fn settle_subscriptions(&mut self, conn: ConnId) {
        if let Some(c) = self.clients.get_mut(conn)
            && c.subscriptions.as_ref().is_some_and(|s| s.is_empty())
        {
            c.subscriptions = None;
        }
    }

    /// Forgets all subscriptions of a client without a word: it leaves, or starts afresh.
    pub(crate) fn drop_subscriptions(&mut self, conn: ConnId) {
        let Some(c) = self.clients.get_mut(conn) else { return };
        let Some(subs) = c.subscriptions.take() else { return };
        for name in &subs.channels {
            remove(&mut self.pubsub.channels, name, conn);
        }
        for name in &subs.shard_channels {
            remove(&mut self.pubsub.shard_channels, name, conn);
        }
        for name in &subs.patterns {
            remove(&mut self.pubsub.patterns, name, conn);
        }
    }

    /// Sends a message to all who listen to its channel, and to patterns that match it; how many
    /// times it was sent.
    pub(crate) fn publish(&mut self, sphere: Sphere, channel: &[u8], message: &[u8]) -> usize {
        let mut sent = 0;
        let conns = self.pubsub.of(sphere).get(channel);
        let conns: Vec<ConnId> = conns.map(|c| c.iter().copied().collect()).unwrap_or_default();
        let kind = sphere.kind("message");
        for conn in conns {
            sent += 1;
            self.push_to(conn, |w| {
                w.push(3);
                w.bulk_str(&kind);
                w.bulk(channel);
                w.bulk(message);
            });
        }
        if sphere == Sphere::Shard || self.pubsub.patterns.is_empty() {
            return sent;
        }
        let matching: Vec<(Box<[u8]>, Vec<ConnId>)> = self
            .pubsub
            .patterns
            .iter()
            .filter(|(pattern, _)| text::glob_match(pattern, channel, false))
            .map(|(pattern, conns)| (pattern.clone(), conns.iter().copied().collect()))
            .collect();
        for (pattern, conns) in matching {
            for conn in conns {
                sent += 1;
                self.push_to(conn, |w| {
                    w.push(4);
                    w.bulk_str("pmessage");
                    w.bulk(&pattern);
                    w.bulk(channel);
                    w.bulk(message);
                });
            }
        }
        sent
    }

    /// Writes something to a client that it did not ask for just now. CLIENT REPLY does not
    /// silence it. A client whose output grows beyond its limit is closed.
    pub(crate) fn push_to(&mut self, conn: ConnId, write: impl FnOnce(&mut ReplyWriter)) {
        let Some(c) = self.clients.get_mut(conn) else { return };
        if c.close_after_reply {
            return;
        }
        if self.executing != Some(conn) {
            let mut w = ReplyWriter { buf: std::mem::take(&mut c.out.head), resp: c.resp };
            write(&mut w);
            c.out.head = w.buf;
            self.output_grew(conn);
            self.check_output_limit(conn);
        } else if c.reply_mode == super::conn::ReplyMode::On {
            write(&mut self.reply);
        } else {
            let mut w = ReplyWriter { buf: std::mem::take(&mut self.pushed), resp: c.resp };
            write(&mut w);
            self.pushed = w.buf;
        }
    }
}
