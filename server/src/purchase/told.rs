//! What a failure is told as: that nothing was done is said only where it is so.

use super::PurchaseError;
use super::types::OrderRecord;
use crate::trouble::Trouble;

/// An order that could not be read was written just before, or may have a payment under way: nobody can say that nothing
/// was done.
pub(super) fn unread(error: PurchaseError) -> PurchaseError {
    match error {
        PurchaseError::Trouble(trouble) => unconfirmed(trouble).into(),
        refused @ PurchaseError::Refused(_) => refused,
    }
}

/// An order that could not be read before anything was done to it. Nonsense stays nonsense: asking again does not help.
pub(super) fn unseen(error: PurchaseError) -> PurchaseError {
    match error {
        nonsense @ PurchaseError::Trouble(Trouble::Corrupt { .. }) => nonsense,
        error => unread(error),
    }
}

/// The order as it stood, where it could not be driven on; the sweep will.
pub(super) fn stands(stood: OrderRecord, error: PurchaseError) -> Result<OrderRecord, PurchaseError> {
    let PurchaseError::Trouble(trouble) = error else { return Err(error) };
    tracing::warn!(order = %stood.id, %trouble, "an order that was looked at could not be driven on");
    Ok(stood)
}

pub(super) fn unconfirmed(detail: impl ToString) -> Trouble {
    Trouble::Unconfirmed { what: "the purchase", detail: detail.to_string() }
}

/// Runs to its end even if whoever asked goes away.
pub(super) async fn finish<T: Send + 'static>(
    work: impl Future<Output = Result<T, PurchaseError>> + Send + 'static,
) -> Result<T, PurchaseError> {
    tokio::spawn(work).await.unwrap_or_else(|died| Err(unconfirmed(died).into()))
}
