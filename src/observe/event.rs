use super::{Addr, Answer, BreakOn, Fact, Now, Step};
use serde::{Deserialize, Serialize};

/// One entry of the session's journal: who, when, what.
///
/// A recorded session is these, one JSON object a line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Position in the journal, without gaps from 0 unless entries were dropped.
    pub seq: u64,
    pub at: Now,
    pub source: Source,
    pub body: Body,
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The instance that listens on this port.
    Instance(u16),
    Lab,
    Console,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    Fact(Fact),
    Lab(LabFact),
    Console(ConsoleFact),
}

/// What the lab did or saw around the instances.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LabFact {
    /// The first entry of every session.
    SessionBegan {
        version: String,
        ports: Vec<u16>,
        bare: bool,
        lesson: Option<String>,
    },
    /// An instance's thread runs and listens.
    InstanceUp {
        port: u16,
        conf: Option<String>,
    },
    /// An instance could not be started.
    InstanceFailed {
        port: u16,
        reason: String,
    },
    InstanceDown {
        port: u16,
        how: ExitHow,
    },
    /// `bytes_per_second` bounds both directions of the link; `None` lifts the bound.
    LinkThrottled {
        a: u16,
        b: u16,
        bytes_per_second: Option<u64>,
    },
    /// A fault of the link between two ports began, or (`on` false) was undone.
    LinkFault {
        a: u16,
        b: u16,
        fault: Fault,
        on: bool,
    },
    /// The present connection between two ports was dropped; a new one may be made at once.
    LinkDropped {
        a: u16,
        b: u16,
    },
    /// An instance was stopped as SIGSTOP would, or (`on` false) goes on.
    Frozen {
        port: u16,
        on: bool,
    },
    /// A port was added to the lab's own, or taken out.
    PortAdded {
        port: u16,
    },
    PortRemoved {
        port: u16,
    },

    // ── time ───────────────────────────────────────────────────────────────────────────────────
    /// Step mode went on or off. `hit`: a breakpoint turned it on.
    StepMode {
        on: bool,
        hit: Option<BreakOn>,
    },
    /// A step of the instance on `port` is held before it happens. The id is never used again.
    StepWaits {
        id: u64,
        port: u16,
        step: Step,
    },
    /// That step was let through.
    StepTaken {
        id: u64,
    },
    /// That step will never happen: its link or its instance is gone.
    StepGone {
        id: u64,
    },
    BreakSet {
        on: BreakOn,
    },
    BreakCleared {
        on: BreakOn,
    },
    /// Link time runs at 1/`factor` from now on; 1 is real time.
    Slowed {
        factor: u32,
    },
    /// Link time stands still (`on`), because steps wait, or runs again.
    LinkTimeHeld {
        on: bool,
    },
    /// An outside peer of the instance on `port` does not hear from it while time is held: so long
    /// until its own repl-timeout (the usual 60 s, unless it is known) ends the link. `None`: it
    /// needs no patience any more.
    PeerWaits {
        port: u16,
        peer: Addr,
        bears_ms: Option<u64>,
    },
    /// The learner gave this moment a name.
    Bookmark {
        name: String,
    },

    /// Something changed in the workspace. Paths are the lab's (`/data/6380/redis.conf`).
    DirMade {
        path: String,
    },
    /// `text` is what was written, if the lab wrote it itself and it is a short text; passwords
    /// are masked in it.
    FileWritten {
        path: String,
        bytes: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    FileRemoved {
        path: String,
    },
    /// A goal of the running lesson became true; the index counts from 0. `text` is the goal as the
    /// lesson puts it, so that a record can be read without the lesson (empty in older records).
    GoalTicked {
        lesson: String,
        goal: usize,
        #[serde(default)]
        text: String,
    },
    /// Every goal is ticked. `title` is the lesson's (empty in older records).
    LessonDone {
        lesson: String,
        #[serde(default)]
        title: String,
    },
    /// So many entries were dropped before this one.
    Lost {
        events: u64,
    },
}

/// What can be wrong with a link, apart from a bound on its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Connections are ended and new ones refused.
    Cut,
    /// Every byte arrives so much later (microseconds of link time).
    Delay { us: u64 },
    /// Bytes are swallowed both ways and nobody is told.
    HalfOpen,
}

/// How an instance ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExitHow {
    /// SHUTDOWN or SIGTERM, with its exit code.
    Shutdown { code: i32 },
    /// `:kill`, or the shell's `kill -9`.
    Killed,
    /// A panic; only this instance ends.
    Panicked { message: String },
    /// A fatal error of its own, e.g. a corrupt RDB.
    Failed { reason: String },
}

/// What was typed, and what came back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsoleFact {
    /// A line as it was typed, secrets masked, with the prompt that it was typed at. `id` pairs it
    /// with its answers.
    Typed { id: u64, prompt: String, line: String },
    /// A part of the answer; a long-running line (MONITOR, `:wait`) brings several.
    Answered { id: u64, answer: Answer },
    /// The line is done and the next prompt is up. `failed` is what line mode's exit code counts.
    Done { id: u64, failed: bool, prompt: String },
}
