//! Mails by SMTP.

use std::time::Duration;

use async_trait::async_trait;
use lettre::message::Mailbox;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::compose::compose;
use super::{Mailer, TicketMail};
use crate::trouble::Trouble;

/// How long the mail server may take for one command.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// Sends through one mail server.
#[derive(Clone, Debug)]
pub struct SmtpMailer {
    server: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl SmtpMailer {
    /// A server such as `smtps://user:password@mail.example:465`, and the sender's address.
    ///
    /// # Errors
    /// [`Trouble::Corrupt`] where one of them cannot be read; the message repeats neither, for one holds a password.
    pub fn new(url: &str, from: &str) -> Result<Self, Trouble> {
        let unreadable = |what| Trouble::Corrupt { what, detail: "cannot be read".into() };
        let server =
            AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|_| unreadable("the mail server's address"))?;
        let from = from.parse().map_err(|_| unreadable("the sender's address"))?;
        Ok(Self { server: server.timeout(Some(ANSWER_WITHIN)).build(), from })
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send_tickets(&self, mail: &TicketMail) -> Result<(), Trouble> {
        let message = compose(mail, &self.from)?;
        // The server's own words may repeat the address: they stay out of the log.
        self.server.send(message).await.map(drop).map_err(|error| Trouble::Unavailable {
            what: "the mail server",
            detail: error.status().map_or_else(|| "no answer".into(), |status| format!("status {status}")),
        })
    }
}
