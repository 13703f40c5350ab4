//! `parterre ticket verify`, as a door types it, with no shop and no database anywhere.

use domain::ids::{EventId, TicketId};
use domain::seat::SeatId;
use domain::ticket::{Place, TicketClaim};
use domain::time::Millis;
use parterre::clock::ManualClock;
use parterre::tickets::{KEY_FILE, Signer};

use super::parterre;
use super::process::Folder;

#[test]
fn a_door_is_told_by_word_and_exit_code_what_a_token_is_worth() {
    let folder = Folder::new();
    let data = folder.0.to_str().unwrap();
    let signer = Signer::open(&folder.0, &ManualClock::at(Millis(0))).unwrap();
    // What a door gets: the public keys alone.
    std::fs::remove_file(folder.0.join(KEY_FILE)).unwrap();
    let claim = TicketClaim {
        ticket: TicketId::mint(Millis(1_790_000_000_000), [7; 10]),
        event: EventId::mint(Millis(1_780_000_000_000), [9; 10]),
        place: Place::Seat(SeatId(41)),
        starts_at: Millis(1_795_806_000_000),
        label: "Block 212, row F, seat 15".into(),
    };
    let token = signer.sign(&claim);
    let key = signer.public_key().text();
    let verify = |token: &str, more: &[&str]| parterre(&[&["ticket", "verify", token][..], more].concat());

    for with in [["--data", data], ["--key", &key]] {
        let good = verify(&token, &with);
        assert_eq!((good.code, good.err.as_str()), (0, ""), "{good:?}");
        assert!(good.out.starts_with("Genuine.\nplace   Block 212, row F, seat 15 (seat number 41)\n"), "{good:?}");
        assert!(good.out.contains("starts  2026-11-27T19:00:00Z"), "{good:?}");
    }
    // One letter another, at the start, in the middle and at the end.
    for at in [0, token.len() / 2, token.len() - 1] {
        let letter = if &token[at..=at] == "A" { "B" } else { "A" };
        let forged = format!("{}{letter}{}", &token[..at], &token[at + 1..]);
        for with in [["--data", data], ["--key", &key]] {
            let told = verify(&forged, &with);
            assert_eq!((told.code, told.out.as_str()), (2, ""), "letter {at}: {told:?}");
            assert!(told.err.lines().count() == 1, "{told:?}");
        }
    }
    let other = Signer::new([2; 32]).public_key().text();
    assert_eq!(verify(&token, &["--key", &other]).code, 2, "another shop's key");
    verify(&token, &["--key", "no key"]).is_one_sentence(1, "This is not a public key");
    verify(&token, &["--data", "/nowhere"]).is_one_sentence(1, "No public keys found");
}
