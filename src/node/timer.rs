use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// Two deadlines nearer to each other than this are the same one: the runtime's timers have
/// milliseconds, and setting one anew in every turn would cost more than it brings.
const SAME: Duration = Duration::from_millis(1);

/// A wake-up at the next deadline.
pub(super) struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
    waker: Waker,
}

impl Timer {
    pub(super) fn new(waker: Waker) -> Timer {
        Timer { sleep: None, waker }
    }

    /// Notes the timer's token after `delay`; `None`: not at all.
    pub(super) fn set(&mut self, delay: Option<Duration>) {
        let Some(delay) = delay else {
            self.sleep = None;
            return;
        };
        // A deadline that has passed already must not turn the loop into a busy one.
        let at = Instant::now() + delay.max(SAME);
        match &mut self.sleep {
            Some(sleep) => {
                let set = sleep.deadline();
                if set.max(at) - set.min(at) < SAME {
                    return;
                }
                sleep.as_mut().reset(at);
            }
            None => self.sleep = Some(Box::pin(tokio::time::sleep_until(at))),
        }
        self.arm();
    }

    /// The token was noted: the next deadline is a new one.
    pub(super) fn fired(&mut self) {
        self.sleep = None;
    }

    fn arm(&mut self) {
        if let Some(sleep) = &mut self.sleep
            && sleep.as_mut().poll(&mut Context::from_waker(&self.waker)).is_ready()
        {
            self.waker.wake_by_ref();
        }
    }
}
