//! What comes round every second reads what it takes, and not all that is open.

use super::set;
use crate::purchase::postgres::due::{DUE, READY};
use crate::test_support::plan::rows_read;
use crate::test_support::shop::Shop;

/// A shop with two thousand buyers who choose their card, and as many who answer their bank, all in time.
async fn open_with_a_crowd() -> Shop {
    let shop = Shop::open(3).await;
    let till = &shop.till;
    let order = till.checkout(&till.hold(till.somebody(), &[0], 0).unwrap()).await.unwrap();
    till.pay(&order, "4000002760003184").await.unwrap();
    set(
        &shop,
        "INSERT INTO orders SELECT (left(id::text, 24) || lpad(to_hex(n), 12, '0'))::uuid, event_id, user_id, holder_id, hold_id,
            status, close_as, buyer_name, buyer_email, language, subtotal, fee, tax, total, currency, token_hash, expires_at
         FROM orders, generate_series(1, 4000) AS n",
    )
    .await;
    set(
        &shop,
        "INSERT INTO payments (id, order_id, provider, status, amount, currency, check_at)
         SELECT (left(p.id::text, 24) || lpad(to_hex(n), 12, '0'))::uuid, (left(p.order_id::text, 24) || lpad(to_hex(n), 12, '0'))::uuid,
            p.provider, p.status, p.amount, p.currency, now() + interval '20 seconds' FROM payments p, generate_series(1, 2000) AS n",
    )
    .await;
    shop
}

#[tokio::test]
async fn a_look_for_what_is_to_be_done_does_not_read_what_is_merely_open() {
    let shop = open_with_a_crowd().await;
    set(&shop, "ANALYZE orders, payments").await;
    let ready = READY.replace("$1", "200").replace("$2", "'{}'::uuid[]");
    let due = DUE.replace("$1", "1").replace("$2", "'{}'::text[]").replace("$3", "false");
    for statement in [ready, due] {
        let (rows, plan) = rows_read(&shop.database.pool, &statement).await;
        assert!(rows < 50, "{plan}");
    }
}

#[tokio::test]
async fn a_look_for_what_is_due_does_not_read_past_what_a_silent_provider_owes() {
    let shop = open_with_a_crowd().await;
    // All two thousand have waited longer than the one that is asked about.
    set(&shop, "UPDATE payments SET check_at = now() - interval '1 hour', provider = 'silent'").await;
    set(&shop, "UPDATE payments SET check_at = now(), provider = 'test' WHERE provider_intent IS NOT NULL").await;
    set(&shop, "ANALYZE orders, payments").await;
    for (these, wanted) in [("false", "test"), ("true", "silent")] {
        let due = DUE.replace("$1", "1").replace("$2", "'{silent}'::text[]").replace("$3", these);
        let (rows, plan) = rows_read(&shop.database.pool, &due).await;
        assert!(rows < 50, "{plan}");
        let provider = due.replace("RETURNING p.order_id", "RETURNING p.provider, p.order_id");
        let provider = provider.replace("SELECT order_id FROM leased", "SELECT provider FROM leased");
        let asked: Vec<String> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(provider)).fetch_all(&shop.database.pool).await.unwrap();
        assert_eq!(asked, [wanted]);
    }
}
