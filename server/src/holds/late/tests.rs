//! Who hears what, what is kept, and what is undone, without any store.

use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Waker};

use domain::hold::HoldRefusal;
use tokio::sync::oneshot;
use tokio::task::yield_now;

use super::*;
use crate::test_support::NOW;

const NAME: Name = (HolderId(Uuid::from_u128(1)), HoldId(Uuid::from_u128(2)));
const LONG: Duration = Duration::from_secs(60);

fn late() -> Arc<Late<u32>> {
    Arc::new(Late::keeping(LONG))
}

fn patience(back: Back) -> Patience {
    Patience { until: Instant::now() + LONG, back }
}

/// No patience at all: the work is begun, and goes on.
fn gone(back: Back) -> Patience {
    Patience { until: Instant::now(), back }
}

/// Asks, and is gone before the answer comes.
async fn leaves(late: &Arc<Late<u32>>, name: Name, answer: u32) {
    let mut asked = Box::pin(late.ask(name, patience(Back::Asks), async move { Ok(answer) }, async {}));
    asks(&mut asked);
    drop(asked);
    settle().await;
}

/// Asks once more where work should be known: none begins.
async fn hear(late: &Arc<Late<u32>>, back: Back) -> Answer<u32> {
    late.ask(NAME, patience(back), async { Ok(0) }, async {}).await
}

/// Polls once: they have asked, and wait.
fn asks<F: Future>(asked: &mut Pin<Box<F>>) {
    assert!(asked.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
}

async fn settle() {
    for _ in 0..10 {
        yield_now().await;
    }
}

/// Work whose answer comes when it is sent.
fn work() -> (oneshot::Sender<Answer<u32>>, impl Future<Output = Answer<u32>> + Send + 'static) {
    let (send, told) = oneshot::channel();
    (send, async { told.await.expect("it is answered") })
}

#[tokio::test]
async fn who_waited_for_work_that_broke_off_is_not_counted_with_who_waits_for_the_next() {
    let late = late();
    let (breaks, broken) = work();
    let mut early = Box::pin(late.ask(NAME, patience(Back::Asks), broken, async {}));
    asks(&mut early);
    drop(breaks);
    settle().await;
    let (tell, next) = work();
    let mut newcomer = Box::pin(late.ask(NAME, patience(Back::Asks), next, async {}));
    asks(&mut newcomer);
    let told = early.await;
    assert!(matches!(told, Err(HoldError::Trouble(Trouble::Unconfirmed { .. }))), "{told:?}");
    tell.send(Ok(7)).unwrap();
    settle().await;
    assert_eq!(newcomer.await, Ok(7));
    assert!(!late.knows(NAME), "it is told once");
}

#[tokio::test(start_paused = true)]
async fn a_minute_s_cleaning_takes_its_own_answer_and_no_newer_one() {
    let late = Arc::new(Late::keeping(Duration::from_millis(600)));
    for (number, pause) in [(1, 300), (2, 450)] {
        leaves(&late, NAME, number).await;
        // The second time the first one's minute is over, and its own is not.
        sleep(Duration::from_millis(pause)).await;
        assert_eq!(hear(&late, Back::Asks).await, Ok(number));
    }
    leaves(&late, NAME, 3).await;
    sleep(Duration::from_millis(1_000)).await;
    assert!(!late.knows(NAME), "it was kept for its time");
}

/// Asks as `back`, goes away before or after the answer came, and tells whether it was undone and is known.
async fn left(back: Back, answer: Answer<u32>, answered_first: bool) -> (bool, bool) {
    let (late, undone) = (late(), Arc::new(AtomicU32::new(0)));
    let (tell, work) = work();
    let counts = Arc::clone(&undone);
    let mut asked = Box::pin(late.ask(NAME, patience(back), work, async move {
        counts.fetch_add(1, Ordering::SeqCst);
    }));
    asks(&mut asked);
    if answered_first {
        tell.send(answer).unwrap();
        settle().await;
        drop(asked);
    } else {
        drop(asked);
        tell.send(answer).unwrap();
    }
    settle().await;
    (undone.load(Ordering::SeqCst) == 1, late.knows(NAME))
}

#[tokio::test]
async fn what_nobody_can_hear_of_is_undone_and_what_nobody_asks_for_is_not_kept() {
    let refused = || Err(HoldRefusal::SoldOut.into());
    let unknown = || Err(unheard().into());
    for answered_first in [false, true] {
        for (back, answer, expected) in [
            (Back::Never, Ok(1), (true, false)),
            (Back::Never, unknown(), (true, false)),
            (Back::Never, refused(), (false, false)),
            (Back::Never, Err(too_many().into()), (false, false)),
            (Back::Looks, Ok(1), (false, false)),
            (Back::Looks, refused(), (false, false)),
            (Back::Asks, unknown(), (false, false)),
        ] {
            let told = left(back, answer.clone(), answered_first).await;
            assert_eq!(told, expected, "{back:?} {answer:?}, answered first: {answered_first}");
        }
    }
    assert_eq!(left(Back::Asks, Ok(1), false).await, (false, true));
    assert_eq!(left(Back::Asks, refused(), false).await, (false, true));
}

#[tokio::test]
async fn an_outcome_that_is_unknown_is_undone_though_somebody_was_told_so() {
    let (late, (undone, is_undone)) = (late(), oneshot::channel());
    let undo = async move { undone.send(()).unwrap() };
    let told = late.ask(NAME, patience(Back::Never), async { Err(unheard().into()) }, undo).await;
    assert!(told.is_err());
    is_undone.await.unwrap();
}

#[tokio::test]
async fn what_is_kept_for_others_is_no_reason_to_refuse() {
    let late = late();
    for number in 0..=MOST {
        let name = (NAME.0, HoldId(Uuid::from_u128(number as u128)));
        leaves(&late, name, 1).await;
    }
    settle().await;
    assert_eq!(lock(&late.works).kept, MOST, "and no more than that is kept");
    assert!(late.settled(NAME.0, patience(Back::Looks)).await, "none is under way");
}

#[tokio::test]
async fn whoever_looks_waits_for_all_that_is_under_way_of_theirs() {
    let late = late();
    let (tell, slow) = work();
    let mut asked = Box::pin(late.ask(NAME, patience(Back::Looks), slow, async {}));
    asks(&mut asked);
    let other = HolderId::mint(NOW, [9; 10]);
    assert!(late.settled(other, gone(Back::Looks)).await, "another's is none of theirs");
    assert!(!late.settled(NAME.0, gone(Back::Looks)).await);
    let mut looks = Box::pin(late.settled(NAME.0, patience(Back::Looks)));
    assert!(looks.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    tell.send(Ok(1)).unwrap();
    settle().await;
    assert!(looks.await);
    assert_eq!(asked.await, Ok(1));
}
