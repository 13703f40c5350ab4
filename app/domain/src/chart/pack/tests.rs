//! Packed charts: they come back whole, they are small, and no bytes do harm.

use proptest::prelude::*;

use super::*;
use crate::chart::build::{Builder, Place};
use crate::chart::generate::{Arena, Bowl, Theatre, arena, bowl, theatre};
use crate::chart::{Chart, Point, Row, SeatNumber, Shape, ShapeKind};
use crate::seat::Features;

/// What is left of the bytes after brotli.
pub(crate) fn brotli(bytes: &[u8]) -> usize {
    let mut out = Vec::new();
    let params = ::brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 22, ..Default::default() };
    ::brotli::BrotliCompress(&mut &bytes[..], &mut out, &params).unwrap();
    out.len()
}

#[test]
fn generated_venues_come_back_exactly() {
    for chart in [theatre(&Theatre::default()), arena(&Arena::default()), bowl(&Bowl::with_seats(20_000))] {
        let packed = pack(&chart).unwrap();
        let unpacked = unpack(&packed).unwrap();
        assert_eq!(unpacked, chart, "{}", chart.name);
        assert_eq!(pack(&unpacked).unwrap(), packed);
    }
}

#[test]
fn a_hundred_thousand_seats_with_labels_cost_at_most_a_third_of_45_kilobytes() {
    let chart = bowl(&Bowl::with_seats(100_000));
    let packed = pack(&chart).unwrap();
    let small = brotli(&packed);
    println!("100,000 seats, {} sections: {} bytes packed, {small} after brotli", chart.sections.len(), packed.len());
    // 45 KB is what is promised; the rest is room for real venues, which are less even.
    assert!(small <= 15 * 1024, "{small} bytes");
    assert_eq!(unpack(&packed).unwrap(), chart);
}

fn point() -> impl Strategy<Value = Point> {
    (-9_000.0_f32..9_000.0, -9_000.0_f32..9_000.0).prop_map(|(x, y)| Point { x, y })
}

type Seat = (Point, u8, u8, String, bool);

/// Any chart a builder can make: rows anywhere, any words, gaps, categories, features.
fn charts() -> impl Strategy<Value = Chart> {
    let seat = (point(), 0..4_u8, 0..16_u8, "[0-9]{1,4}|[A-Z一-龥]{0,3}", any::<bool>());
    // Seats in a line beside seats anywhere.
    let line = (point(), point(), 1..40_usize, 0..3_u8).prop_map(|(first, step, seats, category)| -> Vec<Seat> {
        let at = |n: usize| Point { x: first.x + step.x * n as f32 / 400.0, y: first.y + step.y * n as f32 / 400.0 };
        (0..seats).map(|n| (at(n), category, 0, (n + 1).to_string(), false)).collect()
    });
    let words = || prop_oneof![4 => Just(String::new()), 1 => "[A-Za-z一-龥 %s]{0,12}"];
    let row = (("[A-Z]{1,2}|[0-9]{1,3}", words(), words()), prop_oneof![line, prop::collection::vec(seat, 0..8)]);
    let section = (
        "[A-Z0-9一-龥 ]{0,8}",
        0..3_u8,
        prop::collection::vec(row, 0..6),
        prop::collection::vec(point(), 0..6),
        point(),
    );
    let shape = (
        prop::option::of(0..3_u8),
        0..3_u8,
        prop::collection::vec(point(), 0..5),
        prop::option::of((".{0,9}", point())),
    );
    let shapes = prop::collection::vec(shape, 0..4);
    (prop::collection::vec(section, 0..5), shapes, 0.01_f32..100.0, point()).prop_map(
        |(sections, shapes, radius, focal)| {
            let radius = radius.max(0.5);
            let mut builder = Builder::new("Any", radius).floors(["a", "b", "c"]).categories(["1", "2", "3", "4"]);
            for (name, floor, rows, outline, label_at) in sections {
                builder.section(name, floor, outline, label_at);
                for ((name, label, seat_label), seats) in &rows {
                    let (name, label, seat_label) = (name.clone(), label.clone(), seat_label.clone());
                    builder.named_row(
                        Row { name, label, seat_label, ..Row::default() },
                        seats.iter().map(|(at, category, features, number, gap_after)| Place {
                            at: *at,
                            category: *category,
                            features: Features(*features),
                            number: SeatNumber::from(number.as_str()),
                            gap_after: *gap_after,
                        }),
                    );
                }
            }
            for (floor, kind, outline, text) in shapes {
                let kind = [ShapeKind::Stage, ShapeKind::Standing, ShapeKind::Other][usize::from(kind)];
                builder.shape(Shape { floor, kind, outline, text });
            }
            builder.finish(focal)
        },
    )
}

/// Puts the right hash under changed bytes, so that the damage gets past it.
fn sign(mut bytes: Vec<u8>) -> Vec<u8> {
    let body = bytes.len().saturating_sub(4);
    let hash = hash(&bytes[..body]);
    bytes.truncate(body);
    bytes.extend(hash.to_le_bytes());
    bytes
}

proptest! {
    #[test]
    fn any_chart_comes_back_exactly(chart in charts()) {
        let packed = pack(&chart).unwrap();
        prop_assert_eq!(unpack(&packed).unwrap(), chart);
    }

    #[test]
    fn a_chart_off_the_grid_moves_by_at_most_half_a_step(chart in charts(), by in -5.0_f32..5.0) {
        let mut moved = chart;
        moved.seats.x.iter_mut().for_each(|x| *x += by);
        let back = unpack(&pack(&moved).unwrap()).unwrap();
        let step = Grid::of(moved.seat_radius).step;
        for (a, b) in back.seats.x.iter().zip(&moved.seats.x) {
            // Besides, the sum itself was rounded.
            prop_assert!((a - b).abs() <= step / 2.0 + 0.002, "{} {}", a, b);
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(unpack(&bytes).is_err());
        let mut led = vec![b'P', b'C', b'H', VERSION];
        led.extend(bytes);
        let _ = unpack(&sign(led));
    }

    #[test]
    fn a_damaged_chart_is_refused_or_at_least_whole(
        chart in charts(), hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4), cut in any::<prop::sample::Index>()
    ) {
        let packed = pack(&chart).unwrap();
        let mut hit = packed.clone();
        for (at, value) in hits {
            let at = at.index(hit.len() - 4);
            hit[at] ^= value;
        }
        prop_assert!(hit == packed || unpack(&hit).is_err(), "the hash finds damage");
        if let Ok(chart) = unpack(&sign(hit)) {
            prop_assert_eq!(chart.flaw(), None);
            prop_assert!(pack(&chart).is_ok());
        }
        let cut = cut.index(packed.len());
        prop_assert!(unpack(&packed[..cut]).is_err());
        let _ = unpack(&sign(packed[..cut].to_vec()));
    }
}

#[test]
fn a_chart_that_does_not_hold_together_is_not_packed() {
    let sound = theatre(&Theatre::default());
    let breakages: [fn(&mut Chart); 9] = [
        |chart| {
            chart.seats.x.pop();
        },
        |chart| {
            chart.seats.number.push(SeatNumber::Count(1));
        },
        |chart| chart.seats.category[0] = 200,
        |chart| chart.seats.x[5] = f32::NAN,
        |chart| chart.seats.y[5] = 1e30,
        |chart| chart.sections[1].rows.start += 1,
        |chart| chart.rows[2].seats.end += 1,
        |chart| chart.sections[0].floor = 9,
        |chart| chart.rows.clear(),
    ];
    for (index, broken) in breakages.into_iter().enumerate() {
        let mut chart = sound.clone();
        broken(&mut chart);
        assert!(matches!(pack(&chart), Err(PackError::Inconsistent(_))), "breakage {index}");
    }
}

#[test]
fn few_bytes_cannot_ask_for_much_memory() {
    // A head that promises a million seats in one row, and nothing after it.
    let mut bytes = Vec::from(MAGIC);
    bytes.push(VERSION);
    bytes.extend([0, 0, 32, 65, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0xc0, 0x84, 0x3d]);
    assert_eq!(unpack(&sign([bytes, vec![0; 4]].concat())), Err(PackError::Truncated));
}
