//! (room: node)
