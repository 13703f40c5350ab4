//! What the shop says of a seat that nobody can buy any more, when its holder comes to the checkout.

use axum::http::header;

use super::*;

const KILL: &str = "INSERT INTO seat_kills (event_id, seat, reason) VALUES ($1, $2, 'a camera stands there')";

const BUYER: &str = "name=Sample+Buyer&email=buyer%40example.org&card=4242424242424242&expiry=12+%2F+34&code=123";

/// Sends as a page does; answers status, cookie and text.
async fn send(
    house: &TestHouse,
    cookie: &str,
    path: &str,
    (kind, body): (&str, String),
) -> (StatusCode, String, String) {
    let request = Request::post(path)
        .header("sec-fetch-site", "same-origin")
        .header(header::CONTENT_TYPE, kind)
        .header(header::COOKIE, cookie)
        .body(Body::from(body));
    let answer = house.router.clone().oneshot(request.unwrap()).await.unwrap();
    let cookie = answer.headers().get(header::SET_COOKIE).and_then(|cookie| cookie.to_str().ok()?.split(';').next());
    let (status, cookie) = (answer.status(), cookie.unwrap_or_default().to_owned());
    let text = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    (status, cookie, String::from_utf8_lossy(&text).into_owned())
}

/// A page's basket of so many, the first of which is taken off sale: the cookie, and the hold.
async fn with_one_killed(house: &TestHouse, quantity: u32) -> (String, Value) {
    let best = json!({ "best": { "quantity": quantity } }).to_string();
    let path = format!("/api/v1/events/{SLUG}/holds");
    // A page comes with a cookie; without one the first press brings it.
    let (_, cookie, _) = send(house, "", &path, ("application/json", best.clone())).await;
    let (status, _, held) = send(house, &cookie, &path, ("application/json", best)).await;
    assert_eq!(status, StatusCode::CREATED, "{held}");
    let held: Value = serde_json::from_str(&held).unwrap();
    let seat = i32::try_from(held["lines"][0]["seat"].as_i64().unwrap()).unwrap();
    sqlx::query(KILL).bind(house.event.0).bind(seat).execute(&house.database.pool).await.unwrap();
    (cookie, held)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_seat_is_told_at_the_checkout_and_the_rest_is_bought() {
    let house = house().await;
    let (cookie, held) = with_one_killed(&house, 3).await;
    let price = held["lines"][0]["unit"]["amount"].as_i64().unwrap();
    let pay = async |hold: &str, total: i64| {
        let form = ("application/x-www-form-urlencoded", format!("{BUYER}&accept_total={total}"));
        send(&house, &cookie, &format!("/checkout/{hold}"), form).await
    };
    let id = held["id"].as_str().unwrap();
    let (status, _, page) = pay(id, price * 3).await;
    assert_eq!(status, StatusCode::CONFLICT, "{page}");
    let label = held["lines"][0]["label"].as_str().unwrap();
    assert!(page.contains(&format!("{label} is no longer on sale. The rest is still yours.")), "{page}");
    assert!(page.contains("buyer@example.org"), "what was typed stays");
    // The form is about the rest by now, and buys it with one press.
    let (_, rest) = page.split_once("action=\"/checkout/").unwrap();
    let rest = rest.split('"').next().unwrap();
    assert_ne!(rest, id);
    let (status, ..) = pay(rest, price * 2).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_basket_of_which_nothing_is_left_ends_where_others_are_chosen() {
    let house = house().await;
    let (cookie, held) = with_one_killed(&house, 1).await;
    let (id, total) = (held["id"].as_str().unwrap(), &held["total"]["amount"]);
    let request = Request::post(format!("/checkout/{id}"))
        .header("sec-fetch-site", "same-origin")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::COOKIE, &cookie)
        .body(Body::from(format!("{BUYER}&accept_total={total}")));
    let answer = house.router.clone().oneshot(request.unwrap()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(answer.headers()[header::LOCATION], format!("/events/{SLUG}/seats").as_str());
    assert!(answer.headers().contains_key(header::SET_COOKIE), "and says why");
    let gone = Request::get(format!("/api/v1/holds/{id}")).header(header::COOKIE, &cookie).body(Body::empty());
    assert_eq!(house.router.clone().oneshot(gone.unwrap()).await.unwrap().status(), StatusCode::GONE);
}
