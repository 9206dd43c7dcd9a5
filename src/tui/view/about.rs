//! `?` on a pane: what it shows, in a few sentences, and its signs. One function a pane; the keys
//! that all panes share are in `help.rs`.

use super::frame::Text;
use crate::tui::app::Pane;
use crate::tui::text::fit;
use crate::tui::theme::Mark;

/// Cells of the column of signs.
const SIGN: usize = 16;

/// What a pane shows, for a popup so many cells wide.
pub fn lines(pane: Pane, wide: usize) -> Vec<Text> {
    let (says, signs) = match pane {
        Pane::Topology => topology(),
        Pane::Sequence => sequence(),
        Pane::Buffer => buffer(),
        Pane::Backlog => backlog(),
        Pane::Keys => keys(),
        Pane::Charts => charts(),
        Pane::Wire => wire(),
        Pane::Rdb => rdb(),
        Pane::Logs => logs(),
        Pane::Lesson => lesson(),
        // Its keys stand at the top of the page, and nothing in it needs a legend.
        Pane::Console => return Vec::new(),
    };
    let mut out = vec![Text::of(Mark::Title, format!("{}: {}", pane.name(), pane.question()))];
    out.extend(Text::wrapped(Mark::Text, " ", says, wide));
    for (mark, sign, about) in signs {
        let mut about = Text::wrapped(Mark::Text, "", about, wide.saturating_sub(SIGN + 1));
        let first = if about.is_empty() { Text::new() } else { about.remove(0) };
        let mut line = Text::of(*mark, fit(&format!(" {sign}"), SIGN)).add(Mark::Text, " ");
        line.0.extend(first.0);
        out.push(line);
        out.extend(about.into_iter().map(|more| Text::new().pad_then(SIGN + 1, more)));
    }
    out.push(Text::new());
    out
}

/// A sign, how it is drawn, and what it means.
type Signs = &'static [(Mark, &'static str, &'static str)];

fn topology() -> (&'static str, Signs) {
    (
        "Every instance, and whoever follows it to its right; beneath each arrow, how far behind \
         the replica is, what waits for it, and why. A small mark runs along the arrow when \
         something was sent. Where boxes do not fit, every instance has a line.",
        &[
            (Mark::Master, "┏ 6380 ┓", "a master"),
            (Mark::Replica, "┌ 6381 ┐", "a replica; it may be the master of others"),
            (Mark::Quiet, "╭╌ 7000 ╌╮", "a guest: a server that is none of the lab's"),
            (Mark::Rdb, "═ RDB ═▶ ▪", "the snapshot, and a piece of it on its way"),
            (Mark::Stream, "─ stream ─▶ ▸", "the stream, and commands on their way"),
            (Mark::Ack, "◂", "an acknowledgement on its way back"),
            (Mark::Waiting, "⏸", "something waits; while you step, the next step"),
            (Mark::Broken, "╳╌╌╌╌╌╳", "no link; `cut` if you cut it"),
            (Mark::Waiting, "[+200 ms]", "you slow this link down: delay, rate, slow motion"),
            (Mark::Broken, "─)  (─", "half-open: bytes are swallowed, nobody is told"),
            (Mark::Waiting, "‖ frozen", "stopped as by SIGSTOP"),
        ],
    )
}

fn sequence() -> (&'static str, Signs) {
    (
        "What was said, time running down: on one link between a replica and its master, or on \
         all links with a life line for each server. The times are link time: since the \
         connection began, or, with all links, since the session began. At the sides the state \
         of each end, where it changed. A write that had to wait stands twice: where it was \
         typed, and where it travelled. What stands below everything waits to happen.",
        &[
            (Mark::Key, "a", "all links, or one;  < > other life lines"),
            (Mark::Key, "n p f", "another link; f follows the newest"),
            (Mark::Key, "+ -", "time drawn to scale, or rows close together"),
            (Mark::Key, "j k, a click", "selects a row: Wire shows its bytes"),
            (Mark::Key, "Enter w", "why? or what the row is;  W lists every why"),
            (Mark::Key, "y", "copies the selected row, or all rows"),
            (Mark::Waiting, "├╌ ⏸ PSYNC ╌▷", "a step that waits, with its name; ▸ goes next"),
            (Mark::Broken, "●", "a breakpoint stops at such a step"),
            (Mark::Quiet, "⋮ 12 s", "nothing happened for so long"),
            (Mark::Waiting, "─┤ cut … ├─", "what you did to the link, or to time"),
        ],
    )
}

fn buffer() -> (&'static str, Signs) {
    (
        "For each replica of the chosen link's master, what waits in its output buffer, against \
         the limits of client-output-buffer-limit: over the hard one the link is closed at once, \
         over the soft one after so many seconds. Below, the writes in it.",
        &[
            (Mark::Waiting, "⏸", "waits: for the end of the RDB, for the link, or for a step"),
            (Mark::Stream, "▶", "has left for the replica"),
            (Mark::Good, "✓", "the replica has executed it"),
        ],
    )
}

fn backlog() -> (&'static str, Signs) {
    (
        "The stretch of the stream that each instance still holds, as a ring: new bytes overwrite \
         the oldest. A PSYNC is granted if its id names this history and its offset lies in the \
         window, or is the very next byte. Each other instance is judged as if it asked now.",
        &[
            (Mark::Stream, "▓▓░░", "held, and free"),
            (Mark::Focus, "▶", "where the next byte goes"),
            (Mark::Good, "├──a──b▏", "the window, and where each one would go on in it"),
            (Mark::Good, "✓", "+CONTINUE: only what it lacks"),
            (Mark::Broken, "╳", "a full sync, with the comparison that failed"),
        ],
    )
}

fn keys() -> (&'static str, Signs) {
    (
        "The keys of every instance side by side, those that differ first. They are compared \
         within one replication tree. A key of a replica goes only when its master says so: past \
         its time it is hidden from readers there, and still in memory.",
        &[
            (Mark::Difference, "≠", "not the same everywhere"),
            (Mark::Text, "◷", "it has a time to live"),
            (Mark::Waiting, "◷ past", "its time is over, and no DEL has come yet"),
            (Mark::Rdb, "⇣ in the RDB", "it passed in the snapshot that is being loaded"),
            (Mark::Quiet, "untold, by RDB", "the name came in bulk and is not known here"),
        ],
    )
}

fn charts() -> (&'static str, Signs) {
    (
        "How the numbers went: the offset of every instance, how many bytes each replica is \
         behind its master, and what waited for it in the master's output buffer. Enter looks at \
         another stretch of time; z makes room for whole charts.",
        &[
            (Mark::Stream, "·▁▃█", "nought, and bars by one scale for the group"),
            (Mark::Quiet, "(blank)", "no such number then: no link, or not up"),
        ],
    )
}

fn logs() -> (&'static str, Signs) {
    (
        "The log lines of the servers, in the words of redis-server: port and role, the time, the \
         level, the line. A line that does not fit goes on below.",
        &[
            (Mark::Key, "l", "the next instance alone, then all again"),
            (Mark::Master, "6380:M", "a master tells it; S is a replica"),
            (Mark::Quiet, ". - * #", "the level: debug, verbose, notice, warning"),
        ],
    )
}

fn lesson() -> (&'static str, Signs) {
    (
        "The part of the lesson that you are at: the text, what to type, and the goals. A goal is \
         ticked when it has come to hold in the servers, however you got there; a redis-cli in \
         another terminal counts.",
        &[
            (Mark::Good, "[✓]", "a goal that was reached"),
            (Mark::Quiet, "[ ]", "one that was not yet"),
            (Mark::Key, "h", "the next hint"),
        ],
    )
}

fn wire() -> (&'static str, Signs) {
    (
        "The bytes of the chosen link, message by message, in the order in which they passed: where \
         they lie, the bytes, what they read as. In the stream the place is the replication offset, \
         else it counts the bytes of this connection. Passwords are stars. A row selected in the \
         Sequence is shown here. Under load bytes are not kept; a gap says how many.",
        &[
            (Mark::Handshake, "──▶ PSYNC …", "from the replica to its master"),
            (Mark::Handshake, "◀── +CONTINUE", "from the master to the replica"),
            (
                Mark::Rdb,
                "◀══ RDB bytes",
                "pieces of the snapshot, folded: the RDB pane decodes them",
            ),
            (Mark::Stream, "◀── SET a b", "a command of the stream, with its offset"),
            (Mark::Ack, "──▶ REPLCONF ACK", "an acknowledgement"),
            (Mark::Text, "␍ ␊ ·", "CR, LF, a byte that is no letter"),
        ],
    )
}

fn rdb() -> (&'static str, Signs) {
    (
        "The snapshot of the chosen link's last full sync, from the word REDIS to the checksum: \
         the place of each record in the file, its first bytes, what they mean. Of a long file the \
         first thousand records are told, then its end. `synclab inspect FILE` shows any dump.rdb \
         whole.",
        &[
            (Mark::Quiet, "fa … aux", "what the writer tells about itself and the stream"),
            (Mark::Quiet, "fe, fb", "which database follows, and how many keys"),
            (Mark::Text, "00 … string", "a key: type byte, name, value"),
            (Mark::Good, "checksum", "the sum of all bytes before it, compared where it says so"),
        ],
    )
}
