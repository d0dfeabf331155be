//! What a plan is a function of, and what its digest covers.

use super::world::{World, name};
use crate::model::JobState::{Running, Succeeded};

fn busy() -> World {
    World::new()
        .wants("a", 4)
        .has("a", 3, Running)
        .wants("b", 3)
        .has("b", 3, Running)
        .has("b", 3, Running)
        .wants("c", 1)
        .has("old", 2, Running)
}

#[test]
fn the_order_of_files_and_rows_changes_nothing() {
    let world = busy();
    let mut shuffled = world.clone();
    shuffled.desired.reverse();
    shuffled.jobs.rotate_left(2);
    assert_eq!(world.plan(), shuffled.plan());
}

#[test]
fn the_digest_covers_actions_and_nothing_that_changes_by_itself() {
    let world = busy();
    let digest = world.plan().digest();
    let later = world.clone().policy(|p| p.revision = Some(7)).has("d", 8, Succeeded);
    assert_eq!(later.plan().digest(), digest);
    let other_body = busy().but(|d| d.spec.description = Some("x".into()));
    assert_ne!(other_body.plan().digest(), digest);
    let mut fewer = busy();
    fewer.jobs.remove(2);
    assert_ne!(fewer.plan().digest(), digest);
}

#[test]
fn only_leaves_the_others_out_but_knows_that_they_exist() {
    let world = busy().policy(|p| p.only = [name("c")].into());
    assert_eq!(world.decides(), ["create c missing"]);
    // `a` still has a manifest: its run of this spec is no rename.
    let twin = World::new()
        .wants("a", 3)
        .has("a", 3, Succeeded)
        .wants("c", 3)
        .policy(|p| p.only = [name("c")].into());
    assert_eq!(twin.decides(), ["create c missing"]);
}
