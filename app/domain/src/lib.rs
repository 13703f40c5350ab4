//! The rules of Parterre as pure values: no clock, no randomness, no input or output.
//!
//! `now` and random bytes are arguments, refusals are serialisable enums that carry facts, and the same code runs in
//! the browser and under the server's locks.
#![warn(missing_docs)]

pub mod availability;
pub mod best;
pub mod buyer;
pub mod card;
pub mod chart;
pub mod hall;
pub mod heal;
pub mod hold;
pub mod ids;
pub mod money;
pub mod order;
pub mod payment;
pub mod price;
pub mod rules;
pub mod seat;
pub mod ticket;
pub mod time;
pub mod trip;

#[cfg(test)]
mod choice_tests;
#[cfg(test)]
mod typed_tests;
