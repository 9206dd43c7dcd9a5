//! (room: transcript)
