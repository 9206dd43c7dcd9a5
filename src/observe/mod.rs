//! (room: observe)
