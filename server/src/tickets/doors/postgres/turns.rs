//! Whose turn it is to compare: a lease on the round's row, so that all processes of a shop go through the tickets together.

use std::time::Duration;

use domain::ids::TicketId;

use super::{PostgresTickets, get};
use crate::stores::postgres::error::trouble;
use crate::trouble::Trouble;

/// Whoever does not come back from a turn within a minute is taken for lost (the column's default says so, too). What is due
/// later than any turn or pause lasts was written while the clock was wrong, and is due now.
const TAKE: &str = "
    INSERT INTO door_rounds AS r (store) VALUES ($1)
    ON CONFLICT (store) DO UPDATE SET turn = r.turn + 1, due_at = clock_timestamp() + interval '1 minute'
        WHERE r.due_at <= clock_timestamp() OR r.due_at > clock_timestamp() + interval '2 minutes'
    RETURNING turn, behind";
const DUE: &str = "SELECT greatest(ceil(extract(epoch FROM due_at - clock_timestamp()) * 1000), 0)::bigint FROM door_rounds WHERE store = $1";
const END: &str = "
    UPDATE door_rounds SET behind = $3, due_at = clock_timestamp() + $4 * interval '1 millisecond'
    WHERE store = $1 AND turn = $2";

/// A turn to compare one lot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    number: i64,
    /// The last ticket that was compared; none where a round begins.
    pub behind: Option<TicketId>,
}

/// What somebody hears who would compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The lot is theirs, for a minute.
    Mine(Turn),
    /// It is another's, or nobody's yet: there may be one after so long.
    After(Duration),
}

impl PostgresTickets {
    /// Takes the turn to compare the next lot with what doors are told by `store`, where it is due.
    ///
    /// # Errors
    /// [`Trouble`] of the database, here as below.
    pub async fn take_turn(&self, store: &str) -> Result<Next, Trouble> {
        if let Some(row) = sqlx::query(TAKE).bind(store).fetch_optional(&self.pool).await.map_err(trouble)? {
            let behind = get::<Option<uuid::Uuid>>(&row, "behind")?.map(TicketId);
            return Ok(Next::Mine(Turn { number: get(&row, "turn")?, behind }));
        }
        let due: i64 = sqlx::query_scalar(DUE).bind(store).fetch_one(&self.pool).await.map_err(trouble)?;
        Ok(Next::After(Duration::from_millis(due.unsigned_abs())))
    }

    /// Ends a turn: the round has come so far, and the next lot is due after `pause`. False where the turn was taken for
    /// lost: then it is another's to say.
    ///
    /// # Errors
    /// As above.
    pub async fn end_turn(
        &self,
        store: &str,
        turn: Turn,
        behind: Option<TicketId>,
        pause: Duration,
    ) -> Result<bool, Trouble> {
        let pause = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
        let ended = sqlx::query(END)
            .bind(store)
            .bind(turn.number)
            .bind(behind.map(|ticket| ticket.0))
            .bind(pause)
            .execute(&self.pool)
            .await
            .map_err(trouble)?;
        Ok(ended.rows_affected() == 1)
    }
}
