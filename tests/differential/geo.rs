//! Places: every digit of what is found.

use super::Family;
use super::dice::Dice;
use super::pattern::Words;

pub struct Geo;

impl Family for Geo {
    fn name(&self) -> &'static str {
        "geo"
    }

    fn prefix(&self) -> &'static str {
        "geo"
    }

    fn patterns(&self) -> &'static [(u32, &'static str)] {
        PATTERNS
    }

    fn item(&self, name: &str, dice: &mut Dice, words: &mut Words) -> bool {
        let word = match name {
            "place" => {
                let (longitude, latitude) = place(dice);
                words.extend([longitude.into_bytes(), latitude.into_bytes()]);
                return true;
            }
            // Distances as scores are places next to each other: who is nearer is chance.
            "scores" => format!("geodist{}", dice.below(2)),
            "town" => format!("t{}", dice.below(60)),
            "far" => match dice.below(12) {
                0 => dice.pick(&["0", "-1", "x", "", "inf", "1e300", "0.00001"]).to_owned(),
                1..=3 => format!("{}", dice.below(30_000)),
                _ => format!("{}", dice.below(100_000) as f64 / 32.0),
            },
            "unit" => dice.pick(&["m", "km", "km", "mi", "ft", "KM", "parsec"]).to_owned(),
            _ => return false,
        };
        words.push(word.into_bytes());
        true
    }
}

/// Near each other mostly, so that searches find something; anywhere, at an edge, or nowhere.
fn place(dice: &mut Dice) -> (String, String) {
    let fraction = |dice: &mut Dice| dice.next() as f64 / u64::MAX as f64;
    match dice.below(24) {
        0 => {
            let odd = &["180", "-180", "181", "x", "0", "85.05112878", "-85.05112878", "86", "nan"];
            (dice.pick(odd).to_owned(), dice.pick(odd).to_owned())
        }
        1..=8 => {
            let (x, y) = (fraction(dice), fraction(dice));
            (format!("{}", x * 360.0 - 180.0), format!("{}", y * 170.0 - 85.0))
        }
        _ => {
            let (x, y) = (fraction(dice), fraction(dice));
            (format!("{}", 13.0 + x * 4.0), format!("{}", 37.0 + y * 3.0))
        }
    }
}

const PATTERNS: &[(u32, &str)] = &[
    (12, "GEOADD <key> (<place> <town>)++"),
    (3, "GEOADD <key> [NX|XX|CH|GT|nx]* (<place> <town>)+"),
    (1, "GEOADD <anykey> (<place> <town>)+"),
    (4, "GEOPOS <key> (<town>)+"),
    (4, "GEOHASH <key> (<town>)+"),
    (5, "GEODIST <key> <town> <town> [<unit>]"),
    (
        8,
        "GEOSEARCH <key> FROMLONLAT <place> BYRADIUS <far> <unit> [ASC|DESC|WITHDIST|WITHCOORD|WITHHASH]*",
    ),
    (
        6,
        "GEOSEARCH <key> FROMLONLAT <place> BYBOX <far> <far> <unit> [ASC|DESC|WITHDIST|WITHCOORD]*",
    ),
    (
        5,
        "GEOSEARCH <key> FROMMEMBER <town> BYRADIUS <far> <unit> COUNT <count> [ASC|DESC|WITHDIST|ANY]*",
    ),
    (
        3,
        "GEOSEARCH <key> FROMMEMBER <town> BYBOX <far> <far> <unit> [COUNT <count>|ASC|WITHCOORD]*",
    ),
    (
        3,
        "GEOSEARCH <key> [FROMMEMBER <town>|FROMLONLAT <place>|BYRADIUS <far> <unit>|BYBOX <far> <far> <unit>|COUNT <count>|ANY|STOREDIST|foo]*",
    ),
    (
        4,
        "GEOSEARCHSTORE <key> <key> FROMLONLAT <place> BYRADIUS <far> <unit> [STOREDIST|COUNT <count>|DESC]*",
    ),
    (
        2,
        "GEOSEARCHSTORE <key> <key> FROMMEMBER <town> BYBOX <far> <far> <unit> [STOREDIST|WITHDIST|STORE x]*",
    ),
    (
        5,
        "GEORADIUS <key> <place> <far> <unit> [WITHDIST|WITHCOORD|WITHHASH|COUNT <count>|ASC|DESC|ANY]*",
    ),
    (
        2,
        "GEORADIUS <key> <place> <far> <unit> [STORE <key>|STOREDIST <scores>|WITHDIST|COUNT <count>]*",
    ),
    (3, "GEORADIUS_RO <key> <place> <far> <unit> [WITHDIST|COUNT <count>|ASC|STORE <key>]*"),
    (4, "GEORADIUSBYMEMBER <key> <town> <far> <unit> [WITHDIST|WITHCOORD|COUNT <count>|ASC|DESC]*"),
    (2, "GEORADIUSBYMEMBER <key> <town> <far> <unit> [STORE <key>|STOREDIST <scores>]"),
    (2, "GEORADIUSBYMEMBER_RO <key> <town> <far> <unit> [WITHDIST|STORE <key>]*"),
    (2, "ZADD <scores> <number> <town>"),
    (2, "(GEOPOS|GEOHASH) <scores> (<town>)+"),
    (1, "GEOSEARCH <scores> FROMMEMBER <town> BYRADIUS <far> <unit>"),
    (2, "ZRANGE <scores> 0 -1 WITHSCORES"),
    (3, "ZRANGE <key> 0 -1 WITHSCORES"),
    (2, "ZREM <key> (<town>)+"),
];
