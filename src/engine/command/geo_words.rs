//! Arguments and replies of the geo commands: places, units, distances.

use super::support::NOT_A_FLOAT;
use crate::engine::Engine;
use crate::engine::geo::{LATITUDES, LONGITUDES, Place};
use crate::wire::num::parse_f64;
use crate::wire::reply::ReplyWriter;

/// A place that can be stored; the error was replied if it is none.
pub(super) fn place_arg(e: &mut Engine, longitude: &[u8], latitude: &[u8]) -> Option<Place> {
    let (Some(longitude), Some(latitude)) = (parse_f64(longitude), parse_f64(latitude)) else {
        e.reply.error(NOT_A_FLOAT);
        return None;
    };
    let within = |value: f64, range: (f64, f64)| (range.0..=range.1).contains(&value);
    if !within(longitude, LONGITUDES) || !within(latitude, LATITUDES) {
        e.reply.error(format!("ERR invalid longitude,latitude pair {longitude:.6},{latitude:.6}"));
        return None;
    }
    Some(Place { longitude, latitude })
}

/// Metres in a unit; the error was replied if there is no such unit.
pub(super) fn unit_arg(e: &mut Engine, unit: &[u8]) -> Option<f64> {
    let known = [("m", 1.0), ("km", 1000.0), ("ft", 0.3048), ("mi", 1609.34)];
    let found = known.iter().find(|(name, _)| unit.eq_ignore_ascii_case(name.as_bytes()));
    if found.is_none() {
        e.reply.error("ERR unsupported unit provided. please use M, KM, FT, MI");
    }
    found.map(|(_, metres)| *metres)
}

/// A number; this error was replied if it is none.
pub(super) fn number_arg(e: &mut Engine, arg: &[u8], error: &str) -> Option<f64> {
    let number = parse_f64(arg);
    if number.is_none() {
        e.reply.error(error);
    }
    number
}

/// Writes longitude and latitude.
pub(super) fn place(reply: &mut ReplyWriter, place: Place) {
    reply.array(2);
    for degrees in [place.longitude, place.latitude] {
        let text = format!("{degrees:.17}");
        let text = text.trim_end_matches('0').trim_end_matches('.');
        let text = if text == "-0" { "0" } else { text };
        match reply.resp {
            3.. => reply.raw(format!(",{text}\r\n").as_bytes()),
            _ => reply.bulk_str(text),
        }
    }
}
