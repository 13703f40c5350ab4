//! Readers of text that stand behind no address alone, or behind many: each answers whatever it is given, and what it
//! takes reads the same again.

use clap::Parser;
use domain::ids::TicketId;
use parterre::catalog::types::Cursor;
use parterre::cli::{Cli, Command};
use parterre::demo::prices;
use parterre::http::secret::Secret;
use parterre::http::when;
use parterre::idempotency::is_key;
use parterre::tickets::{PublicKey, Signer, verify};
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Any text, and text that is nearly what the readers want.
fn typed() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[A-Za-z0-9_-]{40,50}",
        "-?[0-9]{1,19}\\.[0-9a-f]{30,33}",
        "[+-]?[0-9]{4,6}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{0,12})?(Z|[+-][0-9]{2}:[0-9]{2}))?",
        "[A-Za-z ]{0,9}=[0-9]{0,20}(\\.[0-9]{0,3})?",
        "(redis|postgres|smtp|http)s?://[a-z:@./0-9?=&%]{0,30}",
        "[a-z0-9.]{0,12}:[0-9]{0,7}",
    ]
}

/// Settings that take words, each in another way.
const SETTINGS: [&str; 18] = [
    "--port",
    "--host",
    "--data",
    "--public-url",
    "--database-url",
    "--database-pool",
    "--cql-node",
    "--cql-keyspace",
    "--cql-replication",
    "--cql-datacenter",
    "--redis-url",
    "--redis-prefix",
    "--smtp-url",
    "--hold-seconds",
    "--writes-per-second",
    "--connections",
    "--streams",
    "--audit-seconds",
];

proptest! {
    #[test]
    fn every_reader_of_words_reads_or_refuses(text in typed()) {
        if let Ok(cursor) = text.parse::<Cursor>() {
            prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
        if let Some(at) = when::parse(&text) {
            prop_assert!(at.is_on_calendars());
            let told = parterre::catalog::view::rfc3339(at);
            prop_assert_eq!(when::parse(&told), Some(at));
        }
        if let Some(secret) = Secret::parse(&text) {
            prop_assert_eq!(Secret::parse(&secret.text()).map(|again| again.holder()), Some(secret.holder()));
        }
        if let Some(key) = PublicKey::parse(&text) {
            prop_assert_eq!(PublicKey::parse(&key.text()).map(|again| again.id), Some(key.id));
        }
        if is_key(&text) {
            prop_assert!((1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()));
        }
        if let Ok((_, amount)) = prices::parse(&text, domain::money::Currency::EUR) {
            prop_assert!(amount >= 0);
        }
    }

    #[test]
    fn every_setting_is_taken_or_refused_and_no_secret_shown(setting in select(&SETTINGS[..]), text in typed()) {
        let Ok(cli) = Cli::try_parse_from(["parterre", "config", &format!("{setting}={text}")]) else { return Ok(()) };
        let Command::Config(config) = cli.command else { return Err(TestCaseError::fail("another command")) };
        let shown = config.to_text();
        let secret = ["--database-url", "--redis-url", "--smtp-url"].contains(&setting) && text.len() > 12;
        prop_assert!(!secret || !shown.contains(&text));
        let _ = (config.public_url(config.listen()), config.hold_ms(), config.cql());
    }

    #[test]
    fn a_bent_link_or_token_opens_nothing(id: [u8; 16], at in any::<Index>(), by in 1_u8.., text in typed()) {
        let signer = Signer::new([7; 32]);
        let ticket = TicketId(uuid::Uuid::from_bytes(id));
        let link = signer.link(ticket);
        prop_assert_eq!(signer.read_link(&link), Some(ticket));
        prop_assert_eq!(signer.read_link(&text), None);
        let mut bytes = link.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= by;
        let bent = String::from_utf8_lossy(&bytes);
        prop_assert_eq!(signer.read_link(&bent), None);
        let keys = signer.verify_keys();
        prop_assert!(verify(&keys, &bent).is_err() && verify(&keys, &text).is_err());
    }
}
