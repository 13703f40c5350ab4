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

#[cfg(test)]
pub(super) mod law {
    //! What the blocks of every chart must keep.

    use proptest::prelude::*;

    use super::*;

    /// At most 200 neighbours of one section each, numbered from 0 on without a gap, in the order of the seats.
    pub(crate) fn kept(rows: &[Row], blocks: &[u32]) {
        let section = |seat: usize| rows.iter().find(|row| row.seats.contains(&(seat as u32))).map(|row| row.section);
        let mut next = 0;
        for (block, seats) in blocks.chunk_by(|a, b| a == b).enumerate() {
            assert_eq!(seats[0], block as u32);
            assert!(seats.len() <= BLOCK_SEATS as usize, "block {block} has {} seats", seats.len());
            assert_eq!(section(next), section(next + seats.len() - 1), "block {block}");
            next += seats.len();
        }
        assert_eq!(next, rows.iter().map(|row| row.seats.len()).sum::<usize>(), "every seat has its block");
    }

    proptest! {
        #[test]
        fn blocks_are_at_most_two_hundred_neighbours_whatever_the_rows(
            lengths in prop::collection::vec(prop::collection::vec(0u32..700, 0..12), 1..8),
        ) {
            let (mut sections, mut rows, mut seats) = (Vec::new(), Vec::new(), 0);
            for (section, lengths) in lengths.iter().enumerate() {
                let first = rows.len() as u32;
                for length in lengths {
                    let range = seats..seats + length;
                    rows.push(Row { section: section as u16, seats: range, ..Row::default() });
                    seats += length;
                }
                let (name, label_at) = (section.to_string(), super::super::Point::default());
                sections.push(Section { name, floor: 0, rows: first..rows.len() as u32, outline: Vec::new(), label_at });
            }
            let blocks = assign(&sections, &rows, seats as usize);
            kept(&rows, &blocks);
            // Nor are there more of them than twice what fits: each is a partition that a hold has to visit.
            let least: u32 = lengths.iter().map(|rows| rows.iter().sum::<u32>().div_ceil(BLOCK_SEATS)).sum();
            prop_assert!(blocks.last().map_or(0, |last| last + 1) <= 2 * least);
        }
    }
}
