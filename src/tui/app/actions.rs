//! What can be done with a key outside the console, by the palette, or with a click.

use super::super::theme::Theme;
use super::{App, Focus, Pane, Popup};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Show(Pane),
    Console,
    NextPane,
    Zoom,
    NextLink,
    PrevLink,
    FollowLink,
    /// All links side by side, or one.
    AllLinks,
    FinerTime,
    CoarserTime,
    LanesLeft,
    LanesRight,
    Why,
    /// The list of everything that raised a why.
    Whys,
    /// The focused pane's text, or its selected row, into the terminal's clipboard.
    Copy,
    Newest,
    Help,
    Palette,
    LabVerb,
    /// Puts the beginning of a line at the prompt, to be ended there.
    Type(&'static str),
    Hint,
    NextLog,
    /// Lets the oldest step that waits go.
    Step,
    /// Lets five go.
    StepFive,
    /// Step mode on or off.
    Pause,
    /// Lets everything go.
    RunOn,
    /// What waits, and the breakpoints.
    Steps,
    Slower,
    Faster,
    /// An earlier moment.
    Back,
    Theme,
    Quit,
}

/// An action with its key and its name, for the help and the palette.
pub struct Described {
    pub action: Action,
    pub key: &'static str,
    pub name: &'static str,
}

const fn described(action: Action, key: &'static str, name: &'static str) -> Described {
    Described { action, key, name }
}

/// Every action, in the order of the help.
pub const ACTIONS: &[Described] = &[
    described(Action::Show(Pane::Lesson), "1", "Lesson: what to do next"),
    described(Action::Show(Pane::Topology), "2", "Topology: who follows whom"),
    described(Action::Show(Pane::Sequence), "3", "Sequence: what was said"),
    described(Action::Show(Pane::Buffer), "4", "Buffer: what waits"),
    described(Action::Show(Pane::Wire), "5", "Wire: what is on the wire"),
    described(Action::Show(Pane::Backlog), "6", "Backlog: what can still be resumed"),
    described(Action::Show(Pane::Keys), "7", "Keys: what each one knows"),
    described(Action::Show(Pane::Logs), "8", "Logs: what the servers say"),
    described(Action::Show(Pane::Charts), "9", "Charts: how offsets, lag and buffers went"),
    described(Action::Show(Pane::Rdb), "0", "RDB: what the snapshot holds"),
    described(Action::Console, "i", "Console: type again"),
    described(Action::NextPane, "Tab", "next pane"),
    described(Action::Zoom, "z", "zoom the pane to the whole screen, and back"),
    described(Action::NextLink, "n", "next link"),
    described(Action::PrevLink, "p", "previous link"),
    described(Action::FollowLink, "f", "follow the newest active link"),
    described(Action::AllLinks, "a", "Sequence: all links side by side, or one"),
    described(Action::FinerTime, "+", "Sequence: a line stands for less time"),
    described(Action::CoarserTime, "-", "Sequence: for more; at last rows stand close"),
    described(Action::LanesLeft, "<", "servers further left: sequence, keys"),
    described(Action::LanesRight, ">", "servers further right: sequence, keys"),
    described(Action::Why, "w", "why? the numbers behind a decision"),
    described(Action::Whys, "W", "every why? of the session: judged, refused, lost"),
    described(Action::Newest, "G", "back to the newest row"),
    described(Action::NextLog, "l", "logs of the next instance, or of all"),
    described(Action::Hint, "h", "hint for the lesson's next goal"),
    described(Action::Step, "s", "step: the next thing on a link happens (F8, also while typing)"),
    described(Action::StepFive, "S", "five steps"),
    described(Action::Pause, "Space", "step mode on or off: links wait for you (F6)"),
    described(Action::RunOn, "r", "run on: all that waits goes, up to a breakpoint (F5)"),
    described(Action::Steps, "B", "steps that wait, and breakpoints (F9)"),
    described(Action::Slower, ",", "slow motion: link time and the links slower"),
    described(Action::Faster, ".", "link time faster, up to real time"),
    described(Action::Back, "b", "look back at an earlier moment: arrows move, n is now (F7)"),
    described(Action::LabVerb, ":", "type a lab verb (:wait, :fill, :throttle, :heal, :export)"),
    described(Action::Palette, "/", "command palette"),
    described(Action::Copy, "y", "copy the selected row, or the pane's text"),
    described(Action::Theme, "t", "next theme: full, dark, light, colour-blind safe, plain"),
    described(Action::Help, "?", "help: all keys"),
    described(Action::Quit, "q", "leave synclab"),
];

/// The lab's verbs as the palette offers them: they fill the prompt, and nothing runs yet.
pub const VERBS: &[Described] = &[
    verb(":fill ", ":fill N — write N keys at the current instance"),
    verb(":throttle ", ":throttle A B RATE — slow a link down"),
    verb(":heal", ":heal — take the throttles away"),
    verb(":wait ", ":wait CONDITION — wait until it holds"),
    verb(":restart ", ":restart PORT — start a server again"),
    verb(":export ", ":export FILE.md — keep the session as a page"),
    verb(":help", ":help — what the lab can be told"),
];

const fn verb(line: &'static str, name: &'static str) -> Described {
    described(Action::Type(line), ":", name)
}

impl App {
    /// Does what an action says.
    pub fn act(&mut self, action: Action) {
        match action {
            Action::Show(pane) => self.show(pane),
            Action::Console => self.focus = Focus::Console,
            Action::NextPane => self.next_pane(),
            Action::Zoom => self.zoom = !self.zoom,
            Action::NextLink => self.step_link(1),
            Action::PrevLink => self.step_link(-1),
            Action::FollowLink => {
                self.chosen = None;
                self.cursor = None;
                self.diagram.all = false;
                self.notice = Some("following the newest active link".into());
            }
            Action::AllLinks => self.toggle_all_links(),
            Action::FinerTime => self.scale_time(1),
            Action::CoarserTime => self.scale_time(-1),
            Action::LanesLeft => self.scroll_sideways(-1),
            Action::LanesRight => self.scroll_sideways(1),
            Action::Why => self.why(),
            Action::Whys => self.whys(),
            Action::Copy => self.copy(),
            Action::Newest => {
                self.cursor = None;
                if let Focus::Pane(pane) = self.focus {
                    self.scroll.remove(&pane);
                }
            }
            Action::Help => self.popup = Some(Popup::Help(0)),
            Action::Palette => self.popup = Some(Popup::Palette(Default::default())),
            Action::LabVerb => {
                self.focus = Focus::Console;
                if self.input.is_empty() {
                    self.input.insert(':');
                }
            }
            Action::Type(line) => {
                self.focus = Focus::Console;
                self.input.clear();
                self.input.insert_text(line);
            }
            Action::Step => self.step(1),
            Action::StepFive => self.step(5),
            Action::Pause => self.pause(),
            Action::RunOn => self.run_on(),
            Action::Steps => self.popup = Some(Popup::Steps(0)),
            Action::Slower => self.slow(true),
            Action::Faster => self.slow(false),
            Action::Back => self.look_back(),
            Action::Hint => self.next_hint(),
            Action::NextLog => self.next_log(),
            Action::Theme => {
                self.theme = Theme::next(self.theme);
                self.notice = Some(format!("theme: {}", self.theme.name()));
            }
            Action::Quit => self.popup = Some(Popup::Quit),
        }
    }

    /// Asks as the console's `:hint` does, so that there is one count of hints.
    fn next_hint(&mut self) {
        match &self.progress {
            None => self.notice = Some("hints belong to a lesson; this is the free lab".into()),
            Some(progress) if progress.is_done() => {
                self.notice = Some("all goals are reached".into());
            }
            Some(_) => self.submit(":hint".into()),
        }
    }

    /// The lesson's desk was asked for a hint: the pane shows as many as it gave.
    pub(super) fn heard_hint(&mut self) {
        if let Some(progress) = &mut self.progress
            && progress.hint().is_some()
        {
            self.narrow = Pane::Lesson;
            // The hints stand at the foot of the text.
            self.scroll.insert(Pane::Lesson, usize::MAX / 2);
        }
    }

    fn next_log(&mut self) {
        let ports: Vec<u16> = self.world.model.instances.keys().copied().collect();
        self.log_port = match self.log_port {
            None => ports.first().copied(),
            Some(port) => ports.iter().copied().find(|p| *p > port),
        };
        self.show(Pane::Logs);
    }
}
