//! What gives the process its memory, and how much of it is in use.
//!
//! jemalloc: under a sale that goes on for minutes glibc keeps what was let go in pieces that fit nothing, and the process
//! grows while what lives does not (docs/BENCHMARKS.md, soak). Its threads give back what stays free.

use axum_prometheus::metrics::gauge;
use tikv_jemalloc_ctl::{epoch, stats};
use tikv_jemallocator::Jemalloc;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// Bytes that are in use now; none where the allocator does not say.
#[must_use]
pub fn live() -> Option<u64> {
    // What it says is as old as the last epoch.
    epoch::advance().ok()?;
    stats::allocated::read().ok().map(|bytes| bytes as u64)
}

/// Tells the metrics how much is in use.
pub fn measure() {
    if let Some(bytes) = live() {
        gauge!("parterre_memory_live_bytes").set(bytes as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_lives_until_it_is_let_go() {
        const TAKEN: usize = 64 << 20;
        let before = live().unwrap();
        let bytes = std::hint::black_box(vec![1_u8; TAKEN]);
        let with = live().unwrap();
        assert!(with >= before + TAKEN as u64, "{before} to {with}");
        drop(bytes);
        let after = live().unwrap();
        assert!(after < with - TAKEN as u64 / 2, "{with} to {after}");
    }
}
