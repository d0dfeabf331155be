//! The `retune` command.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    retune::cli::main().await.into()
}
