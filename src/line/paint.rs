//! Labels into colours. One meaning a colour; `NO_COLOR` and pipes get none.

use crate::observe::{AnswerLine, Label, Span};
use crate::wire::text::safe;
use colored::Colorize;

/// A line as it goes to the terminal. Whether colours are used is decided by `colored`: they are
/// left out for `NO_COLOR`, and where standard output is no terminal.
pub fn line(line: &AnswerLine) -> String {
    line.0.iter().map(span).collect()
}

fn span(span: &Span) -> String {
    // Names that peers chose are in there too.
    let text = safe(&span.text);
    let text = text.as_ref();
    let painted = match span.label {
        Label::Reply | Label::Shell => return text.to_owned(),
        Label::Error | Label::ShellError | Label::Broken => text.red(),
        Label::Refused => text.red().bold(),
        Label::Lab => text.bold(),
        Label::Note => text.bright_black(),
        Label::Hint => text.cyan(),
        Label::Master => text.yellow().bold(),
        Label::Replica => text.blue().bold(),
        Label::Handshake => text.normal(),
        Label::Rdb => text.magenta(),
        Label::Stream => text.cyan(),
        Label::Ack => text.bright_black(),
        Label::Waiting => text.yellow(),
        Label::Good => text.green(),
    };
    painted.to_string()
}

/// The prompt: quiet, so that the answers stand out.
pub fn prompt(text: &str) -> String {
    text.bold().to_string()
}
