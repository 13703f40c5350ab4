//! Why a plan was refused. Nothing was stored.

use serde::Serialize;
use thiserror::Error;

/// A refusal, with the facts that help to mend the plan.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum ChartError {
    /// More bytes than are read.
    #[error("the file has {bytes} bytes, more than the {limit} that are read")]
    TooLarge {
        /// The file's.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// Not text in UTF-8.
    #[error("the file is not UTF-8 text: byte {offset} cannot be read")]
    NotUtf8 {
        /// Where, from the start of the file.
        offset: usize,
    },
    /// Lists within lists without end.
    #[error("the file nests more than {limit} levels deep, at byte {offset}")]
    TooDeep {
        /// The limit.
        limit: usize,
        /// Where.
        offset: usize,
    },
    /// It ends in the middle.
    #[error("the file ends too early, at line {line}")]
    Truncated {
        /// Last line.
        line: usize,
    },
    /// Not JSON.
    #[error("the file is not JSON: {words}")]
    Malformed {
        /// What and where.
        words: String,
    },
    /// JSON, but no seating plan.
    #[error("this is not a seating plan: {words} at {path}")]
    WrongType {
        /// Where.
        path: String,
        /// What is wrong there.
        words: String,
    },
    /// A coordinate that is no number, infinite, or far beyond any venue.
    #[error("the coordinate at {path} is {value}, which no place can have")]
    BadCoordinate {
        /// Where.
        path: String,
        /// What it says.
        value: String,
    },
    /// More seats than a chart may have.
    #[error("the plan has more than {limit} seats")]
    TooManySeats {
        /// The limit.
        limit: usize,
    },
    /// More of something than is read.
    #[error("the plan has more than {limit} {what}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// Nothing to sell.
    #[error("the plan has no seats")]
    NoSeats,
    /// What was read does not hold together: a fault of the reader.
    #[error("the plan could not be put together: {flaw}")]
    Unsound {
        /// How.
        flaw: &'static str,
    },
}

impl ChartError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too_large",
            Self::NotUtf8 { .. } => "not_utf8",
            Self::TooDeep { .. } => "too_deep",
            Self::Truncated { .. } => "truncated",
            Self::Malformed { .. } => "malformed",
            Self::WrongType { .. } => "wrong_type",
            Self::BadCoordinate { .. } => "bad_coordinate",
            Self::TooManySeats { .. } => "too_many_seats",
            Self::TooMany { .. } => "too_many",
            Self::NoSeats => "no_seats",
            Self::Unsound { .. } => "unsound",
        }
    }
}
