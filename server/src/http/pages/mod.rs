//! The pages' handlers: load, fill the page's struct, render.

mod basket;
mod begun;
mod browse;
mod checkout;
mod dev;
mod note;
mod pay;
mod seats;
mod tickets;
mod words;
pub mod wrong;

use axum::Router;
use axum::routing::{get, post};

use super::state::Shop;

/// Every page and plain form.
pub fn router(shop: &Shop) -> Router<Shop> {
    let router = Router::new()
        .route("/", get(browse::home))
        .route("/events/{slug}", get(browse::event))
        .route("/events/{slug}/seats", get(seats::page))
        .route("/events/{slug}/hold", post(basket::hold))
        .route("/events/{slug}/over", get(checkout::run_out))
        .route("/holds/{id}/extend", post(basket::extend))
        .route("/holds/{id}/release", post(basket::release))
        .route("/holds/{id}/remove", post(basket::remove))
        .route("/checkout/{hold}", get(checkout::page).post(checkout::submit))
        .route("/orders/{id}", get(pay::order))
        .route("/orders/{id}/pay", get(pay::again).post(pay::submit))
        .route("/orders/{id}/tickets.pdf", get(tickets::order_pdf))
        .route("/orders/{id}/calendar.ics", get(tickets::order_calendar))
        .route(app::pages::ticket::KEEPER, get(tickets::keeper))
        .route("/tickets/{link}", get(tickets::page))
        .route("/tickets/{link}/ticket.pdf", get(tickets::pdf))
        .route("/tickets/{link}/calendar.ics", get(tickets::calendar));
    let router = if shop.test_provider.is_some() {
        router.route("/pay/test/{intent}", get(pay::challenge).post(pay::answer))
    } else {
        router
    };
    if shop.letters.is_some() {
        router
            .route("/dev/mail", get(dev::list))
            .route("/dev/mail/{letter}", get(dev::letter))
            .route("/dev/mail/{letter}/{file}", get(dev::attachment))
    } else {
        router
    }
}
