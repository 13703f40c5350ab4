//! What the driver's errors mean for a read, and for a write that may have happened.

use scylla::errors::{DbError, ExecutionError, NewSessionError, PrepareError, RequestAttemptError, UseKeyspaceError};

use super::WHAT;
use crate::trouble::Trouble;

/// Nothing was done.
pub(super) fn unavailable(detail: impl ToString) -> Trouble {
    Trouble::Unavailable { what: WHAT, detail: detail.to_string() }
}

/// The schema or an answer does not fit.
#[must_use]
pub fn corrupt(detail: impl ToString) -> Trouble {
    Trouble::Corrupt { what: WHAT, detail: detail.to_string() }
}

/// A failed read.
#[must_use]
pub fn read_trouble(error: ExecutionError) -> Trouble {
    if ours(&error) { corrupt(error) } else { unavailable(error) }
}

/// A failed write: [`Trouble::Unavailable`] only where it surely was not sent or was refused before it began.
/// Everything else may have happened, or may still happen: [`Trouble::Unconfirmed`].
///
/// `Unavailable` and `Overloaded` count as unknown: a coordinator counts replicas anew for every round of Paxos, also
/// after a first round has left a proposal behind that somebody else will finish.
#[must_use]
pub fn write_trouble(error: ExecutionError) -> Trouble {
    if ours(&error) {
        corrupt(error)
    } else if never_sent(&error) {
        unavailable(error)
    } else {
        Trouble::Unconfirmed { what: WHAT, detail: error.to_string() }
    }
}

/// A statement that could not be prepared.
pub(super) fn prepare_trouble(error: PrepareError) -> Trouble {
    match &error {
        PrepareError::AllAttemptsFailed { first_attempt: RequestAttemptError::DbError(refused, _) }
            if is_ours(refused) =>
        {
            corrupt(error)
        }
        _ => unavailable(error),
    }
}

/// A session that could not be opened.
pub(super) fn session_trouble(error: NewSessionError) -> Trouble {
    match error {
        NewSessionError::UseKeyspaceError(UseKeyspaceError::RequestError(RequestAttemptError::DbError(
            DbError::Invalid,
            words,
        ))) => corrupt(format!("{words}: `parterre migrate up` makes the keyspace")),
        other => unavailable(other),
    }
}

/// The statement itself is wrong, or may not be made by this user.
fn ours(error: &ExecutionError) -> bool {
    match error {
        ExecutionError::BadQuery(_) => true,
        ExecutionError::LastAttemptError(RequestAttemptError::DbError(refused, _)) => is_ours(refused),
        ExecutionError::LastAttemptError(attempt) => {
            matches!(
                attempt,
                RequestAttemptError::SerializationError(_) | RequestAttemptError::CqlRequestSerialization(_)
            )
        }
        _ => false,
    }
}

fn is_ours(refused: &DbError) -> bool {
    matches!(
        refused,
        DbError::SyntaxError
            | DbError::Invalid
            | DbError::Unauthorized
            | DbError::ConfigError
            | DbError::AuthenticationError
            | DbError::AlreadyExists { .. }
            | DbError::FunctionFailure { .. }
    )
}

fn never_sent(error: &ExecutionError) -> bool {
    match error {
        ExecutionError::EmptyPlan | ExecutionError::PrepareError(_) | ExecutionError::ConnectionPoolError(_) => true,
        ExecutionError::LastAttemptError(attempt) => matches!(
            attempt,
            RequestAttemptError::UnableToAllocStreamId
                | RequestAttemptError::DbError(DbError::IsBootstrapping | DbError::Unprepared { .. }, _)
        ),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use scylla::errors::WriteType;
    use scylla::statement::Consistency;

    use super::*;

    fn answered(error: DbError) -> Trouble {
        write_trouble(ExecutionError::LastAttemptError(RequestAttemptError::DbError(error, String::new())))
    }

    #[test]
    fn a_write_that_may_have_happened_is_never_told_as_undone() {
        let consistency = Consistency::Quorum;
        let timeout = DbError::WriteTimeout { consistency, received: 0, required: 1, write_type: WriteType::Cas };
        let short = DbError::Unavailable { consistency, required: 2, alive: 1 };
        // 0x1700 is Cassandra's CAS_WRITE_UNKNOWN.
        for error in [timeout, short, DbError::Other(0x1700), DbError::Overloaded, DbError::ServerError] {
            assert!(matches!(answered(error.clone()), Trouble::Unconfirmed { .. }), "{error:?}");
        }
        let late = write_trouble(ExecutionError::RequestTimeout(std::time::Duration::from_secs(1)));
        assert!(matches!(late, Trouble::Unconfirmed { .. }));
    }

    #[test]
    fn a_write_that_never_left_is_unavailable_and_a_wrong_one_corrupt() {
        assert!(matches!(answered(DbError::IsBootstrapping), Trouble::Unavailable { .. }));
        assert!(matches!(write_trouble(ExecutionError::EmptyPlan), Trouble::Unavailable { .. }));
        assert!(matches!(answered(DbError::Invalid), Trouble::Corrupt { .. }));
    }
}
