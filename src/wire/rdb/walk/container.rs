//! Small collections that stand in the file as one string.

use super::entries::Entries;
use super::feed::Feed;
use super::item::{Clip, Element, What};
use super::tape::Walked;
use super::value::{Shape, Values};
use crate::wire::rdb::packed::{HEAD_MAX, Head, intset, listpack, ziplist, zipmap};

const ENTRY: &str = "an entry of a container";
const END: &str = "the end mark of a container";
pub(super) const COUNT: &str = "as many entries as the container announces";
pub(super) const TOTAL: &str = "a container as long as it says";

/// An entry's content: numbers are shown by their digits.
async fn content(feed: &mut Feed<'_>, head: Head) -> Walked<Option<Clip>> {
    match head {
        Head::Int { value, .. } => Ok(Some(Clip::number(value))),
        Head::Str { len, .. } => Ok(Some(feed.text(len, ENTRY).await?)),
        _ => Ok(None),
    }
}

/// Reads the beginning of an entry; what of it is in the buffer, and what it says.
async fn read_head(
    feed: &mut Feed<'_>,
    head: impl Fn(&[u8]) -> Head,
) -> Walked<([u8; HEAD_MAX], Head)> {
    let mut bytes = [0; HEAD_MAX];
    let mut have = 0;
    loop {
        match head(&bytes[..have]) {
            Head::Need(n) if n > have && n <= HEAD_MAX => {
                let expected = if have == 0 { END } else { ENTRY };
                feed.fill(&mut bytes[have..n], expected).await?;
                have = n;
            }
            Head::Need(_) | Head::Bad => return Err(feed.corrupt(ENTRY)),
            found => return Ok((bytes, found)),
        }
    }
}

/// One entry of a listpack; `None` at its end mark.
pub(super) async fn listpack_entry(feed: &mut Feed<'_>) -> Walked<Option<Clip>> {
    let before = feed.left();
    let (_, head) = read_head(feed, listpack::head).await?;
    let Some(text) = content(feed, head).await? else { return Ok(None) };
    let (backlen, n) = listpack::backlen(before - feed.left());
    let mut found = [0; 5];
    feed.fill(&mut found[..n], "the length behind an entry").await?;
    if found[..n] != backlen[..n] {
        return Err(feed.corrupt("an entry's own length behind it"));
    }
    Ok(Some(text))
}

/// The header of a listpack: how many entries it says it has.
pub(super) async fn listpack_header(feed: &mut Feed<'_>) -> Walked<Option<u64>> {
    const WANT: &str = "the header of a listpack";
    let total = u32::from_le_bytes(feed.array(WANT).await?);
    let count = u16::from_le_bytes(feed.array(WANT).await?);
    if u64::from(total) != feed.len() || feed.len() <= listpack::HEADER as u64 {
        return Err(feed.corrupt(TOTAL));
    }
    Ok((count != listpack::UNKNOWN).then_some(u64::from(count)))
}

impl<'t> Values<'t> {
    /// A string that is a container; what stands before it in the same part was read already.
    pub async fn blob(
        &self,
        depth: u8,
        format: &'static str,
        expected: &'static str,
    ) -> Walked<Feed<'t>> {
        let feed = self.t.blob(expected).await?;
        let (bytes, packed) = (feed.len(), feed.packed());
        self.part(depth, || What::Blob { format, bytes, packed }).await;
        Ok(feed)
    }

    pub async fn listpack(&mut self, shape: Shape, depth: u8) -> Walked<()> {
        self.t.begin_part();
        let feed = self.blob(depth, "listpack", "a listpack").await?;
        self.listpack_in(feed, shape, depth).await
    }

    pub async fn listpack_in(&mut self, mut feed: Feed<'_>, shape: Shape, depth: u8) -> Walked<()> {
        feed.begin();
        let entries = listpack_header(&mut feed).await?;
        self.opens(&feed, depth, "listpack", entries).await;
        let mut seen = Entries::new(shape);
        loop {
            if seen.is_between() {
                feed.begin();
            }
            let Some(text) = listpack_entry(&mut feed).await? else { break };
            self.next_entry(&feed, &mut seen, text, depth + 1).await?;
        }
        self.closes(feed, seen, entries, depth + 1).await
    }

    pub async fn ziplist(&mut self, shape: Shape, depth: u8) -> Walked<()> {
        const WANT: &str = "the header of a ziplist";
        self.t.begin_part();
        let mut feed = self.blob(depth, "ziplist", "a ziplist").await?;
        feed.begin();
        let total = u32::from_le_bytes(feed.array(WANT).await?);
        let tail = u32::from_le_bytes(feed.array(WANT).await?);
        let count = u16::from_le_bytes(feed.array(WANT).await?);
        if u64::from(total) != feed.len() || feed.len() <= ziplist::HEADER as u64 {
            return Err(feed.corrupt(TOTAL));
        }
        let entries = (count != ziplist::UNKNOWN).then_some(u64::from(count));
        self.opens(&feed, depth, "ziplist", entries).await;
        let mut seen = Entries::new(shape);
        let (mut last, mut last_at) = (0, ziplist::HEADER as u64);
        loop {
            if seen.is_between() {
                feed.begin();
            }
            let (left, at) = (feed.left(), feed.len() - feed.left());
            let (bytes, head) = read_head(&mut feed, ziplist::head).await?;
            let Some(text) = content(&mut feed, head).await? else { break };
            if ziplist::prevlen(&bytes) != last {
                return Err(feed.corrupt("the length of the entry before, in front of an entry"));
            }
            (last, last_at) = (left - feed.left(), at);
            self.next_entry(&feed, &mut seen, text, depth + 1).await?;
        }
        if u64::from(tail) != last_at {
            return Err(feed.corrupt("the ziplist's last entry where its header says"));
        }
        self.closes(feed, seen, entries, depth + 1).await
    }

    pub async fn zipmap(&mut self, mut feed: Feed<'_>) -> Walked<()> {
        feed.begin();
        let [count] = feed.array("the header of a zipmap").await?;
        let entries = (count < zipmap::UNKNOWN).then_some(u64::from(count));
        self.opens(&feed, 1, "zipmap", entries).await;
        let mut seen = Entries::new(Shape::Pairs);
        loop {
            feed.begin();
            let (_, head) = read_head(&mut feed, zipmap::head).await?;
            let Some(field) = content(&mut feed, head).await? else { break };
            let (_, head) = read_head(&mut feed, zipmap::head).await?;
            let Head::Str { len, .. } = head else { return Err(feed.corrupt(ENTRY)) };
            let [free] = feed.array("the number of unused bytes").await?;
            let value = feed.text(len, ENTRY).await?;
            feed.text(u64::from(free), "unused bytes of a zipmap").await?;
            self.next_entry(&feed, &mut seen, field, 2).await?;
            self.next_entry(&feed, &mut seen, value, 2).await?;
        }
        // A zipmap counts pairs.
        self.closes(feed, seen, entries.map(|pairs| pairs * 2), 2).await
    }

    pub async fn intset(&mut self, mut feed: Feed<'_>) -> Walked<()> {
        const WANT: &str = "the header of an intset";
        feed.begin();
        let width = u32::from_le_bytes(feed.array(WANT).await?) as usize;
        let count = u64::from(u32::from_le_bytes(feed.array(WANT).await?));
        if !matches!(width, 2 | 4 | 8) {
            return Err(feed.corrupt("integers of 2, 4 or 8 bytes"));
        }
        if intset::HEADER as u64 + count * width as u64 != feed.len() {
            return Err(feed.corrupt(TOTAL));
        }
        self.opens(&feed, 1, "intset", Some(count)).await;
        for _ in 0..count {
            feed.begin();
            let mut bytes = [0; 8];
            feed.fill(&mut bytes[..width], ENTRY).await?;
            let element = Element::One(Clip::number(intset::integer(&bytes[..width]).unwrap_or(0)));
            self.saw(&element);
            self.entry(&feed, 2, || What::Element(element)).await;
        }
        feed.finish().await
    }

    async fn opens(&self, feed: &Feed<'_>, depth: u8, format: &'static str, entries: Option<u64>) {
        let bytes = feed.len();
        let what = || What::Container { format, bytes, entries };
        self.entry(feed, depth, what).await;
    }

    async fn next_entry(
        &mut self,
        feed: &Feed<'_>,
        seen: &mut Entries,
        text: Clip,
        depth: u8,
    ) -> Walked<()> {
        let element = seen.take(text).map_err(|expected| feed.corrupt(expected))?;
        if let Some(element) = element {
            self.saw(&element);
            self.entry(feed, depth, || What::Element(element)).await;
        }
        Ok(())
    }

    /// Behind the end mark.
    async fn closes(
        &mut self,
        mut feed: Feed<'_>,
        seen: Entries,
        entries: Option<u64>,
        depth: u8,
    ) -> Walked<()> {
        if !seen.is_between() || entries.is_some_and(|entries| entries != seen.count()) {
            return Err(feed.corrupt(COUNT));
        }
        feed.finish().await?;
        self.entry(&feed, depth, || What::ContainerEnd).await;
        Ok(())
    }
}
