//! `retune` on the command line.

use clap::Parser;

#[derive(Parser)]
enum Command {
    /// A Vertex AI tuning service and a small Cloud Storage on loopback
    Emulator(retune::cli::emulator::Args),
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let Command::Emulator(args) = Command::parse();
    Ok(retune::cli::emulator::run(args).await?)
}
