//! Drives an order on: decide, write down, ask, take over, again, until nothing is to be done now.

use domain::hold::Fence;
use domain::ids::{OrderId, PaymentId, TicketId};
use domain::order::{OrderStatus, REFUND_WITHIN, TICKETS_WITHIN};
use domain::ticket::{Place, TicketClaim, TicketCode};
use domain::time::Millis;
use futures::StreamExt;

use super::next::{NEVER_ARRIVED_AFTER, Next, next};
use super::store::{Asked, Fulfilled};
use super::types::{CloseAs, NewTicket, OrderLine, OrderRecord};
use super::{Purchase, SWEEP_BATCH};
use crate::clock::random;
use crate::payments::{Intent, News, Way};
use crate::trouble::Trouble;

/// Steps of one drive, at most: twice as many as the longest way has.
const MAX_STEPS: usize = 24;
/// Times that short codes are minted anew before that is called trouble.
const MAX_MINTS: usize = 5;
/// Orders driven side by side in a sweep, and asked about.
const SIDE_BY_SIDE: usize = 8;

/// Captured money that has not become tickets after so many milliseconds goes back: what is left of the time that a
/// refund may take is for the refund.
const GIVE_UP_AFTER: i64 = REFUND_WITHIN - TICKETS_WITHIN;

/// Whether a step moved the order, so that the next one is worth deciding.
#[derive(PartialEq, Eq)]
enum Moved {
    On,
    NotNow,
}

impl Purchase {
    /// Drives an order as far as it goes now, and answers with it. Harmless at any time.
    ///
    /// # Errors
    /// [`Trouble`] of the books. A provider's trouble is no error: the order stays as it is, and is asked about again.
    pub async fn complete(&self, order: OrderId) -> Result<Option<OrderRecord>, Trouble> {
        self.drive_on(order, false).await
    }

    /// Takes steps until there is none to take now; by the books alone, it stops before the first that needs a provider.
    async fn drive_on(&self, order: OrderId, by_the_books: bool) -> Result<Option<OrderRecord>, Trouble> {
        let mut asked = false;
        for _ in 0..MAX_STEPS {
            let Some(record) = self.parts.store.load(order).await? else { return Ok(None) };
            let step = next(&record);
            if by_the_books && step.asks() {
                self.parts.store.ask_now(order).await?;
                return Ok(Some(record));
            }
            let moved = match step {
                Next::Nothing => Moved::NotNow,
                // One question a drive: an answer that changes nothing is no reason to ask again at once.
                Next::Ask(_) if asked => Moved::NotNow,
                Next::Ask(payment) => {
                    asked = true;
                    self.ask(&record, payment).await?
                }
                Next::Capture { payment, begun } => self.capture(&record, payment, begun).await?,
                Next::Cancel { payment, begun } => self.cancel_payment(&record, payment, begun).await?,
                Next::Refund { payment, begun } => self.refund(&record, payment, begun).await?,
                Next::Fulfil(payment) => self.fulfil(&record, payment).await?,
                Next::Issue => self.issue(&record).await?,
                Next::Close => on(self.parts.store.begin_close(order, CloseAs::Expired, false).await?),
                Next::Release => self.release(&record).await?,
            };
            if moved == Moved::NotNow {
                return Ok(Some(record));
            }
        }
        tracing::warn!(%order, "an order is not done after as many steps as the longest way has");
        self.parts.store.load(order).await
    }

    /// A provider has news: its word is taken over and the order driven on.
    ///
    /// # Errors
    /// [`Trouble`] of the books or the provider; polling finds out what was missed.
    pub async fn news(&self, news: News) -> Result<(), Trouble> {
        let Some(record) = self.parts.store.load(news.order).await? else { return Ok(()) };
        let known = record.payments.iter().any(|payment| payment.id == news.payment);
        if known {
            let way = self.provider(&record, news.payment)?;
            if let Some(word) = way.hear(way.status(news.payment)).await? {
                self.parts.store.record(news.order, news.payment, &word).await?;
            }
        }
        self.complete(news.order).await.map(drop)
    }

    /// Looks after every order that needs it: time run out, being closed, answers due. Also what a restart does first.
    /// Answers how many were looked at.
    ///
    /// # Errors
    /// [`Trouble`] of the books while finding them; trouble with one order is logged and does not stop the others.
    pub async fn sweep(&self) -> Result<usize, Trouble> {
        Ok(self.go_on_by_the_books().await? + self.ask_what_is_due().await?)
    }

    /// Drives every order on as far as it goes without asking a provider: tickets for what was captured, the end of what
    /// is over. Nobody waits for either behind a slow provider. Answers how many were looked at.
    ///
    /// # Errors
    /// As [`Self::sweep`].
    pub async fn go_on_by_the_books(&self) -> Result<usize, Trouble> {
        let (mut count, mut failed) = (0, vec![]);
        loop {
            let ready = self.parts.store.ready(SWEEP_BATCH, &failed).await?;
            let full = ready.len() >= SWEEP_BATCH as usize;
            count += ready.len();
            failed.extend(self.drive_all(ready).await);
            // Many failures are not these orders' but the books': the next round tries again.
            if !full || failed.len() >= SWEEP_BATCH as usize {
                return Ok(count);
            }
        }
    }

    /// Drives every order on whose provider owes an answer, which may take as long as providers do. Each is taken when
    /// somebody can begin with it, the one that has waited longest first. Providers that are silent are asked one call at
    /// a time, beside the others. Answers how many orders were looked at.
    ///
    /// # Errors
    /// As [`Self::sweep`].
    pub async fn ask_what_is_due(&self) -> Result<usize, Trouble> {
        let lanes = (0..=SIDE_BY_SIDE).map(|lane| self.ask_in_a_lane(lane == SIDE_BY_SIDE));
        // The trouble of one lane ends no other.
        futures::future::join_all(lanes).await.into_iter().sum()
    }

    async fn ask_in_a_lane(&self, silent_ones: bool) -> Result<usize, Trouble> {
        let mut count = 0;
        loop {
            let silent = self.parts.providers.silent();
            let asked = if silent_ones { Asked::Only(&silent) } else { Asked::AllBut(&silent) };
            let due = self.parts.store.due(1, asked).await?;
            let none = due.is_empty();
            count += due.len();
            for order in due {
                if let Err(trouble) = self.complete(order).await {
                    tracing::warn!(%order, %trouble, "an order could not be driven on; it will be tried again");
                }
            }
            // A silent provider has one call a round: its silence is not to be the round's length.
            if none || silent_ones {
                return Ok(count);
            }
        }
    }

    /// Drives these orders on by the books; answers those that are not over after it, or could not be driven.
    async fn drive_all(&self, orders: Vec<OrderId>) -> Vec<OrderId> {
        futures::stream::iter(orders)
            .map(|order| async move {
                match self.drive_on(order, true).await {
                    Ok(record) => record.filter(|r| r.status.rank() < OrderStatus::Paid.rank()).map(|r| r.id),
                    Err(trouble) => {
                        tracing::warn!(%order, %trouble, "an order could not be driven on; it will be tried again");
                        Some(order)
                    }
                }
            })
            .buffer_unordered(SIDE_BY_SIDE)
            .filter_map(|open| async move { open })
            .collect()
            .await
    }

    fn provider(&self, record: &OrderRecord, payment: PaymentId) -> Result<&Way, Trouble> {
        let name = record.payments.iter().find(|p| p.id == payment).map_or("", |p| p.provider.as_str());
        self.parts.providers.get(name).ok_or_else(|| Trouble::Unavailable {
            what: "the payment provider",
            detail: format!("{name} is not configured"),
        })
    }

    /// Takes the provider's word over; its trouble is logged and leaves things as they are.
    async fn take_over(
        &self,
        record: &OrderRecord,
        payment: PaymentId,
        word: Result<Intent, Trouble>,
    ) -> Result<Moved, Trouble> {
        match word {
            Ok(word) => Ok(on(self.parts.store.record(record.id, payment, &word).await?)),
            Err(trouble) => {
                tracing::warn!(order = %record.id, %payment, %trouble, "the payment provider will be asked again");
                Ok(Moved::NotNow)
            }
        }
    }

    async fn ask(&self, record: &OrderRecord, payment: PaymentId) -> Result<Moved, Trouble> {
        let way = self.provider(record, payment)?;
        match way.hear(way.status(payment)).await {
            Ok(Some(word)) => self.take_over(record, payment, Ok(word)).await,
            Ok(None) => {
                let age = record.payments.iter().find(|p| p.id == payment).map_or(0, |p| p.age);
                if age < NEVER_ARRIVED_AFTER {
                    return Ok(Moved::NotNow);
                }
                // It never arrived. Cancelled, it cannot arrive later either, and the buyer may try again.
                Ok(on(self.parts.store.begin_cancel(record.id, payment).await?))
            }
            Err(trouble) => self.take_over(record, payment, Err(trouble)).await,
        }
    }

    async fn capture(&self, record: &OrderRecord, payment: PaymentId, begun: bool) -> Result<Moved, Trouble> {
        if !begun && !self.parts.store.begin_capture(record.id, payment).await? {
            // Somebody else moved it on in between: look again.
            return Ok(Moved::On);
        }
        self.parts.stop.reached("capture_written");
        let way = self.provider(record, payment)?;
        let word = way.hear(way.capture(payment)).await;
        self.parts.stop.reached("paid");
        let moved = self.take_over(record, payment, word).await;
        self.parts.stop.reached("captured");
        moved
    }

    async fn cancel_payment(&self, record: &OrderRecord, payment: PaymentId, begun: bool) -> Result<Moved, Trouble> {
        if !begun && !self.parts.store.begin_cancel(record.id, payment).await? {
            return Ok(Moved::On);
        }
        self.parts.stop.reached("cancel_written");
        let way = self.provider(record, payment)?;
        let word = way.hear(way.cancel(payment)).await;
        self.parts.stop.reached("cancelled");
        self.take_over(record, payment, word).await
    }

    async fn refund(&self, record: &OrderRecord, payment: PaymentId, begun: bool) -> Result<Moved, Trouble> {
        if !begun && !self.parts.store.begin_refund(record.id, payment).await? {
            return Ok(Moved::On);
        }
        let way = self.provider(record, payment)?;
        let word = way.hear(way.refund(payment)).await;
        self.take_over(record, payment, word).await
    }

    /// Tickets; or the money back, where they cannot be written at all or could not for too long (invariant M1).
    async fn fulfil(&self, record: &OrderRecord, payment: PaymentId) -> Result<Moved, Trouble> {
        let Err(trouble) = self.write_tickets(record, Some(payment)).await else { return Ok(Moved::On) };
        let since = record.payments.iter().find(|p| p.id == payment).map_or(0, |p| p.since);
        if trouble.retryable() && since < GIVE_UP_AFTER {
            return Err(trouble);
        }
        tracing::error!(order = %record.id, %trouble, "a paid order's tickets cannot be written: the money goes back");
        self.parts.store.give_up(record.id, payment).await?;
        Ok(Moved::On)
    }

    /// Tickets for an order without a price; where they cannot be written at all, the places go back.
    async fn issue(&self, record: &OrderRecord) -> Result<Moved, Trouble> {
        let Err(trouble) = self.write_tickets(record, None).await else { return Ok(Moved::On) };
        if trouble.retryable() {
            return Err(trouble);
        }
        tracing::error!(order = %record.id, %trouble, "a free order's tickets cannot be written: its places go back");
        Ok(on(self.parts.store.begin_close(record.id, CloseAs::Cancelled, true).await?))
    }

    async fn write_tickets(&self, record: &OrderRecord, payment: Option<PaymentId>) -> Result<(), Trouble> {
        let event = self.parts.store.event(record.event).await?;
        let starts_at = event.map(|event| event.starts_at).ok_or_else(|| Trouble::Corrupt {
            what: "the purchase",
            detail: format!("order {} is for an event that is not there", record.id),
        })?;
        for _ in 0..MAX_MINTS {
            let tickets = self.mint_tickets(record, starts_at);
            match self.parts.store.fulfil(record.id, payment, &tickets).await? {
                Fulfilled::CodeTaken => {}
                Fulfilled::Now => {
                    self.parts.stop.reached("tickets_written");
                    return Ok(());
                }
                Fulfilled::OutOfTurn => return Ok(()),
                Fulfilled::Impossible => {
                    tracing::error!(order = %record.id, "an order was paid and cannot be fulfilled: the money goes back");
                    return Ok(());
                }
            }
        }
        Err(Trouble::Unavailable { what: "the purchase", detail: "no free ticket code was found".into() })
    }

    fn mint_tickets(&self, record: &OrderRecord, starts_at: Millis) -> Vec<NewTicket> {
        let places = record.lines.iter().flat_map(|line| (0..line.quantity).map(move |ordinal| (line, ordinal)));
        places.map(|(line, ordinal)| self.mint_ticket(record, line, ordinal, starts_at)).collect()
    }

    fn mint_ticket(&self, record: &OrderRecord, line: &OrderLine, ordinal: u32, starts_at: Millis) -> NewTicket {
        let clock = &*self.parts.clock;
        let id = TicketId::mint(record.id.minted_at(), random(clock));
        let claim = TicketClaim {
            ticket: id,
            event: record.event,
            place: line.seat.map_or(Place::Standing(ordinal), Place::Seat),
            starts_at,
            label: line.label.clone(),
        };
        NewTicket {
            id,
            item: line.id,
            ordinal,
            tier: line.tier,
            seat: line.seat,
            tier_name: line.tier_name.clone(),
            label: line.label.clone(),
            code: TicketCode::mint(random(clock)).to_string(),
            token: self.parts.signer.sign(&claim),
        }
    }

    async fn release(&self, record: &OrderRecord) -> Result<Moved, Trouble> {
        if !self.parts.store.release(record.id).await? {
            return Ok(Moved::NotNow);
        }
        self.parts.stop.reached("released");
        let freed = async {
            self.parts.places.freed(record.event, record.hold, record.seats(), record.standing()).await?;
            // Bought by somebody else while the word was on its way: said again.
            self.tell_sold(record.event, &record.seats(), Fence::default()).await
        };
        if let Err(trouble) = freed.await {
            // The outbox tells the hold store again.
            tracing::warn!(order = %record.id, %trouble, "the hold store was not told of places given back");
        }
        Ok(Moved::On)
    }
}

fn on(changed: bool) -> Moved {
    if changed { Moved::On } else { Moved::NotNow }
}
