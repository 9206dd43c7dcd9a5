//! The lessons that come with the program.

use super::{Lesson, LessonError};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "lessons/"]
#[include = "*.md"]
struct Embedded;

/// All lessons of the program, in the order of their numbers, for a lab on these ports.
///
/// # Errors
/// A lesson file that does not parse; the tests hold that none is shipped.
pub fn library(ports: [u16; 3]) -> Result<Vec<Lesson>, LessonError> {
    let mut lessons = Vec::new();
    for name in Embedded::iter() {
        let file = Embedded::get(&name).ok_or_else(|| LessonError::missing(&name))?;
        let text = std::str::from_utf8(&file.data).map_err(|_| LessonError::not_text(&name))?;
        lessons.push(Lesson::parse(&name, text, ports)?);
    }
    lessons.sort_by_key(|l| l.number);
    Ok(lessons)
}

/// The lesson with this id or number.
///
/// # Errors
/// No such lesson: the error lists what there is.
pub fn find(id: &str, ports: [u16; 3]) -> Result<Lesson, LessonError> {
    let all = library(ports)?;
    let known: Vec<String> = all.iter().map(|l| l.id.clone()).collect();
    all.into_iter()
        .find(|l| l.id == id || l.number.to_string() == id)
        .ok_or_else(|| LessonError::unknown(id, &known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_lesson_parses() {
        let lessons = library([6380, 6381, 6382]).expect("the lessons that we ship");
        assert!(lessons.iter().any(|l| l.id == "walk-through"));
    }

    #[test]
    fn the_text_follows_the_ports() {
        let lesson = find("walk-through", [7000, 7001, 7002]).expect("the walk-through");
        let all = format!("{lesson:?}");
        assert!(!all.contains("6380") && !all.contains("6381") && !all.contains("6382"));
        // The page's brace form names the ports too.
        assert!(all.contains("/data/700{0..2}"), "{all}");
    }

    #[test]
    fn an_unknown_lesson_lists_what_there_is() {
        let error = find("walkthrough", [6380, 6381, 6382]).expect_err("no such id");
        assert!(error.to_string().contains("walk-through"), "{error}");
    }
}
