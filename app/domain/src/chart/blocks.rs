//! Blocks: at most 200 neighbouring seats of one section, the unit of contention in the hold store.

use super::{Row, Section};

/// Seats in one block at most.
pub const BLOCK_SEATS: u32 = 200;

/// The block of every seat: each section is cut into as few blocks as fit, of about equal size, between rows where
/// that is possible. Follows from sections and rows alone, so that nobody has to be told.
#[must_use]
pub fn assign(sections: &[Section], rows: &[Row], seats: usize) -> Vec<u32> {
    let mut blocks = Vec::with_capacity(seats);
    let mut block = 0;
    for section in sections {
        let rows = rows.get(section.rows.start as usize..section.rows.end as usize).unwrap_or_default();
        let total: u32 = rows.iter().map(|row| row.seats.end.saturating_sub(row.seats.start)).sum();
        if total == 0 {
            continue;
        }
        let share = total.div_ceil(total.div_ceil(BLOCK_SEATS));
        let mut filled = 0;
        for row in rows {
            let length = row.seats.end.saturating_sub(row.seats.start);
            // Closing half a row early keeps the blocks near their share without splitting the row.
            if filled > 0 && filled + length > BLOCK_SEATS.min(share + length / 2) {
                block += 1;
                filled = 0;
            }
            let mut left = length;
            while left > 0 {
                if filled == BLOCK_SEATS {
                    block += 1;
                    filled = 0;
                }
                let take = left.min(BLOCK_SEATS - filled);
                blocks.resize(blocks.len() + take as usize, block);
                filled += take;
                left -= take;
            }
        }
        block += 1;
    }
    blocks
}
