//! Which tuned model a job is a run of, for what is shown.

use std::collections::HashMap;

use super::{Desired, Name, Observed};

/// Whose a job is: by its labels, or because a manifest adopts it.
#[derive(Debug)]
pub struct Belonging<'a> {
    owner: &'a Name,
    /// By location and id: a manifest may write the project's id, and the
    /// listing writes its number.
    adopted: HashMap<(&'a str, &'a str), &'a Name>,
}

impl<'a> Belonging<'a> {
    /// Of the tuned models of `owner`, which are `desired`.
    pub fn new(owner: &'a Name, desired: &'a [Desired]) -> Self {
        let adopted = desired.iter().filter_map(|desired| {
            let job = desired.lifecycle.adopt.as_ref()?;
            Some(((job.location(), job.id()), &desired.key.name))
        });
        Self { owner, adopted: adopted.collect() }
    }

    /// The name of the tuned model that a job is a run of.
    pub fn name<'j>(&self, job: &'j Observed) -> Option<&'j Name>
    where
        'a: 'j,
    {
        let ours = job.stamp.as_ref().filter(|stamp| stamp.owner == *self.owner);
        let name = ours.map(|stamp| &stamp.name);
        if self.adopted.is_empty() {
            return name;
        }
        self.adopted.get(&(job.name.location(), job.name.id())).copied().or(name)
    }
}
