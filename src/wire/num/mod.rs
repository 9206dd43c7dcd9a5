//! Numbers as Redis reads and prints them: stricter than C, and digit for digit the same.

mod big;
mod double;
mod int;
mod long_double;
mod round;

pub use double::{fmt_f64_17g, parse_f64};
pub use int::{decimal_len, parse_i64, parse_u64, push_decimal};
pub use long_double::{LongDouble, fmt_human_long_double, parse_long_double};
