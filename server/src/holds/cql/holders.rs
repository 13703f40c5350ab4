//! Who holds how much of an event, as the cells tell it: also what other processes granted.

use std::collections::HashMap;

use domain::ids::{HoldId, HolderId};
use domain::time::Millis;

use super::cell::{Cell, Mark};

/// The holds that stand in the cells, by holder.
#[derive(Debug, Default)]
pub(super) struct Holders(HashMap<HolderId, Vec<Kept>>);

#[derive(Debug)]
struct Kept {
    hold: HoldId,
    cells: u32,
    until: Millis,
}

impl Holders {
    /// A cell became another one.
    pub(super) fn replace(&mut self, old: &Cell, new: &Cell) {
        if let (Mark::Held, Some(hold), Some(holder)) = (old.mark, old.hold, old.holder)
            && let Some(kept) = self.0.get_mut(&holder)
        {
            if let Some(known) = kept.iter_mut().find(|known| known.hold == hold) {
                known.cells = known.cells.saturating_sub(1);
            }
            kept.retain(|known| known.cells > 0);
            if kept.is_empty() {
                self.0.remove(&holder);
            }
        }
        if let (Mark::Held, Some(hold), Some(holder)) = (new.mark, new.hold, new.holder) {
            let kept = self.0.entry(holder).or_default();
            match kept.iter_mut().find(|known| known.hold == hold) {
                Some(known) => {
                    known.cells += 1;
                    known.until = known.until.max(new.until);
                }
                None => kept.push(Kept { hold, cells: 1, until: new.until }),
            }
        }
    }

    /// The live holds of a holder.
    pub(super) fn live(&self, holder: HolderId, now: Millis) -> impl Iterator<Item = HoldId> {
        self.0.get(&holder).into_iter().flatten().filter(move |kept| now < kept.until).map(|kept| kept.hold)
    }
}
