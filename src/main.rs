//! The `retune` command.

use std::process::ExitCode;

// One thread asks and answers; what takes long, files and pages, is read on
// others. A pool of threads for the asking would only hand every answer on.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    retune::cli::main().await.into()
}
