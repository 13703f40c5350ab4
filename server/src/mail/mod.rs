//! Mail: tickets with their PDF and calendar file, by SMTP or into a folder. Sent only by the outbox's job.

mod compose;
mod folder;
mod smtp;

pub use folder::{FolderMailer, Kept};
pub use smtp::SmtpMailer;

use async_trait::async_trait;
use domain::ids::OrderId;
use domain::money::Money;
use domain::time::Millis;

use crate::tickets::Print;
use crate::trouble::Trouble;

/// An order's tickets on their way to the buyer.
#[derive(Clone, PartialEq, Eq)]
pub struct TicketMail {
    /// The order; the mail's id comes from it, so that a mail sent twice is one mail to the reader's program.
    pub order: OrderId,
    /// The buyer's name.
    pub name: String,
    /// The buyer's address.
    pub address: String,
    /// What was paid.
    pub total: Money,
    /// The tickets.
    pub prints: Vec<Print>,
    /// One ticket page a ticket.
    pub links: Vec<String>,
    /// When it is written.
    pub sent_at: Millis,
}

/// Says which order, never whose.
impl core::fmt::Debug for TicketMail {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "TicketMail({})", self.order)
    }
}

/// Sends mails, or keeps them.
#[async_trait]
pub trait Mailer: Send + Sync + 'static {
    /// Sends the tickets of one order. The same order again is the same mail.
    async fn send_tickets(&self, mail: &TicketMail) -> Result<(), Trouble>;
}
