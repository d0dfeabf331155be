//! cli

pub mod emulator;
pub mod init;
mod said;
pub mod schema;
pub mod validate;

pub use said::Said;
