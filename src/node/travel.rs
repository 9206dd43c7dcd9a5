//! Bytes that take their time: a queue whose parts are due one after the other. Travel time,
//! microseconds. Order is kept, whatever becomes of the latency meanwhile.

use std::collections::VecDeque;

/// Parts that come due within this time of each other are one: a busy queue needs no mark for every
/// turn.
const SAME_US: u64 = 500;

/// When bytes may leave that lie in somebody else's queue.
#[derive(Debug, Default)]
pub(super) struct Departures {
    /// Bytes that left so far.
    gone: u64,
    /// Bytes that left or may leave.
    free: u64,
    /// How far the queue reaches, and when that much may leave.
    marks: VecDeque<(u64, u64)>,
}

impl Departures {
    /// `waiting` bytes lie in the queue; those that came since the last call leave `latency_us`
    /// from now on. Answers how many may leave now, and when more of them may.
    pub(super) fn due(
        &mut self,
        now_us: u64,
        latency_us: u64,
        waiting: usize,
    ) -> (usize, Option<u64>) {
        let upto = self.gone + waiting as u64;
        if latency_us == 0 {
            self.marks.clear();
            self.free = upto;
            return (waiting, None);
        }
        let known = self.marks.back().map_or(self.free, |(upto, _)| *upto);
        if upto > known {
            let last = self.marks.back().map_or(0, |(_, due)| *due);
            let due = (now_us + latency_us).max(last);
            match self.marks.back_mut() {
                Some(mark) if due - mark.1 < SAME_US && mark.1 > now_us => mark.0 = upto,
                _ => self.marks.push_back((upto, due)),
            }
        }
        while let Some((upto, _)) = self.marks.front().filter(|(_, due)| *due <= now_us) {
            self.free = *upto;
            self.marks.pop_front();
        }
        let bytes = usize::try_from(self.free.saturating_sub(self.gone)).unwrap_or(usize::MAX);
        (bytes.min(waiting), self.marks.front().map(|(_, due)| *due))
    }

    /// So many bytes left the queue.
    pub(super) fn left(&mut self, bytes: usize) {
        self.gone += bytes as u64;
        self.free = self.free.max(self.gone);
    }
}

/// Bytes on their way to us, and the end of the connection behind them.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    parts: VecDeque<(u64, Vec<u8>)>,
    /// Bytes of the first part that were taken.
    taken: usize,
    bytes: usize,
    end: Option<(u64, Option<String>)>,
}

/// What has arrived.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Arrived<'a> {
    Bytes(&'a [u8]),
    /// The peer closed, or this error ended the connection.
    End(Option<String>),
}

impl Arrivals {
    /// Bytes on their way.
    pub(super) fn len(&self) -> usize {
        self.bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes == 0 && self.end.is_none()
    }

    /// Whether the connection's end is on its way.
    pub(super) fn has_end(&self) -> bool {
        self.end.is_some()
    }

    /// Bytes set out that arrive at `due_us`, behind everything that is on its way.
    pub(super) fn push(&mut self, due_us: u64, bytes: Vec<u8>) {
        let last = self.parts.back().map_or(0, |(due, _)| *due);
        self.bytes += bytes.len();
        self.parts.push_back((due_us.max(last), bytes));
    }

    /// The end follows, at `due_us`.
    pub(super) fn push_end(&mut self, due_us: u64, error: Option<String>) {
        let last = self.parts.back().map_or(0, |(due, _)| *due);
        self.end.get_or_insert((due_us.max(last), error));
    }

    /// The next thing that has arrived at `now_us`; everything has when the link has no latency any
    /// more (`now_us` `None`).
    pub(super) fn next(&mut self, now_us: Option<u64>) -> Option<Arrived<'_>> {
        let due = |at: u64| now_us.is_none_or(|now| at <= now);
        match self.parts.front() {
            Some((at, _)) if !due(*at) => None,
            Some((_, bytes)) => Some(Arrived::Bytes(&bytes[self.taken..])),
            None => match &self.end {
                Some((at, _)) if due(*at) => self.end.take().map(|(_, e)| Arrived::End(e)),
                _ => None,
            },
        }
    }

    /// So many bytes of the first part were taken.
    pub(super) fn take(&mut self, n: usize) {
        self.taken += n;
        self.bytes -= n.min(self.bytes);
        if self.parts.front().is_some_and(|(_, bytes)| self.taken >= bytes.len()) {
            self.parts.pop_front();
            self.taken = 0;
        }
    }

    /// When the next thing arrives.
    pub(super) fn next_due(&self) -> Option<u64> {
        let part = self.parts.front().map(|(at, _)| *at);
        part.or(self.end.as_ref().map(|(at, _)| *at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn departures_leave_in_order_one_latency_late() {
        let mut line = Departures::default();
        assert_eq!(line.due(1_000, 10_000, 0), (0, None));
        assert_eq!(line.due(1_000, 10_000, 100), (0, Some(11_000)));
        // 50 more, later: they wait on their own.
        assert_eq!(line.due(5_000, 10_000, 150), (0, Some(11_000)));
        assert_eq!(line.due(11_000, 10_000, 150), (100, Some(15_000)));
        line.left(40);
        assert_eq!(line.due(11_001, 10_000, 110), (60, Some(15_000)));
        line.left(60);
        assert_eq!(line.due(15_000, 10_000, 50), (50, None));
        line.left(50);
        // A shorter latency does not let later bytes overtake.
        assert_eq!(line.due(20_000, 10_000, 1).1, Some(30_000));
        assert_eq!(line.due(21_000, 10, 2), (0, Some(30_000)));
        assert_eq!(line.due(30_000, 10, 2).0, 2);
        // Healed: everything may go.
        assert_eq!(line.due(30_001, 0, 7), (7, None));
    }

    #[test]
    fn departures_of_a_busy_queue_need_few_marks() {
        let mut line = Departures::default();
        for us in 0..10_000 {
            line.due(us, 1_000_000, us as usize + 1);
        }
        assert!(line.marks.len() <= 21, "{}", line.marks.len());
        assert_eq!(line.due(1_020_000, 1_000_000, 10_000).0, 10_000);
    }

    #[test]
    fn arrivals_keep_their_order_and_the_end_comes_last() {
        let mut line = Arrivals::default();
        line.push(100, b"abc".to_vec());
        line.push(50, b"d".to_vec());
        line.push_end(60, None);
        assert_eq!((line.len(), line.next_due(), line.next(Some(99))), (4, Some(100), None));
        assert_eq!(line.next(Some(100)), Some(Arrived::Bytes(b"abc")));
        line.take(2);
        assert_eq!(line.next(Some(100)), Some(Arrived::Bytes(b"c")));
        line.take(1);
        assert_eq!(line.next(Some(100)), Some(Arrived::Bytes(b"d")));
        line.take(1);
        assert!(line.has_end() && !line.is_empty());
        assert_eq!(line.next(Some(100)), Some(Arrived::End(None)));
        assert!(line.is_empty());
        line.push(1_000, b"x".to_vec());
        assert_eq!(line.next(None), Some(Arrived::Bytes(b"x")), "healed: at once");
    }
}
