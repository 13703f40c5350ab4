//! For tests: what is logged, kept to be read.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt;

use crate::telemetry;

/// A log in memory. Clones are one log.
#[derive(Clone, Debug, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Hears of this thread what the server would log at the levels of `filter` (as `RUST_LOG` has them), for as long as the guard lives. A runtime
    /// of one thread is heard whole.
    ///
    /// # Panics
    /// Where the filter cannot be read.
    #[must_use]
    pub fn hears(&self, filter: &str) -> DefaultGuard {
        let filter = telemetry::filter(EnvFilter::try_new(filter).expect("the filter can be read"));
        tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(self.clone()).finish().set_default()
    }

    /// All that was said, a JSON object a line.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    /// What was said under this target.
    #[must_use]
    pub fn messages(&self, target: &str) -> Vec<String> {
        let lines: Vec<Value> = self.text().lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let of_target = lines.iter().filter(|line| line["target"] == target);
        of_target.filter_map(|line| line["fields"]["message"].as_str()).map(ToOwned::to_owned).collect()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
