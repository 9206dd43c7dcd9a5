//! Values of keys, type by type.

use super::feed::Feed;
use super::item::{Clip, Element, Kind, What};
use super::tape::{Tape, Walked};
use super::{WalkError, Why};

/// Elements kept of a value.
pub const SAMPLE: usize = 4;

/// What is known of a value when it has passed.
#[derive(Default)]
pub(super) struct Found {
    pub size: u64,
    pub groups: u64,
    pub sample: Vec<Element>,
}

/// Reads one value and tells its parts.
pub(super) struct Values<'t> {
    pub t: &'t Tape,
    /// Whether anybody wants the parts.
    pub parts: bool,
    pub found: Found,
}

/// How the entries of a container belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Ones,
    Pairs,
    Scored,
}

impl<'t> Values<'t> {
    pub fn new(t: &'t Tape, parts: bool) -> Values<'t> {
        Values { t, parts, found: Found::default() }
    }

    pub async fn value(&mut self, kind: Kind) -> Walked<()> {
        match kind.0 {
            0 => self.string().await,
            1 => self.plain(Shape::Ones, "elements").await,
            2 => self.plain(Shape::Ones, "members").await,
            3 => self.scored_by_text().await,
            4 => self.plain(Shape::Pairs, "fields").await,
            5 => self.plain(Shape::Scored, "members").await,
            9 => {
                self.t.begin_part();
                let feed = self.blob(1, "zipmap", "a zipmap").await?;
                self.zipmap(feed).await
            }
            10 => self.ziplist(Shape::Ones, 1).await,
            11 => {
                self.t.begin_part();
                let feed = self.blob(1, "intset", "an intset").await?;
                self.intset(feed).await
            }
            12 => self.ziplist(Shape::Scored, 1).await,
            13 => self.ziplist(Shape::Pairs, 1).await,
            14 => {
                for _ in 0..self.count("nodes").await? {
                    self.ziplist(Shape::Ones, 2).await?;
                }
                Ok(())
            }
            15 => self.stream(false).await,
            16 => self.listpack(Shape::Pairs, 1).await,
            17 => self.listpack(Shape::Scored, 1).await,
            18 => self.quicklist().await,
            19 => self.stream(true).await,
            7 => self.module().await,
            _ => {
                // The type byte was looked at before; this is the one that cannot be walked through.
                let at = self.t.at();
                Err(WalkError { at, why: Why::OldModule })
            }
        }
    }

    /// Tells a part that began at [`Tape::begin_part`].
    pub async fn part(&self, depth: u8, what: impl FnOnce() -> What) {
        if self.parts {
            self.t.part_is(depth, what()).await;
        }
    }

    /// Tells an entry that began at [`Feed::begin`].
    pub async fn entry(&self, feed: &Feed<'_>, depth: u8, what: impl FnOnce() -> What) {
        if self.parts {
            feed.entry_is(depth, what()).await;
        }
    }

    /// Counts an element, and keeps it if it is among the first.
    pub fn saw(&mut self, element: &Element) {
        self.found.size += 1;
        if self.found.sample.len() < SAMPLE {
            self.found.sample.push(element.clone());
        }
    }

    /// The count that a value begins with.
    pub async fn count(&self, of: &'static str) -> Walked<u64> {
        self.t.begin_part();
        let n = self.t.length("the number of elements").await?;
        self.part(1, || What::Count { of, n }).await;
        Ok(n)
    }

    async fn string(&mut self) -> Walked<()> {
        self.t.begin_part();
        let (text, from) = self.t.text("the value of a string").await?;
        self.found.size = text.len;
        self.found.sample.push(Element::One(text.clone()));
        self.part(1, || What::Text { text, from }).await;
        Ok(())
    }

    /// Elements one after the other.
    async fn plain(&mut self, shape: Shape, of: &'static str) -> Walked<()> {
        for _ in 0..self.count(of).await? {
            self.t.begin_part();
            let (first, _) = self.t.text("an element").await?;
            let element = match shape {
                Shape::Ones => Element::One(first),
                Shape::Pairs => Element::Pair(first, self.t.text("the value of a field").await?.0),
                Shape::Scored => {
                    let score = f64::from_le_bytes(self.t.array("a score of eight bytes").await?);
                    Element::Scored(first, score)
                }
            };
            self.saw(&element);
            self.part(2, || What::Element(element)).await;
        }
        Ok(())
    }

    /// The sorted set of the first versions: scores are text behind one byte of length.
    async fn scored_by_text(&mut self) -> Walked<()> {
        const WANT: &str = "a score as text";
        for _ in 0..self.count("members").await? {
            self.t.begin_part();
            let (member, _) = self.t.text("an element").await?;
            let at = self.t.at();
            let score = match self.t.byte(WANT).await? {
                253 => f64::NAN,
                254 => f64::INFINITY,
                255 => f64::NEG_INFINITY,
                len => {
                    let mut text = Clip::default();
                    while text.len < u64::from(len) {
                        let left = u64::from(len) - text.len;
                        self.t.some(left, WANT, |bytes| text.add(bytes, Clip::TEXT)).await?;
                    }
                    let why = Why::Corrupt { expected: WANT };
                    number(&text.bytes).ok_or(WalkError { at, why })?
                }
            };
            let element = Element::Scored(member, score);
            self.saw(&element);
            self.part(2, || What::Element(element)).await;
        }
        Ok(())
    }

    /// Nodes that are a listpack, or one large element by itself.
    async fn quicklist(&mut self) -> Walked<()> {
        for _ in 0..self.count("nodes").await? {
            self.t.begin_part();
            let at = self.t.at();
            let container = self.t.length("what a node of a list is").await?;
            match container {
                1 => {
                    let (text, _) = self.t.text("an element").await?;
                    let element = Element::One(text);
                    self.saw(&element);
                    self.part(2, || What::Element(element)).await;
                }
                2 => {
                    let feed = self.blob(2, "listpack", "a listpack").await?;
                    self.listpack_in(feed, Shape::Ones, 2).await?;
                }
                _ => {
                    let expected = "1 (a plain node) or 2 (a listpack)";
                    return Err(WalkError { at, why: Why::Corrupt { expected } });
                }
            }
        }
        Ok(())
    }
}

/// A number as Redis wrote it into a text.
pub(super) fn number(text: &[u8]) -> Option<f64> {
    std::str::from_utf8(text).ok()?.trim().parse().ok()
}
