//! Tables of segments that are broken on purpose: each breaks a law, and the law must notice.

use domain::hold::Fence;

use super::*;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// A seat is written once for the whole trip.
    OneLeg,
    /// Says that it is done.
    Forgets,
    /// No row tells its fence.
    NoFence,
    /// Writes half of what one hold may have.
    CutsLong,
}

struct Broken(Fault, MemorySegments);

#[async_trait]
impl SegmentTable for Broken {
    async fn read(&self, trip: TripId, legs: Option<Legs>) -> Result<Rows, Trouble> {
        let mut rows = self.1.read(trip, legs).await?;
        if self.0 == Fault::NoFence {
            rows.values_mut().for_each(|cell| cell.fence = Fence(0));
        }
        Ok(rows)
    }

    async fn write(&self, trip: TripId, changes: &[SegmentChange]) -> Written {
        let mut changes = changes.to_vec();
        match self.0 {
            Fault::OneLeg => changes.iter_mut().for_each(|change| change.segment.leg = 0),
            Fault::Forgets => return Written::Applied,
            Fault::NoFence => {}
            Fault::CutsLong => changes.truncate(MOST_SEGMENTS / 2),
        }
        self.1.write(trip, &changes).await
    }
}

/// One test a broken table: the law named must fail on it.
macro_rules! noticed {
    ($($fault:ident breaks $law:ident),+ $(,)?) => {
        $(#[tokio::test]
        #[should_panic]
        async fn $law() {
            super::$law(&TripHolds::new(Arc::new(Broken(Fault::$fault, MemorySegments::default())))).await;
        })+
    };
}

noticed! {
    OneLeg breaks a_seat_is_shared_one_after_the_other,
    Forgets breaks asking_again_changes_nothing,
    NoFence breaks whoever_was_overtaken_cannot_buy,
    CutsLong breaks a_hold_has_a_size,
}

/// Takes what it is asked for, whatever stands there.
#[derive(Default)]
struct Careless(MemorySegments);

#[async_trait]
impl SegmentTable for Careless {
    async fn read(&self, trip: TripId, legs: Option<Legs>) -> Result<Rows, Trouble> {
        let rows = self.0.read(trip, legs).await;
        tokio::task::yield_now().await;
        rows
    }

    async fn write(&self, trip: TripId, changes: &[SegmentChange]) -> Written {
        loop {
            let rows = self.0.read(trip, None).await.unwrap();
            let now = |change: &SegmentChange| rows.get(&change.segment).map_or(0, |cell| cell.version);
            let forced: Vec<_> = changes.iter().map(|change| SegmentChange { was: now(change), ..*change }).collect();
            if self.0.write(trip, &forced).await == Written::Applied {
                return Written::Applied;
            }
        }
    }
}

#[tokio::test]
#[should_panic(expected = "was granted twice")]
async fn a_table_that_does_not_compare_is_found_out() {
    let table: Arc<dyn SegmentTable> = Arc::new(Careless::default());
    a_segment_has_one_holder([TripHolds::new(Arc::clone(&table)), TripHolds::new(table)]).await;
}
