//! Doors ask the cluster after tickets: it hears of them by itself, also where it was away when they were sold.

use std::sync::Arc;
use std::time::Duration;

use domain::ids::TicketId;
use domain::ticket::TicketStatus;
use parterre::config::Config;
use parterre::holds::CqlHolds;
use parterre::holds::cql::Tuning;
use parterre::stores::cql::Cql;
use parterre::test_support::cassandra::three::stage;
use parterre::test_support::house::{config, with};
use parterre::test_support::steady::{always, always_same, steady};
use parterre::tickets::doors::Compared;
use parterre::wiring;
use serde_json::Value;
use tokio::time::sleep;

use crate::proxy::Between;
use crate::shop::Open;

/// Asks as a door does, until it is told this; a message that failed comes back after seconds. Until then it is told what was
/// so `before`, if anything.
async fn told(config: &Config, ticket: TicketId, before: Option<TicketStatus>, status: TicketStatus) {
    for _ in 0..400 {
        if let Ok(listed) = wiring::ask(config, ticket).await.expect("a cluster is named") {
            let listed = listed.map(|listed| listed.status);
            if listed == Some(status) {
                return;
            }
            let is_old = listed.is_none() || listed == before;
            always(is_old, format_args!("a door is told {listed:?}, after {before:?} and before {status:?}"));
        }
        sleep(Duration::from_millis(200)).await;
    }
    panic!("no door was ever told that the ticket is {status:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doors_hear_of_tickets_that_were_sold_while_the_cluster_was_away() {
    steady(async || {
        let stage = stage().await;
        let keyspace = &stage.keyspace;
        let mut between = Between::start(&keyspace.settings).await;
        let asked = |nodes: &[String]| Config {
            cql_nodes: nodes.to_vec(),
            cql_keyspace: keyspace.settings.keyspace.clone(),
            ..config()
        };
        let cql = Cql::connect(&between.settings).await.unwrap();
        let store = CqlHolds::new(cql, Tuning::default(), None).await.unwrap();
        let open = Open::on(with(asked(&between.settings.nodes), Arc::new(store)).await).await;
        let hold: Value = open.hold(2).await.json().await.unwrap();
        let order = open.order(&hold).await;
        between.cut();
        // Nobody who buys waits for it.
        open.pays(&hold, &order).await;
        let pool = &open.house.database.pool;
        let tickets: Vec<uuid::Uuid> = sqlx::query_scalar("SELECT id FROM tickets").fetch_all(pool).await.unwrap();
        let door = asked(&keyspace.settings.nodes);
        assert_eq!(wiring::ask(&door, TicketId(tickets[0])).await, Some(Ok(None)), "nobody has said it yet");
        between.mend();
        for ticket in &tickets {
            told(&door, TicketId(*ticket), None, TicketStatus::Valid).await;
        }
        let give_back = "UPDATE tickets SET status = 'void' WHERE id = $1";
        sqlx::query(give_back).bind(tickets[0]).execute(pool).await.unwrap();
        told(&door, TicketId(tickets[0]), Some(TicketStatus::Valid), TicketStatus::Void).await;
        let doors = wiring::doors(&door, pool).await.unwrap();
        let compared = doors.rebuild(open.house.event).await.unwrap();
        always_same(compared.wrong, 0, "tickets of which doors were told what is wrong");
        assert_eq!(compared, Compared { right: 2, ..Compared::default() }, "what is right stays as it is");
        // A tool lets it in again.
        let tool = format!("UPDATE tickets_by_id SET state = 0 WHERE ticket_id = {}", tickets[0]);
        keyspace.cql.session().query_unpaged(tool, ()).await.unwrap();
        assert_eq!(doors.rebuild(open.house.event).await, Ok(Compared { right: 1, wrong: 1, unread: 0 }));
        told(&door, TicketId(tickets[0]), Some(TicketStatus::Valid), TicketStatus::Void).await;
    })
    .await;
}
