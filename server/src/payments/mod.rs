//! Payment providers behind one trait: manual capture, one effect per key, and three outcomes.
//!
//! `Ok(intent)` is the provider's word, yes or no; [`Trouble::Unavailable`] means that it was not asked;
//! [`Trouble::Unconfirmed`] that nobody knows. The payment's id is the idempotency key of every call: asking again is
//! how an unknown outcome is resolved.

pub mod test_provider;

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
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

/// A provider that gave no answer so many times in a row counts as silent.
const SILENT_AFTER: u32 = 3;

/// A provider of this house, with how often it was asked in vain since its last answer.
pub struct Way {
    provider: Arc<dyn PaymentProvider>,
    in_vain: AtomicU32,
    takes: bool,
}

impl Deref for Way {
    type Target = dyn PaymentProvider;

    fn deref(&self) -> &Self::Target {
        &*self.provider
    }
}

impl Way {
    /// Bounds a call to this provider ([`bounded`]), and remembers whether there was an answer.
    ///
    /// # Errors
    /// As [`bounded`].
    pub async fn hear<T>(&self, call: impl Future<Output = Result<T, Trouble>> + Send) -> Result<T, Trouble> {
        let said = bounded(call).await;
        match &said {
            Err(trouble) if trouble.retryable() => self.in_vain.fetch_add(1, Ordering::Relaxed),
            _ => self.in_vain.swap(0, Ordering::Relaxed),
        };
        said
    }
}

/// The providers of this house, each call with its time limit.
#[derive(Clone)]
pub struct Providers {
    all: Arc<[Way]>,
}

impl Providers {
    /// These providers.
    #[must_use]
    pub fn new(all: Vec<Arc<dyn PaymentProvider>>) -> Self {
        Self::with_former(all, vec![])
    }

    /// These providers, and `former` ones that take no new payments: those under way are brought to their end.
    #[must_use]
    pub fn with_former(taking: Vec<Arc<dyn PaymentProvider>>, former: Vec<Arc<dyn PaymentProvider>>) -> Self {
        let way = |takes| move |provider| Way { provider, in_vain: AtomicU32::new(0), takes };
        Self { all: taking.into_iter().map(way(true)).chain(former.into_iter().map(way(false))).collect() }
    }

    /// The provider of that name, where it takes new payments.
    #[must_use]
    pub fn taking(&self, name: &str) -> Option<&Way> {
        self.get(name).filter(|way| way.takes)
    }

    /// The provider of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Way> {
        self.all.iter().find(|way| way.name() == name)
    }

    /// Those that have been silent for some calls in a row: whoever asks much spares them all but one call at a time.
    #[must_use]
    pub fn silent(&self) -> Vec<&'static str> {
        let silent = |way: &&Way| way.in_vain.load(Ordering::Relaxed) >= SILENT_AFTER;
        self.all.iter().filter(silent).map(|way| way.name()).collect()
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
