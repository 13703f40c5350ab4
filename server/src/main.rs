//! The `parterre` command.

use std::process::ExitCode;

use parterre::cli::{Cli, Command};
use parterre::telemetry;

fn main() -> ExitCode {
    let cli = Cli::read();
    let serves = matches!(cli.command, Command::Serve(_));
    telemetry::init(if serves { telemetry::SHOP } else { telemetry::COMMAND });
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("Parterre cannot start its threads: {error}.");
            return ExitCode::FAILURE;
        }
    };
    runtime.block_on(parterre::cli::run(cli))
}
