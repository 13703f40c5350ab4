//! The built-in test provider: it behaves like a bank on a good, a bad and a strange day, by the card's number.
//!
//! Its ledger is a table of its own, written in transactions of its own, as a remote system's would be: killing the
//! server loses no payment. It tells its news twice, as providers do, and sometimes late or never.

mod postgres;

use std::time::Duration;

use async_trait::async_trait;
use domain::ids::{OrderId, PaymentId};
use domain::payment::{Decline, Reported};
use tokio::sync::mpsc;

use super::{Ask, Intent, Method, News, PaymentProvider};
use crate::trouble::Trouble;

pub use postgres::Ledger;

/// Path under which the server shows the bank's question; the intent's id follows.
pub const CHALLENGE_PATH: &str = "/pay/test/";
/// How long a late answer takes, in milliseconds.
pub const LATE_BY: i64 = 3_000;
/// News that wait to be read, at most; more are dropped, and polling finds out.
pub const NEWS_QUEUE: usize = 1024;

/// What a card does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Sets the money aside.
    Approve,
    /// Says no.
    Decline(Decline),
    /// Asks the buyer first.
    Challenge,
    /// Says yes, later.
    Late,
    /// Writes it down and never answers.
    Silent,
}

/// The behaviour of a test card; `None` for any other number.
#[must_use]
pub fn behaviour(method: &str) -> Option<Behaviour> {
    if method.len() > 40 {
        return None;
    }
    let digits: String = method.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    Some(match digits.as_str() {
        "4242424242424242" => Behaviour::Approve,
        "4000000000000002" => Behaviour::Decline(Decline::CardDeclined),
        "4000000000009995" => Behaviour::Decline(Decline::InsufficientFunds),
        "4000000000000069" => Behaviour::Decline(Decline::ExpiredCard),
        "4000000000000119" => Behaviour::Decline(Decline::ProcessingError),
        "4000002760003184" => Behaviour::Challenge,
        "4000000000000077" => Behaviour::Late,
        "4000000000000341" => Behaviour::Silent,
        _ => return None,
    })
}

/// A row of the ledger to be written.
#[derive(Debug)]
pub(crate) struct Entry {
    id: String,
    payment: PaymentId,
    behaviour: &'static str,
    status: &'static str,
    amount: i64,
    currency: String,
    decline: Option<&'static str>,
    late_by: Option<i64>,
}

/// The provider.
#[derive(Clone, Debug)]
pub struct TestProvider {
    ledger: Ledger,
    news: mpsc::Sender<News>,
}

impl TestProvider {
    /// A provider with that ledger, and the end at which its news arrive.
    #[must_use]
    pub fn new(ledger: Ledger) -> (Self, mpsc::Receiver<News>) {
        let (news, inbox) = mpsc::channel(NEWS_QUEUE);
        (Self { ledger, news }, inbox)
    }

    /// The buyer answers the bank's question. Answers with the order to return to; `None` where there is no question,
    /// or it was answered before.
    ///
    /// # Errors
    /// [`Trouble`] of the ledger.
    pub async fn answer_challenge(&self, intent: &str, approve: bool) -> Result<Option<PaymentId>, Trouble> {
        if !is_intent(intent) {
            return Ok(None);
        }
        self.ledger.answer_challenge(intent, approve).await
    }

    /// What the bank's page shows: the amount in minor units with its currency, while the question is open.
    ///
    /// # Errors
    /// [`Trouble`] of the ledger.
    pub async fn challenge(&self, intent: &str) -> Result<Option<(i64, String)>, Trouble> {
        if !is_intent(intent) {
            return Ok(None);
        }
        self.ledger.challenge(intent).await
    }

    /// Tells the same news twice, now or later, as real providers do.
    fn tell(&self, order: OrderId, payment: PaymentId, after: Duration) {
        let news = self.news.clone();
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            for _ in 0..2 {
                // A full queue loses news; polling finds out.
                let _ = news.try_send(News { order, payment });
            }
        });
    }
}

/// Whether the ledger can know an intent by that name: see [`entry`].
fn is_intent(text: &str) -> bool {
    text.strip_prefix("test_").is_some_and(|id| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn entry(ask: &Ask, behaviour: Behaviour) -> Entry {
    let (word, status, decline) = match behaviour {
        Behaviour::Approve => ("approve", "authorised", None),
        Behaviour::Decline(why) => ("decline", "declined", Some(why.word())),
        Behaviour::Challenge => ("challenge", "requires_action", None),
        Behaviour::Late => ("late", "processing", None),
        Behaviour::Silent => ("silent", "processing", None),
    };
    Entry {
        id: format!("test_{}", ask.payment.0.simple()),
        payment: ask.payment,
        behaviour: word,
        status,
        amount: ask.amount.amount,
        currency: ask.amount.currency.code().to_owned(),
        decline,
        late_by: (behaviour == Behaviour::Late).then_some(LATE_BY),
    }
}

/// An intent from the ledger's words.
fn intent(id: String, status: &str, decline: Option<String>, captured: i64, refunded: i64) -> Result<Intent, Trouble> {
    let reported = match status {
        "requires_action" => Reported::RequiresAction,
        "processing" => Reported::Processing,
        "authorised" => Reported::Authorised,
        "succeeded" if captured > 0 && refunded == captured => Reported::Refunded,
        "succeeded" => Reported::Captured,
        "declined" => Reported::Declined,
        "cancelled" => Reported::Cancelled,
        other => return Err(Trouble::Corrupt { what: "the test provider", detail: format!("status {other}") }),
    };
    let action_url = (reported == Reported::RequiresAction).then(|| format!("{CHALLENGE_PATH}{id}"));
    Ok(Intent {
        id,
        status: reported,
        decline: decline.map(|d| Decline::from_word(&d)),
        action_url,
        captured,
        refunded,
    })
}

#[async_trait]
impl PaymentProvider for TestProvider {
    fn name(&self) -> &'static str {
        "test"
    }

    fn accepts(&self, method: &Method) -> bool {
        behaviour(&method.0).is_some()
    }

    async fn create(&self, ask: &Ask) -> Result<Intent, Trouble> {
        let Some(behaviour) = behaviour(&ask.method.0) else {
            return Err(Trouble::Corrupt { what: "the test provider", detail: "not a test card".into() });
        };
        let intent = self.ledger.insert(&entry(ask, behaviour)).await?;
        match behaviour {
            Behaviour::Approve => self.tell(ask.order, ask.payment, Duration::ZERO),
            Behaviour::Late => {
                self.tell(ask.order, ask.payment, Duration::from_millis(LATE_BY.unsigned_abs() + 50));
            }
            Behaviour::Silent => std::future::pending::<()>().await,
            Behaviour::Decline(_) | Behaviour::Challenge => {}
        }
        Ok(intent)
    }

    async fn status(&self, payment: PaymentId) -> Result<Option<Intent>, Trouble> {
        self.ledger.status(payment).await
    }

    async fn capture(&self, payment: PaymentId) -> Result<Intent, Trouble> {
        self.ledger.capture(payment).await
    }

    async fn cancel(&self, payment: PaymentId) -> Result<Intent, Trouble> {
        self.ledger.cancel(payment).await
    }

    async fn refund(&self, payment: PaymentId) -> Result<Intent, Trouble> {
        self.ledger.refund(payment).await
    }
}

#[cfg(test)]
mod tests;
