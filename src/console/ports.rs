//! Texts name the usual ports; a lab that has others says its own.

/// `text` with 6380, 6381 and 6382 replaced by `ports`, and 6383 by the port behind them. The brace form `638{0..2}` cannot be kept
/// for any other three ports, so it is spelled out.
pub fn in_lab(text: &str, ports: [u16; 3]) -> String {
    if ports == [6380, 6381, 6382] {
        return text.to_owned();
    }
    let braces = match ports[0] % 10 {
        last @ 0..=7 => format!("{}{{{}..{}}}", ports[0] / 10, last, last + 2),
        _ => format!("{{{},{},{}}}", ports[0], ports[1], ports[2]),
    };
    let mut text = text.replace("638{0..2}", "\u{1}b\u{1}");
    // By way of marks that no text contains, in case one set of ports overlaps the other.
    // The fourth is the first that one would add.
    for (i, port) in ["6380", "6381", "6382", "6383"].into_iter().enumerate() {
        text = text.replace(port, &format!("\u{1}{i}\u{1}"));
    }
    let fourth = ports[2].checked_add(1).unwrap_or(ports[0] - 1);
    for (i, port) in ports.into_iter().chain([fourth]).enumerate() {
        text = text.replace(&format!("\u{1}{i}\u{1}"), &port.to_string());
    }
    text.replace("\u{1}b\u{1}", &braces)
}

#[cfg(test)]
mod tests {
    use super::in_lab;

    #[test]
    fn texts_follow_the_ports() {
        let text = "mkdir /data/638{0..2}, 6380 6381 6382";
        assert_eq!(in_lab(text, [6380, 6381, 6382]), text);
        assert_eq!(in_lab(text, [6381, 6382, 6383]), "mkdir /data/638{1..3}, 6381 6382 6383");
        assert_eq!(in_lab(":add 6383", [7008, 7009, 7010]), ":add 7011");
        assert_eq!(
            in_lab(text, [7008, 7009, 7010]),
            "mkdir /data/{7008,7009,7010}, 7008 7009 7010"
        );
    }
}
