//! Lines with blanks, written as text.
//!
//! | In a pattern | Gives |
//! |---|---|
//! | `LPUSH` | the word itself |
//! | `<key>` | what the item of that name gives, see `items.rs` and the family's own |
//! | `<key=k>`, later `<$k>` | an item's words, and the same words again |
//! | `(LEFT\|RIGHT)` | one of these |
//! | `[NX\|EX 100]` | one of these or none |
//! | `(<value>)+`, `[..]*` | once or more; any number of times |
//! | `(..)++` | as `+`, and now and then some hundred times, over every limit of an encoding |
//! | ` ; ` | the end of a line: what follows is the next line of the same group |

use super::dice::Dice;
use std::collections::BTreeMap;

/// The words of one line.
pub type Words = Vec<Vec<u8>>;

/// A pattern, read.
pub struct Pattern {
    lines: Vec<Vec<Node>>,
}

enum Node {
    Word(Vec<u8>),
    Item { name: String, bind: Option<String> },
    Again(String),
    Choice { of: Vec<Vec<Node>>, none: bool, repeat: Repeat },
}

#[derive(Clone, Copy)]
enum Repeat {
    Once,
    Some,
    Any,
    Many,
}

impl Pattern {
    /// Reads a pattern. Panics on one that is not well formed: it is part of the test's own text.
    pub fn read(text: &str) -> Pattern {
        let lines = text.split(" ; ").map(|line| {
            let mut rest = line.trim();
            let nodes = sequence(&mut rest);
            assert!(rest.is_empty(), "{text}: cannot read {rest:?}");
            nodes
        });
        Pattern { lines: lines.collect() }
    }

    /// Whether it is a group of several lines, which belong together.
    pub fn is_group(&self) -> bool {
        self.lines.len() > 1
    }

    /// Lines with every blank filled in by `item`.
    pub fn fill(
        &self,
        dice: &mut Dice,
        item: &mut dyn FnMut(&str, &mut Dice, &mut Words),
    ) -> Vec<Words> {
        let mut bound = BTreeMap::new();
        let mut fill = |nodes| {
            let mut words = Words::new();
            write(nodes, dice, item, &mut bound, &mut words);
            words
        };
        self.lines.iter().map(|nodes| fill(nodes)).collect()
    }
}

fn sequence(rest: &mut &str) -> Vec<Node> {
    let mut nodes = Vec::new();
    loop {
        *rest = rest.trim_start();
        match rest.chars().next() {
            None | Some('|' | ')' | ']') => return nodes,
            Some('<') => {
                let (name, after) = rest[1..].split_once('>').expect("an item ends with >");
                *rest = after;
                nodes.push(match (name.strip_prefix('$'), name.split_once('=')) {
                    (Some(bound), _) => Node::Again(bound.to_owned()),
                    (_, Some((name, bind))) => {
                        Node::Item { name: name.to_owned(), bind: Some(bind.to_owned()) }
                    }
                    _ => Node::Item { name: name.to_owned(), bind: None },
                });
            }
            Some(open @ ('(' | '[')) => {
                *rest = &rest[1..];
                let mut of = vec![sequence(rest)];
                while let Some(after) = rest.strip_prefix('|') {
                    *rest = after;
                    of.push(sequence(rest));
                }
                let close = if open == '(' { ')' } else { ']' };
                *rest = rest.strip_prefix(close).expect("a bracket is closed");
                let mut repeat = Repeat::Once;
                for (mark, meaning) in
                    [("++", Repeat::Many), ("+", Repeat::Some), ("*", Repeat::Any)]
                {
                    if let Some(after) = rest.strip_prefix(mark) {
                        (*rest, repeat) = (after, meaning);
                        break;
                    }
                }
                nodes.push(Node::Choice { of, none: open == '[', repeat });
            }
            Some(_) => {
                let end = rest.find([' ', '|', ')', ']']).unwrap_or(rest.len());
                nodes.push(Node::Word(rest.as_bytes()[..end].to_vec()));
                *rest = &rest[end..];
            }
        }
    }
}

fn write(
    nodes: &[Node],
    dice: &mut Dice,
    item: &mut dyn FnMut(&str, &mut Dice, &mut Words),
    bound: &mut BTreeMap<String, Words>,
    words: &mut Words,
) {
    for node in nodes {
        match node {
            Node::Word(word) => words.push(word.clone()),
            Node::Again(name) => words.extend(bound[name].iter().cloned()),
            Node::Item { name, bind } => {
                let before = words.len();
                item(name, dice, words);
                if let Some(bind) = bind {
                    bound.insert(bind.clone(), words[before..].to_vec());
                }
            }
            Node::Choice { of, none, repeat } => {
                let mut times = match repeat {
                    Repeat::Once => 1,
                    Repeat::Some => 1 + few(dice),
                    Repeat::Any => few(dice),
                    Repeat::Many if dice.one_in(60) => 100 + dice.below(500),
                    Repeat::Many => 1 + 2 * few(dice),
                };
                if *none && matches!(repeat, Repeat::Once) && dice.one_in(2) {
                    times = 0;
                }
                for _ in 0..times {
                    let which = dice.below(of.len());
                    write(&of[which], dice, item, bound, words);
                }
            }
        }
    }
}

/// 0 mostly, 1 often, seldom more.
fn few(dice: &mut Dice) -> usize {
    let mut n = 0;
    while n < 6 && dice.one_in(2) {
        n += 1;
    }
    n
}
