//! Folds of events into what the panes show.
//!
//! In: [`Event`]s, in order. Out: [`World`], the whole view model. Pure: the same events give the
//! same world, so looking back is a replay of a prefix. It never knows sizes, colours or words.

pub mod charts;
pub mod console;
pub mod link;
pub mod links;
pub mod logs;
pub mod merge;
pub mod rdb;
pub mod row;
pub mod sequence;
pub mod traffic;
pub mod whys;
pub mod wire;

use crate::lab::model::Model;
use crate::observe::{Body, Event, Fact, LabFact, Message, Now, Source};
use std::collections::BTreeMap;

/// When a number on the screen last changed, so that the view can mark it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touched {
    pub offset: i64,
    pub offset_at: Now,
    pub keys: u64,
    pub keys_at: Now,
}

/// All that the panes show, as of one event.
#[derive(Clone, Debug, Default)]
pub struct World {
    pub model: Model,
    pub links: links::Links,
    pub logs: logs::Logs,
    pub wire: wire::Wire,
    pub rdbs: rdb::Rdbs,
    pub charts: charts::Charts,
    pub traffic: traffic::Traffic,
    pub console: console::Scrollback,
    pub whys: whys::Whys,
    pub touched: BTreeMap<u16, Touched>,
    marked_us: Option<u64>,
}

impl World {
    /// The world behind a model, when the events that made it are gone: what only the panes keep
    /// (rows, log lines, answers) begins empty.
    pub fn from_model(model: Model) -> World {
        World { model, ..World::default() }
    }

    /// Folds one event.
    pub fn apply(&mut self, event: &Event) {
        self.model.apply(event);
        self.links.apply(event);
        self.logs.apply(event);
        self.wire.apply(event);
        self.rdbs.apply(event);
        self.charts.apply(event, &self.model);
        self.traffic.apply(event, &self.model);
        self.console.apply(event);
        self.whys.apply(event);
        if let Source::Instance(port) = event.source {
            self.touch(port, event);
        }
        if marks(&event.body) {
            self.marked_us = Some(event.at.mono_us);
        }
    }

    fn touch(&mut self, port: u16, event: &Event) {
        let Some(i) = self.model.instance(port) else { return };
        let (offset, keys) = (i.offset.0, i.keys_total());
        // What an instance begins with is no change.
        let long_ago = Now::default();
        let t = self.touched.entry(port).or_insert(Touched {
            offset,
            offset_at: long_ago,
            keys,
            keys_at: long_ago,
        });
        if t.offset != offset {
            (t.offset, t.offset_at) = (offset, event.at);
        }
        if t.keys != keys {
            (t.keys, t.keys_at) = (keys, event.at);
        }
    }

    /// The moment of the last change that a pane marks.
    pub fn last_mark_us(&self) -> Option<u64> {
        self.marked_us
    }

    /// Whether some pane counts seconds now: a wait, an instance or a link that is down, a replica
    /// that stays behind, a guest's patience.
    pub fn counts_seconds(&self) -> bool {
        use crate::lab::model::{Life, LinkStatus};
        !self.model.time.patience.is_empty()
            || self.model.instances.values().any(|i| matches!(i.life, Life::Down { .. }))
            || self.charts.all().any(|(_, lines)| lines.behind.last().is_some_and(|n| n > 0))
            || self
                .model
                .links()
                .iter()
                .any(|l| !matches!(l.status, LinkStatus::Online) && l.since != Now::default())
    }
}

/// Whether nobody waits to see this: periodic acknowledgements and the like.
pub fn is_calm(body: &Body) -> bool {
    !marks(body) && !matches!(body, Body::Console(_) | Body::Fact(Fact::Log { .. }))
}

/// Whether the screen marks what this event changed. Periodic traffic is no reason to.
fn marks(body: &Body) -> bool {
    match body {
        Body::Fact(fact) => !matches!(
            fact,
            Fact::Log { .. }
                | Fact::Command { .. }
                | Fact::ClientConnected { .. }
                | Fact::ClientGone { .. }
                | Fact::Acked { .. }
                | Fact::Said { message: Message::Ack { .. } | Message::Newline, .. }
                | Fact::Heard { message: Message::Ack { .. } | Message::Newline, .. }
        ),
        Body::Lab(fact) => !matches!(fact, LabFact::SessionBegan { .. }),
        Body::Console(_) => false,
    }
}
