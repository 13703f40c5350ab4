//! `parterre ticket verify`: says whether a token is genuine, from public keys alone, and whether its ticket still opens
//! a door, where the shop can be asked.

use std::path::Path;

use domain::ticket::{Place, TicketClaim, TicketStatus};
use domain::time::Millis;
use jiff::Timestamp;

use super::doors::DoorTicket;
use super::{PublicKey, public_keys};
use crate::trouble::Trouble;

/// What the command prints and how it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Lines for the terminal; to standard output where `exit` is 0, else to standard error.
    pub text: String,
    /// 0 good, 2 not good, 1 could not be found out.
    pub exit: u8,
}

/// Verifies `token` with `key` (base64url), else with the public keys in the data folder. Needs no running server.
///
/// # Errors
/// The verdict on what is not genuine or could not be checked.
pub fn verify(token: &str, key: Option<&str>, data: &Path) -> Result<TicketClaim, Verdict> {
    let keys = match key {
        Some(text) => PublicKey::parse(text).map(|key| vec![key]).ok_or_else(|| {
            "This is not a public key: it should be 43 characters, as /api/v1/tickets/verify-keys lists them.".into()
        }),
        None => public_keys(data).map_err(|error| {
            format!("No public keys found: give one with --key, or the shop's folder with --data ({error}).")
        }),
    };
    let keys = keys.map_err(|text| Verdict { text, exit: 1 })?;
    // People paste tokens in pieces and in lower case; the token itself has one spelling.
    let token: String = token.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_uppercase();
    super::verify(&keys, &token).map_err(|refusal| Verdict { text: refusal.to_string(), exit: 2 })
}

/// The verdict on a genuine token: `told` is what the shop says of its ticket, none where nobody was asked.
#[must_use]
pub fn judge(claim: &TicketClaim, told: Option<Result<Option<DoorTicket>, Trouble>>) -> Verdict {
    let ticket = describe(claim);
    let (exit, text) = match told {
        None => (0, format!("Genuine.\n{ticket}\nWhether it has been used or refunded, only the shop knows.")),
        Some(Err(trouble)) => {
            (1, format!("Genuine. Whether it is still valid could not be asked: {trouble}.\n{ticket}"))
        }
        Some(Ok(None)) => {
            let words = "Genuine, but not on the shop's list. A ticket bought just now may take a minute to get there.";
            (2, format!("{words}\n{ticket}"))
        }
        Some(Ok(Some(listed))) => match listed.status {
            TicketStatus::Valid => (0, format!("Genuine and valid.\n{ticket}")),
            TicketStatus::Used => {
                let when = listed.used_at.map(|at| format!(": it let somebody in at {}", moment(at)));
                (2, format!("Genuine, but used{}.\n{ticket}", when.unwrap_or_default()))
            }
            TicketStatus::Void => (2, format!("Genuine, but void: it was given back or replaced.\n{ticket}")),
        },
    };
    Verdict { text, exit }
}

fn moment(at: Millis) -> String {
    Timestamp::from_millisecond(at.0).map_or_else(|_| "unknown".into(), |at| at.to_string())
}

fn describe(claim: &TicketClaim) -> String {
    let starts = moment(claim.starts_at);
    let place = match claim.place {
        Place::Seat(seat) => format!("seat number {}", seat.0),
        Place::Standing(ordinal) => format!("standing, place {} of its line", u64::from(ordinal) + 1),
    };
    // A label is other people's text: it must not steer the terminal.
    let label: String = claim.label.chars().filter(|c| !c.is_control()).collect();
    format!("place   {label} ({place})\nstarts  {starts}\nticket  {}\nevent   {}", claim.ticket, claim.event)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use domain::ids::OrderId;
    use domain::seat::SeatId;
    use uuid::Uuid;

    use super::super::{KEY_FILE, Signer};
    use super::*;
    use crate::clock::ManualClock;

    #[test]
    fn a_door_verifies_by_public_keys_alone_and_is_told_why_not() {
        let folder = std::env::temp_dir().join(format!("parterre-door-{}", std::process::id()));
        let signer = Signer::open(&folder, &ManualClock::at(Millis(0))).unwrap();
        let claim = TicketClaim {
            ticket: domain::ids::TicketId::mint(Millis(1_790_000_000_000), [7; 10]),
            event: domain::ids::EventId::mint(Millis(1_780_000_000_000), [9; 10]),
            place: Place::Standing(2),
            starts_at: Millis(1_795_806_000_000),
            label: "Floor \u{1b}[2J 北区".into(),
        };
        let token = signer.sign(&claim);
        let key = signer.public_key().text();
        fs::remove_file(folder.join(KEY_FILE)).unwrap();
        let (here, nowhere) = (folder.as_path(), Path::new("/nowhere"));
        for read in [verify(&token, None, here), verify(&token.to_lowercase(), Some(&key), nowhere)] {
            let verdict = judge(&read.unwrap(), None);
            assert_eq!(verdict.exit, 0, "{}", verdict.text);
            assert!(verdict.text.contains("Floor [2J 北区 (standing, place 3 of its line)"), "{}", verdict.text);
            assert!(verdict.text.contains("2026-11-27T19:00:00Z"), "{}", verdict.text);
        }
        let other = if token.as_bytes()[40] == b'A' { "B" } else { "A" };
        let refused = |token: &str, key, data| verify(token, key, data).unwrap_err();
        let verdict = refused(&format!("{}{other}{}", &token[..40], &token[41..]), Some(&key), nowhere);
        assert_eq!((verdict.exit, verdict.text.contains("not genuine")), (2, true), "{}", verdict.text);
        assert_eq!(refused("hello", None, here).exit, 2);
        assert_eq!(refused("hello", Some("not a key"), nowhere).exit, 1);
        assert_eq!(refused("hello", None, nowhere).exit, 1);
        fs::remove_dir_all(&folder).unwrap();
    }
    #[test]
    fn a_door_that_can_ask_is_told_whether_a_genuine_ticket_still_opens_it() {
        let now = Millis(1_795_806_000_000);
        let claim = TicketClaim {
            ticket: domain::ids::TicketId::mint(now, [7; 10]),
            event: domain::ids::EventId::mint(now, [9; 10]),
            place: Place::Seat(SeatId(3)),
            starts_at: now,
            label: "Row A, seat 3".into(),
        };
        let listed = |status| DoorTicket {
            id: claim.ticket,
            event: claim.event,
            order: OrderId(Uuid::nil()),
            seat: Some(SeatId(3)),
            label: claim.label.clone(),
            status,
            issued_at: now,
            used_at: (status == TicketStatus::Used).then_some(now),
            version: 1,
        };
        let away = Trouble::Unavailable { what: "CQL", detail: "no answer".into() };
        for (told, exit, words) in [
            (None, 0, "only the shop knows"),
            (Some(Ok(Some(listed(TicketStatus::Valid)))), 0, "Genuine and valid."),
            (Some(Ok(Some(listed(TicketStatus::Used)))), 2, "used: it let somebody in at 2026-11-27T19:00:00Z"),
            (Some(Ok(Some(listed(TicketStatus::Void)))), 2, "void"),
            (Some(Ok(None)), 2, "not on the shop's list"),
            (Some(Err(away)), 1, "could not be asked"),
        ] {
            let verdict = judge(&claim, told);
            assert_eq!((verdict.exit, verdict.text.contains(words)), (exit, true), "{}", verdict.text);
            assert!(verdict.text.contains("Row A, seat 3 (seat number 3)"), "{}", verdict.text);
        }
    }
}
