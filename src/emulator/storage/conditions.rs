//! Preconditions on generations.

use super::object::Object;
use super::params::Params;
use super::refusal::Refusal;

/// What must hold for a request to be carried out.
///
/// Generation 0 stands for "no object", so that `ifGenerationMatch=0` means
/// "create, but do not overwrite".
#[derive(Debug, Clone, Default)]
pub(crate) struct Conditions {
    generation_match: Option<u64>,
    generation_not_match: Option<u64>,
    metageneration_match: Option<u64>,
    metageneration_not_match: Option<u64>,
}

impl Conditions {
    /// The conditions in a query string.
    pub(crate) fn from_params(params: &Params) -> Result<Self, Refusal> {
        Ok(Self {
            generation_match: params.number("ifGenerationMatch")?,
            generation_not_match: params.number("ifGenerationNotMatch")?,
            metageneration_match: params.number("ifMetagenerationMatch")?,
            metageneration_not_match: params.number("ifMetagenerationNotMatch")?,
        })
    }

    /// Only the generation has to match.
    pub(crate) fn generation(generation: u64) -> Self {
        Self { generation_match: Some(generation), ..Self::default() }
    }

    /// For a read: what differs is a failed condition, what does not differ
    /// is "not modified".
    pub(crate) fn check_read(&self, object: &Object) -> Result<(), Refusal> {
        if !self.matches(Some(object)) {
            Err(Refusal::Condition)
        } else if !self.differs(Some(object)) {
            Err(Refusal::NotModified)
        } else {
            Ok(())
        }
    }

    /// For a write: either way the condition failed.
    pub(crate) fn check_write(&self, object: Option<&Object>) -> Result<(), Refusal> {
        if self.matches(object) && self.differs(object) { Ok(()) } else { Err(Refusal::Condition) }
    }

    fn matches(&self, object: Option<&Object>) -> bool {
        let generation = object.map_or(0, |object| object.generation);
        self.generation_match.is_none_or(|wanted| wanted == generation)
            && self
                .metageneration_match
                .is_none_or(|wanted| object.is_some_and(|object| object.metageneration == wanted))
    }

    fn differs(&self, object: Option<&Object>) -> bool {
        let generation = object.map_or(0, |object| object.generation);
        self.generation_not_match.is_none_or(|unwanted| unwanted != generation)
            && self.metageneration_not_match.is_none_or(|unwanted| {
                object.is_none_or(|object| object.metageneration != unwanted)
            })
    }
}
