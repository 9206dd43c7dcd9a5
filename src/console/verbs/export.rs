//! :export FILE.md

use super::usage;
use crate::console::session::{Console, Mouth};
use crate::console::{Outcome, narrate, reply};
use crate::lab::Lab;
use crate::observe::{Body, Event, LabFact, Label};
use crate::transcript::{RecordError, arranged, each_event, export_markdown};
use std::fs::File;
use std::io::{BufRead, BufReader};

pub(super) fn run(console: &mut Console, rest: &str, mouth: &mut Mouth<'_>) -> Outcome {
    let file = rest.trim_matches(['"', '\'']);
    if file.is_empty() {
        return usage("export", "into which file?", mouth);
    }
    if !file.to_ascii_lowercase().ends_with(".md") {
        return usage("export", "only Markdown is written: a name that ends with .md", mouth);
    }
    let events = match whole(&console.lab) {
        Ok(events) => arranged(events),
        Err(e) => {
            mouth.text(Label::ShellError, reply::shown(e.to_string().as_bytes()));
            return Outcome::default();
        }
    };
    let mut state = narrate::NarrateState::default();
    let mut left = events.len();
    let text = export_markdown(&events, &mut |event| {
        let mut lines = narrate::tell(event, &mut state);
        left = left.saturating_sub(1);
        if left == 0 {
            lines.extend(narrate::settle(&mut state));
        }
        lines
    });
    // The file is the user's own, beside the folder that synclab was started in.
    let shown = reply::shown(file.as_bytes());
    match std::fs::write(file, text) {
        Ok(()) => {
            let full = std::fs::canonicalize(file).map_or(shown, |p| p.display().to_string());
            mouth.text(Label::Lab, format!("the session is in {full}"));
        }
        Err(e) => {
            let why = e.to_string();
            let why = why.split(" (os error").next().unwrap_or_default();
            mouth.text(Label::ShellError, format!("{shown}: {why}"));
            let folder = std::env::current_dir().map(|d| d.display().to_string());
            if let Ok(folder) = folder {
                let text =
                    format!("a file of this machine, not of /data; the folder here is {folder}");
                mouth.text(Label::Hint, text);
            }
        }
    }
    Outcome::default()
}

/// The session from its first event to this moment: from the journal, or, if that has lost its
/// beginning, from the record on disk with the journal's end behind it.
fn whole(lab: &Lab) -> Result<Vec<Event>, RecordError> {
    let recent = kept(lab);
    let beginning_lost = recent
        .first()
        .is_some_and(|e| e.seq > 0 || matches!(e.body, Body::Lab(LabFact::Lost { .. })));
    if !beginning_lost {
        return Ok(recent.into_iter().filter(narrate::is_told).collect());
    }
    with_beginning(recent, BufReader::new(File::open(lab.record_path())?))
}

/// The record's events, and behind them those that only the journal holds yet.
fn with_beginning(recent: Vec<Event>, record: impl BufRead) -> Result<Vec<Event>, RecordError> {
    let mut events = Vec::new();
    let mut next = 0;
    each_event(record, &mut |event| {
        next = event.seq + 1;
        if narrate::is_told(&event) {
            events.push(event);
        }
    })?;
    let behind = |e: &Event| e.seq >= next && !matches!(e.body, Body::Lab(LabFact::Lost { .. }));
    events.extend(recent.into_iter().filter(|e| behind(e) && narrate::is_told(e)));
    Ok(events)
}

/// All that the journal still holds.
fn kept(lab: &Lab) -> Vec<Event> {
    let mut events = Vec::new();
    let journal = lab.journal();
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
    events
}

#[cfg(test)]
mod tests {
    use super::with_beginning;
    use crate::observe::{Body, Event, LabFact, Now, Source};

    #[test]
    fn export_takes_the_beginning_from_the_record() {
        let event = |seq: u64, fact| Event {
            seq,
            at: Now::default(),
            source: Source::Lab,
            body: Body::Lab(fact),
        };
        let made = |seq: u64| event(seq, LabFact::DirMade { path: format!("/data/{seq}") });
        let record: String =
            (0..5).map(|n| serde_json::to_string(&made(n)).expect("json") + "\n").collect();
        // The journal lost four, and is two ahead of the record.
        let recent = vec![event(3, LabFact::Lost { events: 4 }), made(4), made(5), made(6)];
        let whole = with_beginning(recent, record.as_bytes()).expect("whole");
        let order: Vec<u64> = whole.iter().map(|e| e.seq).collect();
        assert_eq!(order, [0, 1, 2, 3, 4, 5, 6]);
        assert!(!whole.iter().any(|e| matches!(e.body, Body::Lab(LabFact::Lost { .. }))));
    }
}
