//! `user default ...`: CONFIG REWRITE writes such a line into every conf file, so it must be read;
//! other users are not there.

use super::Config;
use super::directive::Refused;
use sha2::{Digest, Sha256};

/// The line for the only user, as CONFIG REWRITE writes it.
pub(super) fn line(config: &Config) -> String {
    let secret = match config.requirepass.as_slice() {
        b"" => "nopass".to_string(),
        pass => format!("#{}", hash(pass)),
    };
    format!("user default on {secret} ~* &* +@all")
}

/// Reads the words behind `user`; a password's hash comes back, to be compared with requirepass
/// when the whole file is read.
pub(super) fn read(config: &mut Config, words: &[&[u8]]) -> Result<Option<String>, Refused> {
    let unsupported = || "Only the default user with all permissions is supported".to_string();
    let Some((name, rules)) = words.split_first() else { return Err(unsupported()) };
    if *name != b"default" {
        return Err(unsupported());
    }
    let mut wanted = None;
    for rule in rules {
        match rule.to_ascii_lowercase().as_slice() {
            b"on"
            | b"~*"
            | b"&*"
            | b"+@all"
            | b"allkeys"
            | b"allchannels"
            | b"allcommands"
            | b"sanitize-payload"
            | b"skip-sanitize-payload" => {}
            b"nopass" | b"resetpass" => wanted = None,
            [b'#', hash @ ..] => wanted = Some(String::from_utf8_lossy(hash).into_owned()),
            [b'>', ..] => config.requirepass = rule[1..].to_vec(),
            _ => return Err(unsupported()),
        }
    }
    Ok(wanted)
}

/// Whether requirepass is the password with this hash.
pub(super) fn fits(config: &Config, wanted: &str) -> bool {
    hash(&config.requirepass) == wanted
}

fn hash(pass: &[u8]) -> String {
    Sha256::digest(pass).iter().map(|b| format!("{b:02x}")).collect()
}
