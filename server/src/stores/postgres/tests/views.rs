//! The two views, on one row of everything.

use sqlx::Row;

use super::sample;
use crate::test_support::{TestDatabase, database};

#[tokio::test]
async fn active_events_show_what_is_left_and_the_cheapest_place_still_to_be_had() {
    let db = database().await;
    sample::fill(&db.pool).await;
    let row = sqlx::query("SELECT * FROM active_events_with_availability").fetch_one(&db.pool).await.unwrap();
    assert_eq!(row.get::<String, _>("slug"), "spring-gala");
    assert_eq!(row.get::<String, _>("status"), "on_sale");
    assert_eq!((row.get::<i64, _>("from_price"), row.get::<i64, _>("available")), (2500, 103));
    for (change, status, price, available) in [
        ("UPDATE ticket_tiers SET reserved = 100 WHERE kind = 'standing'", "on_sale", Some(4500), 3),
        ("UPDATE ticket_tiers SET reserved = 3 WHERE kind = 'seated'", "sold_out", None, 0),
        (
            "UPDATE ticket_tiers SET sale_starts_at = now() + interval '1 day', reserved = 0",
            "announced",
            Some(2500),
            103,
        ),
        ("UPDATE events SET status = 'postponed'", "postponed", Some(2500), 103),
    ] {
        sqlx::query(change).execute(&db.pool).await.unwrap();
        let row = sqlx::query("SELECT * FROM active_events_with_availability").fetch_one(&db.pool).await.unwrap();
        assert_eq!(row.get::<String, _>("status"), status, "{change}");
        assert_eq!(row.get::<Option<i64>, _>("from_price"), price, "{change}");
        assert_eq!(row.get::<i64, _>("available"), available, "{change}");
    }
}

#[tokio::test]
async fn past_cancelled_and_draft_events_are_not_active() {
    let db = database().await;
    sample::fill(&db.pool).await;
    for change in [
        "UPDATE events SET status = 'draft'",
        "UPDATE events SET status = 'cancelled'",
        "UPDATE events SET status = 'on_sale', doors_at = NULL, starts_at = now() - interval '2 hours', ends_at = now()",
    ] {
        sqlx::query(change).execute(&db.pool).await.unwrap();
        let left: i64 = sqlx::query_scalar("SELECT count(*) FROM active_events_with_availability")
            .fetch_one(&db.pool)
            .await
            .unwrap();
        assert_eq!(left, 0, "{change}");
    }
}

#[tokio::test]
async fn a_buyers_summary_counts_orders_money_and_tickets_by_mail_address() {
    let db = database().await;
    sample::fill(&db.pool).await;
    let row = sqlx::query(
        "SELECT *, total_paid::bigint AS paid, tickets::bigint AS places, used_tickets::bigint AS used,
            upcoming_tickets::bigint AS upcoming FROM user_tickets_summary WHERE buyer_email = 'buyer@example.org'",
    )
    .fetch_one(&db.pool)
    .await
    .unwrap();
    assert_eq!((row.get::<i64, _>("orders"), row.get::<i64, _>("paid"), row.get::<i64, _>("places")), (1, 4500, 1));
    assert_eq!((row.get::<i64, _>("used"), row.get::<i64, _>("upcoming")), (0, 1));
    sqlx::query("UPDATE tickets SET status = 'used', used_at = now()").execute(&db.pool).await.unwrap();
    let upcoming: i64 = sqlx::query_scalar("SELECT upcoming_tickets::bigint FROM user_tickets_summary")
        .fetch_one(&db.pool)
        .await
        .unwrap();
    assert_eq!(upcoming, 0);
}

async fn found(db: &TestDatabase, words: &str) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM events WHERE search @@ search_query($1) OR search_near($1, search_words)")
        .bind(words)
        .fetch_one(&db.pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn search_folds_case_and_accents_forgives_a_slip_and_reaches_the_venue() {
    let db = database().await;
    sample::fill(&db.pool).await;
    for words in ["zurich", "ZÜRICH mill", "lanterns", "gala", "lant zur", "lantersn", "sprng gala"] {
        assert_eq!(found(&db, words).await, 1, "{words}");
    }
    for words in ["quartet", "", "!?", "' | zzz", "gala & !zzz", "\\'); --"] {
        assert_eq!(found(&db, words).await, 0, "{words}");
    }
    sqlx::query("UPDATE venues SET city = 'Łódź'").execute(&db.pool).await.unwrap();
    assert_eq!(found(&db, "lodz").await, 1);
}
