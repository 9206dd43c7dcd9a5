//! rename-command: names that commands have here instead of their own.

use super::Engine;
use super::command::table::{self, Entry};
use std::collections::BTreeMap;

/// New names with the command's own name, and names that were taken away (`None`). Lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Renamed(BTreeMap<Vec<u8>, Option<&'static str>>);

impl Renamed {
    /// The command that goes by this name.
    pub(crate) fn lookup(&self, name: &[u8]) -> Option<&'static Entry> {
        if self.0.is_empty() {
            return table::lookup(name);
        }
        match self.0.get(&name.to_ascii_lowercase()) {
            Some(own) => own.and_then(|own| table::lookup(own.as_bytes())),
            None => table::lookup(name),
        }
    }

    /// Gives a command another name; an empty one takes it away altogether.
    pub(crate) fn rename(&mut self, from: &[u8], to: &[u8]) -> Result<(), &'static str> {
        let Some(entry) = self.lookup(from) else {
            return Err("No such command in rename-command");
        };
        if !to.is_empty() && self.lookup(to).is_some() {
            return Err("Target command name already exists");
        }
        self.0.insert(from.to_ascii_lowercase(), None);
        if !to.is_empty() {
            self.0.insert(to.to_ascii_lowercase(), Some(entry.spec.name));
        }
        Ok(())
    }
}

impl Engine {
    /// The command that goes by this name here.
    #[inline]
    pub(crate) fn command(&self, name: &[u8]) -> Option<&'static Entry> {
        self.config.renamed.lookup(name)
    }
}

#[cfg(test)]
mod tests {
    use super::Renamed;

    #[test]
    fn a_renamed_command_goes_by_its_new_name_only() {
        let mut r = Renamed::default();
        let name = |r: &Renamed, n: &[u8]| r.lookup(n).map(|e| e.spec.name);
        assert_eq!(r.rename(b"CONFIG", b"Hidden"), Ok(()));
        assert_eq!(r.rename(b"flushall", b""), Ok(()));
        assert_eq!((name(&r, b"config"), name(&r, b"hIDDEN")), (None, Some("config")));
        assert_eq!(name(&r, b"FLUSHALL"), None);
        assert_eq!(r.rename(b"config", b"x"), Err("No such command in rename-command"));
        assert_eq!(r.rename(b"get", b"SET"), Err("Target command name already exists"));
        assert_eq!(r.rename(b"hidden", b"config"), Ok(()));
        assert_eq!((name(&r, b"config"), name(&r, b"hidden")), (Some("config"), None));
    }
}
