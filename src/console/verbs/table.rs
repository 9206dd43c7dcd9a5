//! Every verb with its words, for help, completion, hints and suggestions.

/// A verb, for help and completion.
pub struct Verb {
    pub family: Family,
    pub name: &'static str,
    pub args: &'static str,
    pub about: &'static str,
    /// A line that works; shown to those whose line did not.
    pub example: &'static str,
}

/// What a verb is for: the headings of `:help`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    Time,
    Faults,
    Instances,
    Looking,
    Session,
}

impl Family {
    /// In the order of `:help`.
    pub const ALL: [Family; 5] =
        [Family::Time, Family::Faults, Family::Instances, Family::Looking, Family::Session];

    pub fn heading(self) -> &'static str {
        match self {
            Family::Time => "Time",
            Family::Faults => "Links and their faults",
            Family::Instances => "Instances",
            Family::Looking => "Looking",
            Family::Session => "The session",
        }
    }
}

use Family::{Faults, Instances, Looking, Session, Time};

const fn verb(
    family: Family,
    name: &'static str,
    args: &'static str,
    about: &'static str,
    example: &'static str,
) -> Verb {
    Verb { family, name, args, about, example }
}

/// In the order of `:help`, family by family.
pub const VERBS: &[Verb] = &[
    verb(
        Time,
        "step",
        "[on|off|N]",
        "hold every step of replication; let one go, or N",
        ":step on",
    ),
    verb(Time, "run", "", "let all go that waits; step mode is off", ":run"),
    verb(
        Time,
        "break",
        "KIND|PORT",
        "hold before such a step: psync, rdb-end, 6381",
        ":break psync",
    ),
    verb(Time, "unbreak", "KIND|PORT|all", "take a breakpoint away", ":unbreak psync"),
    verb(Time, "breaks", "", "which breakpoints are set, and what waits", ":breaks"),
    verb(Time, "slow", "N|off", "run the links N times slower", ":slow 10"),
    verb(
        Time,
        "back",
        "[NAME|TIME|EVENT]",
        "how it was: at a bookmark, at 0:41, -10s ago, at event 412",
        ":back -10s",
    ),
    verb(Time, "now", "", "the present again", ":now"),
    verb(Time, "bookmark", "NAME", "give this moment a name", ":bookmark before"),
    verb(Time, "bookmarks", "", "the moments with a name", ":bookmarks"),
    verb(Faults, "cut", "A B", "end the link's connections and refuse new ones", ":cut 6380 6381"),
    verb(Faults, "delay", "A B TIME", "let every byte arrive later", ":delay 6380 6381 200ms"),
    verb(
        Faults,
        "throttle",
        "A B RATE",
        "slow the link between two ports: 6380 6381 64kb",
        ":throttle 6380 6381 64kb",
    ),
    verb(Faults, "halfopen", "A B", "swallow every byte and tell nobody", ":halfopen 6380 6381"),
    verb(
        Faults,
        "drop",
        "[A B]",
        "end the connection; it may come back at once",
        ":drop 6380 6381",
    ),
    verb(Faults, "heal", "[A B]", "undo what was done to one link, or to all", ":heal 6380 6381"),
    verb(Faults, "faults", "", "what is wrong with links and instances now", ":faults"),
    verb(Instances, "kill", "PORT", "end it as kill -9 does: nothing is saved", ":kill 6380"),
    verb(
        Instances,
        "restart",
        "PORT [--empty]",
        "start an instance that is down again, with or without its data",
        ":restart 6380",
    ),
    verb(Instances, "freeze", "PORT", "stop it as SIGSTOP does: it answers nobody", ":freeze 6381"),
    verb(Instances, "thaw", "PORT", "let it go on, as SIGCONT does", ":thaw 6381"),
    verb(Instances, "add", "PORT", "one more instance; up to 16", ":add 6383"),
    verb(Instances, "remove", "PORT", "take an instance out of the lab", ":remove 6383"),
    verb(
        Instances,
        "scale",
        "limits|off",
        "small limits: backlog 16 KB, output buffer 64 KB, time-outs in seconds",
        ":scale limits",
    ),
    verb(
        Instances,
        "fill",
        "N [on PORT] [SIZE]",
        "write N keys of SIZE bytes: something to transfer",
        ":fill 10000",
    ),
    verb(
        Looking,
        "show",
        "PANE [PORT ...]",
        "topology, backlog, buffer, wire, rdb, keys, why or time as plain text",
        ":show topology",
    ),
    verb(
        Looking,
        "wait",
        "CONDITION|step [KIND] [for SECONDS]",
        "wait until 6381.role == slave, or 6381> GET a == \"b\", or a step waits",
        ":wait 6381.master_link_status == up for 20",
    ),
    verb(Looking, "events", "on|off", "tell what happens between the instances", ":events off"),
    verb(Session, "scenario", "NAME|FILE", "set up a ready-made situation", ":scenario chain"),
    verb(Session, "scenarios", "", "which there are", ":scenarios"),
    verb(Session, "export", "FILE.md", "write the session so far as Markdown", ":export walk.md"),
    verb(Session, "lesson", "", "the running lesson's text", ":lesson"),
    verb(Session, "goals", "", "its goals, and which are reached", ":goals"),
    verb(Session, "hint", "", "its next hint", ":hint"),
    verb(Session, "help", "", "this list", ":help"),
    verb(Session, "quit", "", "leave the lab", ":quit"),
];

#[cfg(test)]
mod tests {
    use super::{Family, VERBS};

    #[test]
    fn every_verb_has_an_example_and_a_family_in_order() {
        for v in VERBS {
            assert!(v.example.starts_with(&format!(":{}", v.name)), "{}", v.name);
            assert!(!v.about.is_empty() && v.about.len() <= 76, "{}", v.name);
        }
        let at = |f| Family::ALL.iter().position(|x| *x == f);
        assert!(VERBS.windows(2).all(|w| at(w[0].family) <= at(w[1].family)), "family by family");
        let mut names: Vec<_> = VERBS.iter().map(|v| v.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), VERBS.len());
    }
}
