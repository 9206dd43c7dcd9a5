//! The panes and who has the keys.

use super::App;

/// A pane of the screen. The order is that of the numbered keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pane {
    Lesson,
    Topology,
    Sequence,
    Buffer,
    Wire,
    Backlog,
    Keys,
    Logs,
    Charts,
    Rdb,
    Console,
}

/// The tabs at the right of a wide screen.
pub const RIGHT_TABS: [Pane; 7] =
    [Pane::Buffer, Pane::Wire, Pane::Backlog, Pane::Keys, Pane::Logs, Pane::Charts, Pane::Rdb];

impl Pane {
    /// All but the console, in the order of their numbers.
    pub const NUMBERED: [Pane; 10] = [
        Pane::Lesson,
        Pane::Topology,
        Pane::Sequence,
        Pane::Buffer,
        Pane::Wire,
        Pane::Backlog,
        Pane::Keys,
        Pane::Logs,
        Pane::Charts,
        Pane::Rdb,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Pane::Lesson => "Lesson",
            Pane::Topology => "Topology",
            Pane::Sequence => "Sequence",
            Pane::Buffer => "Buffer",
            Pane::Wire => "Wire",
            Pane::Backlog => "Backlog",
            Pane::Keys => "Keys",
            Pane::Logs => "Logs",
            Pane::Charts => "Charts",
            Pane::Rdb => "RDB",
            Pane::Console => "Console",
        }
    }

    /// The one question that the pane answers.
    pub fn question(self) -> &'static str {
        match self {
            Pane::Lesson => "what to do next",
            Pane::Topology => "who follows whom",
            Pane::Sequence => "what was said",
            Pane::Buffer => "what waits",
            Pane::Wire => "what is on the wire",
            Pane::Backlog => "what can still be resumed",
            Pane::Keys => "what each one knows",
            Pane::Logs => "what the servers say",
            Pane::Charts => "how it went",
            Pane::Rdb => "what the snapshot holds",
            Pane::Console => "what you type",
        }
    }

    /// The key that brings it: `1` to `9`, then `0`.
    pub fn number(self) -> Option<char> {
        let i = Pane::NUMBERED.iter().position(|p| *p == self)?;
        char::from_digit((i as u32 + 1) % 10, 10)
    }

    pub fn by_number(c: char) -> Option<Pane> {
        let i = (c.to_digit(10)? + 9) % 10;
        Pane::NUMBERED.get(i as usize).copied()
    }
}

impl App {
    /// Whether the picture of who follows whom is to be seen.
    pub fn shows_topology(&self) -> bool {
        (self.wide && !self.zoom) || self.narrow == Pane::Topology
    }

    /// Whether a pane is up that counts periodic traffic (the sequence) or tells its age.
    pub fn shows_counters(&self) -> bool {
        (self.wide && !self.zoom)
            || matches!(self.narrow, Pane::Sequence | Pane::Topology | Pane::Backlog)
    }
}

impl App {
    /// Whether keys are to be seen whose time runs out.
    pub(super) fn counts_ttls(&self) -> bool {
        let up = if self.wide && !self.zoom { self.tab } else { self.narrow };
        let mut all = self.world.model.instances.values();
        up == Pane::Keys && all.any(|i| i.dbs.values().any(|db| db.expires > 0))
    }

    /// Moves sideways what is wider than its pane.
    pub(super) fn scroll_sideways(&mut self, by: isize) {
        if self.focus == Focus::Pane(Pane::Keys) {
            let most = self.columns_most.get();
            self.columns = self.columns.min(most).saturating_add_signed(by).min(most);
        } else {
            self.scroll_lanes(by);
        }
    }
}

/// Where keys go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Focus {
    /// The console's input: letters are text.
    Console,
    /// A pane: letters are commands.
    Pane(Pane),
}
