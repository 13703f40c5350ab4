//! Tickets as things: signed tokens, QR codes, the page to print, the calendar's entry.

mod calendar;
pub mod doors;
mod faces;
mod measure;
mod pdf;
pub mod postgres;
mod qr;
#[cfg(test)]
mod scan_tests;
mod signer;
pub mod verify_cli;

pub use calendar::calendar;
pub use pdf::{PdfError, pdf};
pub use qr::{qr_modules, qr_svg};
pub use signer::{KEY_FILE, KEYS_FILE, KeyError, PublicKey, Signer, public_keys, verify};

use domain::time::Millis;

/// What is printed on one ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Print {
    /// Names the file and the calendar's entry.
    pub id: String,
    /// Which of the order's tickets, from 1, and of how many.
    pub number: (usize, usize),
    /// Whose it is.
    pub holder: String,
    /// The event's title.
    pub title: String,
    /// `Friday 27 November 2026`.
    pub day: String,
    /// `Doors 18:30 · starts 20:00`, in the venue's zone.
    pub times: String,
    /// `Harbour Arena, Hamburg`.
    pub venue: String,
    /// Street and number.
    pub address: String,
    /// The place: pairs of a small word and a large one, such as `Row` and `F`.
    pub place: Vec<(String, String)>,
    /// The tier's name.
    pub tier: String,
    /// What it cost, or nothing to print.
    pub price: Option<String>,
    /// Short code.
    pub code: String,
    /// What the QR code carries.
    pub token: String,
    /// Start.
    pub starts_at: Millis,
    /// End.
    pub ends_at: Option<Millis>,
}

#[cfg(test)]
pub(crate) mod samples {
    //! A ticket to print in tests.

    use super::*;

    /// Two seats of a concert.
    pub(crate) fn sample() -> Vec<Print> {
        let signer = Signer::new([1; 32]);
        [15, 16]
            .into_iter()
            .enumerate()
            .map(|(n, seat)| Print {
                id: format!("ticket-{seat}"),
                number: (n + 1, 2),
                holder: "Sample Buyer".into(),
                title: "Night Trains: the farewell tour".into(),
                day: "Friday 27 November 2026".into(),
                times: "Doors 18:30 · starts 20:00".into(),
                venue: "Harbour Arena, Hamburg".into(),
                address: "Am Sandtorkai 1".into(),
                place: vec![
                    ("Block".into(), "212".into()),
                    ("Row".into(), "F".into()),
                    ("Seat".into(), seat.to_string()),
                ],
                tier: "Lower ring".into(),
                price: Some("€68.00".into()),
                code: "K7QM-2F9D".into(),
                token: signer.sign(&domain::ticket::TicketClaim {
                    ticket: domain::ids::TicketId::mint(Millis(1_795_000_000_000), [7; 10]),
                    event: domain::ids::EventId::mint(Millis(1_795_000_000_000), [7; 10]),
                    place: domain::ticket::Place::Seat(domain::seat::SeatId(seat)),
                    starts_at: Millis(1_795_806_000_000),
                    label: format!("Block 212, row F, seat {seat}"),
                }),
                starts_at: Millis(1_795_806_000_000),
                ends_at: None,
            })
            .collect()
    }
}
