//! Mails by SMTP.

use std::time::Duration;

use async_trait::async_trait;
use lettre::message::Mailbox;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::compose::composed;
use super::{Mailer, TicketMail};
use crate::trouble::Trouble;

/// How long the mail server may take for one command.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
const WHAT: &str = "the mail server";

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
        let message = composed(mail, &self.from).await?;
        // A server that cannot be reached is told from one that falls silent once it has the message.
        let reached = self.server.test_connection().await;
        if !matches!(reached, Ok(true)) {
            return Err(Trouble::Unavailable { what: WHAT, detail: "cannot be reached, or refuses us".into() });
        }
        self.server.send(message).await.map(drop).map_err(|error| outcome(&error))
    }
}

/// What a failed sending means: refused for good, to be tried again, or perhaps delivered. A mail that is sent twice
/// carries the same Message-ID, so trying an unknown one again does no harm.
fn outcome(error: &lettre::transport::smtp::Error) -> Trouble {
    // The server's own words may repeat the buyer's address: they stay out of the log.
    let detail = error.status().map_or_else(|| "no answer".into(), |status| format!("status {status}"));
    if error.is_permanent() {
        Trouble::Corrupt { what: WHAT, detail }
    } else if error.is_transient() || error.is_client() || error.is_tls() {
        Trouble::Unavailable { what: WHAT, detail }
    } else {
        // Cut off or silent: the message may have been taken.
        Trouble::Unconfirmed { what: WHAT, detail }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    use tokio::net::{TcpListener, TcpStream};

    use super::super::compose::tests::mail;
    use super::*;

    /// How the sink answers once it has the whole message.
    #[derive(Clone, Copy, PartialEq)]
    enum Answer {
        Say(&'static str),
        HangUp,
    }

    /// A mail server of one answer; what it was given can be read afterwards.
    async fn sink(recipient: &'static str, answer: Answer) -> (String, Arc<Mutex<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let given = Arc::new(Mutex::new(String::new()));
        let kept = given.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(talk(stream, recipient, answer, kept.clone()));
            }
        });
        (url, given)
    }

    async fn talk(stream: TcpStream, recipient: &str, answer: Answer, kept: Arc<Mutex<String>>) -> std::io::Result<()> {
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        write.write_all(b"220 sink\r\n").await?;
        let mut in_message = false;
        while let Some(line) = lines.next_line().await? {
            let reply = match line.split([' ', ':']).next() {
                _ if in_message && line != "." => {
                    let mut kept = kept.lock().unwrap();
                    kept.push_str(&line);
                    kept.push('\n');
                    continue;
                }
                _ if in_message => {
                    in_message = false;
                    match answer {
                        Answer::Say(words) => words,
                        Answer::HangUp => return Ok(()),
                    }
                }
                Some("RCPT") => recipient,
                Some("DATA") => {
                    in_message = true;
                    "354 go on"
                }
                Some("QUIT") => "221 bye",
                _ => "250 fine",
            };
            write.write_all(format!("{reply}\r\n").as_bytes()).await?;
        }
        Ok(())
    }

    async fn send(recipient: &'static str, answer: Answer) -> (Result<(), Trouble>, String) {
        let (url, given) = sink(recipient, answer).await;
        let sent = SmtpMailer::new(&url, "Parterre <tickets@localhost>").unwrap().send_tickets(&mail()).await;
        let given = given.lock().unwrap().clone();
        (sent, given)
    }

    #[tokio::test]
    async fn a_mail_arrives_whole() {
        let (sent, given) = send("250 fine", Answer::Say("250 taken")).await;
        assert_eq!(sent, Ok(()));
        assert!(given.contains("Message-ID: <order-") && given.contains("event.ics"));
    }

    #[tokio::test]
    async fn each_way_to_fail_is_told_apart() {
        let (refused, _) = send("550 no such person", Answer::Say("250 taken")).await;
        assert!(matches!(refused, Err(Trouble::Corrupt { .. })), "refused for good: {refused:?}");
        let (later, _) = send("451 come back", Answer::Say("250 taken")).await;
        assert!(matches!(later, Err(Trouble::Unavailable { .. })), "try later: {later:?}");
        let (cut, given) = send("250 fine", Answer::HangUp).await;
        assert!(matches!(cut, Err(Trouble::Unconfirmed { .. })), "perhaps taken: {cut:?}");
        assert!(!given.is_empty());
        // A port that was free a moment ago: nobody listens.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let away = SmtpMailer::new(&format!("smtp://{free}"), "a@b.example").unwrap().send_tickets(&mail()).await;
        assert!(matches!(away, Err(Trouble::Unavailable { .. })), "nobody there: {away:?}");
    }

    #[tokio::test]
    async fn no_failure_repeats_the_buyers_address_or_the_password() {
        let (refused, _) = send("550 buyer@example.org is unknown", Answer::Say("250 taken")).await;
        assert!(!refused.unwrap_err().to_string().contains("buyer@"));
        let broken = SmtpMailer::new("smtps://user:hush@:bad", "a@b.example").unwrap_err();
        assert!(!broken.to_string().contains("hush"));
    }
}
