//! The journal says how much memory it takes; here an allocator counts along.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use synclab::lab::journal::Journal;
use synclab::observe::{
    Addr, Answer, Body, ConsoleFact, Fact, Flow, Label, LinkRef, Message, Now, Offset, Passage,
    Preview, Raw, Side, Source,
};

/// The system's allocator, counting what it really gives out.
struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);

/// What the allocator's block takes, its header included.
fn taken(ptr: *mut u8) -> usize {
    // SAFETY: the pointer came from the system's allocator and was not freed yet.
    unsafe { libc::malloc_usable_size(ptr.cast()) + 8 }
}

// SAFETY: every call is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is the one that is asked for.
        let ptr = unsafe { System.alloc(layout) };
        if !ptr.is_null() {
            LIVE.fetch_add(taken(ptr), Ordering::Relaxed);
        }
        ptr
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        LIVE.fetch_sub(taken(ptr), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(ptr, layout) };
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What a session tells, write by write: messages, bytes, commands, keys, answers.
fn facts(n: u64) -> Vec<(Source, Body)> {
    let link = || LinkRef { side: Side::Master, peer: Addr::new("127.0.0.1", 6381) };
    let word = |text: &str| Preview::of(text.as_bytes());
    let key = format!("key:{n:012}");
    let value = "x".repeat((n % 90) as usize);
    let wire = vec![word("SET"), word(&key), word(&value)];
    let (from, to) = (Offset(n as i64 * 60), Offset(n as i64 * 60 + 59));
    let raw = Raw::of(&vec![b'x'; 40 + (n % 600) as usize]);
    let typed = format!("SET {key} {value}");
    let master = Source::Instance(6380);
    vec![
        (
            Source::Console,
            Body::Console(ConsoleFact::Typed {
                id: n,
                prompt: "127.0.0.1:6380> ".into(),
                line: typed,
            }),
        ),
        (master, Body::Fact(Fact::Command { client: 3, db: 0, argv: wire.clone(), error: None })),
        (master, Body::Fact(Fact::Propagated { db: 0, wire: wire.clone(), from, to })),
        (
            master,
            Body::Fact(Fact::Passed {
                link: link(),
                flow: Flow::Out,
                at: n,
                part: Passage::Stream { from },
                raw,
            }),
        ),
        (Source::Instance(6381), Body::Fact(Fact::Applied { db: 0, wire, from, to })),
        (
            master,
            Body::Fact(Fact::KeyWritten {
                kind: Default::default(),
                db: 0,
                key: word(&key),
                value: word(&value),
                expire_at_ms: None,
            }),
        ),
        (
            master,
            Body::Fact(Fact::Heard {
                link: link(),
                message: Message::Ack { offset: to },
                bytes: 37,
            }),
        ),
        (master, Body::Fact(Fact::Acked { replica: Addr::new("127.0.0.1", 6381), offset: to })),
        (
            Source::Console,
            Body::Console(ConsoleFact::Answered {
                id: n,
                answer: Answer::text(Label::Reply, "OK"),
            }),
        ),
    ]
}

/// One test in this file: others would allocate beside it.
#[test]
fn the_journal_takes_the_memory_that_it_says_and_no_more_than_it_may() {
    const MOST: u64 = 16 << 20;
    let journal = Journal::with_bytes(MOST);
    let before = LIVE.load(Ordering::Relaxed);
    for n in 0..20_000 {
        for (source, body) in facts(n) {
            journal.append(Now::default(), source, body);
        }
        let (said, most) = journal.memory();
        assert!(most == MOST && said <= most, "{said} bytes of {most}");
        if n % 1_000 == 999 {
            let real = LIVE.load(Ordering::Relaxed) - before;
            // What the dropped events made up is kept as well: a few hundred keys.
            let model = 1 << 20;
            assert!(real <= said as usize * 11 / 10 + model, "{real} bytes, said {said}");
            assert!(real + model >= said as usize * 8 / 10, "{real} bytes, said {said}");
        }
    }
    assert!(journal.first() > 0, "more came than fits");
    assert!(journal.len() - journal.first() > 20_000, "and most of what may be is used");
}
