//! Text rules that servers, consoles and configuration files share: quoting, escaping, patterns.

mod args;
mod glob;
mod show;

pub use args::{Unbalanced, split_args};
pub use glob::glob_match;
pub use show::{printable, repr, safe, steers};
