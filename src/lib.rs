//! synclab: an interactive lab for Redis replication. The rooms, from the bytes up:
pub mod console;
pub mod engine;
pub mod lab;
pub mod lesson;
pub mod line;
pub mod node;
pub mod observe;
pub mod sim;
pub mod transcript;
pub mod tui;
pub mod wire;
