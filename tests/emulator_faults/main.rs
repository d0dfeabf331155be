//! Every fault over a real socket: what the client gets, and what the world
//! did. Time stands still until a test moves it.

mod answers;
mod holds;
mod lists;
mod rules;
mod times;
mod world;
