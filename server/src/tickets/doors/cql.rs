//! Tickets in `tickets_by_id`.

use std::sync::{PoisonError, RwLock};

use async_trait::async_trait;
use domain::ids::{EventId, OrderId, TicketId};
use domain::seat::SeatId;
use domain::ticket::TicketStatus;
use domain::time::Millis;
use scylla::statement::prepared::PreparedStatement;
use uuid::Uuid;

use super::store::{DoorStore, DoorTicket, Shown};
use crate::stores::cql::Cql;
use crate::stores::cql::error::{corrupt, read_trouble, write_trouble};
use crate::trouble::Trouble;

const FIND: &str = "SELECT event_id, order_id, seat_id, label, version, state, issued_at, checked_in_at, \
    WRITETIME(event_id), WRITETIME(order_id), WRITETIME(seat_id), WRITETIME(label), WRITETIME(version), \
    WRITETIME(state), WRITETIME(issued_at), WRITETIME(checked_in_at) FROM tickets_by_id WHERE ticket_id = ?";
/// Always whole: a null, too, takes the place of what stood there.
const PROJECT: &str = "INSERT INTO tickets_by_id \
    (ticket_id, event_id, order_id, seat_id, label, version, state, issued_at, checked_in_at) \
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?";

/// What stands in the columns, then under which stamps. A row that a tool wrote in part has nulls.
type Row = (
    Option<Uuid>,
    Option<Uuid>,
    Option<i32>,
    Option<String>,
    Option<i64>,
    Option<i8>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
);

/// The table, its statements prepared.
pub struct CqlTickets {
    cql: RwLock<Cql>,
    find: PreparedStatement,
    project: PreparedStatement,
}

impl CqlTickets {
    /// Tickets in the keyspace of `cql`.
    ///
    /// # Errors
    /// [`Trouble::Unavailable`] where nobody answers, [`Trouble::Corrupt`] where the schema does not fit.
    pub async fn new(cql: Cql) -> Result<Self, Trouble> {
        Ok(Self { find: cql.read(FIND).await?, project: cql.write(PROJECT).await?, cql: RwLock::new(cql) })
    }

    fn cql(&self) -> Cql {
        self.cql.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The number of a status in the column `state`.
fn state(status: TicketStatus) -> i8 {
    match status {
        TicketStatus::Valid => 0,
        TicketStatus::Used => 1,
        TicketStatus::Void => 2,
    }
}

fn status(number: i8) -> Option<TicketStatus> {
    [TicketStatus::Valid, TicketStatus::Used, TicketStatus::Void].into_iter().find(|status| state(*status) == number)
}

/// What a row says. Where a tool left it incomplete or put nonsense there it says that the ticket is void, at version 0,
/// which no ticket has: the comparison finds it.
fn shown(id: TicketId, row: Row) -> Shown {
    let (event, order, seat, label, version, state, issued_at, used_at, a, b, c, d, e, f, g, h) = row;
    let stamp = [a, b, c, d, e, f, g, h].into_iter().flatten().max().unwrap_or_default();
    let told = state.and_then(status).filter(|_| event.is_some() && order.is_some() && label.is_some());
    let ticket = DoorTicket {
        id,
        event: EventId(event.unwrap_or_default()),
        order: OrderId(order.unwrap_or_default()),
        seat: seat.map(|seat| SeatId(seat.unsigned_abs())),
        label: label.unwrap_or_default(),
        status: told.unwrap_or(TicketStatus::Void),
        issued_at: Millis(issued_at.unwrap_or_default()),
        used_at: used_at.map(Millis),
        version: if told.is_some() { version.unwrap_or_default() } else { 0 },
    };
    Shown { ticket, stamp }
}

#[async_trait]
impl DoorStore for CqlTickets {
    async fn find(&self, ticket: TicketId) -> Result<Option<Shown>, Trouble> {
        let asked = self.cql().session().execute_unpaged(&self.find, (ticket.0,)).await.map_err(read_trouble)?;
        let answer = asked.into_rows_result().map_err(corrupt)?;
        Ok(answer.maybe_first_row::<Row>().map_err(corrupt)?.map(|row| shown(ticket, row)))
    }

    async fn project(&self, ticket: &DoorTicket, stamp: i64) -> Result<(), Trouble> {
        let seat = ticket.seat.map(|seat| i32::try_from(seat.0)).transpose().map_err(corrupt)?;
        let (issued_at, used_at) = (ticket.issued_at.0, ticket.used_at.map(|at| at.0));
        let ids = (ticket.id.0, ticket.event.0, ticket.order.0);
        let row =
            (ids.0, ids.1, ids.2, seat, &ticket.label, ticket.version, state(ticket.status), issued_at, used_at, stamp);
        self.cql().session().execute_unpaged(&self.project, row).await.map(drop).map_err(write_trouble)
    }

    async fn renew(&self) -> Result<(), Trouble> {
        let anew = self.cql().anew().await?;
        *self.cql.write().unwrap_or_else(PoisonError::into_inner) = anew;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use scylla::statement::Consistency;

    use super::*;
    use crate::test_support::cassandra;

    #[tokio::test]
    async fn tickets_are_written_to_a_quorum_under_their_stamp_and_read_from_one_on_a_cluster() {
        let CqlTickets { cql: _, find, project } =
            &CqlTickets::new(cassandra::shared().await.cql.clone()).await.unwrap();
        assert_eq!(find.get_consistency(), Some(Consistency::LocalQuorum));
        assert_eq!(project.get_consistency(), Some(Consistency::Quorum));
        // They decide nothing: PostgreSQL does, and the stamp keeps their order.
        assert!(project.get_statement().ends_with(" USING TIMESTAMP ?"));
    }
}
