//! The first files of a new directory.
