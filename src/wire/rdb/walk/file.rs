//! The records of a file, from its first byte to its checksum.

use super::item::{Clip, Item, KeyEnd, Kind, What};
use super::tape::{Tape, Walked};
use super::value::Values;
use super::{Checksum, Grain, WalkError, Why, module};
use crate::wire::rdb::format::{self, VERSION, type_name};

/// What opcodes told about the key to come.
#[derive(Default)]
struct Hints {
    expire_ms: Option<i64>,
    idle: Option<u64>,
    freq: Option<u8>,
    any: bool,
}

/// Tells every item of the file on `tape`.
pub(super) async fn walk(tape: Tape, grain: Grain) -> Walked<()> {
    let version = magic(&tape).await?;
    let t = &tape;
    let mut hints = Hints::default();
    let mut db = 0;
    loop {
        if !hints.any {
            t.begin_record();
        }
        t.begin_part();
        let at = t.at();
        let opcode = t.byte("the next record").await?;
        let hint = match opcode {
            format::EXPIRE_MS => {
                let ms = i64::from_le_bytes(t.array("the time of an expiry").await?);
                hints.expire_ms = Some(ms);
                Some(What::ExpireAt { ms, seconds: false })
            }
            format::EXPIRE_SECONDS => {
                let seconds = i32::from_le_bytes(t.array("the time of an expiry").await?);
                let ms = i64::from(seconds) * 1000;
                hints.expire_ms = Some(ms);
                Some(What::ExpireAt { ms, seconds: true })
            }
            format::IDLE => {
                let seconds = t.length("the seconds that a key was idle").await?;
                hints.idle = Some(seconds);
                Some(What::Idle(seconds))
            }
            format::FREQ => {
                let counter = t.byte("the LFU counter of a key").await?;
                hints.freq = Some(counter);
                Some(What::Freq(counter))
            }
            _ => None,
        };
        if let Some(what) = hint {
            hints.any = true;
            if grain == Grain::Parts {
                t.part_is(1, what).await;
            }
            continue;
        }
        if !is_record(opcode) {
            let hints = std::mem::take(&mut hints);
            key(t, grain, at, opcode, db, hints).await?;
            continue;
        }
        let what = match opcode {
            format::SELECT_DB => {
                db = t.length("the number of a database").await?;
                What::SelectDb(db)
            }
            format::RESIZE_DB => What::ResizeDb {
                keys: t.length("the number of keys").await?,
                expires: t.length("the number of keys that expire").await?,
            },
            format::AUX => What::Aux {
                name: t.text("the name of an aux field").await?.0,
                value: t.text("the value of an aux field").await?.0,
            },
            format::FUNCTION2 => {
                What::Function { source: t.text("the source of a function library").await?.0 }
            }
            format::FUNCTION_PRE_GA => old_function(t).await?,
            format::MODULE_AUX => {
                What::ModuleAux { module: module::aux(t, grain == Grain::Parts).await? }
            }
            _ => break,
        };
        record(t, what).await;
    }
    record(&tape, What::Eof).await;
    if version >= 5 { checksum(&tape).await } else { Ok(()) }
}

fn is_record(opcode: u8) -> bool {
    matches!(
        opcode,
        format::SELECT_DB
            | format::RESIZE_DB
            | format::AUX
            | format::FUNCTION2
            | format::FUNCTION_PRE_GA
            | format::MODULE_AUX
            | format::EOF
    )
}

async fn record(t: &Tape, what: What) {
    let (at, raw) = t.record();
    t.emit(Item { at, len: raw.len, raw, depth: 0, unpacked: false, what }).await;
}

async fn magic(t: &Tape) -> Walked<u32> {
    const WANT: &[u8] = b"REDIS";
    t.begin_record();
    let mut found = Clip::default();
    while found.bytes.len() < WANT.len() {
        // Shorter than the word: that is no RDB file either, unless it began like one.
        let byte = match t.byte("the word REDIS").await {
            Ok(byte) => byte,
            Err(_) if found.bytes.is_empty() => {
                return Err(WalkError { at: 0, why: Why::NoRdb { found } });
            }
            Err(error) => return Err(error),
        };
        found.add(&[byte], WANT.len());
        if !WANT.starts_with(&found.bytes) {
            return Err(WalkError { at: 0, why: Why::NoRdb { found } });
        }
    }
    let at = t.at();
    let digits: [u8; 4] = t.array("four digits, the version").await?;
    // As far as they are digits, as C's atoi reads them.
    let version = digits
        .iter()
        .take_while(|b| b.is_ascii_digit())
        .fold(0, |version, digit| version * 10 + u32::from(digit - b'0'));
    if version == 0 || version > VERSION {
        return Err(WalkError { at, why: Why::Version { digits: Clip::of(&digits) } });
    }
    record(t, What::Magic { version }).await;
    Ok(version)
}

async fn key(t: &Tape, grain: Grain, at: u64, kind: u8, db: u64, hints: Hints) -> Walked<()> {
    if type_name(kind).is_none() {
        return Err(WalkError { at, why: Why::UnknownType(kind) });
    }
    let kind = Kind(kind);
    let (key, _) = t.text("the name of a key").await?;
    if grain == Grain::Parts {
        t.part_is(1, What::Name { kind, key: key.clone() }).await;
    }
    let mut values = Values::new(t, grain == Grain::Parts);
    values.value(kind).await?;
    let found = values.found;
    let end = KeyEnd {
        db,
        key,
        kind,
        size: found.size,
        groups: found.groups,
        sample: found.sample,
        expire_ms: hints.expire_ms,
        idle: hints.idle,
        freq: hints.freq,
    };
    record(t, What::Key(Box::new(end))).await;
    Ok(())
}

/// As release candidates of 7.0 wrote them: name, engine, perhaps a description, then the source.
async fn old_function(t: &Tape) -> Walked<What> {
    t.text("the name of a function library").await?;
    t.text("the engine of a function library").await?;
    if t.length("whether a description follows").await? != 0 {
        t.text("the description of a function library").await?;
    }
    Ok(What::Function { source: t.text("the source of a function library").await?.0 })
}

async fn checksum(t: &Tape) -> Walked<()> {
    let expected = t.sum();
    t.begin_record();
    let at = t.at();
    let got = u64::from_le_bytes(t.array("eight bytes, the checksum").await?);
    let verdict = match got {
        0 => Checksum::Absent,
        _ if got == expected => Checksum::Checked,
        _ => return Err(WalkError { at, why: Why::Checksum { expected, got } }),
    };
    record(t, What::Checksum(verdict, got)).await;
    Ok(())
}
