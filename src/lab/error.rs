use std::fmt;

/// Something that the lab could not do: which kind, why, and what to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabError {
    pub kind: LabErrorKind,
    /// One sentence, as a shell would say it.
    pub cause: String,
    /// The next step, if there is one.
    pub hint: Option<String>,
}

/// What an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabErrorKind {
    /// A path of the workspace: not there, not a folder, outside of `/data`.
    Path,
    /// The session's folder itself.
    Workspace,
    /// A port is taken.
    Port,
    /// There is no such instance, or it is not in that state.
    Instance,
    /// A conf file or a directive.
    Config,
    /// A link or what is done to it.
    Link,
    /// Slow motion.
    Time,
    /// The session was closed.
    Closed,
}

impl LabError {
    pub fn new(kind: LabErrorKind, cause: impl Into<String>) -> LabError {
        LabError { kind, cause: cause.into(), hint: None }
    }

    pub fn hint(mut self, hint: impl Into<String>) -> LabError {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for LabError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.cause)?;
        match &self.hint {
            Some(hint) => write!(f, "\n{hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for LabError {}
