//! Baskets over HTTP on a store that is slow: a form that is pressed twice.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, header};
use tokio::time::{Instant, sleep};
use tower::ServiceExt;

use super::process;
use super::storm::BUSY;
use super::told::{TOLD_WITHIN, held};
use crate::holds::cql::Tuning;
use crate::holds::cql::fake::{FakeTable, Faults};
use crate::test_support::house::{SLUG, TestHouse, with_holds};

/// Presses the button of a form without a script; answers the status.
async fn press(house: &TestHouse, cookie: &str, path: &str, fields: &str) -> u16 {
    let request = Request::post(path).header(header::COOKIE, cookie).header("sec-fetch-site", "same-origin");
    let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let asked = Instant::now();
    let answer = house.router.clone().oneshot(request.body(Body::from(fields.to_owned())).unwrap()).await.unwrap();
    assert!(asked.elapsed() < TOLD_WITHIN + BUSY, "told after {:?}", asked.elapsed());
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
    let table = FakeTable::default();
    let shop = with_holds(Arc::new(process(&table, Tuning::default(), None))).await;
    let (cookie, form) = (visitor(&shop).await, format!("/events/{SLUG}/hold"));
    table.fail(Faults { takes: Duration::from_millis(1_300), ..Faults::default() });
    // Looks at the basket, and holds: a write, and a record.
    let mut told = Vec::new();
    while told.last() != Some(&303) {
        assert!(told.len() < 20, "{told:?}");
        told.push(press(&shop, &cookie, &form, "best=1&quantity=2").await);
        if told.len() == 1 {
            // And by now it goes on by itself.
            table.fail(Faults { takes: Duration::from_millis(50), ..Faults::default() });
        }
    }
    assert_eq!(told[0], 503, "it took longer");
    sleep(Duration::from_secs(3)).await;
    assert_eq!(held(&table).len(), 2, "{told:?}: one basket");
}
