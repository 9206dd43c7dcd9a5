//! The state of the screen and what input does to it.
//!
//! In: keys, pastes, clicks, events, the time. Out: [`Ask`]s for whoever owns the lab and the
//! console. It never touches a terminal, a thread, a file or a server, so a test can be its user.

mod actions;
mod back;
mod console_keys;
mod diagram;
mod focus;
mod keys;
mod mouse;
mod panes;
mod paste;
mod popup;
mod time;
mod whys;

pub use actions::{ACTIONS, Action, Described, VERBS};
pub use back::Back;
pub use diagram::{Diagram, SCALES, scale_name};
pub use focus::{Focus, Pane, RIGHT_TABS};
pub use popup::{PaletteState, Popup};
pub use time::TimeAsk;
pub use whys::{WhyBox, WhyOf};

use super::line_edit::LineEdit;
use super::playback::Playback;
use super::reduce::World;
use super::reduce::link::LinkKey;
use super::reduce::merge::RowRef;
use super::theme::Theme;
use super::travel::Travel;
use crate::console::{Completion, EditRequest};
use crate::lesson::{Lesson, Progress};
use crate::observe::{Body, ConsoleFact, Event, Fact, LinkState, Now};
use ratatui::layout::Rect;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};

/// What the user decided to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    Free,
    Lesson(String),
}

/// What the screen wants from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Begin this mode: prepare the lab.
    Begin(Mode),
    /// Run a console line.
    Run(String),
    /// End the running line.
    Interrupt,
    /// What could stand at byte `at` of `line`?
    Complete {
        line: String,
        at: usize,
    },
    /// Write a file of the workspace.
    Write {
        path: String,
        text: String,
    },
    /// Hold time, let it go, slow it down.
    Time(TimeAsk),
    Quit,
    /// Put this text into the terminal's clipboard.
    Copy(String),
    /// Ctrl-Z: give the terminal back to the shell for a while.
    Suspend,
}

/// Which screen is up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Screen {
    Start,
    /// The servers of a mode are being started.
    Starting(Mode),
    /// They could not be; the reason with its way out.
    Failed(Mode, String),
    Lab,
}

/// An area of the drawn screen that means something to the mouse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hit {
    Pane(Pane),
    Link(LinkKey),
    /// A row of the sequence.
    Row(RowRef),
    /// An instance of the topology.
    Node(u16),
    StartEntry(usize),
    Help,
    Palette,
    Candidate(usize),
    /// An entry of the list of whys, counted from the newest.
    Why(usize),
    /// A cell of the timeline: so many events.
    Moment(u64),
    /// How time runs.
    Steps,
}

/// The completion popup.
#[derive(Clone, Debug, Default)]
pub struct Offer {
    pub completion: Completion,
    pub chosen: usize,
}

/// Between two frames of something that moves: 30 a second.
const FRAME_US: u64 = 33_000;
/// How long a remark is shown.
const NOTICE_US: u64 = 5_000_000;

/// Everything that the screen is.
pub struct App {
    /// What the panes show, and its time: the present, or an earlier moment while `back` is some.
    pub world: World,
    pub now: Now,
    pub back: Option<Box<Back>>,
    pub travel: Travel,
    pub theme: Theme,
    pub screen: Screen,
    pub lessons: Vec<Lesson>,
    pub progress: Option<Progress>,
    pub start_entry: usize,
    pub ports: Vec<u16>,
    pub focus: Focus,
    /// The tab of the right-hand pane when the screen is wide.
    pub tab: Pane,
    /// The pane that a narrow screen shows.
    pub narrow: Pane,
    /// One pane takes the whole middle.
    pub zoom: bool,
    pub wide: bool,
    /// `None`: the newest active link.
    pub chosen: Option<LinkKey>,
    /// The selected row of the sequence; `None` follows the newest.
    pub cursor: Option<RowRef>,
    /// How the sequence is looked at.
    pub diagram: Diagram,
    /// Lines scrolled away from the foot (console, logs, wire) or from the top (lesson, keys).
    pub scroll: BTreeMap<Pane, usize>,
    /// How far each pane could be scrolled when it was drawn last.
    pub scroll_most: RefCell<BTreeMap<Pane, usize>>,
    /// Where the lesson's present section begins, as it was wrapped last.
    pub lesson_top: Cell<usize>,
    pub play: Playback,
    pub input: LineEdit,
    pub prompt: String,
    pub offer: Option<Offer>,
    /// A Tab was pressed and its answer is awaited.
    pub completing: bool,
    /// A line runs.
    pub running: bool,
    /// Lines that wait for the running one.
    pub queue: VecDeque<String>,
    pub popup: Option<Popup>,
    pub log_port: Option<u16>,
    /// Which stretch of time the charts show.
    pub stretch: usize,
    /// How many servers are scrolled away at the left of the keys, and how far that can go.
    pub columns: usize,
    pub columns_most: Cell<usize>,
    /// A remark at the foot of the screen, until the next key.
    pub notice: Option<String>,
    /// The remark that was drawn last, and when it was first drawn.
    noticed: Option<(String, u64)>,
    /// The goal that was ticked last, and when.
    ticked: Option<(usize, Now)>,
    /// The user chose a pane: none comes to the front by itself any more.
    chose: bool,
    /// What the command being typed takes next, dim behind the cursor.
    pub arguments: Option<String>,
    pub hits: Vec<(Rect, Hit)>,
    /// Pasted lines may fill the editor that the line before them opened.
    pub editor_pasted: bool,
    /// A file is being written; the editor closes after it.
    writing: bool,
    closing: bool,
    pub quit: bool,
    asks: Vec<Ask>,
}

impl App {
    pub fn new(theme: Theme, ports: Vec<u16>, lessons: Vec<Lesson>) -> App {
        App {
            world: World::default(),
            now: Now::default(),
            back: None,
            travel: Travel::default(),
            theme,
            screen: Screen::Start,
            lessons,
            progress: None,
            start_entry: 0,
            ports,
            focus: Focus::Console,
            tab: Pane::Buffer,
            narrow: Pane::Sequence,
            zoom: false,
            wide: true,
            chosen: None,
            cursor: None,
            diagram: Diagram::default(),
            scroll: BTreeMap::new(),
            scroll_most: RefCell::default(),
            lesson_top: Cell::new(0),
            play: Playback::default(),
            input: LineEdit::default(),
            prompt: "lab$ ".into(),
            offer: None,
            completing: false,
            running: false,
            queue: VecDeque::new(),
            popup: None,
            log_port: None,
            stretch: 0,
            columns: 0,
            columns_most: Cell::new(0),
            notice: None,
            noticed: None,
            ticked: None,
            chose: false,
            arguments: None,
            hits: Vec::new(),
            editor_pasted: false,
            writing: false,
            closing: false,
            quit: false,
            asks: Vec::new(),
        }
    }

    /// What is asked for since the last call.
    pub fn take_asks(&mut self) -> Vec<Ask> {
        std::mem::take(&mut self.asks)
    }

    pub(super) fn ask(&mut self, ask: Ask) {
        self.asks.push(ask);
    }

    // ── news from outside ──────────────────────────────────────────────────────────────────────

    /// Folds an event of the journal. Returns the goals that it ticked.
    pub fn event(&mut self, event: &Event) -> Vec<usize> {
        self.tick(event.at);
        self.live_mut().apply(event);
        let live = self.back.as_ref().map_or(&self.world, |b| &b.live);
        self.travel.passed(event, live);
        if let Body::Console(ConsoleFact::Typed { line, .. }) = &event.body
            && line.split_whitespace().next() == Some(":hint")
        {
            self.heard_hint();
        }
        if matches!(&event.body, Body::Fact(Fact::LinkState { to: LinkState::Connecting, .. })) {
            self.turn_to_sequence();
        }
        let live = self.back.as_ref().map_or(&self.world, |b| &b.live);
        let ticked = match &mut self.progress {
            Some(progress) => progress.look(&live.model),
            None => Vec::new(),
        };
        if let Some(last) = ticked.last() {
            self.ticked = Some((*last, event.at));
            // The next goal's text begins at its top.
            self.scroll.remove(&Pane::Lesson);
        }
        ticked
    }

    /// Events were dropped before they came here: `model` is the fold of all of them.
    pub fn overtaken(&mut self, model: crate::lab::model::Model) {
        self.live_mut().model = model;
    }

    /// The goal that was ticked just now: its place among all, and since when it is told.
    pub fn just_ticked(&self) -> Option<usize> {
        let (goal, at) = self.ticked?;
        (self.live_now().mono_us.saturating_sub(at.mono_us) < NOTICE_US).then_some(goal)
    }

    /// The servers of the mode are up: the lab's screen opens.
    pub fn begun(&mut self, mode: &Mode, prompt: String) {
        self.prompt = prompt;
        self.screen = Screen::Lab;
        self.focus = Focus::Console;
        if let Mode::Lesson(id) = mode
            && let Some(lesson) = self.lessons.iter().find(|l| l.id == *id)
        {
            let mut progress = Progress::new(lesson.clone());
            progress.look(&self.world.model);
            self.progress = Some(progress);
            self.narrow = Pane::Lesson;
        } else {
            self.narrow = Pane::Topology;
        }
    }

    /// They are not; the start screen says why.
    pub fn failed(&mut self, mode: &Mode, why: String) {
        self.screen = Screen::Failed(mode.clone(), why);
    }

    /// The running line ended.
    pub fn line_done(
        &mut self,
        prompt: String,
        leave: bool,
        clear: bool,
        edit: Option<EditRequest>,
    ) {
        self.prompt = prompt;
        self.running = false;
        if leave {
            self.quit_now();
            return;
        }
        if clear {
            self.live_mut().console.lines.clear();
        }
        if let Some(edit) = edit {
            self.open_editor(edit);
        }
        self.run_next();
    }

    /// The completion that was asked for.
    pub fn completed(&mut self, line: &str, at: usize, completion: Completion) {
        self.completing = false;
        if self.input.text() != line || self.input.byte_cursor() != at {
            return;
        }
        self.offer_completion(completion);
    }

    /// A file was written, or not.
    pub fn file_written(&mut self, path: &str, result: Result<(), String>) {
        self.editor_answer(path, result);
    }

    /// The link that the sequence shows.
    pub fn link(&self) -> Option<LinkKey> {
        self.chosen.clone().or_else(|| self.world.links.newest().cloned())
    }

    /// The lab's first two ports: who could be a master, and who could follow it.
    pub fn first_ports(&self) -> (u16, u16) {
        let port = |i: usize, usual: u16| self.ports.get(i).copied().unwrap_or(usual);
        (port(0, 6380), port(1, 6381))
    }

    /// Runs a line, or lets it wait behind the one that runs.
    fn submit(&mut self, line: String) {
        if self.running && self.time_verb(&line) {
            return;
        }
        if self.running || self.queue.len() >= 10_000 {
            self.queue.push_back(line);
        } else {
            self.running = true;
            self.scroll.remove(&Pane::Console);
            if self.back.is_some() && !line.trim().is_empty() {
                self.notice = Some("this runs on the live servers, now".into());
            }
            self.ask(Ask::Run(line));
        }
    }

    fn run_next(&mut self) {
        while !self.running {
            if matches!(self.popup, Some(Popup::Editor(_))) {
                // Lines that were typed meanwhile wait for the editor to close; pasted ones are
                // its text.
                if self.editor_pasted {
                    self.feed_editor();
                }
                if matches!(self.popup, Some(Popup::Editor(_))) {
                    return;
                }
            }
            let Some(line) = self.queue.pop_front() else {
                self.editor_pasted = false;
                return;
            };
            self.submit(line);
        }
    }

    fn quit_now(&mut self) {
        self.quit = true;
        self.ask(Ask::Quit);
    }

    /// A remark is shown for a while, then what it covered is back.
    pub fn age_notice(&mut self) {
        let now = self.live_now().mono_us;
        match (&self.notice, &self.noticed) {
            (None, _) => self.noticed = None,
            (Some(text), Some((seen, at))) if text == seen => {
                if now.saturating_sub(*at) >= NOTICE_US {
                    self.notice = None;
                    self.noticed = None;
                }
            }
            (Some(text), _) => self.noticed = Some((text.clone(), now)),
        }
    }

    /// How long until the screen must be drawn again although nothing happens: rows to play, a mark
    /// that fades, or seconds that are counted. `None`: it may sleep.
    pub fn next_tick_us(&mut self) -> Option<u64> {
        if self.screen != Screen::Lab {
            return None;
        }
        let now = self.live_now().mono_us;
        let mut next: Option<u64> = None;
        let mut sooner = |us: u64| next = Some(next.map_or(us, |n: u64| n.min(us)));
        if let Some((_, at)) = &self.noticed {
            sooner((at + NOTICE_US).saturating_sub(now) + 1_000);
        }
        if let Some((_, at)) = &self.ticked
            && at.mono_us + NOTICE_US > now
        {
            sooner(at.mono_us + NOTICE_US - now + 1_000);
        }
        if self.back.is_some() {
            // A moment stands still.
            return next;
        }
        if let Some(us) = self.next_row_us() {
            sooner(us.max(20_000));
        }
        // A box calls its id new for a while.
        for i in self.world.model.instances.values() {
            let until = i.ids.since.mono_us + super::view::NEW_ID_US;
            if i.ids.since != i.life.since() && until > now {
                sooner(until - now + 1_000);
            }
        }
        if let Some(changed) = self.world.last_mark_us()
            && changed + super::view::FRESH_US > now
        {
            sooner(changed + super::view::FRESH_US - now + 1_000);
        }
        // What travels is seen travelling, for a moment.
        if self.shows_topology() && super::view::moves_for_us(self).is_some() {
            sooner(FRAME_US);
        }
        let time = &self.world.model.time;
        // While link time stands, only an outside peer's patience goes on counting.
        let waits = !time.patience.is_empty() || (self.world.counts_seconds() && !time.held);
        if waits || self.counts_ttls() {
            sooner(1_000_000 - now % 1_000_000 + 1_000);
        }
        next
    }
}
