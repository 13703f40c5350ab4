//! `parterre chart check|import`: says what is odd about a seating plan, and takes it in.

use std::path::Path;
use std::process::ExitCode;

use domain::chart::import::{ChartError, Imported, Limits, UNUSABLE, import, verdict};

use super::Chart;
use super::database::{Database, Role};
use crate::clock::SystemClock;
use crate::{demo, wiring};

/// Runs the command: 0 for a usable plan, 2 for one that is not, 1 where that could not be found out.
pub(crate) async fn run(command: &Chart) -> ExitCode {
    let (Chart::Check { file } | Chart::Import { file, .. }) = command;
    let read = match read(file) {
        Ok(read) => read,
        Err(sentence) => return failed(&sentence),
    };
    let Chart::Import { config, .. } = command else {
        let (text, code) = verdict(&read);
        print!("{text}");
        return ExitCode::from(code);
    };
    let Ok(imported) = read else {
        eprint!("{}", verdict(&read).0);
        return ExitCode::from(UNUSABLE);
    };
    let database = match Database::open(config, Role::Guest).await {
        Ok(database) => database,
        Err(sentence) => return failed(&sentence),
    };
    let kept = match database.ready(4).await {
        Ok(pool) => {
            let catalog = wiring::catalog(&pool);
            Role::Guest.told("Keeping the chart", demo::import(&catalog, &SystemClock, imported)).await
        }
        Err(sentence) => Err(sentence),
    };
    database.close().await;
    match kept {
        Ok(kept) => {
            print!("{}", kept.text);
            ExitCode::SUCCESS
        }
        Err(sentence) => failed(&sentence),
    }
}

/// Reads a plan, never more of the file than a plan may have.
pub(crate) fn read(file: &Path) -> Result<Result<Imported, ChartError>, String> {
    let unreadable = |error: std::io::Error| format!("The plan {} cannot be read: {error}.", file.display());
    let limits = Limits::default();
    let mut bytes = Vec::new();
    let open = std::fs::File::open(file).map_err(unreadable)?;
    let size = open.metadata().map_or(0, |about| usize::try_from(about.len()).unwrap_or(usize::MAX));
    // One byte too many is enough to be refused for its size.
    let mut open = std::io::Read::take(open, limits.bytes as u64 + 1);
    std::io::Read::read_to_end(&mut open, &mut bytes).map_err(unreadable)?;
    Ok(import(&bytes, limits).map_err(|error| match error {
        ChartError::TooLarge { bytes, limit } => ChartError::TooLarge { bytes: bytes.max(size), limit },
        error => error,
    }))
}

fn failed(sentence: &str) -> ExitCode {
    eprintln!("{sentence}");
    ExitCode::FAILURE
}
