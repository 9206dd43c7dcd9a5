//! (room: lab)
