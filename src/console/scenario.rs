//! Ready-made situations: a plain script of console lines with a head that says what one sees.
//!
//! In: the text of such a file. Out: its title, its head and its lines, with their numbers. What a
//! line means is the console's affair; here it is only told whether it can stand in a script.
//!
//! ```text
//! # Title
//! #
//! # What one sees, in a few lines.
//!
//! :add 6383                                       a verb
//! 127.0.0.1:6381> REPLICAOF 127.0.0.1 6380        a redis-cli line, with its prompt
//! # Said when it is reached: what happens next.   a comment between the lines
//! ```
//!
//! A scenario begins with three fresh masters on 6380, 6381 and 6382; 6383 to 6395 are free for
//! `:add`. In a lab with other ports all of them are moved along.

use super::line::{self, At, Meaning, Prompt};
use super::verbs::table::VERBS;
use super::{reply, suggest};

/// The scenarios that the program brings along, by name.
const BUILT_IN: &[(&str, &str)] = &[
    ("chain", include_str!("../../scenarios/chain.txt")),
    ("fan-out", include_str!("../../scenarios/fan-out.txt")),
    ("two-masters", include_str!("../../scenarios/two-masters.txt")),
    ("resync-loop", include_str!("../../scenarios/resync-loop.txt")),
    ("empty-master", include_str!("../../scenarios/empty-master.txt")),
];

/// Ports that a scenario may name: the first is the lab's first.
const PORTS: std::ops::RangeInclusive<u16> = 6380..=6395;

/// A scenario that can be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    pub title: String,
    /// What one sees, without the comment signs.
    pub head: Vec<String>,
    /// Line numbers count from 1.
    pub lines: Vec<(usize, Step)>,
}

/// One line of a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// To be said when it is reached.
    Say(String),
    /// To be run as if it were typed.
    Run(String),
}

/// Names and titles of the scenarios that are built in.
pub fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
    BUILT_IN.iter().map(|(name, text)| {
        let title = text.lines().next().unwrap_or_default().trim_start_matches(['#', ' ']);
        (*name, title.split_once(": ").map_or(title, |(_, about)| about))
    })
}

/// The text of a built-in scenario.
pub fn built_in(name: &str) -> Option<&'static str> {
    BUILT_IN.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, text)| *text)
}

/// Reads a scenario, said with the ports of a lab that begins at `base`. `Err`: every line that
/// cannot stand in one, by its number.
pub fn parse(text: &str, base: u16) -> Result<Scenario, Vec<(usize, String)>> {
    let mut scenario = Scenario { title: String::new(), head: Vec::new(), lines: Vec::new() };
    let (mut in_head, mut wrong) = (true, Vec::new());
    for (i, raw) in text.lines().enumerate() {
        let number = i + 1;
        let line = moved(raw.trim(), base);
        if let Some(comment) = line.strip_prefix('#') {
            let comment = comment.strip_prefix(' ').unwrap_or(comment).to_owned();
            match (in_head, scenario.title.is_empty()) {
                (true, true) => scenario.title = comment,
                (true, false) => scenario.head.push(comment),
                (false, _) => scenario.lines.push((number, Step::Say(comment))),
            }
            continue;
        }
        in_head = in_head && scenario.title.is_empty() && line.is_empty();
        if line.is_empty() {
            continue;
        }
        if let Err(why) = check(&line) {
            wrong.push((number, why));
        }
        scenario.lines.push((number, Step::Run(line)));
    }
    // The blank line between title and text.
    while scenario.head.first().is_some_and(String::is_empty) {
        scenario.head.remove(0);
    }
    if !scenario.lines.iter().any(|(_, l)| matches!(l, Step::Run(_))) {
        wrong.push((text.lines().count().max(1), "there is no line to run".to_owned()));
    }
    if wrong.is_empty() { Ok(scenario) } else { Err(wrong) }
}

/// Whether a line can stand in a scenario.
fn check(text: &str) -> Result<(), String> {
    let understood = line::understand(text, At::Shell);
    let redis = matches!(understood.prompt, Some(Prompt::Redis { .. }));
    match understood.meaning {
        Meaning::Verb { name, .. } => {
            if matches!(name.as_str(), "scenario" | "quit" | "lesson" | "back" | "now") {
                return Err(format!(":{name} has no place in a scenario"));
            }
            if VERBS.iter().any(|v| v.name == name) {
                return Ok(());
            }
            let shown = reply::shown(name.as_bytes());
            Err(match suggest::nearest(&name, VERBS.iter().map(|v| v.name)) {
                Some(near) => format!(":{shown} is no verb of the lab; did you mean :{near}?"),
                None => format!(":{shown} is no verb of the lab; :help lists them"),
            })
        }
        Meaning::Redis(_) if redis => Ok(()),
        Meaning::Shell(text) => match text.split_whitespace().next().unwrap_or_default() {
            word if matches!(super::commands::alias(word), "vim" | "exit") => {
                Err(format!("{word} has no place in a scenario"))
            }
            word if super::commands::is_shell_word(word) => Ok(()),
            word => Err(format!(
                "{}: a redis-cli line needs its prompt here, such as 127.0.0.1:6380> SET name xd",
                reply::shown(word.as_bytes())
            )),
        },
        _ => Err("neither a verb, nor a redis-cli line with its prompt, nor a comment".to_owned()),
    }
}

/// The same line with 6380, 6381, … replaced by the lab's own ports.
fn moved(line: &str, base: u16) -> String {
    if base == *PORTS.start() {
        return line.to_owned();
    }
    let mut out = String::with_capacity(line.len());
    let mut digits = String::new();
    for c in line.chars().chain(['\0']) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        match digits.parse::<u16>() {
            Ok(port) if PORTS.contains(&port) && digits.len() == 4 => {
                let by = port - PORTS.start();
                out.push_str(&base.saturating_add(by).to_string());
            }
            _ => out.push_str(&digits),
        }
        digits.clear();
        if c != '\0' {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_scenario_can_be_read_and_says_what_to_try() {
        for (name, about) in names() {
            let text = built_in(name).expect("there");
            let scenario = parse(text, 6380).unwrap_or_else(|e| panic!("{name}: {e:?}"));
            assert!(!about.is_empty() && !scenario.head.is_empty(), "{name}");
            let says = |what: &str| {
                scenario.lines.iter().any(|(_, l)| matches!(l, Step::Say(t) if t == what))
            };
            assert!(says("Try"), "{name} says what to try");
            assert!(text.lines().all(|l| l.chars().count() <= 100), "{name} fits a page");
        }
        assert_eq!(names().count(), 5);
        assert!(built_in("Chain").is_some() && built_in("nonsense").is_none());
    }

    #[test]
    fn head_remarks_and_lines_are_told_apart() {
        let text = "# A: title\n#\n# seen\n\n:add 6383\n\n# next\n127.0.0.1:6381> SET a 63800\n";
        let scenario = parse(text, 7000).expect("read");
        assert_eq!(
            (scenario.title.as_str(), scenario.head.as_slice()),
            ("A: title", &["seen".to_owned()][..])
        );
        assert_eq!(
            scenario.lines,
            [
                (5, Step::Run(":add 7003".into())),
                (7, Step::Say("next".into())),
                (8, Step::Run("127.0.0.1:7001> SET a 63800".into())),
            ]
        );
    }

    #[test]
    fn what_cannot_stand_in_a_scenario_is_named_by_its_line() {
        let text = "# T\n\n:stpe on\nset a b\nvim x\n:scenario chain\n:step on\n";
        let wrong = parse(text, 6380).expect_err("wrong");
        let lines: Vec<usize> = wrong.iter().map(|(n, _)| *n).collect();
        assert_eq!(lines, [3, 4, 5, 6]);
        assert!(wrong[0].1.contains("did you mean :step?"), "{wrong:?}");
        assert!(wrong[1].1.contains("needs its prompt"), "{wrong:?}");
        assert_eq!(parse("# only a title\n", 6380).expect_err("empty")[0].0, 1);
    }
}
