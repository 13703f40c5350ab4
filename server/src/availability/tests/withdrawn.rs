//! An event that its promoter takes back is not called live any more: whoever listens is told by the stream's end.

use std::io::Read;
use std::net::TcpStream;
use std::time::Duration;

use async_trait::async_trait;

use super::*;
use crate::holds::{Inventories, InventoryTable};
use crate::trouble::Trouble;

/// What is shown until it is taken back.
struct Shown(InventoryTable, AtomicBool);

#[async_trait]
impl Inventories for Shown {
    async fn inventory(&self, event: EventId) -> Result<Option<Arc<Inventory>>, Trouble> {
        if self.1.load(Ordering::Relaxed) { self.0.inventory(event).await } else { Ok(None) }
    }

    async fn sold(&self, event: EventId) -> Result<Sold, Trouble> {
        self.0.sold(event).await
    }
}

/// All that is read until the connection ends.
fn read(mut reader: TcpStream) -> String {
    // A stream that nobody ends fails the test, and does not hang it.
    reader.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    text
}

#[tokio::test]
async fn who_listens_to_an_event_that_is_taken_back_hears_the_end() {
    let table = InventoryTable { events: vec![Arc::new(evening())], sold: Sold::default() };
    let shown = Arc::new(Shown(table, AtomicBool::new(true)));
    let holds = Holds::new(Arc::new(MemoryHolds::default()), Arc::clone(&shown) as Arc<dyn Inventories>);
    let availability = Availability::new(holds, NOW);
    let listener = async |wants| {
        let ask = Ask { wants, after: None };
        availability.listen(event(), ask, ADDRESS, NOW).await.unwrap().unwrap()
    };
    let before = availability.get(event(), NOW).await.unwrap().message.position();
    let readers = [Wants::Seats, Wants::Counts].map(|wants| (wants, line()));
    let mut ends = Vec::new();
    for (wants, (socket, reader)) in readers {
        listener(wants).await.onto(socket, b"");
        ends.push(reader);
    }
    let mut body = Box::pin(listener(Wants::Seats).await.into_body().unwrap());
    assert!(body.next().await.is_some());
    // Two were let in a moment before, and begin a moment after.
    let (late, late_body) = (listener(Wants::Seats).await, listener(Wants::Counts).await);
    assert_eq!(availability.compare(NOW).await, Ok(0));
    assert_eq!(availability.listeners(), 5, "it is shown: nobody is sent away");

    shown.1.store(false, Ordering::Relaxed);
    assert_eq!(availability.compare(NOW).await, Ok(0));
    assert!(body.next().await.is_none());
    let (socket, reader) = line();
    late.onto(socket, b"");
    ends.push(reader);
    assert_eq!(late_body.into_body().unwrap().count().await, 0);
    drop(body);
    let texts = tokio::task::spawn_blocking(|| ends.into_iter().map(read).collect::<Vec<_>>()).await.unwrap();
    assert!(texts[..2].iter().all(|text| text.ends_with("\r\n0\r\n\r\n")), "whole bodies: {texts:?}");
    assert_eq!(texts[2], "");
    assert!(matches!(availability.get(event(), NOW).await, Err(HoldError::NoSuchEvent)));

    // It is shown again: nothing goes on from its former life.
    shown.1.store(true, Ordering::Relaxed);
    let after = availability.get(event(), NOW).await.unwrap().message.position();
    assert!(after.sequence > before.sequence);
    // A socket's end is heard a moment before its place in the house is free.
    while availability.listeners() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
