//! Tickets for doors that ask a store near them: a projection of PostgreSQL in `tickets_by_id` on the CQL cluster.
//!
//! A message of the outbox follows each change of a ticket. Whoever handles it reads the order's tickets as they are by
//! then and writes each under the moment of its last change, so that messages may come late, twice, in any order or
//! never: nothing older comes back. A round compares in lots and puts right what was lost, or what a tool wrote; the processes of a
//! shop take turns at it.

#[cfg(test)]
mod contract;
pub mod cql;
#[cfg(test)]
mod memory;
pub mod postgres;
mod store;
#[cfg(test)]
mod tests;
mod work;

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum_prometheus::metrics::counter;
use domain::ids::{EventId, OrderId, TicketId};
use domain::time::MINUTE;
use futures::stream::{self, StreamExt, TryStreamExt};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

pub use store::{DoorStore, DoorTicket, Shown};
pub use work::{Compare, Follower};

use crate::stores::cql::WHAT as CQL;
use crate::trouble::Trouble;
use postgres::{Listed, Lot, PostgresTickets};

/// Topic of the outbox: tickets of an order were issued or changed. The trigger `tickets_follow_change` writes it, too.
pub const TOPIC: &str = "ticket_doors";
/// Tickets compared in one turn.
const LOT: u32 = 500;
/// In milliseconds.
const DAY: i64 = 24 * 60 * MINUTE;
/// Requests to the store at a time: those of buyers come first.
const AT_ONCE: usize = 8;
/// A lot that takes longer is left there, and the next one begins where it was left. The turn is a minute.
const LOT_WITHIN: Duration = Duration::from_secs(30);

/// What all tickets of an event are behind: none was issued before the event was made, by whichever server's clock.
fn before_all_of(event: EventId) -> TicketId {
    TicketId::mint(event.minted_at().plus(-DAY), [0; 10])
}

/// What a comparison came to, in tickets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Doors are told what is so.
    pub right: u64,
    /// They were not, and are now.
    pub wrong: u64,
    /// Nobody can say, as the books or the store cannot be read: left as they are, and logged.
    pub unread: u64,
}

/// The projection.
#[derive(Clone)]
pub struct Doors {
    books: PostgresTickets,
    store: Arc<dyn DoorStore>,
    lot: u32,
    within: Duration,
}

impl Doors {
    /// Shows the tickets of `books` in `store`.
    #[must_use]
    pub fn new(books: PostgresTickets, store: Arc<dyn DoorStore>) -> Self {
        Self { books, store, lot: LOT, within: LOT_WITHIN }
    }

    /// Shows an order's tickets as they are now.
    ///
    /// # Errors
    /// [`Trouble`] of the books or the store; safe to repeat.
    pub async fn follow(&self, order: OrderId) -> Result<(), Trouble> {
        let tickets = self.books.of_order(order).await?;
        let writes = stream::iter(tickets.iter().map(Ok));
        writes.try_for_each_concurrent(AT_ONCE, |one| self.store.project(&one.ticket, one.ticket.version)).await
    }

    /// Compares the next lot of tickets behind `after` with what doors are told; answers the last of the lot, none where
    /// there are no more, and how many were put right. Tickets of events that are long over are nobody's to ask for,
    /// and what changed within the last minute is on its way. A ticket that cannot be read, here or there, keeps nobody
    /// from those behind it: it is counted, and stays as it is. Where the store fails or half a minute is over, those
    /// compared by then are a lot.
    ///
    /// # Errors
    /// [`Trouble`] of the books or the store that may go away, where not one was compared.
    pub async fn compare(&self, after: Option<TicketId>) -> Result<(Option<TicketId>, u64), Trouble> {
        let after = match after {
            Some(after) => after,
            None => match self.books.oldest_event().await? {
                Some(event) => before_all_of(event),
                None => return Ok((None, 0)),
            },
        };
        let lot = self.books.lot(after, self.lot).await?;
        let (last, done) = self.put_right(lot, |one| one.wanted && one.is_settled()).await;
        // Also where the lot ends in trouble: the next one finds right what this one put right.
        counter!("parterre_tickets_drift_total").increment(done.wrong);
        if done.wrong > 0 {
            tracing::warn!(tickets = done.wrong, "doors were told otherwise of tickets than PostgreSQL says");
        }
        Ok((last?, done.wrong))
    }

    /// Compares all tickets of an event at once.
    ///
    /// # Errors
    /// As [`Doors::compare`].
    pub async fn rebuild(&self, event: EventId) -> Result<Compared, Trouble> {
        let (mut after, mut all) = (TicketId(Uuid::nil()), Compared::default());
        loop {
            let lot = self.books.lot_of(event, after, self.lot).await?;
            let (last, done) = self.put_right(lot, |_| true).await;
            let Some(last) = last? else { return Ok(all) };
            after = last;
            all = Compared {
                right: all.right + done.right,
                wrong: all.wrong + done.wrong,
                unread: all.unread + done.unread,
            };
        }
    }

    /// Compares those of a lot in their order; answers the last one that is done with, none where the lot is empty; and what
    /// it came to, trouble or not. Those behind the last one may be put right already: they count now, as they are found
    /// right later.
    async fn put_right(&self, lot: Lot, of: impl Fn(&Listed) -> bool) -> (Result<Option<TicketId>, Trouble>, Compared) {
        let until = Instant::now() + self.within;
        let wrong = AtomicU64::new(0);
        let (mut last, mut done, mut why) = (None, Compared::default(), None);
        let due = stream::iter(lot).map(|(id, listed)| {
            let (due, wrong) = (listed.map(|listed| of(&listed).then_some(listed)), &wrong);
            async move {
                let compared = match due {
                    Ok(Some(listed)) => self.put_one_right(&listed).await.map(Some),
                    Ok(None) => Ok(None),
                    Err(trouble) => Err(trouble),
                };
                wrong.fetch_add(u64::from(compared == Ok(Some(true))), Ordering::Relaxed);
                (id, compared)
            }
        });
        let mut compared = pin!(due.buffered(AT_ONCE));
        let left = loop {
            let late = || Trouble::Unavailable { what: CQL, detail: "comparing tickets takes too long".into() };
            let (id, one) = match timeout_at(until, compared.next()).await {
                Ok(Some(next)) => next,
                Ok(None) => break None,
                Err(_) => break Some(late()),
            };
            match one {
                Ok(Some(false)) => done.right += 1,
                Ok(_) => {}
                Err(trouble) if trouble.retryable() => break Some(trouble),
                Err(trouble) => {
                    done.unread += 1;
                    why = Some(trouble);
                }
            }
            last = Some(id);
        };
        done.wrong = wrong.load(Ordering::Relaxed);
        if let Some(trouble) = why {
            counter!("parterre_tickets_unread_total").increment(done.unread);
            tracing::warn!(tickets = done.unread, %trouble, "tickets cannot be read, and doors are told what they were told of them");
        }
        match left {
            Some(trouble) if last.is_none() => (Err(trouble), done),
            Some(trouble) => {
                tracing::debug!(%trouble, "the rest of a lot is left for the next");
                (Ok(last), done)
            }
            None => (Ok(last), done),
        }
    }

    async fn put_one_right(&self, listed: &Listed) -> Result<bool, Trouble> {
        let shown = self.store.find(listed.ticket.id).await?;
        let is = |truth: &Listed| shown.as_ref().is_some_and(|shown| shown.ticket == truth.ticket);
        if is(listed) {
            return Ok(false);
        }
        // It may have changed since the lot was read: of what is shown now, the books of now are the judge. What is just
        // being changed is left to the message about it.
        let truth = self.books.at_rest(listed.ticket.id).await?;
        let Some(truth) = truth.filter(|truth| !is(truth)) else { return Ok(false) };
        // Above whatever a tool wrote, or deleted more than a minute ago; below any change that comes after this look.
        let above = shown.map_or(i64::MIN, |shown| shown.stamp.saturating_add(1));
        self.store.project(&truth.ticket, truth.ticket.version.max(truth.floor).max(above)).await?;
        Ok(true)
    }
}
