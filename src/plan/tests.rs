//! One test for each rule, reason and hold, then a table over small worlds.

mod cures;
mod exhaustive;
mod holds;
mod limits;
mod order;
mod reasons;
mod shown;
mod survivors;
mod world;
