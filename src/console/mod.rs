//! (room: console)
