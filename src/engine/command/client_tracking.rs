//! CLIENT TRACKING, CACHING, TRACKINGINFO, GETREDIR: client side caching.

use super::args::SYNTAX;
use crate::engine::Engine;
use crate::engine::call::Call;
use crate::engine::conn::ConnId;
use crate::engine::tracking::{TrackingClient, Wishes};

pub(super) fn tracking(e: &mut Engine, call: &Call<'_>) {
    let Some((wishes, prefixes)) = options(e, call) else { return };
    if call.is(2, "on") {
        let now = e.clients.get(call.conn).and_then(|c| c.tracking.as_deref());
        if let Err(error) = suits(now, &wishes, &prefixes) {
            return e.reply.error(error);
        }
        e.track(call.conn, wishes, &prefixes);
    } else if call.is(2, "off") {
        e.untrack(call.conn);
    } else {
        return e.reply.error(SYNTAX);
    }
    e.reply.ok();
}

fn options<'a>(e: &mut Engine, call: &Call<'a>) -> Option<(Wishes, Vec<&'a [u8]>)> {
    let mut wishes = Wishes::default();
    let mut prefixes = Vec::new();
    let mut i = 3;
    while i < call.args.len() {
        let more = i + 1 < call.args.len();
        if call.is(i, "redirect") && more {
            i += 1;
            if wishes.redirect != 0 {
                e.reply.error("ERR A client can only redirect to a single other client");
                return None;
            }
            wishes.redirect = e.int_arg(call.arg(i))? as u64;
            if e.clients.get(ConnId(wishes.redirect)).is_none() {
                e.reply.error("ERR The client ID you want redirect to does not exist");
                return None;
            }
        } else if call.is(i, "bcast") {
            wishes.bcast = true;
        } else if call.is(i, "optin") {
            wishes.optin = true;
        } else if call.is(i, "optout") {
            wishes.optout = true;
        } else if call.is(i, "noloop") {
            wishes.noloop = true;
        } else if call.is(i, "prefix") && more {
            i += 1;
            prefixes.push(call.arg(i));
        } else {
            e.reply.error(SYNTAX);
            return None;
        }
        i += 1;
    }
    Some((wishes, prefixes))
}

/// Whether the wishes suit each other, and what the client does already.
fn suits(now: Option<&TrackingClient>, wishes: &Wishes, prefixes: &[&[u8]]) -> Result<(), Vec<u8>> {
    let no = |text: &str| Err(format!("ERR {text}").into_bytes());
    if !wishes.bcast && !prefixes.is_empty() {
        return no("PREFIX option requires BCAST mode to be enabled");
    }
    if now.is_some_and(|t| t.wishes.bcast != wishes.bcast) {
        return no(
            "You can't switch BCAST mode on/off before disabling tracking for this client, \
                   and then re-enabling it with a different mode.",
        );
    }
    if wishes.bcast && (wishes.optin || wishes.optout) {
        return no("OPTIN and OPTOUT are not compatible with BCAST");
    }
    if wishes.optin && wishes.optout {
        return no("You can't specify both OPTIN mode and OPTOUT mode");
    }
    let swaps =
        |t: &TrackingClient| (wishes.optin && t.wishes.optout) || (wishes.optout && t.wishes.optin);
    if now.is_some_and(swaps) {
        return no(
            "You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, \
                   and then re-enabling it with a different mode.",
        );
    }
    if wishes.bcast { prefixes_apart(now, prefixes) } else { Ok(()) }
}

/// No key may fall under two prefixes of one client.
fn prefixes_apart(now: Option<&TrackingClient>, prefixes: &[&[u8]]) -> Result<(), Vec<u8>> {
    let overlap = |a: &[u8], b: &[u8]| a.starts_with(b) || b.starts_with(a);
    let error = |new: &[u8], kind: &str, old: &[u8]| {
        let mut text = b"ERR Prefix '".to_vec();
        text.extend_from_slice(new);
        text.extend_from_slice(b"' overlaps with ");
        text.extend_from_slice(kind.as_bytes());
        text.extend_from_slice(b" prefix '");
        text.extend_from_slice(old);
        text.extend_from_slice(b"'. Prefixes for a single client must not overlap.");
        Err(text)
    };
    for (i, new) in prefixes.iter().enumerate() {
        let old = now.and_then(|t| t.prefixes.iter().find(|old| overlap(old, new)));
        if let Some(old) = old {
            return error(new, "an existing", old);
        }
        if let Some(other) = prefixes[i + 1..].iter().find(|other| overlap(other, new)) {
            return error(new, "another provided", other);
        }
    }
    Ok(())
}

pub(super) fn caching(e: &mut Engine, call: &Call<'_>) {
    let client = e.clients.get_mut(call.conn);
    let Some(t) = client.and_then(|c| c.tracking.as_mut()) else {
        return e.reply.error(
            "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN \
             or OPTOUT mode enabled",
        );
    };
    if call.is(2, "yes") {
        if !t.wishes.optin {
            return e.reply.error(
                "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.",
            );
        }
    } else if call.is(2, "no") {
        if !t.wishes.optout {
            return e.reply.error(
                "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.",
            );
        }
    } else {
        return e.reply.error(SYNTAX);
    }
    t.caching = true;
    e.reply.ok();
}

pub(super) fn getredir(e: &mut Engine, call: &Call<'_>) {
    let redirect = redirect(e, call);
    e.reply.int(redirect);
}

/// The client that gets the messages, 0 for this one, -1 if it does not track.
fn redirect(e: &Engine, call: &Call<'_>) -> i64 {
    let tracking = e.clients.get(call.conn).and_then(|c| c.tracking.as_ref());
    tracking.map_or(-1, |t| t.wishes.redirect as i64)
}

pub(super) fn trackinginfo(e: &mut Engine, call: &Call<'_>) {
    let redirect = redirect(e, call);
    let tracking = e.clients.get(call.conn).and_then(|c| c.tracking.as_deref());
    let w = tracking.map(|t| t.wishes.clone()).unwrap_or_default();
    let caching = tracking.is_some_and(|t| t.caching);
    let flags: Vec<&str> = [
        (tracking.is_some(), "on"),
        (tracking.is_none(), "off"),
        (w.bcast, "bcast"),
        (w.optin, "optin"),
        (w.optin && caching, "caching-yes"),
        (w.optout, "optout"),
        (w.optout && caching, "caching-no"),
        (w.noloop, "noloop"),
        (tracking.is_some_and(|t| t.broken_redirect), "broken_redirect"),
    ]
    .into_iter()
    .filter_map(|(set, word)| set.then_some(word))
    .collect();
    let prefixes = tracking.map(|t| t.prefixes.clone()).unwrap_or_default();
    e.reply.map(3);
    e.reply.bulk_str("flags");
    e.reply.set(flags.len());
    for flag in flags {
        e.reply.bulk_str(flag);
    }
    e.reply.bulk_str("redirect");
    e.reply.int(redirect);
    e.reply.bulk_str("prefixes");
    e.reply.array(prefixes.len());
    for prefix in prefixes {
        e.reply.bulk(&prefix);
    }
}
