//! Records of holds: whichever came last stands, and servers of two releases find each other's.

use domain::hold::{Fence, Hold};
use domain::time::{MINUTE, Millis};

use super::{Evening, NOW};
use crate::holds::cql::contents::Kept;
use crate::holds::cql::fake::FakeTable;
use crate::holds::cql::records::Records;
use crate::holds::cql::statements::Statements;
use crate::holds::cql::table::{BlockKey, Note, Record, Table};
use crate::stores::cql::Cql;
use crate::test_support::cassandra;

/// A server that works beside others of the release before, or beside none.
async fn server(cql: &Cql, former: bool) -> Statements {
    let records = Records::beside(cql, former).await.unwrap();
    Statements::with(cql.clone(), records).await.unwrap()
}

/// Both of them, in the keyspace that tests share.
async fn ways() -> [Statements; 2] {
    let cql = cassandra::shared().await.cql.clone();
    [server(&cql, false).await, server(&cql, true).await]
}

/// A hold of that evening, granted or extended.
fn record(evening: Evening, fence: Fence, extensions: u8) -> Record {
    let grant = evening.grant(1, &[3], 0);
    let until = NOW.plus(i64::from(2 - extensions) * MINUTE);
    let hold = Hold { expires_at: until, ..grant.granted(NOW, extensions, fence) };
    Kept { hold, rows: Vec::new() }.record().unwrap()
}

/// Records in whatever order they arrive: the one that was meant last stands.
async fn last_record_stands(table: &dyn Table, evening: Evening) {
    let fence = Fence(NOW.0 << 20);
    let record = |fence, extensions| record(evening, fence, extensions);
    let (granted, extended) = (record(fence, 1), record(fence, 0));
    let (hold, holder) = (granted.hold, granted.holder);
    let later = record(Fence((NOW.0 + 1) << 20), 1);
    let stands = async |note: Note, expected: Option<&Record>| {
        table.note(&[note]).await.unwrap();
        assert_eq!(table.record(hold, holder).await.unwrap().as_ref(), expected);
        assert_eq!(table.records_of(holder).await.unwrap().len(), usize::from(expected.is_some()));
    };
    stands(Note::Keep(extended.clone()), Some(&extended)).await;
    stands(Note::Keep(granted.clone()), Some(&extended)).await;
    stands(Note::Forget(hold, holder, fence), None).await;
    stands(Note::Keep(extended.clone()), None).await;
    // Under a greater fence it is a hold anew.
    stands(Note::Keep(later.clone()), Some(&later)).await;
    stands(Note::Forget(hold, holder, fence), Some(&later)).await;
}

#[tokio::test]
async fn an_older_record_never_comes_back() {
    last_record_stands(&FakeTable::default(), Evening::new()).await;
}

#[tokio::test]
async fn an_older_record_never_comes_back_on_a_cluster() {
    for table in ways().await {
        last_record_stands(&table, Evening::new()).await;
    }
}

/// Two processes grant the same id within one millisecond, with other places and another end: their records have one
/// stamp. Whoever reads finds one of them, that of the greater fence where the cluster can tell, and never a mixture.
async fn records_of_one_stamp_do_not_mix(table: &dyn Table, evening: Evening, reversed: bool) {
    let hold = |n: u16, seat: u32, own: i64, until: i64| {
        let grant = evening.grant(1, &[seat], 0);
        let granted = grant.granted(NOW.plus(until), 1, Fence((NOW.0 << 20) + own));
        Kept { hold: granted, rows: vec![(BlockKey { of: evening.event().0, block: i32::from(n) }, vec![seat as i32])] }
    };
    // The lesser fence has what is greater in every other column.
    let (lesser, greater) = (hold(9, 30, 4, 2 * MINUTE), hold(1, 2, 900, MINUTE));
    let mut notes = [&lesser, &greater].map(|kept| Note::Keep(kept.record().unwrap()));
    if reversed {
        notes.reverse();
    }
    assert_eq!(notes[0].stamp(), notes[1].stamp());
    // One write, so that both have one time to live, by which clusters settle first.
    table.note(&notes).await.unwrap();
    let found = table.record(lesser.hold.id, lesser.hold.holder).await.unwrap().expect("a record");
    assert_eq!(Kept::read(&found).unwrap(), greater);
}

#[tokio::test]
async fn of_two_records_with_one_stamp_one_is_read_whole() {
    for reversed in [false, true] {
        records_of_one_stamp_do_not_mix(&FakeTable::default(), Evening::new(), reversed).await;
    }
}

#[tokio::test]
async fn of_two_records_with_one_stamp_one_is_read_whole_on_a_cluster() {
    for table in ways().await {
        for reversed in [false, true] {
            records_of_one_stamp_do_not_mix(&table, Evening::new(), reversed).await;
        }
    }
}

/// What the release before finds of a hold: its contents by its id, and how many its holder has.
async fn before_finds(cql: &Cql, of: &Record) -> (Option<Vec<u8>>, usize) {
    let by_id = cql.read("SELECT contents FROM holds_by_id WHERE hold_id = ?").await.unwrap();
    let by_holder = cql.read("SELECT hold_id FROM holds_by_holder WHERE holder = ?").await.unwrap();
    let found = cql.session().execute_unpaged(&by_id, (of.hold.0,)).await.unwrap().into_rows_result().unwrap();
    let mine = cql.session().execute_unpaged(&by_holder, (of.holder.0,)).await.unwrap().into_rows_result().unwrap();
    (found.maybe_first_row::<(Vec<u8>,)>().unwrap().map(|(contents,)| contents), mine.rows_num())
}

#[tokio::test]
async fn servers_of_two_releases_find_each_others_holds_on_a_cluster() {
    let keyspace = cassandra::own().await;
    let (cql, evening) = (&keyspace.cql, Evening::new());
    let newest = Statements::prepare(cql.clone()).await.unwrap();
    assert!(newest.load().notes > 10, "the keyspace is made with its buckets: nobody is on it who does not know them");
    // As a keyspace that the release before made, and this one found.
    let earlier = "UPDATE schema_steps SET applied_at = 1 WHERE version IN (1, 2, 3, 4, 5)";
    cql.session().query_unpaged(earlier, ()).await.unwrap();
    let (this, after) = (Statements::prepare(cql.clone()).await.unwrap(), newest);
    assert!(this.load().notes < 5, "each is two partitions, and one that all share");

    let (granted, extended) = (record(evening, Fence(NOW.0 << 20), 1), record(evening, Fence(NOW.0 << 20), 0));
    let (hold, holder) = (granted.hold, granted.holder);
    let ends = |until: Millis| vec![(hold, until)];
    this.note(&[Note::Keep(granted.clone())]).await.unwrap();
    assert_eq!(before_finds(cql, &granted).await, (Some(granted.contents.clone()), 1));
    assert_eq!(after.record(hold, holder).await.unwrap().as_ref(), Some(&granted));
    assert_eq!(after.records_of(holder).await.unwrap(), ends(granted.until));

    after.note(&[Note::Keep(extended.clone())]).await.unwrap();
    assert_eq!(this.record(hold, holder).await.unwrap().as_ref(), Some(&extended), "what was written last");
    assert_eq!(this.records_of(holder).await.unwrap(), ends(extended.until), "one hold, in two tables");
    // An earlier record that comes late is none.
    this.note(&[Note::Keep(granted.clone())]).await.unwrap();
    assert_eq!(after.record(hold, holder).await.unwrap().as_ref(), Some(&extended));

    this.note(&[Note::Forget(hold, holder, Fence(extended.fence))]).await.unwrap();
    assert_eq!(before_finds(cql, &granted).await, (None, 0));
    for table in [&this, &after] {
        assert_eq!(table.record(hold, holder).await.unwrap(), None);
        assert_eq!(table.records_of(holder).await.unwrap(), []);
    }
}

#[tokio::test]
async fn a_keyspace_without_former_servers_has_one_row_a_hold_on_a_cluster() {
    let (cql, evening) = (cassandra::shared().await.cql.clone(), Evening::new());
    let granted = record(evening, Fence(NOW.0 << 20), 1);
    server(&cql, false).await.note(&[Note::Keep(granted.clone())]).await.unwrap();
    assert_eq!(before_finds(&cql, &granted).await, (None, 0));
}
