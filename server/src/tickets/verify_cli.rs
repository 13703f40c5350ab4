//! `parterre ticket verify`: says whether a token is genuine, from public keys alone.

use std::path::Path;

use domain::ticket::{Place, TicketClaim};
use jiff::Timestamp;

use super::{PublicKey, public_keys};

/// What the command prints and how it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Lines for the terminal; to standard output where `exit` is 0, else to standard error.
    pub text: String,
    /// 0 genuine, 2 not genuine, 1 could not be checked.
    pub exit: u8,
}

/// Verifies `token` with `key` (base64url), else with the public keys in the data folder. Needs no running server.
#[must_use]
pub fn verify(token: &str, key: Option<&str>, data: &Path) -> Verdict {
    let keys = match key {
        Some(text) => PublicKey::parse(text).map(|key| vec![key]).ok_or_else(|| {
            "This is not a public key: it should be 43 characters, as /api/v1/tickets/verify-keys lists them.".into()
        }),
        None => public_keys(data).map_err(|error| {
            format!("No public keys found: give one with --key, or the shop's folder with --data ({error}).")
        }),
    };
    let keys = match keys {
        Ok(keys) => keys,
        Err(text) => return Verdict { text, exit: 1 },
    };
    // People paste tokens in pieces and in lower case; the token itself has one spelling.
    let token: String = token.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_uppercase();
    match super::verify(&keys, &token) {
        Ok(claim) => Verdict { text: describe(&claim), exit: 0 },
        Err(refusal) => Verdict { text: refusal.to_string(), exit: 2 },
    }
}

fn describe(claim: &TicketClaim) -> String {
    let starts = Timestamp::from_millisecond(claim.starts_at.0).map_or_else(|_| "unknown".into(), |at| at.to_string());
    let place = match claim.place {
        Place::Seat(seat) => format!("seat number {}", seat.0),
        Place::Standing(ordinal) => format!("standing, place {} of its line", u64::from(ordinal) + 1),
    };
    // A label is other people's text: it must not steer the terminal.
    let label: String = claim.label.chars().filter(|c| !c.is_control()).collect();
    format!(
        "Genuine.\nplace   {label} ({place})\nstarts  {starts}\nticket  {}\nevent   {}\n\
         Whether it has been used or refunded, only the shop knows.",
        claim.ticket, claim.event
    )
}

#[cfg(test)]
mod tests {
    use std::fs;

    use domain::time::Millis;

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
        for verdict in [verify(&token, None, here), verify(&token.to_lowercase(), Some(&key), nowhere)] {
            assert_eq!(verdict.exit, 0, "{}", verdict.text);
            assert!(verdict.text.contains("Floor [2J 北区 (standing, place 3 of its line)"), "{}", verdict.text);
            assert!(verdict.text.contains("2026-11-27T19:00:00Z"), "{}", verdict.text);
        }
        let other = if token.as_bytes()[40] == b'A' { "B" } else { "A" };
        let verdict = verify(&format!("{}{other}{}", &token[..40], &token[41..]), Some(&key), nowhere);
        assert_eq!((verdict.exit, verdict.text.contains("not genuine")), (2, true), "{}", verdict.text);
        assert_eq!(verify("hello", None, here).exit, 2);
        assert_eq!(verify("hello", Some("not a key"), nowhere).exit, 1);
        assert_eq!(verify("hello", None, nowhere).exit, 1);
        fs::remove_dir_all(&folder).unwrap();
    }
}
