//! What XINFO STREAM tells of Redis's radix tree, for a stream that is kept in another way.

use super::log::Log;

/// A key's length: a master ID.
const KEY: usize = 16;

impl Log {
    /// How many nodes a radix tree with the master IDs as keys has. Chains without a branch are
    /// one node; every key ends in a node of its own; the root is always there.
    pub fn radix_nodes(&self) -> usize {
        let mut count = 0;
        // Depths of the branching nodes on the way to the last key, the deepest one last. A key
        // hangs on the deeper of the branches that it shares with its neighbours.
        let mut branches: Vec<usize> = Vec::new();
        let mut last: Option<[u8; KEY]> = None;
        for (id, _) in self.nodes() {
            let key = id.to_bytes();
            if let Some(last) = last {
                let shared = last.iter().zip(&key).take_while(|(a, b)| a == b).count();
                // The last key's leaf hangs at its own place; branches deeper than what the two
                // keys share are complete now.
                let above = branches.last().copied().filter(|depth| *depth >= shared);
                count += leaf(above.unwrap_or(shared));
                while let Some(depth) = branches.pop_if(|depth| *depth > shared) {
                    let parent = branches.last().map_or(shared, |parent| shared.max(*parent));
                    count += 1 + chain(depth - parent - 1);
                }
                if branches.last() != Some(&shared) {
                    branches.push(shared);
                }
            }
            last = Some(key);
        }
        match (last, branches.last()) {
            (None, _) => return 1,
            (Some(_), None) => return 2,
            (Some(_), Some(depth)) => count += leaf(*depth),
        }
        while let Some(depth) = branches.pop() {
            count += 1;
            count += match branches.last() {
                Some(parent) => chain(depth - parent - 1),
                None => chain(depth),
            };
        }
        count
    }
}

/// The nodes below the branch at `depth` down to a key's end.
fn leaf(depth: usize) -> usize {
    1 + chain(KEY - depth - 1)
}

/// Bytes that lead to one node only are kept in one, however many.
fn chain(bytes: usize) -> usize {
    usize::from(bytes > 0)
}
