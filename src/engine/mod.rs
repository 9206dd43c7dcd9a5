//! One instance as a plain synchronous library.
//!
//! In: the time with every input (bytes of a connection, a dial's outcome, pieces of a file, a
//! timer, the end of a turn). Out: effects to carry out, slices to write, facts that tell what
//! happened. Never in here: sockets, files, threads, tokio, the operating system's clock or random
//! numbers, and words for the screen.
pub mod keyspace;
