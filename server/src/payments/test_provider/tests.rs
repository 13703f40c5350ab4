//! The test provider does what its cards promise, and does everything once.

use domain::ids::{OrderId, PaymentId};
use domain::money::{Currency, Money};
use domain::payment::{Decline, Reported};
use rstest::rstest;

use super::*;
use crate::payments::bounded;
use crate::test_support::{NOW, TestDatabase, database};

async fn provider() -> (TestDatabase, TestProvider, mpsc::Receiver<News>) {
    let database = database().await;
    let (provider, news) = TestProvider::new(Ledger::new(database.pool.clone()));
    (database, provider, news)
}

fn ask(card: &str) -> Ask {
    Ask {
        payment: PaymentId::mint(NOW, [1; 10]),
        order: OrderId::mint(NOW, [2; 10]),
        amount: Money::new(4500, Currency::EUR),
        method: Method(card.into()),
    }
}

#[rstest]
#[case("4000 0000 0000 0002", Decline::CardDeclined)]
#[case("4000 0000 0000 9995", Decline::InsufficientFunds)]
#[case("4000 0000 0000 0069", Decline::ExpiredCard)]
#[case("4000 0000 0000 0119", Decline::ProcessingError)]
#[tokio::test]
async fn a_bad_card_is_declined_with_its_reason(#[case] card: &str, #[case] why: Decline) {
    let (_database, provider, _news) = provider().await;
    let intent = provider.create(&ask(card)).await.unwrap();
    assert_eq!((intent.status, intent.decline), (Reported::Declined, Some(why)));
    assert_eq!(provider.capture(ask(card).payment).await.unwrap().captured, 0);
}

#[tokio::test]
async fn a_good_card_is_charged_once_however_often_it_is_asked() {
    let (_database, provider, mut news) = provider().await;
    let ask = ask("4242 4242 4242 4242");
    for _ in 0..3 {
        assert_eq!(provider.create(&ask).await.unwrap().id, provider.create(&ask).await.unwrap().id);
    }
    for _ in 0..3 {
        let intent = provider.capture(ask.payment).await.unwrap();
        assert_eq!((intent.status, intent.captured), (Reported::Captured, 4500));
    }
    assert_eq!(provider.cancel(ask.payment).await.unwrap().status, Reported::Captured, "too late to cancel");
    for _ in 0..2 {
        let intent = provider.refund(ask.payment).await.unwrap();
        assert_eq!((intent.status, intent.refunded), (Reported::Refunded, 4500));
    }
    let told = News { order: ask.order, payment: ask.payment };
    assert_eq!((news.recv().await, news.recv().await), (Some(told), Some(told)), "it answers twice");
}

#[tokio::test]
async fn a_cancelled_payment_cannot_succeed_even_if_it_arrives_later() {
    let (_database, provider, _news) = provider().await;
    let ask = ask("4242424242424242");
    assert_eq!(provider.cancel(ask.payment).await.unwrap().status, Reported::Cancelled);
    assert_eq!(provider.create(&ask).await.unwrap().status, Reported::Cancelled);
    assert_eq!(provider.capture(ask.payment).await.unwrap().captured, 0);
}

#[rstest]
#[case(true, Reported::Authorised)]
#[case(false, Reported::Declined)]
#[tokio::test]
async fn the_banks_question_is_answered_once(#[case] approve: bool, #[case] then: Reported) {
    let (_database, provider, _news) = provider().await;
    let ask = ask("4000002760003184");
    let intent = provider.create(&ask).await.unwrap();
    assert_eq!(intent.action_url, Some(format!("{CHALLENGE_PATH}{}", intent.id)));
    assert!(provider.challenge(&intent.id).await.unwrap().is_some());
    assert_eq!(provider.answer_challenge(&intent.id, approve).await.unwrap(), Some(ask.payment));
    assert_eq!(provider.answer_challenge(&intent.id, !approve).await.unwrap(), None);
    assert_eq!(provider.status(ask.payment).await.unwrap().unwrap().status, then);
}

#[tokio::test]
async fn silence_is_an_unknown_outcome_and_can_be_cancelled() {
    let (_database, provider, _news) = provider().await;
    let ask = ask("4000000000000341");
    let mut asked = Box::pin(bounded(provider.create(&ask)));
    let written = async {
        while provider.status(ask.payment).await.unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        _ = &mut asked => panic!("it does not answer"),
        () = written => {}
    }
    assert!(tokio::time::timeout(Duration::from_millis(300), asked).await.is_err(), "it does not answer");
    assert_eq!(provider.status(ask.payment).await.unwrap().unwrap().status, Reported::Processing);
    assert_eq!(provider.cancel(ask.payment).await.unwrap().status, Reported::Cancelled);
}

#[test]
fn only_test_cards_are_read() {
    assert!(behaviour("4111 1111 1111 1111").is_none());
    assert!(behaviour(&"4".repeat(4000)).is_none());
    assert_eq!(behaviour("4242-4242-4242-4242"), Some(Behaviour::Approve));
    assert_eq!(behaviour("4000000000000077"), Some(Behaviour::Late));
}
