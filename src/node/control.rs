use crate::engine::Signal;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

/// What the owner of an instance can tell it while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// End now, as `kill -9` would: nothing is flushed, saved, renamed or logged.
    Kill,
    /// End as a signal would have it end.
    Shutdown(Signal),
    /// A gate, the link clock or what steps may happen changed: ask all three again.
    Wake,
    /// Stand still as SIGSTOP would have it: nothing is read, written or accepted by the instance
    /// (the kernel goes on accepting), no timer runs. Everything else that is sent waits, apart from
    /// [`Control::Thaw`] and [`Control::Kill`].
    Freeze,
    /// Go on, as after SIGCONT.
    Thaw,
}

#[derive(Debug, Default)]
struct Shared {
    killed: AtomicBool,
    /// It shall stand still.
    frozen: AtomicBool,
    inbox: Mutex<Inbox>,
    /// Told when the instance has come to a stand, goes on, or is gone.
    stood: Condvar,
}

#[derive(Debug, Default)]
struct Inbox {
    queue: VecDeque<Control>,
    drops: Vec<DropLinks>,
    waker: Option<Waker>,
    /// It does stand still.
    stands: bool,
    /// There is nobody left to listen.
    gone: bool,
}

/// End the present connections of the link to this port.
pub(super) struct DropLinks {
    pub(super) peer: u16,
    /// Called once, before the first of them ends, with whether there is one.
    pub(super) tell: Box<dyn FnOnce(bool) + Send>,
}

impl std::fmt::Debug for DropLinks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DropLinks").field("peer", &self.peer).finish_non_exhaustive()
    }
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
        match what {
            Control::Kill => self.0.killed.store(true, Ordering::Release),
            Control::Freeze => self.0.frozen.store(true, Ordering::Release),
            Control::Thaw => self.0.frozen.store(false, Ordering::Release),
            _ => {}
        }
        let waker = {
            let mut inbox = self.0.lock();
            let said = match what {
                // Seen by the loop's own checks: all that they need is its attention.
                Control::Freeze | Control::Thaw => Control::Wake,
                what => what,
            };
            if !(said == Control::Wake && inbox.queue.back() == Some(&Control::Wake)) {
                inbox.queue.push_back(said);
            }
            inbox.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Has the instance end the present connections of the link to the port `peer`. `tell` is called
    /// on its thread, just before, with whether there is one; never if the instance ends first.
    pub fn drop_links(&self, peer: u16, tell: impl FnOnce(bool) + Send + 'static) {
        self.0.lock().drops.push(DropLinks { peer, tell: Box::new(tell) });
        self.send(Control::Wake);
    }

    /// Waits until the instance stands still (`on`) or goes on; says whether it came to that. One
    /// that has ended stands still for good.
    pub fn wait_frozen(&self, on: bool, at_most: Duration) -> bool {
        let other = |inbox: &mut Inbox| !inbox.gone && inbox.stands != on;
        let (mut inbox, _) = self
            .0
            .stood
            .wait_timeout_while(self.0.lock(), at_most, other)
            .unwrap_or_else(PoisonError::into_inner);
        !other(&mut inbox)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ControlRx {
    fn drop(&mut self) {
        let mut inbox = self.0.lock();
        inbox.gone = true;
        // Whoever waits for an answer gets none.
        let unanswered = std::mem::take(&mut inbox.drops);
        drop(inbox);
        drop(unanswered);
        self.0.stood.notify_all();
    }
}

impl ControlRx {
    /// Whether the instance was killed. Cheap: long work asks it between its steps.
    pub fn killed(&self) -> bool {
        self.0.killed.load(Ordering::Acquire)
    }

    /// Whether the instance shall stand still. Cheap.
    pub fn frozen(&self) -> bool {
        self.0.frozen.load(Ordering::Acquire)
    }

    /// Tells the owner that the instance stands still now, or goes on.
    pub(super) fn stands(&self, on: bool) {
        self.0.lock().stands = on;
        self.0.stood.notify_all();
    }

    /// Wakes `waker` with the next message, whatever it is. What waits already stays.
    pub(super) fn listen(&self, waker: &Waker) {
        self.0.lock().waker = Some(waker.clone());
    }

    /// The links to end now.
    pub(super) fn drops(&self) -> Vec<DropLinks> {
        std::mem::take(&mut self.0.lock().drops)
    }

    /// The flag alone.
    pub(super) fn kill_flag(&self) -> Killed {
        Killed(self.0.clone())
    }

    /// The next message; when there is none, `waker` is woken by the next one.
    pub(super) fn next(&self, waker: &Waker) -> Option<Control> {
        let mut inbox = self.0.lock();
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
    use std::time::Duration;

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

    #[test]
    fn control_freezes_and_thaws_and_says_when_it_stands() {
        let (tx, rx) = control();
        tx.send(Control::Freeze);
        assert!(rx.frozen() && !tx.wait_frozen(true, Duration::ZERO));
        rx.stands(true);
        assert!(tx.wait_frozen(true, Duration::ZERO));
        tx.send(Control::Thaw);
        assert!(!rx.frozen() && !tx.wait_frozen(false, Duration::ZERO));
        drop(rx);
        assert!(tx.wait_frozen(false, Duration::ZERO), "nobody is left to wait for");
    }
}
