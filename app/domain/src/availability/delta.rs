//! What changed between two states of an event's seats, in a few bytes.
//!
//! | bytes | what |
//! |---|---|
//! | 0 | version, 1 |
//! | varint | seats of the event |
//! | entries, to the end | varint of `gap << 3 \| run << 2 \| state`; where `run` is 1, a varint of the run's length less 2 |
//!
//! `gap` counts the unchanged seats since the last changed one (since seat 0 for the first entry), `state` is the new
//! state as in a snapshot, and a run is that many neighbours of the same new state. Varints are LEB128: seven bits a
//! byte, lowest first, the top bit set while more follow; never longer than they need to be.
//!
//! A changed seat costs at most two bytes, and one more for every 2,048 seats of the hall that lie between two changes:
//! at most 48 more in all for 100,000 seats. Neighbours that change together, as a party's seats do, share one entry.

use super::Packed;
use crate::seat::{SeatId, SeatState};

/// Version of the layout that is written.
const VERSION: u8 = 1;
/// The bit of an entry that says that its state counts for several seats.
const RUN: u64 = 4;

/// A place in the life of a projection: which life, and how many changes it has seen. As text, `EPOCH-SEQUENCE`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Names one life of the projection.
    pub epoch: u64,
    /// Grows by one with every delta.
    pub sequence: u64,
}

impl core::fmt::Display for Position {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}-{}", self.epoch, self.sequence)
    }
}

impl core::str::FromStr for Position {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        // No signs: "+1" is a number to `parse`.
        if !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
            return Err(());
        }
        let (epoch, sequence) = text.split_once('-').ok_or(())?;
        Ok(Self { epoch: epoch.parse().map_err(drop)?, sequence: sequence.parse().map_err(drop)? })
    }
}

fn push(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Takes a varint off the front; `None` where it is cut short, too large, or longer than it needs to be.
fn pull(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..42).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return (*byte != 0 || shift == 0).then_some(number);
        }
    }
    None
}

/// The bytes that turn `before` into `after`. Both must be of one event: seats that `before` lacks count as changed, and
/// what `after` lacks is forgotten.
#[must_use]
pub fn encode(before: &Packed, after: &Packed) -> Vec<u8> {
    let mut out = vec![VERSION];
    push(&mut out, u64::from(after.len()));
    let mut changes = after.changes(before).peekable();
    let mut next = 0;
    while let Some((first, state)) = changes.next() {
        let mut end = first.0 + 1;
        while changes.next_if_eq(&(SeatId(end), state)).is_some() {
            end += 1;
        }
        let entry = u64::from(first.0 - next) << 3 | u64::from(state as u8);
        match end - first.0 {
            1 => push(&mut out, entry),
            many => {
                push(&mut out, entry | RUN);
                push(&mut out, u64::from(many) - 2);
            }
        }
        next = end;
    }
    out
}

/// The changes that `bytes` tell of an event with `seats` seats, ascending. `None` for anything that [`encode`] does not
/// write for that many seats, whatever the bytes are.
#[must_use]
pub fn decode(mut bytes: &[u8], seats: u32) -> Option<Vec<(SeatId, SeatState)>> {
    if bytes.split_off_first()? != &VERSION || pull(&mut bytes)? != u64::from(seats) {
        return None;
    }
    let mut changes = Vec::new();
    let mut next = 0_u64;
    while !bytes.is_empty() {
        let entry = pull(&mut bytes)?;
        let first = next + (entry >> 3);
        let many = if entry & RUN == 0 { 1 } else { pull(&mut bytes)? + 2 };
        next = first + many;
        if next > u64::from(seats) {
            return None;
        }
        let state = SeatState::from_bits(entry as u8);
        changes.extend((first as u32..next as u32).map(|seat| (SeatId(seat), state)));
    }
    Some(changes)
}

/// Brings `states` up to date and tells what changed; `None`, and nothing done, where the bytes are no delta of it.
pub fn apply(states: &mut Packed, bytes: &[u8]) -> Option<Vec<(SeatId, SeatState)>> {
    let changes = decode(bytes, states.len())?;
    for (seat, state) in &changes {
        states.set(*seat, *state);
    }
    Some(changes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MANY: u32 = 100_000;

    fn packed(states: &[u8]) -> Packed {
        let mut packed = Packed::free(states.len() as u32);
        for (seat, bits) in (0..).zip(states) {
            packed.set(SeatId(seat), SeatState::from_bits(*bits));
        }
        packed
    }

    /// Two states of one house, alike in most seats.
    fn pair() -> impl Strategy<Value = (Packed, Packed)> {
        prop::collection::vec((0_u8..4, prop::option::weighted(0.2, 0_u8..4)), 0..600).prop_map(|seats| {
            let before: Vec<u8> = seats.iter().map(|(state, _)| *state).collect();
            let after: Vec<u8> = seats.iter().map(|(state, other)| other.unwrap_or(*state)).collect();
            (packed(&before), packed(&after))
        })
    }

    proptest! {
        #[test]
        fn a_delta_turns_the_old_states_into_the_new((before, after) in pair()) {
            let bytes = encode(&before, &after);
            let mut patched = before.clone();
            let changes = apply(&mut patched, &bytes).unwrap();
            prop_assert_eq!(&patched, &after);
            prop_assert_eq!(changes, after.changes(&before).collect::<Vec<_>>());
            // The states are absolute: what was seen already may be seen again.
            apply(&mut patched, &bytes).unwrap();
            prop_assert_eq!(&patched, &after);
        }

        #[test]
        fn a_changed_seat_costs_at_most_two_bytes(
            flips in prop::collection::btree_set(0..MANY, 1..3_000),
            state in 1_u8..4,
        ) {
            let before = Packed::free(MANY);
            let mut after = before.clone();
            for seat in &flips {
                after.set(SeatId(*seat), SeatState::from_bits(state));
            }
            let header = encode(&before, &before).len();
            let bytes = encode(&before, &after).len() - header;
            prop_assert!(bytes <= 2 * flips.len() + MANY as usize / 2_048, "{bytes} bytes for {} seats", flips.len());
        }

        #[test]
        fn no_bytes_make_the_delta_reader_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..80), seats: u16, good: bool) {
            if good {
                let mut start = vec![VERSION];
                push(&mut start, u64::from(seats));
                bytes.splice(0..0, start);
            }
            if let Some(changes) = decode(&bytes, u32::from(seats)) {
                prop_assert!(changes.is_sorted_by(|a, b| a.0 < b.0));
                prop_assert!(changes.iter().all(|(seat, _)| seat.0 < u32::from(seats)));
            }
        }

        #[test]
        fn a_delta_of_another_house_is_refused((before, after) in pair(), more in 1_u32..50) {
            let bytes = encode(&before, &after);
            let mut other = Packed::free(before.len() + more);
            prop_assert_eq!(apply(&mut other, &bytes), None);
            prop_assert_eq!(other, Packed::free(before.len() + more));
        }

        #[test]
        fn a_position_survives_as_text(epoch: u64, sequence: u64) {
            let position = Position { epoch, sequence };
            prop_assert_eq!(position.to_string().parse(), Ok(position));
        }
    }

    #[test]
    fn neighbours_share_an_entry() {
        let before = Packed::free(MANY);
        let mut after = before.clone();
        for seat in 0..MANY {
            after.set(SeatId(seat), SeatState::Sold);
        }
        // A house that is sold out at once: version, seats, one entry and its length.
        assert_eq!(encode(&before, &after).len(), 1 + 3 + 1 + 3);
        let mut pair = before.clone();
        for seat in [40, 41] {
            pair.set(SeatId(seat), SeatState::Held);
        }
        assert_eq!(encode(&before, &pair), [1, 0xA0, 0x8D, 0x06, 0xC5, 0x02, 0]);
    }

    #[test]
    fn what_is_not_written_so_is_not_read() {
        assert_eq!(decode(&[1, 8], 8), Some(vec![]));
        assert_eq!(decode(&[], 8), None);
        assert_eq!(decode(&[2, 8], 8), None);
        // A varint with a byte that says nothing, a seat beyond the last, a run without its length.
        assert_eq!(decode(&[1, 0x88, 0], 8), None);
        assert_eq!(decode(&[1, 8, 8 << 3 | 1], 8), None);
        assert_eq!(decode(&[1, 8, 5], 8), None);
        for text in ["", "7", "-", "1-", "-1", "1-2-3", "+1-2", "1-+2", "99999999999999999999-1"] {
            assert_eq!(text.parse::<Position>(), Err(()), "{text}");
        }
    }
}
