//! A session as a document to take away.
//!
//! In: the session's events in order, and a teller that puts one event into words (the console's).
//! Out: readable Markdown: what was typed, what came back, what happened on the wire, in order.
//! Never in here: the lab, the instances, the screen: a recorded session reads like a live one.

mod date;
mod markdown;
mod order;
mod record;

pub use date::utc;
pub use markdown::export_markdown;
pub use order::arranged;
pub use record::{RecordError, each_event, read_record};
