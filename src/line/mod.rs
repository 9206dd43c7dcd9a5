//! (room: line)
