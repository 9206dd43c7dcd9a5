//! The words of the geo searches: where, how far, in what form.

use super::geo_words::{number_arg, place_arg, unit_arg};
use super::support::SYNTAX;
use crate::engine::Engine;
use crate::engine::call::Call;
use crate::engine::geo::{Place, Shape, ShapeKind, place_of_score};
use crate::engine::types::ZSet;

/// Which command it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Search,
    SearchStore,
    Radius,
    RadiusRo,
    ByMember,
    ByMemberRo,
}

impl Form {
    /// The word that names the key to search in.
    pub(super) fn source(self) -> usize {
        if self == Form::SearchStore { 2 } else { 1 }
    }

    /// GEOSEARCH and GEOSEARCHSTORE: all is said by options.
    pub(super) fn is_search(self) -> bool {
        matches!(self, Form::Search | Form::SearchStore)
    }

    /// The first word that may be an option.
    fn options(self) -> usize {
        match self {
            Form::Search => 2,
            Form::SearchStore => 3,
            Form::Radius | Form::RadiusRo => 6,
            Form::ByMember | Form::ByMemberRo => 5,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Nearest,
    Farthest,
}

/// What a search asks for.
#[derive(Debug, Default)]
pub(super) struct Asked<'a> {
    /// `None`: there is nothing to search in.
    pub(super) shape: Option<Shape>,
    pub(super) count: Option<usize>,
    /// COUNT's ANY: the first ones that are met will do.
    pub(super) any: bool,
    pub(super) order: Option<Order>,
    pub(super) distance: bool,
    pub(super) hash: bool,
    pub(super) place: bool,
    pub(super) store: Option<&'a [u8]>,
    pub(super) store_distance: bool,
}

/// Centre, form and unit as far as they are known.
#[derive(Default)]
struct Found {
    centre: Option<Place>,
    kind: Option<(ShapeKind, f64)>,
    /// FROMMEMBER or FROMLONLAT stood there.
    from_member: bool,
    from_place: bool,
}

/// Reads the words; the error was replied if they make no sense. Without a zset the member that is
/// the centre is nowhere, but the words must be right all the same.
pub(super) fn read<'a>(
    e: &mut Engine,
    call: &Call<'a>,
    form: Form,
    zset: Option<&ZSet>,
) -> Option<Asked<'a>> {
    let mut asked = Asked::default();
    let mut found = Found::default();
    match form {
        Form::Radius | Form::RadiusRo => {
            found.centre = Some(place_arg(e, call.arg(2), call.arg(3))?);
            found.kind = Some(radius_args(e, call.arg(4), call.arg(5))?);
        }
        Form::ByMember | Form::ByMemberRo => {
            if let Some(zset) = zset {
                found.centre = Some(member_place(e, zset, call.arg(2))?);
                found.kind = Some(radius_args(e, call.arg(3), call.arg(4))?);
            }
        }
        Form::SearchStore => asked.store = Some(call.arg(1)),
        Form::Search => {}
    }
    let mut at = form.options();
    while at < call.args.len() {
        at = option(e, call, at, form, zset, &mut asked, &mut found)?;
    }
    check(e, call, form, &asked, &found)?;
    asked.shape = match (zset, found.centre, found.kind) {
        (Some(_), Some(centre), Some((kind, unit))) => Some(Shape { centre, kind, unit }),
        _ => None,
    };
    Some(asked)
}

/// Reads the option at word `at`; the word behind it comes back.
fn option<'a>(
    e: &mut Engine,
    call: &Call<'a>,
    at: usize,
    form: Form,
    zset: Option<&ZSet>,
    asked: &mut Asked<'a>,
    found: &mut Found,
) -> Option<usize> {
    let left = call.args.len() - at - 1;
    let may_store = matches!(form, Form::Radius | Form::ByMember);
    let (round, square) = match found.kind {
        Some((ShapeKind::Circle { .. }, _)) => (true, false),
        Some((ShapeKind::Rectangle { .. }, _)) => (false, true),
        None => (false, false),
    };
    let word = |name: &str| call.is(at, name);
    if word("withdist") {
        asked.distance = true;
    } else if word("withhash") {
        asked.hash = true;
    } else if word("withcoord") {
        asked.place = true;
    } else if word("any") {
        asked.any = true;
    } else if word("asc") {
        asked.order = Some(Order::Nearest);
    } else if word("desc") {
        asked.order = Some(Order::Farthest);
    } else if word("count") && left >= 1 {
        let count = e.int_arg(call.arg(at + 1))?;
        if count <= 0 {
            e.reply.error("ERR COUNT must be > 0");
            return None;
        }
        asked.count = Some(usize::try_from(count).unwrap_or(usize::MAX));
        return Some(at + 2);
    } else if (word("store") || word("storedist")) && left >= 1 && may_store {
        asked.store = Some(call.arg(at + 1));
        asked.store_distance = word("storedist");
        return Some(at + 2);
    } else if word("storedist") && form == Form::SearchStore {
        asked.store_distance = true;
    } else if word("frommember") && left >= 1 && form.is_search() && !found.from_place {
        if let Some(zset) = zset {
            found.centre = Some(member_place(e, zset, call.arg(at + 1))?);
        }
        found.from_member = true;
        return Some(at + 2);
    } else if word("fromlonlat") && left >= 2 && form.is_search() && !found.from_member {
        found.centre = Some(place_arg(e, call.arg(at + 1), call.arg(at + 2))?);
        found.from_place = true;
        return Some(at + 3);
    } else if word("byradius") && left >= 2 && form.is_search() && !square {
        found.kind = Some(radius_args(e, call.arg(at + 1), call.arg(at + 2))?);
        return Some(at + 3);
    } else if word("bybox") && left >= 3 && form.is_search() && !round {
        found.kind = Some(box_args(e, &call.args[at + 1..at + 4])?);
        return Some(at + 4);
    } else {
        e.reply.error(SYNTAX);
        return None;
    }
    Some(at + 1)
}

/// What must be there, and what must not be there together.
fn check(
    e: &mut Engine,
    call: &Call<'_>,
    form: Form,
    asked: &Asked<'_>,
    found: &Found,
) -> Option<()> {
    let name = String::from_utf8_lossy(call.arg(0));
    let error = if asked.store.is_some() && (asked.distance || asked.hash || asked.place) {
        let who = match form {
            Form::SearchStore => "GEOSEARCHSTORE",
            _ => "STORE option in GEORADIUS",
        };
        format!("ERR {who} is not compatible with WITHDIST, WITHHASH and WITHCOORD options")
    } else if form.is_search() && !found.from_member && !found.from_place {
        format!("ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for {name}")
    } else if form.is_search() && found.kind.is_none() {
        format!("ERR exactly one of BYRADIUS and BYBOX can be specified for {name}")
    } else if asked.any && asked.count.is_none() {
        "ERR the ANY argument requires COUNT argument".to_owned()
    } else {
        return Some(());
    };
    e.reply.error(error);
    None
}

fn member_place(e: &mut Engine, zset: &ZSet, member: &[u8]) -> Option<Place> {
    let place = zset.score(member).map(place_of_score);
    if place.is_none() {
        e.reply.error("ERR could not decode requested zset member");
    }
    place
}

fn radius_args(e: &mut Engine, radius: &[u8], unit: &[u8]) -> Option<(ShapeKind, f64)> {
    let radius = number_arg(e, radius, "ERR need numeric radius")?;
    if radius < 0.0 {
        e.reply.error("ERR radius cannot be negative");
        return None;
    }
    Some((ShapeKind::Circle { radius }, unit_arg(e, unit)?))
}

fn box_args(e: &mut Engine, words: &[&[u8]]) -> Option<(ShapeKind, f64)> {
    let [width, height, unit] = words else { return None };
    let width = number_arg(e, width, "ERR need numeric width")?;
    let height = number_arg(e, height, "ERR need numeric height")?;
    if width < 0.0 || height < 0.0 {
        e.reply.error("ERR height or width cannot be negative");
        return None;
    }
    Some((ShapeKind::Rectangle { width, height }, unit_arg(e, unit)?))
}
