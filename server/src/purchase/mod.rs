//! The purchase: from a hold to tickets, or to places given back, whatever fails on the way.
//!
//! 1. [`Purchase::checkout`] claims the hold's places in the books and writes the order.
//! 2. [`Purchase::pay`] writes an attempt down, asks the provider, and drives the order on.
//! 3. [`Purchase::complete`] drives an order as far as it goes: webhook, polling, the buyer's return, expiry and
//!    recovery all call it, at any time and any number of times.
//!
//! Every step is decided by [`next::next`], taken under the order's lock by [`store::OrderStore`], and written down
//! before the provider hears of it, so that a process may die between any two of them.

mod drive;
mod follow;
pub mod next;
pub mod places;
pub mod postgres;
pub mod print;
mod shown;
pub mod stop;
pub mod store;
pub mod tasks;
mod told;
pub mod types;

#[cfg(test)]
mod failure_tests;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use domain::hold::{EXTEND_BY, HoldRefusal};
use domain::ids::{HoldId, HolderId, OrderId, OrderItemId, PaymentId};
use domain::order::{Buyer, OrderRefusal, totals};
use domain::time::Millis;
use moka::future::Cache;
use thiserror::Error;

use crate::clock::{Clock, random};
use crate::payments::{Ask, Method, Providers, Way};
use crate::tickets::Signer;
use crate::trouble::Trouble;
pub use follow::{AvailabilityFollower, TicketMailer};
use places::{Labels, Places};
use stop::StopAt;
use store::{Begun, OrderStore, Placed};
use told::{finish, stands, unconfirmed, unread, unseen};
use types::NewOrder;
pub use types::{Checkout, CloseAs, EventFacts, OrderRecord, PaymentRecord, TicketRecord};

/// Topic of the outbox: the places of an order changed owner.
pub const AVAILABILITY: &str = "availability";
/// Topic of the outbox: an order's tickets are to be mailed.
pub const TICKET_MAIL: &str = "ticket_mail";
/// Orders looked at in one round of [`Purchase::sweep`].
pub const SWEEP_BATCH: u32 = 200;

/// However often an order is looked at, its provider is asked for that no more often than this.
const LOOKS_APART: Duration = Duration::from_secs(2);
/// Orders whose last look is remembered, at most.
const LOOKED_AFTER: u64 = 10_000;

/// Why a call of the purchase did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PurchaseError {
    /// Against the rules: nothing was changed.
    #[error(transparent)]
    Refused(#[from] OrderRefusal),
    /// Something failed; its kind says what is known.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

/// What the purchase works with.
pub struct Parts {
    /// The books.
    pub store: Arc<dyn OrderStore>,
    /// The same for those who look at something else: they take nothing from those who buy.
    pub aside: Arc<dyn OrderStore>,
    /// The hold store.
    pub places: Arc<dyn Places>,
    /// What people read of seats.
    pub labels: Arc<dyn Labels>,
    /// Ways of paying.
    pub providers: Providers,
    /// Signs tickets.
    pub signer: Arc<Signer>,
    /// Time and randomness.
    pub clock: Arc<dyn Clock>,
    /// Where the crash tests let the process stand still.
    pub stop: StopAt,
}

/// The service. Clones share everything.
#[derive(Clone)]
pub struct Purchase {
    parts: Arc<Parts>,
    /// Orders that were driven on by a look just now.
    looked_after: Cache<OrderId, ()>,
}

impl Purchase {
    /// A purchase of these parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let looked_after = Cache::builder().max_capacity(LOOKED_AFTER).time_to_live(LOOKS_APART).build();
        Self { parts: Arc::new(parts), looked_after }
    }

    /// Turns a hold into an order whose places are safe. The same hold again answers with the same order: a double
    /// click, a reload and a second tab are harmless.
    ///
    /// # Errors
    /// [`OrderRefusal`] with nothing changed, or [`Trouble`].
    pub async fn checkout(&self, wish: Checkout) -> Result<OrderRecord, PurchaseError> {
        let this = self.clone();
        // A buyer who closes the tab must not stop it half way.
        finish(async move { this.checkout_now(wish).await }).await
    }

    async fn checkout_now(&self, wish: Checkout) -> Result<OrderRecord, PurchaseError> {
        let buyer = Buyer::new(&wish.name, &wish.email).map_err(|problems| OrderRefusal::InvalidBuyer { problems })?;
        let parts = &self.parts;
        if let Some(before) = parts.store.of_hold(wish.hold, wish.holder).await? {
            return self.again(before, &wish, &buyer).await;
        }
        let Some(hold) = parts.places.verify(wish.hold, wish.holder).await? else {
            // Another press may have spent it since the books were asked.
            let before = parts.store.of_hold(wish.hold, wish.holder).await?.ok_or(OrderRefusal::HoldExpired)?;
            return self.again(before, &wish, &buyer).await;
        };
        parts.stop.reached("hold_taken");
        let totals = totals(&hold.lines)?;
        if totals.total.amount != wish.accept_total {
            return Err(OrderRefusal::PriceChanged { now: totals.total }.into());
        }
        let now = parts.clock.now();
        let order = NewOrder {
            id: OrderId::mint(now, random(&*parts.clock)),
            items: hold.lines.iter().map(|_| OrderItemId::mint(now, random(&*parts.clock))).collect(),
            labels: self.labels(&hold).await?,
            hold,
            buyer,
            totals,
        };
        let placed = parts.store.place(&order).await?;
        if let Err(OrderRefusal::SeatsTaken { taken }) = &placed
            && let Err(trouble) = self.tell_sold(order.hold.event, taken, order.hold.fence).await
        {
            tracing::warn!(event = %order.hold.event, %trouble, "the hold store was not told of seats that are sold");
        }
        match placed? {
            Placed::Before(before) => self.again(before, &wish, &order.buyer).await,
            Placed::New => {
                parts.stop.reached("claimed");
                if let Err(trouble) = parts.places.claimed(&order.hold).await {
                    // The claim is safe in the books; the outbox tells the hold store again.
                    tracing::warn!(order = %order.id, %trouble, "the hold store was not told of a claim");
                }
                if order.totals.total.amount == 0 {
                    return self.issue_now(order.id).await;
                }
                // Written: a failure from here on cannot say that nothing was done.
                self.load(order.id).await.map_err(unread)
            }
        }
    }

    /// There is nothing to pay: tickets at once, or by the sweep where they cannot be written just now.
    async fn issue_now(&self, order: OrderId) -> Result<OrderRecord, PurchaseError> {
        if let Err(trouble) = self.complete(order).await {
            tracing::warn!(%order, %trouble, "a free order's tickets were not written; the sweep will");
        }
        self.load(order).await.map_err(unread)
    }

    /// The hold became an order before: the same one answers, with the details as typed last.
    async fn again(&self, order: OrderId, wish: &Checkout, buyer: &Buyer) -> Result<OrderRecord, PurchaseError> {
        let record = self.load(order).await?;
        if !record.status.keeps_places() {
            return Err(OrderRefusal::HoldExpired.into());
        }
        if record.totals.total.amount != wish.accept_total {
            return Err(OrderRefusal::PriceChanged { now: record.totals.total }.into());
        }
        if record.buyer != *buyer {
            self.parts.store.amend_buyer(order, buyer).await??;
            return self.load(order).await.map_err(unread);
        }
        Ok(record)
    }

    /// One label a line; `None` for standing places.
    async fn labels(&self, hold: &domain::hold::Hold) -> Result<Vec<Option<String>>, Trouble> {
        let seats: Vec<_> = hold.lines.iter().filter_map(|line| line.seat).collect();
        let mut labels =
            if seats.is_empty() { vec![] } else { self.parts.labels.labels(hold.event, &seats).await? }.into_iter();
        Ok(hold.lines.iter().map(|line| line.seat.and_then(|_| labels.next())).collect())
    }

    /// Pays with `method`. Answers with the order as it then stands; the last payment says how this one went. An
    /// outcome that is not known reads as `processing` and is found out by itself.
    ///
    /// # Errors
    /// [`OrderRefusal`] with nothing charged, or [`Trouble`].
    pub async fn pay(
        &self,
        order: OrderId,
        holder: HolderId,
        provider: &str,
        method: Method,
    ) -> Result<OrderRecord, PurchaseError> {
        let payment = PaymentId::mint(order.minted_at(), random(&*self.parts.clock));
        self.pay_as(payment, order, holder, provider, method).await
    }

    /// As [`Self::pay`], with the payment's id: a call that has to run again brings the same one, and is no second attempt.
    ///
    /// # Errors
    /// As [`Self::pay`].
    pub async fn pay_as(
        &self,
        payment: PaymentId,
        order: OrderId,
        holder: HolderId,
        provider: &str,
        method: Method,
    ) -> Result<OrderRecord, PurchaseError> {
        let (this, provider) = (self.clone(), provider.to_owned());
        finish(async move { this.pay_now(payment, order, holder, &provider, method).await }).await
    }

    async fn pay_now(
        &self,
        payment: PaymentId,
        order: OrderId,
        holder: HolderId,
        provider: &str,
        method: Method,
    ) -> Result<OrderRecord, PurchaseError> {
        let parts = &self.parts;
        let record = self.order(order, holder).await?;
        let bank =
            parts.providers.taking(provider).filter(|bank| bank.accepts(&method)).ok_or(OrderRefusal::InvalidMethod)?;
        if parts.store.begin_payment(order, payment, provider).await?? == Begun::Before {
            return self.drive(record).await;
        }
        parts.stop.reached("payment_written");
        let ask = Ask { payment, order, amount: record.totals.total, method };
        // From here on money may move: no trouble may be told as if nothing had happened (invariant D6).
        match self.ask_to_pay(bank, &ask).await {
            Ok(Some(driven)) => Ok(driven),
            Ok(None) => Err(unconfirmed("its order cannot be found").into()),
            Err(trouble) => {
                tracing::warn!(%order, %payment, %trouble, "a payment was begun and could not be followed up; the sweep will");
                Ok(record.with_unknown_payment(payment, provider))
            }
        }
    }

    async fn ask_to_pay(&self, bank: &Way, ask: &Ask) -> Result<Option<OrderRecord>, Trouble> {
        let (order, payment) = (ask.order, ask.payment);
        match bank.hear(bank.create(ask)).await {
            Ok(word) => {
                self.parts.stop.reached("payment_asked");
                self.parts.store.record(order, payment, &word).await?;
                self.parts.stop.reached("authorised");
            }
            // Not known: it stays written down, and polling asks until it is.
            Err(trouble) => tracing::warn!(%order, %payment, %trouble, "a payment's outcome is not known yet"),
        }
        self.complete(order).await
    }

    /// Drives an order on for its buyer. What fails on the way is told with what is known: the order as it stood if a
    /// payment of it is under way, for its page then says that the outcome is being found out.
    async fn drive(&self, stood: OrderRecord) -> Result<OrderRecord, PurchaseError> {
        match self.complete(stood.id).await {
            Ok(driven) => Ok(driven.ok_or(OrderRefusal::NotFound)?),
            Err(trouble) if stood.money_may_move() => {
                tracing::warn!(order = %stood.id, %trouble, "an order with a payment could not be driven on; the sweep will");
                Ok(stood)
            }
            Err(trouble) => Err(trouble.into()),
        }
    }

    /// The order as it stands, for whoever keeps its secret.
    ///
    /// # Errors
    /// [`OrderRefusal::NotFound`] for everybody else.
    pub async fn order(&self, order: OrderId, holder: HolderId) -> Result<OrderRecord, PurchaseError> {
        let record = self.parts.store.load(order).await?.filter(|record| record.holder == holder);
        Ok(record.ok_or(OrderRefusal::NotFound)?)
    }

    /// Somebody asks how things stand: the provider is asked if it owes an answer and nobody has asked just now.
    ///
    /// # Errors
    /// As [`Self::refresh`].
    pub async fn look(&self, order: OrderId, holder: HolderId) -> Result<OrderRecord, PurchaseError> {
        let record = self.order(order, holder).await.map_err(unseen)?;
        if next::next(&record) == next::Next::Nothing || !self.looked_after.entry(order).or_insert(()).await.is_fresh()
        {
            return Ok(record);
        }
        let this = self.clone();
        // Whoever asks how it stands can be told so, whether or not it moves on now.
        finish(async move { this.drive(record.clone()).await.or_else(|error| stands(record, error)) }).await
    }

    /// The buyer comes back from the bank: the provider is asked if it owes an answer.
    ///
    /// # Errors
    /// [`OrderRefusal::NotFound`] for whoever does not keep the order's secret.
    pub async fn refresh(&self, order: OrderId, holder: HolderId) -> Result<OrderRecord, PurchaseError> {
        let record = self.order(order, holder).await.map_err(unseen)?;
        if next::next(&record) == next::Next::Nothing {
            return Ok(record);
        }
        let this = self.clone();
        finish(async move { this.drive(record).await }).await
    }

    /// The order that a hold became, if it did.
    ///
    /// # Errors
    /// [`Trouble`] of the books.
    pub async fn of_hold(&self, hold: HoldId, holder: HolderId) -> Result<Option<OrderId>, Trouble> {
        self.parts.store.of_hold(hold, holder).await
    }

    /// The order that a hold became, for a page that is about something else.
    ///
    /// # Errors
    /// [`Trouble`] of the books.
    pub async fn glance(&self, hold: HoldId, holder: HolderId) -> Result<Option<OrderRecord>, Trouble> {
        let books = &self.parts.aside;
        let Some(order) = books.of_hold(hold, holder).await? else { return Ok(None) };
        Ok(books.load(order).await?.filter(|record| record.holder == holder))
    }

    /// The hold was extended: its order's time follows.
    ///
    /// # Errors
    /// [`Trouble::Unconfirmed`]: the hold has its time already, whatever became of the order's.
    pub async fn extended(&self, hold: HoldId, holder: HolderId, until: Millis) -> Result<bool, Trouble> {
        self.parts.store.extend(hold, holder, until).await.map_err(unconfirmed)
    }

    /// More time for the unpaid order that a hold became, if the hold had an extension left.
    ///
    /// # Errors
    /// [`Trouble`] of the books.
    pub async fn prolong(&self, hold: HoldId, holder: HolderId) -> Result<Result<OrderRecord, HoldRefusal>, Trouble> {
        match self.parts.store.prolong(hold, holder, EXTEND_BY).await? {
            // Extended: what cannot be read now was done all the same.
            Ok(order) => Ok(self.parts.store.load(order).await.map_err(unconfirmed)?.ok_or(HoldRefusal::Expired)),
            Err(refused) => Ok(Err(refused)),
        }
    }

    /// The buyer gives an unpaid order up: the provider confirms first that nothing can be charged, then the places go
    /// free. The answer may still say `pending` while that is being waited for.
    ///
    /// # Errors
    /// [`OrderRefusal::AlreadyPaid`], [`OrderRefusal::NotFound`], or [`Trouble`].
    pub async fn cancel(&self, order: OrderId, holder: HolderId) -> Result<OrderRecord, PurchaseError> {
        use domain::order::OrderStatus;
        let record = self.order(order, holder).await.map_err(unseen)?;
        match record.status {
            OrderStatus::Cancelled | OrderStatus::Expired => return Ok(record),
            OrderStatus::Pending | OrderStatus::Closing => {}
            _ => return Err(OrderRefusal::AlreadyPaid.into()),
        }
        let this = self.clone();
        finish(async move {
            match this.parts.store.begin_close(order, CloseAs::Cancelled, true).await {
                Err(trouble) if record.money_may_move() => Err(unconfirmed(trouble).into()),
                Err(trouble) => Err(trouble.into()),
                Ok(_) => {
                    this.parts.stop.reached("closed");
                    // Being given up: a failure from here on cannot say that nothing was done.
                    this.drive(record).await.map_err(unread)
                }
            }
        })
        .await
    }

    /// The signer of the tickets, for links, keys and checks.
    #[must_use]
    pub fn signer(&self) -> &Signer {
        &self.parts.signer
    }

    async fn load(&self, order: OrderId) -> Result<OrderRecord, PurchaseError> {
        Ok(self.parts.store.load(order).await?.ok_or(OrderRefusal::NotFound)?)
    }
}
