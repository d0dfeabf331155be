//! `retune prompt`.

#[path = "prompt/answers.rs"]
mod answers;
#[path = "prompt/many.rs"]
mod many;
#[path = "prompt/resuming.rs"]
mod resuming;
#[path = "prompt/service.rs"]
mod service;
#[path = "prompt/streaming.rs"]
mod streaming;
#[path = "prompt/trouble.rs"]
mod trouble;
#[path = "prompt/whom.rs"]
mod whom;

use crate::model::model;
use crate::world::World;

/// A world with one tuned model, `faq`.
fn tuned() -> World {
    let world = World::new();
    world.wants(model("faq")).does("apply --yes").later("3h");
    world
}

/// `retune prompt faq` with these arguments, as they are.
fn ask(world: &World, arguments: &[&str]) -> String {
    let all: Vec<&str> = ["prompt", "faq"].iter().chain(arguments).copied().collect();
    world.shown(&world.command(&all).output().unwrap())
}

/// How many questions came to the emulator so far.
fn questions(world: &World) -> usize {
    let log = crate::server::get(world.url(), "/emulator/log");
    log.matches("enerateContent").count()
}
