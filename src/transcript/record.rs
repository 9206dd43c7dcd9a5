//! Reading a recorded session: JSON lines, one event each.

use crate::observe::Event;
use std::io::{self, BufRead};
use thiserror::Error;

/// Why a record cannot be read to its end.
#[derive(Debug, Error)]
pub enum RecordError {
    #[error("the record cannot be read: {0}")]
    Io(#[from] io::Error),
    /// A line in the middle is damaged; everything before it was read.
    #[error(
        "line {line} of the record is damaged: {reason}\n  The lines before it are whole; cut the file there to go on with them."
    )]
    Damaged { line: usize, reason: String },
}

/// Reads a whole record. A last line that was cut off (the program was killed while it wrote) is
/// left out without complaint.
///
/// # Errors
/// An unreadable file, or a damaged line that is not the last.
pub fn read_record(from: impl BufRead) -> Result<Vec<Event>, RecordError> {
    let mut events = Vec::new();
    each_event(from, &mut |event| events.push(event))?;
    Ok(events)
}

/// The same, one event after the other: the record of a long session need not fit into memory.
///
/// # Errors
/// As [`read_record`]; what came before the damage was handed out.
pub fn each_event(from: impl BufRead, take: &mut dyn FnMut(Event)) -> Result<(), RecordError> {
    let mut bad: Option<RecordError> = None;
    for (i, line) in from.split(b'\n').enumerate() {
        let line = line?;
        if let Some(error) = bad.take() {
            return Err(error);
        }
        if line.is_empty() {
            continue;
        }
        match serde_json::from_slice(&line) {
            Ok(event) => take(event),
            Err(e) => bad = Some(RecordError::Damaged { line: i + 1, reason: e.to_string() }),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::{Body, LabFact, Now, Source};

    fn lines() -> String {
        let event = |seq| Event {
            seq,
            at: Now::default(),
            source: Source::Lab,
            body: Body::Lab(LabFact::DirMade { path: "/data".into() }),
        };
        (0..3).map(|i| serde_json::to_string(&event(i)).expect("json") + "\n").collect()
    }

    #[test]
    fn a_record_is_read_back() {
        assert_eq!(read_record(lines().as_bytes()).expect("whole").len(), 3);
    }

    #[test]
    fn a_cut_last_line_is_left_out() {
        let text = lines();
        let cut = &text[..text.len() - 9];
        assert_eq!(read_record(cut.as_bytes()).expect("cut at the end").len(), 2);
    }

    #[test]
    fn damage_in_the_middle_is_told_with_its_line() {
        let text = lines().replacen("\"seq\":1", "\"seq\":", 1);
        let error = read_record(text.as_bytes()).expect_err("damaged");
        assert!(error.to_string().contains("line 2"), "{error}");
    }
}
