//! Values of keys, type by type.

use super::feed::Feed;
use super::item::{Clip, Element, Kind, What};
use super::tape::{Tape, Walked};
use super::{WalkError, Why};
use crate::wire::rdb::format::{NODE_PACKED, NODE_PLAIN, SCORE_INF, SCORE_NAN, SCORE_NEG_INF};
use crate::wire::rdb::format::{kind, text_number};

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

    pub async fn value(&mut self, of: Kind) -> Walked<()> {
        match of.0 {
            kind::STRING => self.string().await,
            kind::LIST => self.plain(Shape::Ones, "elements").await,
            kind::SET => self.plain(Shape::Ones, "members").await,
            kind::ZSET => self.scored_by_text().await,
            kind::HASH => self.plain(Shape::Pairs, "fields").await,
            kind::ZSET_2 => self.plain(Shape::Scored, "members").await,
            kind::HASH_ZIPMAP => {
                self.t.begin_part();
                let feed = self.blob(1, "zipmap", "a zipmap").await?;
                self.zipmap(feed).await
            }
            kind::LIST_ZIPLIST => self.ziplist(Shape::Ones, 1).await,
            kind::SET_INTSET => {
                self.t.begin_part();
                let feed = self.blob(1, "intset", "an intset").await?;
                self.intset(feed).await
            }
            kind::ZSET_ZIPLIST => self.ziplist(Shape::Scored, 1).await,
            kind::HASH_ZIPLIST => self.ziplist(Shape::Pairs, 1).await,
            kind::LIST_QUICKLIST => {
                for _ in 0..self.count("nodes").await? {
                    self.ziplist(Shape::Ones, 2).await?;
                }
                Ok(())
            }
            kind::STREAM => self.stream(false).await,
            kind::HASH_LISTPACK => self.listpack(Shape::Pairs, 1).await,
            kind::ZSET_LISTPACK => self.listpack(Shape::Scored, 1).await,
            kind::LIST_QUICKLIST_2 => self.quicklist().await,
            kind::STREAM_2 => self.stream(true).await,
            kind::MODULE_2 => self.module().await,
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
                SCORE_NAN => f64::NAN,
                SCORE_INF => f64::INFINITY,
                SCORE_NEG_INF => f64::NEG_INFINITY,
                len => {
                    let mut text = Clip::default();
                    while text.len < u64::from(len) {
                        let left = u64::from(len) - text.len;
                        self.t.some(left, WANT, |bytes| text.add(bytes, Clip::TEXT)).await?;
                    }
                    let why = Why::Corrupt { expected: WANT };
                    text_number(&text.bytes).ok_or(WalkError { at, why })?
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
                NODE_PLAIN => {
                    let (text, _) = self.t.text("an element").await?;
                    let element = Element::One(text);
                    self.saw(&element);
                    self.part(2, || What::Element(element)).await;
                }
                NODE_PACKED => {
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
