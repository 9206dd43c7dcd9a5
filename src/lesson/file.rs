//! A lesson file: `+++`, TOML, `+++`, Markdown.

use super::Condition;
use serde::Deserialize;
use thiserror::Error;

/// How a lesson's `/data` begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Begin {
    /// Empty.
    Bare,
    /// Three masters up, as in the free lab.
    #[default]
    Masters,
}

/// One lesson, its ports already those of the running lab.
#[derive(Clone, Debug)]
pub struct Lesson {
    pub id: String,
    pub number: u32,
    pub title: String,
    pub summary: String,
    pub begin: Begin,
    pub goals: Vec<Goal>,
    /// What to read, in order; a section belongs to a goal.
    pub sections: Vec<Section>,
}

/// Something that must come to hold. Once it held, it stays ticked.
#[derive(Clone, Debug)]
pub struct Goal {
    pub id: String,
    pub text: String,
    /// All of them at the same moment.
    pub when: Vec<Condition>,
    pub hints: Vec<String>,
    /// Console lines that reach the goal from the one before it.
    pub solution: String,
}

/// A part of the lesson's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    pub heading: String,
    /// The goal that this text leads to.
    pub goal: Option<usize>,
    /// Markdown.
    pub body: String,
}

/// What is wrong with a lesson file, and what to do about it.
#[derive(Debug, Error)]
#[error("{file}: {problem}\n  {hint}")]
pub struct LessonError {
    pub file: String,
    pub problem: String,
    pub hint: String,
}

impl LessonError {
    fn new(file: &str, problem: impl Into<String>, hint: impl Into<String>) -> LessonError {
        LessonError { file: file.to_owned(), problem: problem.into(), hint: hint.into() }
    }

    pub(super) fn missing(file: &str) -> LessonError {
        LessonError::new(file, "the file cannot be read", "is it still in lessons/?")
    }

    pub(super) fn not_text(file: &str) -> LessonError {
        LessonError::new(file, "not UTF-8 text", "save the file as UTF-8")
    }

    pub(super) fn unknown(id: &str, known: &[String]) -> LessonError {
        LessonError::new(
            "lessons",
            format!("there is no lesson '{id}'"),
            format!("there is: {}", known.join(", ")),
        )
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Front {
    id: String,
    number: u32,
    title: String,
    summary: String,
    #[serde(default)]
    begin: Begin,
    #[serde(rename = "goal")]
    goals: Vec<FrontGoal>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FrontGoal {
    id: String,
    text: String,
    when: Vec<String>,
    hints: Vec<String>,
    solution: String,
}

impl Lesson {
    /// Reads a lesson. `name` is named in errors; 6380, 6381 and 6382 in the text become `ports`.
    ///
    /// # Errors
    /// No front matter, bad TOML, a goal without a condition, a condition that cannot be read, a
    /// section that names no goal: each with the place and what to do.
    pub fn parse(name: &str, text: &str, ports: [u16; 3]) -> Result<Lesson, LessonError> {
        let text = crate::console::ports::in_lab(text, ports);
        let (front, body) = split(&text).ok_or_else(|| {
            let hint = "a lesson begins with a line +++, TOML, and a second line +++";
            LessonError::new(name, "no front matter", hint)
        })?;
        let front: Front = toml::from_str(front)
            .map_err(|e| LessonError::new(name, e.to_string(), "mend the front matter"))?;
        let mut goals = Vec::with_capacity(front.goals.len());
        for goal in front.goals {
            goals.push(read_goal(name, goal)?);
        }
        if goals.is_empty() {
            return Err(LessonError::new(name, "no goal", "add at least one [[goal]]"));
        }
        let sections = read_sections(name, body, &goals)?;
        Ok(Lesson {
            id: front.id,
            number: front.number,
            title: front.title,
            summary: front.summary,
            begin: front.begin,
            goals,
            sections,
        })
    }

    /// The text that leads to a goal.
    pub fn section_of(&self, goal: usize) -> Option<&Section> {
        self.sections.iter().find(|s| s.goal == Some(goal))
    }

    /// What is said once every goal is reached: the last section, if it belongs to no goal.
    pub fn closing(&self) -> Option<&Section> {
        self.sections.last().filter(|s| s.goal.is_none())
    }

    /// All solutions in order: what solves the lesson from its beginning.
    pub fn solution(&self) -> String {
        self.goals.iter().map(|g| g.solution.trim()).collect::<Vec<_>>().join("\n") + "\n"
    }
}

fn read_goal(name: &str, goal: FrontGoal) -> Result<Goal, LessonError> {
    let place = format!("goal '{}'", goal.id);
    if goal.when.is_empty() {
        let problem = format!("{place} has no condition");
        return Err(LessonError::new(name, problem, "give it a `when` with at least one line"));
    }
    let mut when = Vec::with_capacity(goal.when.len());
    for line in &goal.when {
        let condition = line.parse::<Condition>().map_err(|e| {
            LessonError::new(name, format!("{place}: {}", e.problem), e.hint.clone())
        })?;
        when.push(condition);
    }
    Ok(Goal { id: goal.id, text: goal.text, when, hints: goal.hints, solution: goal.solution })
}

fn split(text: &str) -> Option<(&str, &str)> {
    let rest = text.trim_start_matches('\u{feff}').strip_prefix("+++")?;
    let rest = rest.trim_start_matches([' ', '\r']).strip_prefix('\n')?;
    let end = rest.find("\n+++")?;
    let body = &rest[end + 4..];
    Some((&rest[..end], body.split_once('\n').map_or("", |(_, b)| b)))
}

/// Cuts the Markdown at its `## ` headings; `{goal-id}` at a heading's end ties it to a goal.
fn read_sections(name: &str, body: &str, goals: &[Goal]) -> Result<Vec<Section>, LessonError> {
    let mut sections: Vec<Section> = Vec::new();
    let mut in_code = false;
    for line in body.lines() {
        if line.starts_with("```") {
            in_code = !in_code;
        }
        if let Some(heading) = line.strip_prefix("## ").filter(|_| !in_code) {
            let (heading, goal) = match heading.trim_end().strip_suffix('}') {
                Some(rest) => {
                    let (heading, id) = rest.rsplit_once('{').unwrap_or((rest, ""));
                    let goal = goals.iter().position(|g| g.id == id).ok_or_else(|| {
                        let known: Vec<&str> = goals.iter().map(|g| g.id.as_str()).collect();
                        let problem = format!("section '{}' names goal '{id}'", heading.trim());
                        LessonError::new(name, problem, format!("there is: {}", known.join(", ")))
                    })?;
                    (heading.trim(), Some(goal))
                }
                None => (heading.trim(), None),
            };
            let heading = heading.to_owned();
            sections.push(Section { heading, goal, body: String::new() });
        } else if let Some(section) = sections.last_mut() {
            section.body.push_str(line);
            section.body.push('\n');
        }
    }
    for section in &mut sections {
        section.body = section.body.trim_matches('\n').to_owned();
    }
    Ok(sections)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = "+++\nid = \"x\"\nnumber = 9\ntitle = \"T\"\nsummary = \"S\"\n[[goal]]\n\
        id = \"g\"\ntext = \"up\"\nwhen = [\"6380.role == master\"]\nhints = [\"h\"]\n\
        solution = \"redis-server /data/6380/redis.conf\"\n+++\n# T\n\n## Do it {g}\nNow.\n";

    #[test]
    fn a_lesson_is_read() {
        let lesson = Lesson::parse("x.md", SMALL, [6380, 6381, 6382]).expect("a good lesson");
        assert_eq!(lesson.goals[0].text, "up");
        assert_eq!(lesson.begin, Begin::Masters);
        let section = lesson.section_of(0).expect("its text");
        assert_eq!((section.heading.as_str(), section.body.as_str()), ("Do it", "Now."));
    }

    #[test]
    fn overlapping_ports_do_not_mix() {
        let lesson = Lesson::parse("x.md", SMALL, [6381, 6382, 6383]).expect("a good lesson");
        assert!(lesson.goals[0].solution.contains("/data/6381/"));
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let ports = [6380, 6381, 6382];
        let no_front = Lesson::parse("x.md", "# hello", ports).expect_err("no front matter");
        assert!(no_front.to_string().starts_with("x.md: no front matter"), "{no_front}");
        let bad = SMALL.replace("6380.role == master", "6380 role master");
        let error = Lesson::parse("x.md", &bad, ports).expect_err("a bad condition");
        assert!(error.to_string().contains("goal 'g'"), "{error}");
        let bad = SMALL.replace("{g}", "{other}");
        let error = Lesson::parse("x.md", &bad, ports).expect_err("an unknown goal");
        assert!(error.to_string().contains("there is: g"), "{error}");
    }
}
