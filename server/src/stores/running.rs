//! A task that ends with whoever started it.

use tokio::task::AbortHandle;

/// Ends its task when it is dropped.
#[derive(Debug)]
pub(crate) struct Running(AbortHandle);

impl Running {
    /// Starts `work`.
    pub(crate) fn start(work: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(work).abort_handle())
    }

    /// Takes a started task over.
    pub(crate) fn of(task: AbortHandle) -> Self {
        Self(task)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}
