//! :export FILE.md

use super::usage;
use crate::console::session::{Console, Mouth};
use crate::console::{Outcome, narrate, reply};
use crate::observe::{Event, Label};
use crate::transcript::export_markdown;

pub(super) fn run(console: &mut Console, rest: &str, mouth: &mut Mouth<'_>) -> Outcome {
    let file = rest.trim_matches(['"', '\'']);
    if file.is_empty() {
        return usage("export", "into which file?", mouth);
    }
    if !file.to_ascii_lowercase().ends_with(".md") {
        return usage("export", "Markdown is what there is: the name ends with .md", mouth);
    }
    let mut events: Vec<Event> = Vec::new();
    let journal = console.lab.journal();
    // Up to here: what is told while the file is written belongs to the next one.
    let end = journal.len();
    let mut cursor = 0;
    while cursor < end {
        let want = usize::try_from(end - cursor).unwrap_or(usize::MAX).min(4096);
        let next = journal.read_from(cursor, &mut events, want);
        if next == cursor {
            break;
        }
        cursor = next;
    }
    let mut state = narrate::NarrateState::default();
    let text = export_markdown(&events, &mut |event| narrate::tell(event, &mut state));
    // The file is the user's own, beside the folder that synclab was started in.
    match std::fs::write(file, text) {
        Ok(()) => {
            mouth.text(Label::Lab, format!("the session is in {}", reply::shown(file.as_bytes())))
        }
        Err(e) => mouth.text(Label::ShellError, format!("{}: {e}", reply::shown(file.as_bytes()))),
    }
    Outcome::default()
}
