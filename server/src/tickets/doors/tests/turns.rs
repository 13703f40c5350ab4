//! The comparison that comes round: once for all processes, who take turns.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::join_all;

use super::*;
use crate::test_support::steady::{always, steady};
use crate::tickets::doors::postgres::turns::Next;

/// A store that notes of which tickets it was asked.
#[derive(Default)]
struct Noting {
    tickets: MemoryTickets,
    asked: Mutex<Vec<TicketId>>,
    /// Of this one it says nothing.
    stuck: Mutex<Option<TicketId>>,
}

#[async_trait]
impl DoorStore for Noting {
    async fn find(&self, ticket: TicketId) -> Result<Option<Shown>, Trouble> {
        self.asked.lock().unwrap().push(ticket);
        if *self.stuck.lock().unwrap() == Some(ticket) {
            std::future::pending::<()>().await;
        }
        self.tickets.find(ticket).await
    }

    async fn project(&self, ticket: &DoorTicket, stamp: i64) -> Result<(), Trouble> {
        self.tickets.project(ticket, stamp).await
    }
}

/// The pause is over, or the turn has lasted for too long.
async fn time_passes(shop: &Shop) {
    let due = "UPDATE door_rounds SET due_at = clock_timestamp()";
    sqlx::query(due).execute(&shop.database.pool).await.unwrap();
}

/// Tickets of one order, ascending, compared one in a turn.
async fn one_at_a_time(shop: &Shop, store: Arc<dyn DoorStore>) -> (Doors, Vec<TicketId>) {
    let order = paid(shop, &[1, 2, 3], 3).await;
    hours_pass(shop).await;
    let mut tickets: Vec<TicketId> = order.tickets.iter().map(|ticket| ticket.id).collect();
    tickets.sort_unstable();
    (Doors { lot: 1, ..doors(shop, store) }, tickets)
}

/// About a minute.
fn is_a_minute(pause: Duration) -> bool {
    (Duration::from_secs(50)..=Duration::from_secs(60)).contains(&pause)
}

#[tokio::test]
async fn processes_take_turns_and_compare_each_ticket_once_a_round() {
    let (shop, store) = (Shop::open(10).await, Arc::new(Noting::default()));
    let (doors, tickets) = one_at_a_time(&shop, store.clone()).await;
    let processes: Vec<Compare> = (0..3).map(|_| Compare::new(doors.clone(), "here")).collect();
    for round in 0..2 {
        for _ in &tickets {
            for pause in join_all(processes.iter().map(Compare::lot)).await {
                pause.unwrap();
            }
            time_passes(&shop).await;
        }
        let seen = std::mem::take(&mut *store.asked.lock().unwrap());
        assert_eq!(seen, tickets, "round {round}");
        // That there are no more is a lot without tickets, and then there is time.
        for pause in join_all(processes.iter().map(Compare::lot)).await {
            assert!(is_a_minute(pause.unwrap()));
        }
        assert_eq!(processes[0].lot().await.map(is_a_minute), Ok(true));
        time_passes(&shop).await;
    }
    for ticket in tickets {
        assert!(store.find(ticket).await.unwrap().is_some(), "what was wrong is put right");
    }
}

#[tokio::test]
async fn whoever_does_not_come_back_from_a_turn_is_waited_for_and_moves_nothing_later() {
    let shop = Shop::open(10).await;
    let (doors, tickets) = one_at_a_time(&shop, Arc::new(MemoryTickets::default())).await;
    let take = async |store: &str| match doors.books.take_turn(store).await.unwrap() {
        Next::Mine(turn) => turn,
        Next::After(pause) => panic!("it is another's turn for {pause:?}"),
    };
    let first = take("here").await;
    assert_eq!(first.behind, None);
    let waits = doors.books.take_turn("here").await.unwrap();
    assert!(matches!(waits, Next::After(pause) if is_a_minute(pause)), "{waits:?}");
    assert!(doors.books.end_turn("here", first, Some(tickets[0]), Duration::ZERO).await.unwrap());
    let lost = take("here").await;
    assert_eq!(lost.behind, Some(tickets[0]));
    time_passes(&shop).await;
    let again = take("here").await;
    assert_eq!(again.behind, Some(tickets[0]), "the lot of whoever was lost is compared by another");
    assert!(!doors.books.end_turn("here", lost, Some(tickets[5]), Duration::ZERO).await.unwrap());
    assert!(doors.books.end_turn("here", again, Some(tickets[1]), Duration::ZERO).await.unwrap());
    assert_eq!(take("here").await.behind, Some(tickets[1]));
    assert_eq!(take("elsewhere").await.behind, None, "another store has a round of its own");
}

#[tokio::test]
async fn a_lot_that_could_not_be_compared_is_compared_again_a_little_later() {
    steady(async || {
        let (shop, store) = (Shop::open(10).await, Arc::new(MemoryTickets::default()));
        let (doors, tickets) = one_at_a_time(&shop, store.clone()).await;
        let process = Compare::new(doors.clone(), "here");
        process.lot().await.unwrap();
        time_passes(&shop).await;
        store.away.store(true, Ordering::SeqCst);
        process.lot().await.unwrap_err();
        store.away.store(false, Ordering::SeqCst);
        let pause = process.lot().await.unwrap();
        assert!((Duration::from_secs(1)..=Duration::from_secs(5)).contains(&pause), "{pause:?}");
        time_passes(&shop).await;
        process.lot().await.unwrap();
        always(store.find(tickets[1]).await.unwrap().is_some(), "what could not be compared is passed over");
        assert!(store.find(tickets[2]).await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn a_lot_that_takes_too_long_is_left_there_and_the_next_begins_where_it_was_left() {
    steady(async || {
        let (shop, store) = (Shop::open(10).await, Arc::new(Noting::default()));
        let (doors, tickets) = one_at_a_time(&shop, store.clone()).await;
        let process = Compare::new(Doors { lot: LOT, within: Duration::from_millis(300), ..doors }, "here");
        let shown = async || {
            let mut shown = 0;
            for ticket in &tickets {
                shown += usize::from(store.tickets.find(*ticket).await.unwrap().is_some());
            }
            shown
        };
        *store.stuck.lock().unwrap() = Some(tickets[2]);
        process.lot().await.unwrap();
        assert!(shown().await >= 2);
        store.asked.lock().unwrap().clear();
        time_passes(&shop).await;
        process.lot().await.unwrap_err();
        assert_eq!(store.asked.lock().unwrap()[0], tickets[2], "those before it are not compared again");
        *store.stuck.lock().unwrap() = None;
        let pause = process.lot().await.unwrap();
        assert!(pause <= Duration::from_secs(5), "the turn was ended: {pause:?}");
        time_passes(&shop).await;
        process.lot().await.unwrap();
        assert_eq!(shown().await, tickets.len());
    })
    .await;
}

#[tokio::test]
async fn what_was_put_right_before_a_lot_broke_off_is_counted_once() {
    steady(async || {
        let (shop, store) = (Shop::open(10).await, Arc::new(Noting::default()));
        let (doors, tickets) = one_at_a_time(&shop, store.clone()).await;
        let doors = Doors { lot: LOT, within: Duration::from_secs(1), ..doors };
        *store.stuck.lock().unwrap() = Some(tickets[0]);
        let counted = metric("parterre_tickets_drift_total");
        Compare::new(doors.clone(), "here").lot().await.unwrap_err();
        assert!(metric("parterre_tickets_drift_total") >= counted + 5.0, "those behind it were put right");
        for (stuck, came) in [(Some(tickets[0]), (false, 0)), (None, (true, 1)), (None, (true, 0))] {
            *store.stuck.lock().unwrap() = stuck;
            let lot = doors.books.lot(TicketId(Uuid::nil()), LOT).await.unwrap();
            let (told, done) = doors.put_right(lot, |_| true).await;
            assert_eq!((told.is_ok(), done.wrong), came);
        }
    })
    .await;
}

#[tokio::test]
async fn a_turn_that_is_due_after_any_pause_is_due_now() {
    let shop = Shop::open(10).await;
    let (doors, _) = one_at_a_time(&shop, Arc::new(MemoryTickets::default())).await;
    assert!(matches!(doors.books.take_turn("here").await.unwrap(), Next::Mine(_)));
    for (due, is_mine) in [("1 hour", true), ("1 minute", false)] {
        let set = "UPDATE door_rounds SET due_at = clock_timestamp() + $1::text::interval";
        sqlx::query(set).bind(due).execute(&shop.database.pool).await.unwrap();
        assert_eq!(matches!(doors.books.take_turn("here").await.unwrap(), Next::Mine(_)), is_mine, "{due}");
    }
}
