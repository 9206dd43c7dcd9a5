//! Many sources of events, one task: each source gets a waker that notes its token in a queue.
//!
//! This is what an epoll loop does by hand, on top of tokio's reactor: no task per connection, and
//! a turn costs what the ready connections cost, however many others there are.

use crate::engine::conn::ConnId;
use crate::engine::effect::JobId;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Wake, Waker};

/// What became ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Control,
    Listener(usize),
    Dial,
    Conn(ConnId),
    Job(JobId),
    Timer,
}

/// The tokens that became ready since they were last taken.
#[derive(Debug, Default)]
pub(super) struct ReadyQueue {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    tokens: Vec<Arc<Source>>,
    main: Option<Waker>,
}

/// One source of events; its waker puts it into the queue, once until it is taken out.
#[derive(Debug)]
pub(super) struct Source {
    token: Token,
    queued: AtomicBool,
    queue: Arc<ReadyQueue>,
}

impl Wake for Source {
    fn wake(self: Arc<Self>) {
        Wake::wake_by_ref(&self);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.queued.swap(true, Ordering::AcqRel) {
            return;
        }
        let main = {
            let mut inner = self.queue.inner.lock().unwrap_or_else(PoisonError::into_inner);
            inner.tokens.push(self.clone());
            // One wake of the main task serves everything that is noted before it runs.
            inner.main.take()
        };
        if let Some(main) = main {
            main.wake();
        }
    }
}

impl ReadyQueue {
    pub(super) fn new() -> Arc<ReadyQueue> {
        Arc::new(ReadyQueue::default())
    }

    /// A waker that notes `token`.
    pub(super) fn waker(self: &Arc<Self>, token: Token) -> Waker {
        Waker::from(Arc::new(Source { token, queued: AtomicBool::new(false), queue: self.clone() }))
    }

    /// Ready when at least one token was noted; otherwise `main` is woken by the next one.
    pub(super) fn poll_any(&self, main: &Waker) -> Poll<()> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if !inner.tokens.is_empty() {
            return Poll::Ready(());
        }
        if !inner.main.as_ref().is_some_and(|w| w.will_wake(main)) {
            inner.main = Some(main.clone());
        }
        Poll::Pending
    }

    /// Whether a token is noted.
    pub(super) fn has_any(&self) -> bool {
        !self.inner.lock().unwrap_or_else(PoisonError::into_inner).tokens.is_empty()
    }

    /// Moves the noted tokens to `into`, oldest first. From here on their wakers note them anew.
    pub(super) fn take(&self, into: &mut Vec<Token>) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        for source in inner.tokens.drain(..) {
            source.queued.store(false, Ordering::Release);
            into.push(source.token);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ReadyQueue, Token};
    use crate::engine::conn::ConnId;
    use std::task::Waker;

    #[test]
    fn ready_notes_each_token_once_until_taken() {
        let queue = ReadyQueue::new();
        assert!(queue.poll_any(Waker::noop()).is_pending());
        let a = queue.waker(Token::Conn(ConnId(1)));
        let b = queue.waker(Token::Timer);
        a.wake_by_ref();
        b.wake_by_ref();
        a.wake_by_ref();
        assert!(queue.poll_any(Waker::noop()).is_ready());
        let mut seen = Vec::new();
        queue.take(&mut seen);
        assert_eq!(seen, [Token::Conn(ConnId(1)), Token::Timer]);
        a.wake();
        queue.take(&mut seen);
        assert_eq!(seen.len(), 3);
        assert!(queue.poll_any(Waker::noop()).is_pending());
    }
}
