//! Streams: nodes of entries, the numbers of the stream, its consumer groups.

use super::container::{COUNT, listpack_entry, listpack_header};
use super::feed::Feed;
use super::item::{Clip, Element, What};
use super::tape::Walked;
use super::value::Values;
use super::{WalkError, Why};

/// Fields kept of an entry, and names kept of a node.
const FIELDS: usize = 4;
/// Flags of an entry.
const DELETED: i64 = 1;
const SAME_FIELDS: i64 = 2;

type Id = (u64, u64);

impl Values<'_> {
    /// `second`: with the numbers that Redis 7.0 added.
    pub async fn stream(&mut self, second: bool) -> Walked<()> {
        for _ in 0..self.count("nodes").await? {
            let id = self.node_id().await?;
            self.t.begin_part();
            let feed = self.blob(1, "listpack", "a listpack").await?;
            self.node(feed, id).await?;
        }
        self.number("length").await?;
        self.id_of("last-generated-id").await?;
        if second {
            self.id_of("recorded-first-entry-id").await?;
            self.id_of("max-deleted-entry-id").await?;
            self.number("entries-added").await?;
        }
        self.found.groups = self.count("groups").await?;
        for _ in 0..self.found.groups {
            self.group(second).await?;
        }
        Ok(())
    }

    async fn number(&self, name: &'static str) -> Walked<()> {
        self.t.begin_part();
        let n = self.t.length(name).await?;
        self.part(1, || What::Number { name, n }).await;
        Ok(())
    }

    async fn id_of(&self, name: &'static str) -> Walked<()> {
        self.t.begin_part();
        let id = (self.t.length(name).await?, self.t.length(name).await?);
        self.part(1, || What::Id { name, id }).await;
        Ok(())
    }

    /// The string of sixteen bytes in front of a node.
    async fn node_id(&self) -> Walked<Id> {
        self.t.begin_part();
        let at = self.t.at();
        let expected = "the id of a node, a string of 16 bytes";
        let (text, _) = self.t.text(expected).await?;
        if text.len != 16 {
            return Err(WalkError { at, why: Why::Corrupt { expected } });
        }
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&text.bytes);
        let id = id(bytes);
        self.part(1, || What::Id { name: "node", id }).await;
        Ok(id)
    }

    async fn group(&self, second: bool) -> Walked<()> {
        const WANT: &str = "a consumer group";
        let t = self.t;
        t.begin_part();
        let (name, _) = t.text(WANT).await?;
        let last = (t.length(WANT).await?, t.length(WANT).await?);
        let read = match second {
            true => Some(t.length(WANT).await?).filter(|n| *n != u64::MAX),
            false => None,
        };
        self.part(1, || What::Group { name, last, read }).await;
        t.begin_part();
        let pending = t.length("the number of pending entries").await?;
        self.part(2, || What::Count { of: "pending", n: pending }).await;
        for _ in 0..pending {
            t.begin_part();
            let id = id(t.array("the id of a pending entry").await?);
            let delivered_ms = u64::from_le_bytes(t.array("when an entry was delivered").await?);
            let deliveries = t.length("how often an entry was delivered").await?;
            self.part(3, || What::Pending { id, delivered_ms, deliveries }).await;
        }
        t.begin_part();
        let consumers = t.length("the number of consumers").await?;
        self.part(2, || What::Count { of: "consumers", n: consumers }).await;
        for _ in 0..consumers {
            t.begin_part();
            let (name, _) = t.text("the name of a consumer").await?;
            let seen_ms = u64::from_le_bytes(t.array("when a consumer was seen").await?);
            self.part(2, || What::Consumer { name, seen_ms }).await;
            t.begin_part();
            let own = t.length("the number of a consumer's pending entries").await?;
            self.part(3, || What::Count { of: "pending here", n: own }).await;
            for _ in 0..own {
                t.begin_part();
                let id = id(t.array("the id of a pending entry").await?);
                self.part(3, || What::Id { name: "pending", id }).await;
            }
        }
        Ok(())
    }

    /// A node: what its entries share, then the entries as differences to that.
    async fn node(&mut self, mut feed: Feed<'_>, base: Id) -> Walked<()> {
        feed.begin();
        let elements = listpack_header(&mut feed).await?;
        let (format, bytes) = ("listpack", feed.len());
        self.entry(&feed, 1, || What::Container { format, bytes, entries: elements }).await;
        let mut node = Node { feed, seen: 0 };
        node.feed.begin();
        let entries = node.count("the number of entries").await?;
        let deleted = node.count("the number of deleted entries").await?;
        let fields = node.count("the number of fields").await?;
        let mut names = Vec::new();
        for _ in 0..fields {
            let name = node.text("the name of a field").await?;
            if names.len() < FIELDS {
                names.push(name);
            }
        }
        if node.number("the end of a node's head").await? != 0 {
            return Err(node.feed.corrupt("0, the end of a node's head"));
        }
        let head = || What::NodeHead { id: base, entries, deleted, fields };
        self.entry(&node.feed, 2, head).await;
        // Those that were deleted are counted apart.
        let mut left = entries.checked_add(deleted);
        while left.is_some_and(|n| n > 0) {
            left = left.map(|n| n - 1);
            let element = node.entry(base, fields, &names).await?;
            if let Element::Entry { deleted: false, .. } = element {
                self.saw(&element);
            }
            self.entry(&node.feed, 2, || What::Element(element)).await;
        }
        node.feed.begin();
        if listpack_entry(&mut node.feed).await?.is_some()
            || elements.is_some_and(|elements| elements != node.seen)
        {
            return Err(node.feed.corrupt(COUNT));
        }
        node.feed.finish().await?;
        self.entry(&node.feed, 2, || What::ContainerEnd).await;
        Ok(())
    }
}

/// A node's listpack on its way.
struct Node<'t> {
    feed: Feed<'t>,
    seen: u64,
}

impl Node<'_> {
    async fn text(&mut self, expected: &'static str) -> Walked<Clip> {
        self.seen += 1;
        match listpack_entry(&mut self.feed).await? {
            Some(text) => Ok(text),
            None => Err(self.feed.corrupt(expected)),
        }
    }

    async fn number(&mut self, expected: &'static str) -> Walked<i64> {
        let text = self.text(expected).await?;
        let number = std::str::from_utf8(&text.bytes).ok().and_then(|t| t.parse().ok());
        number.ok_or_else(|| self.feed.corrupt(expected))
    }

    async fn count(&mut self, expected: &'static str) -> Walked<u64> {
        let n = self.number(expected).await?;
        u64::try_from(n).map_err(|_| self.feed.corrupt(expected))
    }

    async fn entry(&mut self, base: Id, same: u64, names: &[Clip]) -> Walked<Element> {
        self.feed.begin();
        let before = self.seen;
        let flags = self.number("the flags of an entry").await?;
        let ms = self.number("the milliseconds of an entry's id").await?;
        let seq = self.number("the sequence of an entry's id").await?;
        let same_fields = flags & SAME_FIELDS != 0;
        let fields = match same_fields {
            true => same,
            false => self.count("the number of fields").await?,
        };
        let mut shown = Vec::new();
        for i in 0..fields {
            let name = match same_fields {
                true => names.get(i as usize).cloned().unwrap_or_default(),
                false => self.text("the name of a field").await?,
            };
            let value = self.text("the value of a field").await?;
            if shown.len() < FIELDS {
                shown.push((name, value));
            }
        }
        let elements = self.seen - before;
        if self.number("the length of an entry").await? != elements as i64 {
            return Err(self.feed.corrupt("an entry's number of elements behind it"));
        }
        // The differences wrap around, as Redis adds them.
        let id = (base.0.wrapping_add(ms as u64), base.1.wrapping_add(seq as u64));
        Ok(Element::Entry { id, deleted: flags & DELETED != 0, fields, shown })
    }
}

/// As it stands in the file: milliseconds and sequence, big-endian.
fn id(bytes: [u8; 16]) -> Id {
    let n = u128::from_be_bytes(bytes);
    ((n >> 64) as u64, n as u64)
}
