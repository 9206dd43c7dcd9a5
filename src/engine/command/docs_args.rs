//! Arguments as `docs.txt` notes them, read into what COMMAND DOCS replies.
//!
//! `[x]` is optional, `a|b` one of them, `x...` any number of x, `(a b)` belong together. A word
//! without small letters stands as it is (a token), and so it is the name of what follows it:
//! `COUNT count` is one argument.

/// One argument.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Arg {
    pub name: String,
    /// Redis's word for its kind: `key`, `integer`, `oneof`.
    pub kind: &'static str,
    /// The word that stands in front of it, or that it is.
    pub token: Option<String>,
    pub optional: bool,
    pub multiple: bool,
    /// Of `oneof` and `block`.
    pub parts: Vec<Arg>,
}

/// Reads a notation; what is wrong in it ends it early (a test reads all that there are).
pub(super) fn parse(notation: &str) -> Vec<Arg> {
    let mut reader = Reader { rest: notation };
    reader.sequence()
}

/// The notation as one reads it: `key element...` is `key element [element ...]`, and what belongs
/// together needs no brackets.
pub(super) fn usage(notation: &str) -> String {
    fn part(rest: &mut &str, out: &mut String) {
        while let Some(c) = rest.chars().next() {
            let item = match c {
                ')' | ']' => return,
                ' ' | '|' => {
                    *rest = &rest[1..];
                    out.push(c);
                    continue;
                }
                '(' | '[' => {
                    *rest = &rest[1..];
                    let mut inner = String::new();
                    part(rest, &mut inner);
                    *rest = rest.get(1..).unwrap_or_default();
                    if c == '(' { inner } else { format!("[{inner}]") }
                }
                _ => {
                    let end = rest.find([' ', '|', ')', ']', '[', '(']).unwrap_or(rest.len());
                    let end = rest[..end].find("...").unwrap_or(end);
                    let (word, behind) = rest.split_at(end);
                    *rest = behind;
                    word.to_owned()
                }
            };
            out.push_str(&item);
            if let Some(behind) = rest.strip_prefix("...") {
                *rest = behind;
                out.push_str(&format!(" [{item} ...]"));
            }
        }
    }
    let (mut rest, mut out) = (notation, String::new());
    part(&mut rest, &mut out);
    out
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn eat(&mut self, what: &str) -> bool {
        match self.rest.strip_prefix(what) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Arguments up to the end, or to the bracket that closes them.
    fn sequence(&mut self) -> Vec<Arg> {
        let mut args: Vec<Arg> = Vec::new();
        loop {
            self.rest = self.rest.trim_start();
            if self.rest.is_empty() || self.rest.starts_with([')', ']']) {
                return args;
            }
            let Some(arg) = self.choice() else { return args };
            // `COUNT count`: the token names the argument behind it.
            let named = args.last().is_some_and(|a| a.kind == "pure-token" && !a.optional);
            if named && arg.token.is_none() && arg.parts.is_empty() && !arg.optional {
                let token = args.pop().and_then(|a| a.token);
                args.push(Arg { token, ..arg });
            } else {
                args.push(arg);
            }
        }
    }

    /// `a|b|c`, or one of these alone.
    fn choice(&mut self) -> Option<Arg> {
        let mut parts = vec![self.one()?];
        while self.eat("|") {
            parts.push(self.one()?);
        }
        if parts.len() == 1 {
            return parts.pop();
        }
        let name = parts.first().map(|p| p.name.clone()).unwrap_or_default();
        Some(Arg { name, kind: "oneof", parts, ..Arg::default() })
    }

    fn one(&mut self) -> Option<Arg> {
        let mut arg = if self.eat("(") {
            let parts = self.sequence();
            self.eat(")").then(|| group(parts))?
        } else if self.eat("[") {
            let parts = self.sequence();
            Arg { optional: true, ..self.eat("]").then(|| group(parts))? }
        } else {
            let end = self.rest.find([' ', '|', ')', ']', '[', '(']).unwrap_or(self.rest.len());
            let dots = self.rest[..end].find("...").unwrap_or(end);
            let (word, rest) = self.rest.split_at(dots);
            self.rest = rest;
            (!word.is_empty()).then(|| plain(word))?
        };
        arg.multiple |= self.eat("...");
        Some(arg)
    }
}

/// Several arguments as one.
fn group(mut parts: Vec<Arg>) -> Arg {
    if parts.len() == 1 {
        return parts.remove(0);
    }
    let name = parts.first().map(|p| p.name.clone()).unwrap_or_default();
    Arg { name, kind: "block", parts, ..Arg::default() }
}

fn plain(word: &str) -> Arg {
    let is_token = word != "ID" && !word.chars().any(|c| c.is_ascii_lowercase());
    let kind = if is_token { "pure-token" } else { kind(word) };
    let token = is_token.then(|| word.to_owned());
    Arg { name: word.to_ascii_lowercase(), kind, token, ..Arg::default() }
}

fn kind(word: &str) -> &'static str {
    match word {
        "key" | "source" | "destination" | "newkey" | "destkey" | "key1" | "key2" => "key",
        "pattern" => "pattern",
        _ if word.starts_with("unix-time") => "unix-time",
        "score" | "score-increment" | "float-increment" | "longitude" | "latitude" | "radius"
        | "width" | "height" | "min-score" | "max-score" | "timeout" => "double",
        "seconds" | "milliseconds" | "count" | "offset" | "stop" | "index" | "index1"
        | "index2" | "cursor" | "numkeys" | "db" | "destination-db" | "port" | "ttl" | "rank"
        | "len" | "num-matches" | "decrement" | "increment" | "limit" | "numreplicas"
        | "protover" | "client-id" | "entries-read" | "entries-added" | "ms" | "frequency"
        | "bit" | "version" | "weight" => "integer",
        _ => "string",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notation_is_read_by_people() {
        for (notation, read) in [
            ("", ""),
            ("key element...", "key element [element ...]"),
            ("key [NX|XX] (score member)...", "key [NX|XX] score member [score member ...]"),
            (
                "[(GET pattern)...] STREAMS key...",
                "[GET pattern [GET pattern ...]] STREAMS key [key ...]",
            ),
            ("*|ID [(EX seconds)|KEEPTTL]", "*|ID [EX seconds|KEEPTTL]"),
        ] {
            assert_eq!(usage(notation), read);
        }
    }

    #[test]
    fn a_notation_becomes_arguments() {
        let args = parse("key value [NX|XX] [(EX seconds)|KEEPTTL] [COUNT count] x... (a b)...");
        let kinds: Vec<_> = args.iter().map(|a| (a.kind, a.optional, a.multiple)).collect();
        assert_eq!(
            kinds,
            [
                ("key", false, false),
                ("string", false, false),
                ("oneof", true, false),
                ("oneof", true, false),
                ("integer", true, false),
                ("string", false, true),
                ("block", false, true),
            ]
        );
        assert_eq!(args[3].parts[0].token.as_deref(), Some("EX"));
        assert_eq!((args[4].token.as_deref(), &*args[4].name), (Some("COUNT"), "count"));
        assert!(parse("").is_empty() && parse("]").is_empty() && parse("(a").is_empty());
    }
}
