//! Baskets on a store that is slow: forms that are pressed twice, and how further baskets are counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use app::api::holds::{HoldRequest, StandingRequest};
use axum::body::Body;
use axum::http::{Request, header};
use domain::hold::Hold;
use domain::ids::HoldId;
use domain::time::Millis;
use futures::future::join_all;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};
use tower::ServiceExt;

use super::process;
use super::processes::soon;
use super::storm::BUSY;
use super::told::{TOLD_WITHIN, best, held, house, unopened, whose};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::holds::cql::Tuning;
use crate::holds::cql::fake::{FakeTable, Faults};
use crate::holds::tests::killed::a_killed_seat_leaves_the_basket_and_the_rest_stays;
use crate::holds::tests::{NOW, club, event};
use crate::holds::{Back, Counts, HoldError, Patience};
use crate::http::secret::Secret;
use crate::test_support::house::{SLUG, TestHouse, config, with, with_holds};
use crate::test_support::steady::{Late, always, always_same, steady};
use crate::trouble::Trouble;

/// Presses the button of a form without a script; answers the status, and notes where it came too late.
async fn press(house: &TestHouse, late: &Late, cookie: &str, path: &str, fields: &str) -> u16 {
    let request = Request::post(path).header(header::COOKIE, cookie).header("sec-fetch-site", "same-origin");
    let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let asked = Instant::now();
    let answer = house.router.clone().oneshot(request.body(Body::from(fields.to_owned())).unwrap()).await.unwrap();
    late.note(path, asked.elapsed(), TOLD_WITHIN + BUSY);
    answer.status().as_u16()
}

/// The cookie of somebody who has seen the page.
async fn visitor(house: &TestHouse) -> String {
    let page = Request::get(format!("/events/{SLUG}/seats")).body(Body::empty()).unwrap();
    let page = house.router.clone().oneshot(page).await.unwrap();
    let cookies = page.headers().get_all(header::SET_COOKIE).iter().filter_map(|c| c.to_str().ok()?.split(';').next());
    cookies.collect::<Vec<_>>().join("; ")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_that_is_pressed_again_while_nobody_knows_yet_makes_no_second_basket() {
    steady(async || {
        let table = FakeTable::default();
        let shop = with_holds(Arc::new(process(&table, Tuning::default(), None))).await;
        let (cookie, form, late) = (visitor(&shop).await, format!("/events/{SLUG}/hold"), Late::default());
        table.fail(Faults { takes: Duration::from_millis(1_300), ..Faults::default() });
        // Looks at the basket, and holds: a write, and a record.
        let mut told = Vec::new();
        while told.last() != Some(&303) {
            assert!(told.len() < 20, "{told:?}");
            told.push(press(&shop, &late, &cookie, &form, "best=1&quantity=2").await);
            if told.len() == 1 {
                // And by now it goes on by itself.
                table.fail(Faults { takes: Duration::from_millis(50), ..Faults::default() });
            }
        }
        sleep(Duration::from_secs(3)).await;
        always_same(held(&table).len(), 2, format_args!("{told:?}: seats of one basket"));
        assert_eq!(told[0], 503, "it took longer");
        late.is_nothing();
    })
    .await;
}

/// Counts what was taken and not given back; refuses above `limit`.
#[derive(Clone, Default)]
struct Tally {
    all: Arc<AtomicU32>,
    limit: u32,
    taken: bool,
}

impl Counts for Tally {
    async fn take(&mut self, ends: Millis) -> Result<(), HoldError> {
        assert!(ends > NOW);
        self.taken = self.all.fetch_add(1, Ordering::SeqCst) < self.limit;
        if self.taken {
            return Ok(());
        }
        self.all.fetch_sub(1, Ordering::SeqCst);
        Err(HoldError::TooOften { retry_after: 1_000 })
    }

    fn give_back(self) {
        self.all.fetch_sub(u32::from(self.taken), Ordering::SeqCst);
    }
}

#[tokio::test(start_paused = true)]
async fn a_further_basket_is_counted_once_and_what_comes_to_nothing_is_not() {
    let table = FakeTable::default();
    let (holds, tally) = (house(&table).await, Tally { limit: 2, ..Tally::default() });
    let ask = async |n: u8, request: &HoldRequest| {
        let ((holder, id), patience) = (whose(n), Patience::new(Back::Looks));
        holds.hold_by(patience, (event(), holder, id), request, NOW, tally.clone()).await
    };
    let counted = || tally.all.load(Ordering::SeqCst);
    let first = ask(1, &best()).await.unwrap();
    assert!(!first.found);
    // Asked for again, and another process may have forgotten what the first try gave back.
    let again = ask(1, &HoldRequest { replaces: Some(whose(9).1), ..best() }).await.unwrap();
    assert_eq!((again.found, &again.hold, counted()), (true, &first.hold, 1));
    let seats = HoldRequest { seats: first.hold.seats.clone(), ..HoldRequest::default() };
    for n in 2..6 {
        assert!(matches!(ask(n, &seats).await, Err(HoldError::Refused(_))), "somebody has them");
        assert_eq!(counted(), 1, "nothing came of it");
    }
    table.fail(Faults { refused: 1, ..Faults::default() });
    assert!(matches!(ask(6, &best()).await, Err(HoldError::Trouble(Trouble::Unavailable { .. }))));
    assert_eq!(counted(), 1, "it was surely not done");
    table.fail(Faults::default());
    ask(7, &best()).await.unwrap();
    assert_eq!(ask(8, &best()).await, Err(HoldError::TooOften { retry_after: 1_000 }));
    assert_eq!((counted(), held(&table).len()), (2, 4), "and whoever may have no more has taken no seat");
}

#[tokio::test(start_paused = true)]
async fn a_basket_that_came_to_nothing_after_a_silence_is_not_counted() {
    let table = FakeTable::default();
    let (holds, tally) = (house(&table).await, Tally { limit: 9, ..Tally::default() });
    table.fail(Faults { dropped: 1, unread: 1, ..Faults::default() });
    let ((holder, id), patience) = (whose(1), Patience::new(Back::Asks));
    let told = holds.hold_by(patience, (event(), holder, id), &best(), NOW, tally.clone()).await;
    assert!(matches!(told, Err(HoldError::Trouble(Trouble::Unconfirmed { .. }))), "{told:?}");
    let counted = || tally.all.load(Ordering::SeqCst);
    assert_eq!(counted(), 1, "it may be there");
    // Until nobody looks for its write any more.
    sleep(Duration::from_secs(4)).await;
    assert_eq!(counted(), 1, "it still may");
    table.fail(Faults::default());
    soon(async || counted() == 0).await;
    assert!(held(&table).is_empty());
}

#[tokio::test(start_paused = true)]
async fn of_many_who_replace_one_basket_at_the_same_time_one_has_no_further_one() {
    let table = FakeTable::default();
    let (holds, tally) = (house(&table).await, Tally { limit: 100, ..Tally::default() });
    let holder = whose(1).0;
    let ask = async |n: u8, replaces: Option<HoldId>| {
        let standing = vec![StandingRequest { tier: club(), quantity: 1 }];
        let request = HoldRequest { replaces, standing, ..HoldRequest::default() };
        let name = (event(), holder, whose(n).1);
        holds.hold_by(Patience::new(Back::Looks), name, &request, NOW, tally.clone()).await
    };
    let first = ask(1, None).await.unwrap();
    table.fail(Faults { takes: Duration::from_millis(20), ..Faults::default() });
    let told = join_all((2..5).map(|n| ask(n, Some(first.hold.id)))).await;
    assert!(told.iter().all(Result::is_ok), "{told:?}");
    let baskets = holds.by_holder(holder, NOW).await.unwrap().len();
    assert_eq!((baskets, tally.all.load(Ordering::SeqCst)), (3, 3), "a basket, a count");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_hangs_up_is_counted_all_the_same() {
    steady(async || {
        let table = FakeTable::default();
        let settings = Config { holds_per_address: 3, ..config() };
        let shop = with(settings, Arc::new(process(&table, Tuning::default(), None))).await;
        let ask = async |patience: Duration| {
            let secret = format!("Bearer {}", Secret::fresh(&SystemClock).text());
            let request = Request::post(format!("/api/v1/events/{SLUG}/holds"));
            let request =
                request.header(header::CONTENT_TYPE, "application/json").header(header::AUTHORIZATION, secret);
            let request = request.body(Body::from(r#"{ "best": { "quantity": 2 } }"#)).unwrap();
            timeout(patience, shop.router.clone().oneshot(request))
                .await
                .ok()
                .map(|told| told.unwrap().status().as_u16())
        };
        // Opens the event.
        assert_eq!(ask(Duration::from_secs(60)).await, Some(201));
        // A slow machine has them counted within the patience, and no quick one is done with them by then.
        table.fail(Faults { takes: Duration::from_millis(600), ..Faults::default() });
        for _ in 0..2 {
            assert_eq!(ask(Duration::from_millis(250)).await, None, "they do not wait");
        }
        assert_eq!(
            ask(Duration::from_secs(60)).await,
            Some(409),
            "those who went away count before they have anything"
        );
        soon(async || held(&table).len() == 6).await;
        let told = ask(Duration::from_secs(60)).await;
        always(told != Some(201), "a fourth basket, of three");
        assert_eq!(told, Some(409));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forms_and_pages_are_told_in_time_at_a_server_that_knows_nothing_of_the_baskets() {
    steady(async || {
        let table = FakeTable::default();
        let here = with_holds(Arc::new(process(&table, Tuning::default(), None))).await;
        let there = here.beside_over(Arc::new(process(&table, Tuning::default(), None))).await;
        let (cookie, form, late) = (visitor(&here).await, format!("/events/{SLUG}/hold"), Late::default());
        // Opens the event there, too.
        visitor(&there).await;
        assert_eq!(press(&here, &late, &cookie, &form, "best=1&quantity=2").await, 303);
        let hold = held(&table)[0].1;
        table.fail(Faults { takes: Duration::from_millis(1_300), ..Faults::default() });
        let told = async |request: Request<Body>| {
            let asked = Instant::now();
            let answer = there.router.clone().oneshot(request).await.unwrap();
            late.note("to look", asked.elapsed(), TOLD_WITHIN + BUSY);
            answer.status().as_u16()
        };
        let path = format!("/events/{SLUG}/seats");
        let look = Request::get(&path).header(header::COOKIE, &cookie).body(Body::empty()).unwrap();
        // Without the basket, which is the records of a holder and then each of them.
        let seen = told(look).await;
        assert!([200, 503].contains(&seen), "{seen}");
        for way in ["extend", "release"] {
            let told = press(&there, &late, &cookie, &format!("/holds/{hold}/{way}"), "").await;
            always(
                ![403, 404, 409, 410].contains(&told),
                format_args!("{way}: a basket that is there is lost: {told}"),
            );
            assert_eq!(told, 503, "{way}");
        }
        late.is_nothing();
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn letting_go_goes_on_also_where_the_event_is_still_being_opened() {
    let table = FakeTable::default();
    let hold = house(&table).await.hold(event(), whose(1).0, whose(1).1, &best(), NOW).await.unwrap().hold;
    let elsewhere = unopened(&table);
    table.fail(Faults { takes: Duration::from_millis(1_200), ..Faults::default() });
    let told = elsewhere.release(hold.id, hold.holder, NOW).await;
    assert!(matches!(told, Err(HoldError::Trouble(Trouble::Unconfirmed { .. }))), "{told:?}");
    table.fail(Faults::default());
    soon(async || held(&table).is_empty()).await;
}

#[tokio::test(start_paused = true)]
async fn an_order_has_the_time_of_its_hold_though_nobody_waited_for_it() {
    let table = FakeTable::default();
    let holds = house(&table).await;
    let hold = holds.hold(event(), whose(1).0, whose(1).1, &best(), NOW).await.unwrap().hold;
    table.fail(Faults { takes: Duration::from_millis(200), ..Faults::default() });
    let (tell, told) = oneshot::channel();
    let order = async move |longer: Hold| {
        tell.send(longer).unwrap();
        Ok(())
    };
    let asked = holds.extend_by(Patience::new(Back::Asks), (hold.id, hold.holder), NOW, order);
    assert!(timeout(Duration::from_millis(50), asked).await.is_err(), "they do not wait");
    assert!(told.await.unwrap().expires_at > hold.expires_at);
}

#[tokio::test(start_paused = true)]
async fn a_killed_seat_leaves_the_basket_and_the_rest_stays_on_a_cluster() {
    a_killed_seat_leaves_the_basket_and_the_rest_stays(Arc::new(process(
        &FakeTable::default(),
        Tuning::default(),
        None,
    )))
    .await;
}
