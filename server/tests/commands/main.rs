//! The binary as it is typed: what each command prints, where it prints it, how it ends, and what it leaves behind.

mod charts;
mod demo;
mod help;
#[path = "../process/mod.rs"]
mod process;
mod schema;
mod serve;
mod tickets;

use std::process::{Command, Stdio};

use parterre::test_support::without_progress;

/// Asks a shop. No address here is encrypted, but the client wants to know by which library it would be.
fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

/// How a command ended.
#[derive(Debug)]
struct Ended {
    code: i32,
    out: String,
    err: String,
}

impl Ended {
    /// Fails unless it ended with `code` and one sentence, on the side where troubles belong, that begins so.
    fn is_one_sentence(&self, code: i32, beginning: &str) {
        assert_eq!((self.code, self.out.as_str()), (code, ""), "{self:?}");
        let (sentence, rest) = self.err.split_once('\n').expect("it ends its line");
        assert!(sentence.starts_with(beginning) && sentence.ends_with('.') && rest.is_empty(), "{self:?}");
    }
}

/// Runs `parterre` with these words and no settings from around it.
fn parterre(words: &[&str]) -> Ended {
    run_with(words, &[])
}

/// The same with these environment variables.
fn run_with(words: &[&str], settings: &[(&str, &str)]) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parterre"));
    command.args(words).stdin(Stdio::null());
    for name in ["DATABASE_URL", "REDIS_URL", "CQL_NODES", "SMTP_URL", "PARTERRE_DATA", "PARTERRE_PORT"] {
        command.env_remove(name);
    }
    let ended = command.envs(settings.iter().copied()).output().expect("the binary runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it prints text");
    Ended {
        code: ended.status.code().expect("no signal ends it"),
        out: text(ended.stdout),
        err: without_progress(&text(ended.stderr)),
    }
}
