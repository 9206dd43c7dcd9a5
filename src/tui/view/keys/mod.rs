//! What each one knows: the keyspaces side by side, differences marked by colour and sign.

mod table;

use super::frame::{Canvas, Text};
use crate::lab::model::{Db, Instance, KeyView, Peer, Sight};
use crate::observe::{Now, Preview, Role};
use crate::tui::app::{App, Pane};
use crate::tui::text::{clip, clip_middle, count, fit, width};
use crate::tui::theme::Mark;
use ratatui::layout::Rect;
use std::collections::BTreeMap;
use table::{Table, is_whole, roots};

/// A column is not narrower than this.
const NARROWEST: usize = 9;

pub fn draw(c: &mut Canvas, app: &App, area: Rect) {
    let model = &app.world.model;
    let everybody: Vec<&Instance> = model.instances.values().collect();
    if everybody.is_empty() {
        c.line(area, 0, &Text::of(Mark::Quiet, " no instance yet"));
        return;
    }
    let tree = compared(app, &everybody);
    let wide = area.width as usize;
    let key_cells = (wide * 3 / (2 + 3 * everybody.len())).clamp(9, 24).min(wide);
    // As many columns as can be read; the others are to the right.
    let columns = (wide.saturating_sub(key_cells + 1) / NARROWEST).clamp(1, everybody.len());
    let most = everybody.len() - columns;
    let first = app.columns.min(most);
    app.columns_most.set(most);
    let instances = &everybody[first..first + columns];
    let cells = (wide.saturating_sub(key_cells + 1) / columns).max(4);
    let key = match (first, most - first) {
        (0, 0) => " key".to_owned(),
        (0, right) => format!(" key {right} >"),
        (left, 0) => format!(" key < {left}"),
        (left, right) => format!(" {left} <> {right}"),
    };
    let mut head = Text::of(Mark::Quiet, fit(&key, key_cells + 1));
    let mut sizes = Text::of(Mark::Quiet, fit(" in all", key_cells + 1));
    for i in instances {
        let mark = match (i.is_up(), i.role) {
            (false, _) => Mark::Broken,
            (true, _) if apart(&tree, i) => Mark::Quiet,
            (true, Role::Master) => Mark::Master,
            (true, Role::Replica) => Mark::Replica,
        };
        let sign = match (i.is_up(), i.role) {
            (false, _) => "╳",
            (true, Role::Master) => "M",
            (true, Role::Replica) => "r",
        };
        head = head.add(mark, fit(&format!("{} {sign}", i.port), cells));
        let fresh = app.world.touched.get(&i.port).is_some_and(|t| c.fresh(t.keys_at));
        let n = count(i.keys_total());
        sizes = sizes.add_fresh(Mark::Text, n.clone(), fresh);
        sizes = sizes.add(Mark::Text, " ".repeat(cells.saturating_sub(width(&n))));
    }
    c.line(area, 0, &head);
    c.line(area, 1, &sizes);
    let compared: Vec<bool> =
        everybody.iter().map(|i| tree.iter().any(|t| t.port == i.port)).collect();
    let table = Table::of(&everybody, &compared, c.now);
    let mut foot = foot(&everybody, &tree, &table, wide);
    foot.extend(expired(&everybody, &table, wide));
    let feet = (foot.len() as u16).min(area.height.saturating_sub(3));
    let room = (area.height - 2).saturating_sub(feet) as usize;
    let most = table.keys.len().saturating_sub(room);
    app.scroll_most.borrow_mut().insert(Pane::Keys, most);
    let skip = app.scroll.get(&Pane::Keys).copied().unwrap_or(0).min(most);
    for (y, key) in (2..area.height).zip(table.keys.iter().skip(skip).take(room)) {
        let line = row(c, app, instances, &tree, key, key_cells, cells);
        c.line(area, y, &line);
    }
    c.lines(Rect { y: area.bottom() - feet, height: feet, ..area }, &foot);
}

/// The instances that hold one history's data: those of the chosen link's replication tree, or of
/// the first that has replicas. Others have data of their own, which no difference is marked in.
fn compared<'a>(app: &App, instances: &[&'a Instance]) -> Vec<&'a Instance> {
    let mut masters = BTreeMap::new();
    for link in app.world.model.links() {
        if let (Peer::Inside(master), Peer::Inside(replica)) = (link.master, link.replica) {
            masters.insert(replica, master);
        }
    }
    let roots = roots(&masters, instances.iter().map(|i| i.port));
    let of = |tree: u16| -> Vec<&'a Instance> {
        let here = |(i, root): (&&'a Instance, &u16)| (*root == tree).then_some(*i);
        instances.iter().zip(&roots).filter_map(here).collect()
    };
    let chosen = app.link().filter(|k| k.master.host.is_empty()).map(|k| k.master.port);
    let chosen = chosen.and_then(|p| instances.iter().position(|i| i.port == p));
    let all = chosen.map(|n| roots[n]).into_iter().chain(roots.iter().copied());
    all.map(of).find(|members| members.len() > 1).unwrap_or_default()
}

/// Whether its data are its own while others are compared.
fn apart(tree: &[&Instance], i: &Instance) -> bool {
    !tree.is_empty() && tree.iter().all(|t| t.port != i.port)
}

/// What the rows come to, in words.
fn foot(instances: &[&Instance], tree: &[&Instance], table: &Table, wide: usize) -> Vec<Text> {
    let say = |mark: Mark, text: &str| Text::wrapped(mark, " ", text, wide);
    if table.keys.is_empty() {
        return say(Mark::Quiet, "no key anywhere");
    }
    let total: u64 = instances.iter().map(|i| i.keys_total()).max().unwrap_or(0);
    let known = table.keys.len() as u64;
    let differing = table.keys.iter().filter(|k| k.differs).count();
    let up = || tree.iter().filter(|i| i.is_up());
    let all_told = total <= known && up().all(|i| i.dbs.values().all(Db::is_whole));
    let mut lines = match (tree.is_empty(), differing) {
        (true, _) => say(Mark::Quiet, "nobody follows anybody: each has its own data"),
        (false, 0) if all_told => say(Mark::Good, "= all the same"),
        (false, 0) => say(Mark::Good, "= those known are the same"),
        (false, n) => say(Mark::Difference, &format!("≠ {} differ", count(n as u64))),
    };
    let own: Vec<String> =
        instances.iter().filter(|i| apart(tree, i)).map(|i| i.port.to_string()).collect();
    if !own.is_empty() {
        lines.extend(say(Mark::Quiet, &format!("{}: own data, not compared", own.join(", "))));
    }
    if total > known {
        let text = format!(
            "names of {} of {} keys are known: the rest came in bulk",
            count(known),
            count(total)
        );
        lines.extend(say(Mark::Quiet, &text));
    }
    lines
}

/// What is over and still in memory: a master's own expiry is lazy, and a replica waits for the
/// DEL of its master.
fn expired(instances: &[&Instance], table: &Table, wide: usize) -> Vec<Text> {
    let told: Vec<String> = instances
        .iter()
        .zip(&table.over)
        .filter(|(_, over)| **over > 0)
        .map(|(i, over)| format!("{over} on {}", i.port))
        .collect();
    if told.is_empty() {
        return Vec::new();
    }
    let text = format!(
        "{}: past its time and still in memory. Readers see nothing; a replica deletes when its \
         master says so",
        told.join(", ")
    );
    Text::wrapped(Mark::Waiting, " ◷ ", &text, wide)
}

/// Milliseconds until a key's time is over; 0: it is. `None`: it has no time to live.
fn left_ms(now: Now, v: &KeyView) -> Option<u64> {
    let at = v.expire_at_ms?;
    Some(u64::try_from(at.saturating_sub(now.wall_ms())).unwrap_or(0))
}

/// A time to live in few cells.
fn short(ms: u64) -> String {
    match ms.div_ceil(1_000) {
        s @ 0..=99 => format!("{s}s"),
        s @ 100..=5_999 => format!("{}m", s / 60),
        s @ 6_000..=359_999 => format!("{}h", s / 3_600),
        s => format!("{}d", s / 86_400),
    }
}

/// A value in so many cells. Where no element of a list and the like can be read, its type and its
/// size are: a number is never cut.
fn in_cells(v: &KeyView, cells: usize) -> String {
    let shown = v.shown();
    if v.kind.is_string() || width(&shown) <= cells {
        return shown;
    }
    let size = v.value.text().split([':', ' ']).next().unwrap_or_default();
    let head = format!("{} {size}", v.kind.word());
    match cells {
        n if n > width(&head) + 4 => clip(&shown, cells),
        n if n >= width(&head) => head,
        _ => v.kind.word().to_owned(),
    }
}

/// A value with what there is to say of its time, which is not cut off.
fn lasting(value: &KeyView, time: &str, cells: usize) -> String {
    let room = cells.saturating_sub(width(time) + 2);
    match room {
        0 | 1 => time.to_owned(),
        _ => format!("{} {time}", clip(&in_cells(value, room), room)),
    }
}

fn value<'a>(i: &'a Instance, db: u32, key: &Preview) -> Option<&'a KeyView> {
    i.dbs.get(&db).and_then(|d| d.known.get(key))
}

/// Whether a replica in sync got the master's value with the snapshot that it loaded.
fn came_in_bulk(i: &Instance, master: Option<&KeyView>) -> bool {
    let loaded = i.loading.as_ref().filter(|l| l.from_link && l.ended.is_some_and(|(_, ok)| ok));
    let (Some(loaded), Some(master)) = (loaded, master) else { return false };
    i.link_is_up() && master.changed.mono_us < loaded.since.mono_us
}

fn row(
    c: &Canvas,
    app: &App,
    instances: &[&Instance],
    tree: &[&Instance],
    key: &table::Key,
    key_cells: usize,
    cells: usize,
) -> Text {
    let (db, key, differs) = (key.db, key.name, key.differs);
    let name = if db == 0 { key.to_string() } else { format!("{db}:{key}") };
    let sign = if differs { "≠" } else { " " };
    let mark = if differs { Mark::Difference } else { Mark::Text };
    let mut line = Text::of(Mark::Difference, sign)
        .add(mark, fit(&clip_middle(&name, key_cells - 1), key_cells - 1))
        .add(Mark::Text, " ");
    // What the others are measured by: the master's value, where there is one.
    let master = tree
        .iter()
        .find(|i| i.is_up() && i.role == Role::Master && i.attached().next().is_some())
        .or(tree.iter().find(|i| i.is_up()))
        .and_then(|i| value(i, db, key));
    for i in instances {
        let loading = i
            .loading
            .as_ref()
            .filter(|l| l.ended.is_none())
            .and_then(|l| l.passed().get(&db))
            .is_some_and(|d| d.known.contains_key(key));
        let (mark, text, fresh) = match value(i, db, key) {
            Some(v) => {
                let same = master.is_some_and(|m| m.is_same(v));
                let mark = match (i.is_up() && !apart(tree, i), differs && !same) {
                    (false, _) => Mark::Quiet,
                    (true, true) => Mark::Difference,
                    (true, false) => Mark::Text,
                };
                let fresh = c.fresh(v.changed) && v.sight == Sight::Written;
                match left_ms(c.now, v).filter(|_| i.is_up()) {
                    Some(0) => (Mark::Waiting, lasting(v, "◷ past", cells), fresh),
                    Some(ms) => (mark, lasting(v, &format!("◷{}", short(ms)), cells), fresh),
                    None => (mark, in_cells(v, cells.saturating_sub(1)), fresh),
                }
            }
            None if loading => (Mark::Rdb, "⇣ in the RDB".to_owned(), false),
            // What the master had before the snapshot came with it, among keys not told by name.
            None if i.is_up() && !is_whole(i, db) && came_in_bulk(i, master) => {
                (Mark::Quiet, "by RDB".to_owned(), false)
            }
            None if i.is_up() && !is_whole(i, db) => (Mark::Quiet, "untold".to_owned(), false),
            None if i.is_up() && (tree.is_empty() || apart(tree, i)) => {
                (Mark::Quiet, "–".to_owned(), false)
            }
            None if i.is_up() => (Mark::Difference, "–".to_owned(), false),
            None => (Mark::Quiet, "·".to_owned(), false),
        };
        // What it is by now stands beside what it was.
        let now = super::then::key_now(app, i, db, key).unwrap_or_default();
        let now = clip(&now, cells.saturating_sub(3));
        let text = clip(&text, cells.saturating_sub(1 + width(&now)));
        let pad = cells.saturating_sub(width(&text) + width(&now));
        line = line
            .add_fresh(mark, text, fresh)
            .add(Mark::Difference, now)
            .add(Mark::Text, " ".repeat(pad));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::KeyType;

    #[test]
    fn a_narrow_column_never_cuts_a_number() {
        let (value, changed, sight) = (Preview::of(b"5000 fields"), Now::default(), Sight::Written);
        let v = KeyView { kind: KeyType::Hash, value, expire_at_ms: None, changed, seq: 0, sight };
        assert_eq!(in_cells(&v, 20), "hash 5000 fields");
        assert_eq!(in_cells(&v, 15), "hash 5000 fiel…");
        assert_eq!(in_cells(&v, 9), "hash 5000");
        assert_eq!(in_cells(&v, 8), "hash");
    }
}
