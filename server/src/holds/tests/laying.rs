//! Laying an open event out anew keeps nobody from its other blocks.

use std::sync::mpsc;
use std::thread;

use super::*;
use crate::holds::cells::EventCells;
use crate::holds::store::Layout;

#[test]
fn whoever_lays_a_house_out_anew_has_one_block_in_hand_at_a_time() {
    let layout = |blocked: u32| Layout {
        blocks: (0..400).map(|seat| seat / 100).collect(),
        blocked: (0..blocked).map(SeatId).collect(),
        ..Layout::default()
    };
    let cells = Arc::new(EventCells::new(&layout(0)));
    cells.load(&Sold::default());
    let last = [SeatId(399)];
    let busy = cells.lock(&last);
    let lays = {
        let cells = Arc::clone(&cells);
        thread::spawn(move || cells.lay(&layout(200)))
    };
    // However far it has come by then, it waits for the last block, with none of the others.
    thread::sleep(Duration::from_millis(100));
    let (tell, told) = mpsc::channel();
    let looks = {
        let cells = Arc::clone(&cells);
        thread::spawn(move || {
            drop(cells.lock(&[SeatId(0)]));
            let _ = tell.send(());
        })
    };
    told.recv_timeout(Duration::from_secs(10)).expect("the first block is free");
    drop(busy);
    lays.join().unwrap();
    looks.join().unwrap();
    let states = cells.snapshot(NOW).states;
    assert!((0..400).all(|seat| (states.get(SeatId(seat)) == SeatState::Blocked) == (seat < 200)));
}
