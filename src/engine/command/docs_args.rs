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

/// The notation as one reads it: `key element...` is `key element [element ...]`, and one of several
/// that are longer than a word stands in `<` and `>`.
pub(super) fn usage(notation: &str) -> String {
    let mut rest = notation;
    sequence_text(&mut rest, false)
}

/// Up to the end, or to the bracket that closes it. `inside`: brackets stand around it already.
fn sequence_text(rest: &mut &str, inside: bool) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut loose = false;
    loop {
        *rest = rest.trim_start();
        if rest.is_empty() || rest.starts_with([')', ']']) {
            // The brackets around a single choice hold it together.
            return match (words.len(), loose && inside) {
                (1, true) => words[0][1..words[0].len() - 1].replace(" | ", "|"),
                _ => words.join(" "),
            };
        }
        let mut choice = vec![item_text(rest)];
        while let Some(behind) = rest.strip_prefix('|') {
            *rest = behind;
            choice.push(item_text(rest));
        }
        let long = choice.len() > 1 && choice.iter().any(|c| c.contains(' '));
        loose |= long;
        words.push(if long { format!("<{}>", choice.join(" | ")) } else { choice.join("|") });
    }
}

fn item_text(rest: &mut &str) -> String {
    let optional = rest.starts_with('[');
    let item = if optional || rest.starts_with('(') {
        *rest = &rest[1..];
        let inner = sequence_text(rest, optional);
        *rest = rest.get(1..).unwrap_or_default();
        if optional { format!("[{inner}]") } else { inner }
    } else {
        let end = rest.find([' ', '|', ')', ']', '[', '(']).unwrap_or(rest.len());
        let end = rest[..end].find("...").unwrap_or(end);
        let (word, behind) = rest.split_at(end);
        *rest = behind;
        word.to_owned()
    };
    match rest.strip_prefix("...") {
        Some(behind) => {
            *rest = behind;
            format!("{item} [{item} ...]")
        }
        None => item,
    }
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
            ("key (BY radius M|KM)|(BOX width) [ASC]", "key <BY radius M|KM | BOX width> [ASC]"),
            ("[(MAXLEN|MINID [=|~] threshold)]", "[MAXLEN|MINID [=|~] threshold]"),
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
