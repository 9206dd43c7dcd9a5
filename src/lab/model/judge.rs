//! What a PSYNC would come to if it were sent now: the numbers as the facts told them, judged by
//! the very rule that masters judge by.

use super::Instance;
use crate::observe::{Decision, Offset, Role, Standing};

impl Instance {
    /// What it would ask for if it dialled a master now: an id and the first byte that it lacks.
    /// `?` and -1: it has no history to go on from, because a snapshot is on its way in.
    pub fn would_ask(&self) -> (String, Offset) {
        if self.asks_anew {
            return ("?".into(), Offset(-1));
        }
        // A replica carries the id of its master's history; a master that is told to follow
        // offers its own.
        (self.ids.replid.to_string(), self.offset + 1)
    }

    /// How it would judge a PSYNC of `replica`.
    pub fn would_judge(&self, replica: &Instance) -> Decision {
        let (asked_id, asked_offset) = replica.would_ask();
        let backlog =
            self.backlog.is_active().then_some((self.backlog.first, self.backlog.histlen));
        let (replid, replid2) = (self.ids.replid, self.ids.replid2);
        let second_offset = self.ids.second_offset;
        let standing = Standing { replid, replid2, second_offset, backlog };
        let verdict = standing.judge(asked_id.as_bytes(), asked_offset);
        Decision {
            asked_id,
            asked_offset,
            replid,
            replid2,
            second_offset,
            backlog,
            master_offset: self.offset,
            verdict,
        }
    }

    /// Whether it would answer a PSYNC with `-NOMASTERLINK`: a replica has nothing to hand on
    /// while its own link is down.
    pub fn refuses_psync(&self) -> bool {
        self.role == Role::Replica && !self.link_is_up()
    }
}
