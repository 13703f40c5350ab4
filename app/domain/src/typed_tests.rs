//! Whatever somebody types or sends: every reader answers, and what it takes reads the same again. Aimed at by texts that
//! are nearly right and by bytes bent from right ones; readers with a shape of their own have more of it beside them.

use proptest::prelude::*;
use proptest::sample::Index;

use crate::availability::delta::{self, Position};
use crate::availability::{Message, Packed};
use crate::buyer::Buyer;
use crate::card;
use crate::chart::document::Document;
use crate::chart::generate::{Theatre, theatre};
use crate::chart::{SeatNumber, pack};
use crate::ids::OrderId;
use crate::money::Currency;
use crate::seat::{SeatId, SeatState};
use crate::ticket::{TicketCode, TicketStatus, Unverified};

/// Any text, and text that is nearly what the readers want.
fn typed() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC*",
        any::<String>(),
        "[0-9 -]{0,30}",
        "[0-9]{0,2} ?/ ?[0-9]{0,4}",
        "[0-9]{1,20}-[0-9]{1,21}",
        "[A-Za-z0-9 -]{0,12}",
        "[a-z.+]{0,20}@[a-z.-]{0,20}",
        "P[A-Z0-9:.-]{0,200}",
        "[A-Z]{2,4}",
        any::<[u8; 16]>().prop_map(|bytes| OrderId(uuid::Uuid::from_bytes(bytes)).to_string()),
    ]
}

/// Changes, inserts, removes and cuts.
fn bends() -> impl Strategy<Value = Vec<(Index, u8, u8)>> {
    prop::collection::vec((any::<Index>(), any::<u8>(), 0..5_u8), 1..6)
}

fn bent(mut bytes: Vec<u8>, bends: Vec<(Index, u8, u8)>) -> Vec<u8> {
    for (at, byte, how) in bends {
        let at = at.index(bytes.len() + 1);
        match how {
            0 => bytes.insert(at, byte),
            1 => bytes.truncate(at),
            2 if at < bytes.len() => drop(bytes.remove(at)),
            _ if at < bytes.len() => bytes[at] = byte,
            _ => {}
        }
    }
    bytes
}

proptest! {
    #[test]
    fn whatever_is_typed_is_read_or_refused(text in typed(), other in typed()) {
        if let Some(number) = card::number(&text) {
            prop_assert_eq!(card::number(&number), Some(number.clone()));
        }
        let _ = (card::expiry(&text), card::is_code(&text), Unverified::read(&text).is_ok());
        if let Some(code) = TicketCode::read(&text) {
            prop_assert_eq!(TicketCode::read(&code.to_string()), Some(code));
        }
        if let Some(status) = TicketStatus::from_word(&text) {
            prop_assert_eq!(status.word(), text.as_str());
        }
        if let Ok(buyer) = Buyer::new(&text, &other) {
            prop_assert_eq!(Buyer::new(buyer.name(), buyer.email()), Ok(buyer.clone()));
        }
        if let Ok(currency) = Currency::new(&text) {
            prop_assert_eq!(currency.code(), text.as_str());
        }
        if let Ok(id) = text.parse::<OrderId>() {
            prop_assert_eq!(id.to_string().parse(), Ok(id));
        }
        if let Ok(position) = text.parse::<Position>() {
            prop_assert_eq!(position.to_string().parse(), Ok(position));
        }
        prop_assert_eq!(SeatNumber::from(text.as_str()).to_string(), text);
    }

    #[test]
    fn bent_states_and_changes_are_read_or_refused(
        states in prop::collection::vec(0_u8..4, 0..300), news in prop::collection::vec(0_u8..4, 300), bends in bends(),
    ) {
        let packed = |bits: &[u8]| {
            let mut packed = Packed::free(states.len() as u32);
            (0..states.len() as u32).zip(bits).for_each(|(seat, bits)| packed.set(SeatId(seat), SeatState::from_bits(*bits)));
            packed
        };
        let (before, after) = (packed(&states), packed(&news));
        let bytes = bent(Message { epoch: 1, sequence: 2, states: after.clone() }.encode(), bends.clone());
        if let Some(message) = Message::decode(&bytes) {
            prop_assert!(message.states.bytes().len() <= bytes.len());
            prop_assert_eq!(Message::decode(&message.encode()), Some(message));
        }
        if let Some(changes) = delta::decode(&bent(delta::encode(&before, &after), bends), before.len()) {
            prop_assert!(changes.is_sorted_by(|a, b| a.0 < b.0) && changes.iter().all(|(seat, _)| seat.0 < before.len()));
        }
    }
}

#[test]
fn bent_charts_and_documents_are_read_soundly_or_refused() {
    let mut chart = theatre(&Theatre::default());
    (chart.rows[3].label, chart.rows[3].seat_label) = ("Loge".to_owned(), "Chair %s".to_owned());
    let packed = pack::pack(&chart).unwrap();
    let json = Document::of(chart).to_json().unwrap();
    let config = ProptestConfig { cases: 64, ..ProptestConfig::default() };
    proptest!(config, |(bends in bends())| {
        if let Ok(chart) = pack::unpack(&bent(packed.clone(), bends.clone())) {
            prop_assert_eq!(chart.flaw(), None);
        }
        if let Ok(document) = Document::from_json(&bent(json.clone(), bends)) {
            prop_assert_eq!(document.chart.flaw(), None);
            prop_assert_eq!(Document::from_json(&document.to_json().unwrap()).unwrap(), document);
        }
    });
}
