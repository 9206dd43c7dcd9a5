//! The lines: where, the bytes, what they mean.

use super::words;
use crate::console::units::{bytes, count, plural};
use crate::wire::rdb::Checksum;
use crate::wire::rdb::walk::{Item, KeyEnd, What};
use colored::{ColoredString, Colorize};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Bytes on a line.
const PER_LINE: usize = 16;
/// Lines of bytes for one item.
const LINES: usize = 8;
/// Elements of a key that are shown, unless all are.
const ELEMENTS: u64 = 10;

/// Prints items as they come.
pub struct Printer<W: Write> {
    out: W,
    /// Keys to be shown; `None`: all of them, whole.
    most: Option<u64>,
    keys: u64,
    /// Elements of the present key that were seen, and the bytes of those not shown.
    elements: u64,
    hidden: u64,
    /// Keys that were counted, by type, since the last record that was shown.
    counted: BTreeMap<&'static str, u64>,
    totals: Totals,
    began: bool,
}

/// What the file comes to.
#[derive(Default)]
struct Totals {
    kinds: BTreeMap<&'static str, u64>,
    dbs: BTreeMap<u64, u64>,
    expires: u64,
    libraries: u64,
    checksum: Option<Checksum>,
}

impl<W: Write> Printer<W> {
    pub fn new(out: W, most: Option<u64>) -> Printer<W> {
        Printer {
            out,
            most,
            keys: 0,
            elements: 0,
            hidden: 0,
            counted: BTreeMap::new(),
            totals: Totals::default(),
            began: false,
        }
    }

    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Whether the key that passes now is shown.
    fn shows_key(&self) -> bool {
        self.most.is_none_or(|most| self.keys < most)
    }

    /// One item, in the order of the walk.
    pub fn item(&mut self, item: &Item) -> io::Result<()> {
        if !self.began {
            self.began = true;
            let head = format!("{:>10}  {:<47}  meaning", "offset", "bytes");
            writeln!(self.out, "{}", head.bold())?;
        }
        if let What::Key(key) = &item.what {
            return self.key_ends(key);
        }
        if item.depth == 0 {
            self.tell_counted()?;
            match &item.what {
                What::Function { .. } => self.totals.libraries += 1,
                What::Checksum(verdict, _) => self.totals.checksum = Some(*verdict),
                _ => {}
            }
            return self.show(item);
        }
        if !self.shows_key() {
            return Ok(());
        }
        if self.most.is_some() && words::is_element(&item.what) {
            self.elements += 1;
            if self.elements > ELEMENTS {
                self.hidden += 1;
                return Ok(());
            }
        }
        self.show(item)
    }

    /// All of a key has passed.
    fn key_ends(&mut self, key: &KeyEnd) -> io::Result<()> {
        let kind = key.kind.name();
        *self.totals.kinds.entry(kind).or_default() += 1;
        *self.totals.dbs.entry(key.db).or_default() += 1;
        self.totals.expires += u64::from(key.expire_ms.is_some());
        if !self.shows_key() {
            *self.counted.entry(kind).or_default() += 1;
        } else if self.hidden > 0 {
            let text = format!("… {} more of these", count(self.hidden));
            self.aside(&text)?;
        }
        self.keys += 1;
        (self.elements, self.hidden) = (0, 0);
        Ok(())
    }

    /// The keys that were only counted, before something else is shown.
    fn tell_counted(&mut self) -> io::Result<()> {
        let counted = std::mem::take(&mut self.counted);
        if counted.is_empty() {
            return Ok(());
        }
        let all = counted.values().sum();
        let kinds = kinds(&counted);
        let text = format!("… {} more {}, {kinds}", count(all), noun(all, "key"));
        self.aside(&format!("{text} (--keys N shows more, --all all of them)"))
    }

    /// A remark that stands for no bytes.
    fn aside(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{:61}{}", "", text.bright_black())
    }

    fn show(&mut self, item: &Item) -> io::Result<()> {
        let indent = "  ".repeat(item.depth.into());
        let says = paint(item, &format!("{indent}{}", words::meaning(&item.what)));
        let chunks = item.raw.bytes.chunks(PER_LINE).take(LINES);
        for (n, chunk) in chunks.enumerate() {
            let at = item.at + (n * PER_LINE) as u64;
            // In a container that is compressed, the place is counted from its beginning.
            let at = if item.unpacked { format!("+{}", count(at)) } else { count(at) };
            let hex: Vec<String> = chunk.iter().map(|b| format!("{b:02x}")).collect();
            let hex = format!("{:<47}", hex.join(" "));
            let at = format!("{at:>10}").bright_black();
            if n == 0 {
                writeln!(self.out, "{at}  {}  {says}", hex.cyan())?;
            } else {
                // No blanks at the end of a line.
                writeln!(self.out, "{at}  {}", hex.trim_end().cyan())?;
            }
        }
        let shown = (LINES * PER_LINE) as u64;
        if item.len > shown.min(item.raw.bytes.len() as u64) {
            let left = item.len - shown.min(item.raw.bytes.len() as u64);
            let text = format!("{:>10}  … {}", "", plural(left, "more byte"));
            writeln!(self.out, "{}", text.bright_black())?;
        }
        Ok(())
    }

    /// The walk came to the end of the RDB, `at` its length; `beyond`: bytes behind it.
    pub fn end(&mut self, at: u64, beyond: u64) -> io::Result<()> {
        let t = &self.totals;
        let keys: u64 = t.kinds.values().sum();
        let mut parts = vec![match t.dbs.len() {
            0 => "no keys".to_owned(),
            1 => format!("{}: {}", plural(keys, "key"), kinds(&t.kinds)),
            n => format!("{} in {n} databases: {}", plural(keys, "key"), kinds(&t.kinds)),
        }];
        if t.expires > 0 {
            parts.push(format!("{} with an expiry", count(t.expires)));
        }
        match t.libraries {
            0 => {}
            1 => parts.push("1 function library".into()),
            n => parts.push(format!("{} function libraries", count(n))),
        }
        parts.push(bytes(at));
        let sum = match t.checksum {
            Some(Checksum::Checked) => "checksum right".green(),
            Some(_) => "without a checksum".yellow(),
            None => "a version that has no checksum".yellow(),
        };
        writeln!(self.out)?;
        writeln!(self.out, "{} · {sum}", parts.join(" · "))?;
        if beyond > 0 {
            writeln!(self.out, "{} behind the end: Redis ignores them", plural(beyond, "byte"))?;
        }
        self.out.flush()
    }
}

fn noun(n: u64, noun: &str) -> String {
    if n == 1 { noun.to_owned() } else { format!("{noun}s") }
}

/// `5 strings, 1 hash`.
fn kinds(of: &BTreeMap<&'static str, u64>) -> String {
    let one = |(kind, n): (&&str, &u64)| match (*kind, *n) {
        ("hash", n) if n != 1 => format!("{} hashes", count(n)),
        (kind, n) => plural(n, kind),
    };
    of.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// One meaning a colour, as in line mode.
fn paint(item: &Item, text: &str) -> ColoredString {
    match &item.what {
        What::Magic { .. } | What::Eof => text.magenta(),
        What::Checksum(Checksum::Checked, _) => text.green(),
        What::Checksum(..) => text.yellow(),
        What::Name { .. } => text.bold(),
        What::Aux { .. } | What::SelectDb(_) | What::ResizeDb { .. } => text.blue(),
        What::Blob { .. } | What::Container { .. } | What::ContainerEnd | What::Count { .. } => {
            text.bright_black()
        }
        What::ExpireAt { .. } | What::Idle(_) | What::Freq(_) => text.yellow(),
        _ => text.normal(),
    }
}
