//! help, at both prompts.

use crate::console::session::Mouth;
use crate::console::verbs::table::Family;
use crate::console::{commands, suggest, verbs};
use crate::observe::{Answer, AnswerLine, Label, Span};

/// What the shell knows, and the lab's verbs.
pub(in crate::console) fn shell(mouth: &mut Mouth<'_>) {
    let mut answer = Answer::default();
    answer.push(Label::Good, "The lab's shell");
    for (name, args, about) in commands::SHELL {
        entry(&format!("{name} {args}"), about, mouth, &mut answer);
    }
    for family in Family::ALL {
        answer.push(Label::Good, family.heading());
        for verb in verbs::VERBS.iter().filter(|v| v.family == family) {
            entry(&format!(":{} {}", verb.name, verb.args), verb.about, mouth, &mut answer);
        }
    }
    answer.push(Label::Good, "At a redis-cli prompt");
    entry("any Redis command", "help COMMAND tells its arguments", mouth, &mut answer);
    entry("127.0.0.1:6381> GET a", "a prompt in front says where it goes", mouth, &mut answer);
    mouth.say(answer);
    mouth.ported(Label::Hint, "redis-cli -p 6380 opens a prompt, here or in any other terminal");
}

/// Where the explanations begin.
const COLUMN: usize = 28;

/// One line, or two where the usage is long: 80 columns are enough for all of it.
fn entry(usage: &str, about: &str, mouth: &Mouth<'_>, answer: &mut Answer) {
    let (usage, about) = (mouth.in_lab(usage.trim_end()), mouth.in_lab(about));
    if usage.len() + 4 > COLUMN {
        answer.push(Label::Lab, format!("  {usage}"));
        answer.push(Label::Note, format!("{:COLUMN$}{about}", ""));
        return;
    }
    let mut line = AnswerLine::of(Label::Lab, format!("  {usage:<width$}", width = COLUMN - 2));
    line.0.push(Span { label: Label::Note, text: about });
    answer.lines.push(line);
}

/// `help`, `help COMMAND` inside redis-cli.
pub(in crate::console) fn redis(word: &str, second: &str, mouth: &mut Mouth<'_>) {
    if word.is_empty() {
        mouth.text(
            Label::Reply,
            "help COMMAND tells what follows a command; exit leaves redis-cli\n\
             shell words (redis-cli, ls, cat, vim, …) work here too, and so do the lab's verbs: :help",
        );
        return;
    }
    match commands::known(word) {
        Some(known) => {
            let mut answer = Answer::default();
            answer.push(Label::Reply, commands::usage_of(word, second).unwrap_or_default());
            let sub = known.subcommand(second);
            answer.push(Label::Note, sub.unwrap_or(known).about);
            if sub.is_none() {
                for sub in &known.subcommands {
                    entry(
                        &format!("{} {}", sub.name, sub.arguments),
                        sub.about,
                        mouth,
                        &mut answer,
                    );
                }
            }
            mouth.say(answer);
        }
        None => {
            mouth.text(
                Label::Reply,
                format!("no help for {}", crate::console::reply::shown(word.as_bytes())),
            );
            if let Some(near) = suggest::nearest(word, commands::names()) {
                mouth.text(Label::Hint, format!("did you mean {near}?"));
            }
        }
    }
}
