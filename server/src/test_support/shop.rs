//! For tests of the purchase: an event on sale in a database of its own, holds, the test provider, and a till.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use domain::hold::{Fence, Hold};
use domain::ids::{EventId, HoldId, HolderId, PromoterId, TierId, VenueId};
use domain::money::{Currency, Money};
use domain::price::{Line, Price};
use domain::seat::SeatId;
use domain::time::{MINUTE, Millis};
use tokio::sync::{mpsc, oneshot};

use super::{TestDatabase, database};
use crate::clock::{Clock, SystemClock, random};
use crate::payments::test_provider::{Ledger, TestProvider};
use crate::payments::{Method, News, Providers};
use crate::purchase::places::{Places, PlainLabels};
use crate::purchase::postgres::PostgresOrders;
use crate::purchase::stop::StopAt;
use crate::purchase::types::{Checkout, OrderRecord};
use crate::purchase::{Parts, Purchase, PurchaseError};
use crate::stores::postgres::Pool;
use crate::tickets::Signer;
use crate::trouble::Trouble;

/// What one place costs in the tests' shop.
pub const PRICE: i64 = 4500;

/// A hold store for tests: honest, or one that grants every wish, so that only the books stand between two buyers.
#[derive(Debug, Default)]
pub struct TestHolds {
    generous: bool,
    fence: AtomicI64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    holds: HashMap<HoldId, Hold>,
    owner: HashMap<SeatId, HoldId>,
    told_sold: Vec<Vec<SeatId>>,
    told_free: Vec<Vec<SeatId>>,
    /// The next word that seats are free says that it is on its way, and waits.
    on_its_way: Option<(oneshot::Sender<()>, oneshot::Receiver<()>)>,
}

impl TestHolds {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The seats it was told are sold, one entry a word.
    #[must_use]
    pub fn told_sold(&self) -> Vec<Vec<SeatId>> {
        self.state().told_sold.clone()
    }

    /// The seats it was told are free, one entry a word.
    #[must_use]
    pub fn told_free(&self) -> Vec<Vec<SeatId>> {
        self.state().told_free.clone()
    }

    /// The next word that seats are free is slow: tells when it is on its way, and it comes once it is let.
    #[must_use]
    pub fn next_word_is_slow(&self) -> (oneshot::Receiver<()>, oneshot::Sender<()>) {
        let ((begins, begun), (lets, let_in)) = (oneshot::channel(), oneshot::channel());
        self.state().on_its_way = Some((begins, let_in));
        (begun, lets)
    }

    /// Turns the lines of a hold round, as somebody has them who chose the other tier first.
    pub fn turn_round(&self, hold: HoldId) {
        if let Some(hold) = self.state().holds.get_mut(&hold) {
            hold.lines.reverse();
        }
    }

    fn place(&self, hold: &mut Hold) -> bool {
        let mut state = self.state();
        if !self.generous && hold.seats.iter().any(|seat| state.owner.contains_key(seat)) {
            return false;
        }
        // Above every fence of a process that ran before: its first one is the millisecond.
        self.fence.fetch_max(SystemClock.now().0, Ordering::SeqCst);
        hold.fence = Fence(self.fence.fetch_add(1, Ordering::SeqCst) + 1);
        for seat in &hold.seats {
            state.owner.insert(*seat, hold.id);
        }
        state.holds.insert(hold.id, hold.clone());
        true
    }
}

#[async_trait]
impl Places for TestHolds {
    async fn verify(&self, hold: HoldId, holder: HolderId) -> Result<Option<Hold>, Trouble> {
        Ok(self.state().holds.get(&hold).filter(|held| held.holder == holder).cloned())
    }

    async fn claimed(&self, hold: &Hold) -> Result<(), Trouble> {
        let mut state = self.state();
        state.holds.remove(&hold.id);
        state.told_sold.push(hold.seats.clone());
        Ok(())
    }

    async fn freed(
        &self,
        _event: EventId,
        hold: HoldId,
        seats: Vec<SeatId>,
        _standing: Vec<(TierId, u32)>,
    ) -> Result<(), Trouble> {
        let on_its_way = self.state().on_its_way.take();
        if let Some((begins, let_in)) = on_its_way {
            let _ = begins.send(());
            let _ = let_in.await;
        }
        let mut state = self.state();
        state.owner.retain(|seat, owner| *owner != hold || !seats.contains(seat));
        state.told_free.push(seats);
        Ok(())
    }
}

/// One event on sale.
pub struct Shop {
    /// Its database.
    pub database: TestDatabase,
    /// Its till.
    pub till: Till,
}

/// Everything that sells one event; works on any database that has it.
#[derive(Clone)]
pub struct Till {
    /// The service under test.
    pub purchase: Purchase,
    /// The provider, for answering its questions.
    pub provider: TestProvider,
    /// The hold store.
    pub holds: Arc<TestHolds>,
    /// What the provider tells.
    pub news: Arc<tokio::sync::Mutex<mpsc::Receiver<News>>>,
    /// The event.
    pub event: EventId,
    /// Its seated tier.
    pub seated: TierId,
    /// Its standing tier.
    pub standing: TierId,
    /// How long holds last, in milliseconds.
    pub hold_for: i64,
    /// What a place costs in the holds that are taken here.
    pub price: i64,
}

fn fixed(n: u8) -> [u8; 10] {
    [n; 10]
}

impl Shop {
    /// An event with so many seats, twenty standing places, and an honest hold store.
    pub async fn open(seats: u32) -> Self {
        Self::open_with(seats, false).await
    }

    /// The same with a hold store that grants every wish.
    pub async fn open_generous(seats: u32) -> Self {
        Self::open_with(seats, true).await
    }

    async fn open_with(seats: u32, generous: bool) -> Self {
        let database = database().await;
        put_on_sale(&database.pool, seats).await;
        let till = Till::new(&database.pool, generous, StopAt::default());
        Self { database, till }
    }

    /// Another process on the same books: nothing in memory is left.
    #[must_use]
    pub fn restart(&self) -> Till {
        Till::new(&self.database.pool, self.till.holds.generous, StopAt::default())
    }
}

/// The event of [`Till`] in an empty, migrated database.
///
/// # Panics
/// Where the database refuses.
pub async fn put_on_sale(pool: &Pool, seats: u32) {
    let till = Till::new(pool, false, StopAt::default());
    let (promoter, venue) = (PromoterId::mint(super::NOW, fixed(1)), VenueId::mint(super::NOW, fixed(2)));
    let run = [
        sqlx::query("INSERT INTO promoters (id, slug, name) VALUES ($1, 'test', 'Test')").bind(promoter.0),
        sqlx::query(
            "INSERT INTO venues (id, slug, name, city, country, time_zone, capacity)
             VALUES ($1, 'hall', 'The Hall', 'Hamburg', 'DE', 'Europe/Berlin', 100000)",
        )
        .bind(venue.0),
        sqlx::query(
            "INSERT INTO events (id, promoter_id, venue_id, slug, title, category, status, currency, capacity, starts_at)
             VALUES ($1, $2, $3, 'night', 'Night Trains', 'concert', 'on_sale', 'EUR', 100000, now() + interval '9 days')",
        )
        .bind(till.event.0)
        .bind(promoter.0)
        .bind(venue.0),
        sqlx::query(
            "INSERT INTO ticket_tiers (id, event_id, name, kind, category, net, fee, tax, total, currency, quantity)
             VALUES ($1, $2, 'Stalls', 'seated', 0, 3800, 400, 300, 4500, 'EUR', $3)",
        )
        .bind(till.seated.0)
        .bind(till.event.0)
        .bind(i32::try_from(seats).expect("a hall of a sensible size")),
        sqlx::query(
            "INSERT INTO ticket_tiers (id, event_id, name, kind, net, fee, tax, total, currency, quantity, min_purchase, max_purchase)
             VALUES ($1, $2, 'Floor', 'standing', 3800, 400, 300, 4500, 'EUR', 20, 2, 6)",
        )
        .bind(till.standing.0)
        .bind(till.event.0),
    ];
    for statement in run {
        statement.execute(pool).await.expect("the event can be put on sale");
    }
}

impl Till {
    /// A till over these books.
    #[must_use]
    pub fn new(pool: &Pool, generous: bool, stop: StopAt) -> Self {
        let (provider, news) = TestProvider::new(Ledger::new(pool.clone()));
        let holds = Arc::new(TestHolds { generous, ..TestHolds::default() });
        let purchase = Purchase::new(Parts {
            store: Arc::new(PostgresOrders::new(pool.clone())),
            aside: Arc::new(PostgresOrders::new(pool.clone())),
            places: holds.clone(),
            labels: Arc::new(PlainLabels),
            providers: Providers::new(vec![Arc::new(provider.clone())]),
            signer: Arc::new(Signer::new([7; 32])),
            clock: Arc::new(SystemClock),
            stop,
        });
        Self {
            purchase,
            provider,
            holds,
            news: Arc::new(tokio::sync::Mutex::new(news)),
            event: EventId::mint(super::NOW, fixed(3)),
            seated: TierId::mint(super::NOW, fixed(4)),
            standing: TierId::mint(super::NOW, fixed(5)),
            hold_for: 10 * MINUTE,
            price: PRICE,
        }
    }

    /// Somebody new.
    #[must_use]
    pub fn somebody(&self) -> HolderId {
        HolderId::mint(SystemClock.now(), random(&SystemClock))
    }

    /// A basket of seats and standing places; `None` where the hold store says no.
    #[must_use]
    pub fn hold(&self, holder: HolderId, seats: &[u32], standing: u32) -> Option<Hold> {
        let now = SystemClock.now();
        let (fee, tax) = if self.price == 0 { (0, 0) } else { (400, 300) };
        let total = Money::new(self.price, Currency::EUR);
        let unit = Price { net: self.price - fee - tax, fee, tax, total };
        let seats: Vec<_> = seats.iter().copied().map(SeatId).collect();
        let seated = seats.iter().map(|seat| Line { tier: self.seated, seat: Some(*seat), quantity: 1, unit });
        let stood = (standing > 0).then_some(Line { tier: self.standing, seat: None, quantity: standing, unit });
        let mut hold = Hold {
            id: HoldId::mint(now, random(&SystemClock)),
            event: self.event,
            holder,
            lines: seated.chain(stood.clone()).collect(),
            standing: stood.iter().map(|line| (line.tier, line.quantity)).collect(),
            seats,
            expires_at: now.plus(self.hold_for),
            extensions_left: 1,
            fence: Fence(0),
        };
        self.holds.place(&mut hold).then_some(hold)
    }

    /// The wish to buy a hold.
    #[must_use]
    pub fn wish(&self, hold: &Hold) -> Checkout {
        let places: u32 = hold.lines.iter().map(|line| line.quantity).sum();
        Checkout {
            holder: hold.holder,
            hold: hold.id,
            name: "Sample Buyer".into(),
            email: "buyer@example.org".into(),
            accept_total: self.price * i64::from(places),
        }
    }

    /// Checks a hold out.
    ///
    /// # Errors
    /// What the purchase says.
    pub async fn checkout(&self, hold: &Hold) -> Result<OrderRecord, PurchaseError> {
        self.purchase.checkout(self.wish(hold)).await
    }

    /// Pays an order with a test card.
    ///
    /// # Errors
    /// What the purchase says.
    pub async fn pay(&self, order: &OrderRecord, card: &str) -> Result<OrderRecord, PurchaseError> {
        self.purchase.pay(order.id, order.holder, "test", Method(card.into())).await
    }

    /// Takes the provider's news over that have arrived.
    pub async fn read_news(&self) {
        let mut inbox = self.news.lock().await;
        while let Ok(news) = inbox.try_recv() {
            self.purchase.news(news).await.expect("news can be acted on");
        }
    }
}

/// Lets an order's time run out now.
///
/// # Panics
/// Where the database refuses.
pub async fn run_out(pool: &Pool) {
    let past = Millis(SystemClock.now().0 - 1);
    sqlx::query("UPDATE orders SET expires_at = $1 WHERE status = 'pending'")
        .bind(crate::stores::postgres::codec::At(past))
        .execute(pool)
        .await
        .expect("time can run out");
    sqlx::query("UPDATE payments SET check_at = now() WHERE check_at IS NOT NULL")
        .execute(pool)
        .await
        .expect("answers can be due");
}

/// Lets every payment have waited for half a minute more.
///
/// # Panics
/// Where the database refuses.
pub async fn half_a_minute_later(pool: &Pool) {
    sqlx::query("UPDATE payments SET created_at = created_at - interval '30 seconds'")
        .execute(pool)
        .await
        .expect("time can pass");
}
