//! The session as Markdown: blocks of console text and blocks of what happened, in their order.

use super::utc;
use crate::observe::{AnswerLine, Body, ConsoleFact, Event, LabFact};
use crate::wire::text::safe;

/// What a block of the document holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Block {
    /// Prompts, typed lines, answers.
    Console,
    /// Events of the instances and the lab, told by the teller.
    Wire,
}

/// Writes the session as Markdown. `tell` puts one event into words; lines it has none for are left
/// out. What was dropped from the record is said where it is missing.
pub fn export_markdown<'a>(
    events: impl IntoIterator<Item = &'a Event>,
    tell: &mut dyn FnMut(&Event) -> Vec<AnswerLine>,
) -> String {
    let mut doc = Document::default();
    for event in events {
        doc.take(event, tell);
    }
    doc.finish()
}

#[derive(Default)]
struct Document {
    text: String,
    open: Option<(Block, Vec<String>)>,
    /// The line whose answers the open console block ends with.
    typed: Option<u64>,
    /// That line opened an editor: what is written next is what was typed into it.
    editing: bool,
    began: bool,
}

impl Document {
    fn take(&mut self, event: &Event, tell: &mut dyn FnMut(&Event) -> Vec<AnswerLine>) {
        self.heading(event);
        // Every event goes to the teller: what is typed tells it what need not be said again.
        let told = tell(event);
        match &event.body {
            Body::Console(ConsoleFact::Typed { id, prompt, line }) => {
                // The time belongs to what follows it, so a typed line opens a block of its own.
                self.close();
                self.text.push_str(&format!("\n**{}**\n", utc(event.at.wall_us)));
                self.line(Block::Console, format!("{prompt}{line}"));
                self.typed = Some(*id);
                let editor = |w: &str| matches!(w, "vim" | "vi" | "nano");
                self.editing = line.split_whitespace().any(editor);
            }
            Body::Console(ConsoleFact::Answered { id, answer }) => {
                if self.typed != Some(*id) || !self.is_open(Block::Console) {
                    self.close();
                }
                for line in &answer.lines {
                    self.line(Block::Console, line.plain());
                }
            }
            Body::Console(ConsoleFact::Done { .. }) => {}
            Body::Lab(LabFact::FileWritten { text: Some(text), .. }) if self.editing => {
                self.editing = false;
                for line in text.lines() {
                    self.line(Block::Console, format!("~ {line}"));
                }
                self.line(Block::Console, "~ :wq".to_owned());
            }
            Body::Fact(_) | Body::Lab(_) => {
                for line in told {
                    self.line(Block::Wire, line.plain());
                }
            }
        }
    }

    fn heading(&mut self, event: &Event) {
        if self.began {
            return;
        }
        self.began = true;
        self.text.push_str("# A synclab session\n\n");
        self.text.push_str(&format!("- begun: {} UTC\n", utc(event.at.wall_us)));
        if let Body::Lab(LabFact::SessionBegan { version, ports, bare, lesson }) = &event.body {
            let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
            self.text.push_str(&format!("- synclab {version}, ports {}\n", ports.join(", ")));
            if let Some(lesson) = lesson {
                self.text.push_str(&format!("- lesson: {lesson}\n"));
            } else if *bare {
                self.text.push_str("- begun with an empty /data\n");
            }
        }
    }

    fn is_open(&self, block: Block) -> bool {
        self.open.as_ref().is_some_and(|(b, _)| *b == block)
    }

    fn line(&mut self, block: Block, line: String) {
        if !self.is_open(block) {
            self.close();
            self.open = Some((block, Vec::new()));
        }
        if let Some((_, lines)) = &mut self.open {
            // A document is printed on terminals as well.
            lines.push(safe(line.trim_end()).into_owned());
        }
    }

    /// Writes the open block, fenced by more backticks than any run inside it.
    fn close(&mut self) {
        let Some((block, lines)) = self.open.take() else { return };
        let body = lines.join("\n");
        let fence = "`".repeat(longest_run(&body).max(2) + 1);
        let (lead, language) = match block {
            Block::Console => ("\n", "console"),
            Block::Wire => ("\nWhat happened:\n\n", "text"),
        };
        self.text.push_str(&format!("{lead}{fence}{language}\n{body}\n{fence}\n"));
    }

    fn finish(mut self) -> String {
        self.close();
        self.text
    }
}

/// The longest run of backticks.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::{Answer, Fact, Label, LogLevel, Now, Source};

    fn event(seq: u64, source: Source, body: Body) -> Event {
        let at = Now { wall_us: 1_700_000_000_000_000, ..Now::default() }.plus_us(seq * 1000);
        Event { seq, at, source, body }
    }

    fn typed(seq: u64, id: u64, line: &str) -> Event {
        let prompt = "127.0.0.1:6380> ".to_owned();
        let fact = ConsoleFact::Typed { id, prompt, line: line.to_owned() };
        event(seq, Source::Console, Body::Console(fact))
    }

    fn answered(seq: u64, id: u64, text: &str) -> Event {
        let fact = ConsoleFact::Answered { id, answer: Answer::text(Label::Reply, text) };
        event(seq, Source::Console, Body::Console(fact))
    }

    fn log(seq: u64, text: &str) -> Event {
        let fact = Fact::Log { level: LogLevel::Notice, role: 'M', text: text.to_owned() };
        event(seq, Source::Instance(6380), Body::Fact(fact))
    }

    fn tell(event: &Event) -> Vec<AnswerLine> {
        match &event.body {
            Body::Fact(Fact::Log { text, .. }) => vec![AnswerLine::of(Label::Lab, text.clone())],
            _ => Vec::new(),
        }
    }

    #[test]
    fn typed_lines_answers_and_events_keep_their_order() {
        let events = [
            typed(0, 1, "set name xd"),
            answered(1, 1, "OK"),
            log(2, "to the replica"),
            log(3, "acknowledged"),
            typed(4, 2, "get name"),
            answered(5, 2, "\"xd\""),
        ];
        let text = export_markdown(&events, &mut tell);
        let expected = "\
# A synclab session

- begun: 2023-11-14 22:13:20.000 UTC

**2023-11-14 22:13:20.000**

```console
127.0.0.1:6380> set name xd
OK
```

What happened:

```text
to the replica
acknowledged
```

**2023-11-14 22:13:20.004**

```console
127.0.0.1:6380> get name
\"xd\"
```
";
        assert_eq!(text, expected);
    }

    #[test]
    fn what_steers_a_terminal_is_escaped() {
        let events =
            [typed(0, 1, "get \u{202e}x"), answered(1, 1, "a\x1b]0;b"), log(2, "c\u{9b}d")];
        let text = export_markdown(&events, &mut tell);
        assert!(text.contains("get \\u{202e}x\na\\x1b]0;b\n"), "{text}");
        assert!(text.contains("c\\u{9b}d\n"), "{text}");
    }

    #[test]
    fn what_was_typed_into_the_editor_stands_under_its_line() {
        let text = Some("port 6380\ndaemonize yes\n".to_owned());
        let path = "/data/6380/redis.conf".to_owned();
        let fact = LabFact::FileWritten { path, bytes: 24, text };
        let events = [
            typed(0, 1, "vim /data/6380/redis.conf"),
            event(1, Source::Lab, Body::Lab(fact.clone())),
            answered(2, 1, "written"),
            typed(3, 2, "ls"),
            event(4, Source::Lab, Body::Lab(fact)),
        ];
        let text = export_markdown(&events, &mut tell);
        assert!(
            text.contains(
                "> vim /data/6380/redis.conf\n~ port 6380\n~ daemonize yes\n~ :wq\nwritten\n"
            ),
            "{text}"
        );
        assert_eq!(text.matches("~ port").count(), 1, "{text}");
    }

    #[test]
    fn a_fence_in_a_value_does_not_end_the_block() {
        let events = [typed(0, 1, "get x"), answered(1, 1, "\"````\"")];
        let text = export_markdown(&events, &mut tell);
        assert!(text.contains("\n`````console\n"), "{text}");
        assert!(text.ends_with("\n`````\n"), "{text}");
    }
}
