//! Payment providers behind one trait: manual capture, one effect per key, and three outcomes.
//!
//! `Ok(intent)` is the provider's word, yes or no; [`Trouble::Unavailable`] means that it was not asked;
//! [`Trouble::Unconfirmed`] that nobody knows. The payment's id is the idempotency key of every call: asking again is
//! how an unknown outcome is resolved.

pub mod test_provider;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::ids::{OrderId, PaymentId};
use domain::money::Money;
use domain::payment::{Decline, Reported};

use crate::trouble::Trouble;

/// How long a provider may take to answer one call.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// What the provider is asked to set aside.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Our payment.
    pub payment: PaymentId,
    /// What it is for: the provider's messages name it.
    pub order: OrderId,
    /// How much.
    pub amount: Money,
    /// What the provider needs from the buyer: a test card's number, a token of the provider's own form.
    pub method: Method,
}

/// What a buyer pays with. Never shown: it may be a card's number.
#[derive(Clone, PartialEq, Eq)]
pub struct Method(pub String);

impl core::fmt::Debug for Method {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Method(hidden)")
    }
}

/// A payment as the provider has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// The provider's id.
    pub id: String,
    /// Where it stands.
    pub status: Reported,
    /// Why not, where it was declined.
    pub decline: Option<Decline>,
    /// Where the buyer answers the bank's question.
    pub action_url: Option<String>,
    /// Minor units taken.
    pub captured: i64,
    /// Minor units given back.
    pub refunded: i64,
}

/// The provider has news of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct News {
    /// The order.
    pub order: OrderId,
    /// The payment.
    pub payment: PaymentId,
}

/// One way of paying.
#[async_trait]
pub trait PaymentProvider: Send + Sync + 'static {
    /// Its name in the API and in the books.
    fn name(&self) -> &'static str;

    /// Whether `method` has the shape it can read.
    fn accepts(&self, method: &Method) -> bool;

    /// Sets the amount aside; the same payment again answers with the same intent.
    async fn create(&self, ask: &Ask) -> Result<Intent, Trouble>;

    /// Where a payment stands; `None` where it never arrived.
    async fn status(&self, payment: PaymentId) -> Result<Option<Intent>, Trouble>;

    /// Takes the money set aside. The answer says what is: captured, or why not.
    async fn capture(&self, payment: PaymentId) -> Result<Intent, Trouble>;

    /// Makes sure that the payment can no longer succeed, even if the request that creates it is still on its way. The
    /// answer says what is: it may be too late.
    async fn cancel(&self, payment: PaymentId) -> Result<Intent, Trouble>;

    /// Gives all that was captured back.
    async fn refund(&self, payment: PaymentId) -> Result<Intent, Trouble>;
}

/// The providers of this house, each call with its time limit.
#[derive(Clone)]
pub struct Providers {
    all: Arc<[Arc<dyn PaymentProvider>]>,
}

impl Providers {
    /// These providers.
    #[must_use]
    pub fn new(all: Vec<Arc<dyn PaymentProvider>>) -> Self {
        Self { all: all.into() }
    }

    /// The provider of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<dyn PaymentProvider>> {
        self.all.iter().find(|provider| provider.name() == name)
    }
}

/// Bounds a call to a provider: silence is an unknown outcome, never a no.
///
/// # Errors
/// What the call says, or [`Trouble::Unconfirmed`] after [`ANSWER_WITHIN`].
pub async fn bounded<T>(call: impl Future<Output = Result<T, Trouble>> + Send) -> Result<T, Trouble> {
    tokio::time::timeout(ANSWER_WITHIN, call).await.unwrap_or_else(|_| {
        Err(Trouble::Unconfirmed { what: "the payment provider", detail: "no answer in time".into() })
    })
}
