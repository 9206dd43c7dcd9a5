//! Questions that lesson goals and waiting conditions ask, answered from the fold alone.

use super::{KeyView, Life, Model};
use crate::observe::Role;

impl Model {
    /// A field by INFO's name, as INFO would print it; `up` is `yes` or `no`. `None`: there is no
    /// such instance, or the field is absent in this state (as `master_host` is on a master).
    pub fn field(&self, port: u16, name: &str) -> Option<String> {
        let i = self.instances.get(&port)?;
        // Who never came up has no role and no offset; only that it is not up can be told.
        if matches!(i.life, Life::Failed { .. }) && name != "up" {
            return None;
        }
        let replica = i.role == Role::Replica;
        Some(match name {
            "up" => (if i.is_up() { "yes" } else { "no" }).to_string(),
            "role" => (if replica { "slave" } else { "master" }).to_string(),
            "master_link_status" if replica => {
                (if i.is_up() && i.link_is_up() { "up" } else { "down" }).to_string()
            }
            "master_host" if replica => i.master.as_ref()?.host.clone(),
            "master_port" if replica => i.master.as_ref()?.port.to_string(),
            "slave_repl_offset" if replica => i.offset.to_string(),
            "connected_slaves" => i.attached().count().to_string(),
            "master_repl_offset" => i.offset.to_string(),
            "master_replid" => i.ids.replid.to_string(),
            "master_replid2" => i.ids.replid2.to_string(),
            "second_repl_offset" => i.ids.second_offset.to_string(),
            "repl_backlog_active" => u8::from(i.backlog.is_active()).to_string(),
            "repl_backlog_size" if i.backlog.is_active() => i.backlog.size.to_string(),
            "repl_backlog_first_byte_offset" => i.backlog.first.to_string(),
            "repl_backlog_histlen" => i.backlog.histlen.to_string(),
            "sync_full" => i.counters.sync_full.to_string(),
            "sync_partial_ok" => i.counters.sync_partial_ok.to_string(),
            "sync_partial_err" => i.counters.sync_partial_err.to_string(),
            "connected_clients" => i.clients.len().to_string(),
            _ => {
                // `db0.keys`, and the number of expiring ones.
                let (db, what) = name.strip_prefix("db")?.split_once('.')?;
                let db = i.dbs.get(&db.parse().ok()?);
                match what {
                    "keys" => db.map_or(0, |db| db.keys).to_string(),
                    "expires" => db.map_or(0, |db| db.expires).to_string(),
                    _ => return None,
                }
            }
        })
    }

    /// What is known of a key, by its name as a preview shows it.
    pub fn key(&self, port: u16, db: u32, name: &str) -> Option<&KeyView> {
        // Previews of different keys can read alike; a cut one cannot be told from its likes.
        let known = &self.instances.get(&port)?.dbs.get(&db)?.known;
        known.iter().find(|(key, _)| key.text() == name && !key.is_cut()).map(|(_, view)| view)
    }

    /// Whether a file or folder of the workspace exists, by its virtual path.
    pub fn file_exists(&self, path: &str) -> bool {
        self.files.contains(path)
    }

    /// The workspace's files and folders, as virtual paths in order.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(String::as_str)
    }

    /// Whether a goal of a lesson was ticked.
    pub fn goal_ticked(&self, lesson: &str, goal: usize) -> bool {
        self.goals.contains(&(lesson.to_string(), goal))
    }
}
