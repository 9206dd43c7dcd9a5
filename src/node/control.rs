use crate::engine::Signal;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;

/// What the owner of an instance can tell it while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// End now, as `kill -9` would: nothing is flushed, saved, renamed or logged.
    Kill,
    /// End as a signal would have it end.
    Shutdown(Signal),
    /// A gate or the link clock changed: ask both again.
    Wake,
}

#[derive(Debug, Default)]
struct Shared {
    killed: AtomicBool,
    inbox: Mutex<Inbox>,
}

#[derive(Debug, Default)]
struct Inbox {
    queue: VecDeque<Control>,
    waker: Option<Waker>,
}

/// The owner's end; cheap to clone, usable from any thread.
#[derive(Clone, Debug)]
pub struct ControlTx(Arc<Shared>);

/// The instance's end.
#[derive(Debug)]
pub struct ControlRx(Arc<Shared>);

/// Only whether the instance was killed: for long work that sees nothing else.
#[derive(Clone, Debug)]
pub(super) struct Killed(Arc<Shared>);

impl Killed {
    pub(super) fn get(&self) -> bool {
        self.0.killed.load(Ordering::Acquire)
    }
}

/// A line from the owner of an instance to its thread.
pub fn control() -> (ControlTx, ControlRx) {
    let shared = Arc::new(Shared::default());
    (ControlTx(shared.clone()), ControlRx(shared))
}

impl ControlTx {
    /// Tells the instance; never blocks. Wakes of one instance that wait already are merged.
    pub fn send(&self, what: Control) {
        if what == Control::Kill {
            self.0.killed.store(true, Ordering::Release);
        }
        let waker = {
            let mut inbox = self.0.inbox.lock().unwrap_or_else(PoisonError::into_inner);
            if !(what == Control::Wake && inbox.queue.back() == Some(&Control::Wake)) {
                inbox.queue.push_back(what);
            }
            inbox.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl ControlRx {
    /// Whether the instance was killed. Cheap: long work asks it between its steps.
    pub fn killed(&self) -> bool {
        self.0.killed.load(Ordering::Acquire)
    }

    /// The flag alone.
    pub(super) fn kill_flag(&self) -> Killed {
        Killed(self.0.clone())
    }

    /// The next message; when there is none, `waker` is woken by the next one.
    pub(super) fn next(&self, waker: &Waker) -> Option<Control> {
        let mut inbox = self.0.inbox.lock().unwrap_or_else(PoisonError::into_inner);
        let next = inbox.queue.pop_front();
        if next.is_none() {
            inbox.waker = Some(waker.clone());
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::{Control, control};
    use crate::engine::Signal;
    use std::task::Waker;

    #[test]
    fn control_keeps_order_and_merges_wakes() {
        let (tx, rx) = control();
        tx.send(Control::Wake);
        tx.send(Control::Wake);
        tx.send(Control::Shutdown(Signal::Term));
        assert!(!rx.killed());
        tx.send(Control::Kill);
        assert!(rx.killed());
        let seen: Vec<Control> = std::iter::from_fn(|| rx.next(Waker::noop())).collect();
        assert_eq!(seen, [Control::Wake, Control::Shutdown(Signal::Term), Control::Kill]);
    }
}
