//! help, at both prompts.

use crate::console::session::Mouth;
use crate::console::{commands, suggest, verbs};
use crate::observe::{Answer, Label};

/// What the shell knows, and the lab's verbs.
pub(in crate::console) fn shell(mouth: &mut Mouth<'_>) {
    let mut answer = Answer::default();
    answer.push(Label::Lab, "The lab's shell:");
    for (name, args, about) in commands::SHELL {
        answer.push(Label::Shell, format!("  {:<62} {about}", format!("{name} {args}")));
    }
    answer.push(Label::Lab, "The lab itself:");
    for verb in verbs::VERBS {
        answer.push(
            Label::Shell,
            format!("  {:<62} {}", format!(":{} {}", verb.name, verb.args), verb.about),
        );
    }
    answer.push(Label::Hint, "redis-cli -p 6380 opens a prompt; any Redis command works there");
    mouth.say(answer);
}

/// `help`, `help COMMAND` inside redis-cli.
pub(in crate::console) fn redis(word: &str, mouth: &mut Mouth<'_>) {
    if word.is_empty() {
        mouth.text(
            Label::Reply,
            "help COMMAND tells what follows a command; exit leaves redis-cli\n\
             shell words (redis-cli, ls, cat, vim, …) work here too, and so do the lab's verbs: :help",
        );
        return;
    }
    match commands::known(word) {
        Some(known) => mouth.text(Label::Reply, format!("{} {}", known.name, known.arguments)),
        None => {
            mouth.text(
                Label::Reply,
                format!("no help for {}", crate::console::reply::shown(word.as_bytes())),
            );
            if let Some(near) = suggest::nearest(word, commands::COMMANDS.iter().map(|k| k.name)) {
                mouth.text(Label::Hint, format!("did you mean {near}?"));
            }
        }
    }
}
