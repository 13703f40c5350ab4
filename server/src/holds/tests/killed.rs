//! A seat that is killed while somebody holds it leaves their basket at its next change, and nothing else does.

use super::*;

/// The story on this store.
pub(crate) async fn a_killed_seat_leaves_the_basket_and_the_rest_stays(store: Arc<dyn HoldStore>) {
    let evening = evening();
    let row = row_of(&evening, 8);
    let seats = |of: &[usize]| of.iter().map(|nth| SeatId(row[*nth])).collect::<Vec<_>>();
    let edited = Arc::new(Edited(Mutex::new(Arc::new(evening.clone()))));
    let holds = Holds::new(store, Arc::clone(&edited) as Arc<dyn Inventories>);
    let kill = |of: &[usize]| {
        *edited.0.lock().unwrap() = Arc::new(Inventory { blocked: seats(of), ..evening.clone() });
    };
    let change = async |n: u16, old: &Hold, request: HoldRequest| {
        let request = HoldRequest { replaces: Some(old.id), ..request };
        holds.hold(event(), holder(1), id(n), &request, NOW).await
    };
    let those = |of: &[usize]| HoldRequest { seats: seats(of), ..HoldRequest::default() };
    let first = ask(&holds, 1, &those(&[0, 1, 2])).await.unwrap().hold;
    kill(&[1]);
    // One more is added.
    let told = change(2, &first, those(&[0, 1, 2, 3])).await.unwrap();
    assert_eq!((told.hold.seats.clone(), told.withdrawn), (seats(&[0, 2, 3]), seats(&[1])));
    assert_eq!(told.healed, [], "nothing comes in its stead");
    assert_eq!(holds.verify(id(2), holder(1), NOW).await.unwrap(), told.hold);
    let taken = refusal(ask(&holds, 9, &those(&[1])).await);
    assert!(matches!(&taken, HoldRefusal::SeatsTaken { taken, .. } if *taken == seats(&[1])), "{taken:?}");
    // One is taken out, and whoever asks late for what was answered hears the same.
    kill(&[0, 1]);
    let request = HoldRequest { heal: true, ..those(&[0, 2]) };
    let third = change(3, &told.hold, request.clone()).await.unwrap();
    assert_eq!((third.hold.seats.clone(), third.withdrawn.clone()), (seats(&[2]), seats(&[0])));
    let late = change(3, &told.hold, request).await.unwrap();
    assert_eq!(late, Granted { found: true, ..third.clone() });
    // Nothing would be left: the basket stays what it is.
    kill(&[0, 1, 2]);
    let refused = refusal(change(4, &third.hold, those(&[2])).await);
    assert_eq!(refused, HoldRefusal::Withdrawn { seats: seats(&[2]) });
    assert_eq!(holds.by_holder(holder(1), NOW).await.unwrap(), [third.hold]);
    // What is known to be killed before the inventory says so: it is not called a seat that is left alone.
    assert!(holds.release(id(3), holder(1), NOW).await.unwrap());
    kill(&[0, 1]);
    let other = holds.hold(event(), holder(5), id(5), &those(&[2, 3, 4, 5]), NOW).await.unwrap().hold;
    let known = HoldRequest { replaces: Some(other.id), withdrawn: seats(&[3]), ..those(&[2, 3, 4, 5]) };
    let rest = holds.hold(event(), holder(5), id(6), &known, NOW).await.unwrap();
    assert_eq!((rest.hold.seats, rest.withdrawn), (seats(&[2, 4, 5]), seats(&[3])));
}

#[tokio::test]
async fn a_killed_seat_leaves_the_basket_and_the_rest_stays_in_memory() {
    a_killed_seat_leaves_the_basket_and_the_rest_stays(Arc::new(MemoryHolds::default())).await;
}
