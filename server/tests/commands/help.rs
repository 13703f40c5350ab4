//! `--help` and `parterre config`: what a newcomer reads.

use super::{parterre, run_with};

/// The headings of a help text, each with the long flags below it.
fn headings(help: &str) -> Vec<(&str, Vec<&str>)> {
    let mut found: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in help.lines() {
        if let Some(heading) = line.strip_suffix(':').filter(|heading| !heading.starts_with(' ')) {
            found.push((heading, Vec::new()));
        }
        let flag = line.trim_start().split(' ').find(|word| word.starts_with("--"));
        if let (Some(flag), Some((_, flags)), true) = (flag, found.last_mut(), line.trim_start().starts_with('-')) {
            flags.push(flag);
        }
    }
    found
}

/// The help of these words.
fn help(words: &[&str]) -> String {
    let told = parterre(&[words, &["--help"]].concat());
    assert_eq!((told.code, told.err.as_str()), (0, ""), "{told:?}");
    told.out
}

#[test]
fn the_many_flags_of_serve_stand_under_headings() {
    let text = help(&["serve"]);
    let found = headings(&text);
    let names: Vec<_> = found.iter().map(|(heading, _)| *heading).filter(|name| *name != "Usage").collect();
    let wanted = ["Options", "Address", "Data", "Holds", "Cache", "Shop", "Mail", "Limits", "Development"];
    assert!(wanted.iter().all(|heading| names.contains(heading)) && names.len() == wanted.len(), "{names:?}");
    for (heading, flags) in &found {
        match *heading {
            "Options" => assert_eq!(flags[..], ["--help", "--version"], "every setting has its heading"),
            _ => assert!(flags.len() <= 8, "{heading}: {flags:?}"),
        }
    }
    assert!(!text.contains("hush"));
}

#[test]
fn other_commands_name_the_settings_that_concern_them() {
    let commands: [&[&str]; 7] = [
        &["migrate", "up"],
        &["migrate", "down"],
        &["migrate", "status"],
        &["chart", "import"],
        &["demo"],
        &["check"],
        &["holds", "rebuild"],
    ];
    for command in commands {
        let text = help(command);
        let flags: Vec<_> = headings(&text).into_iter().flat_map(|(_, flags)| flags).collect();
        assert!(flags.contains(&"--data") && flags.contains(&"--database-url"), "{command:?}: {flags:?}");
        for other in ["--streams-per-address", "--mail-from", "--dev-pages", "--writes-per-second", "--assets"] {
            assert!(!flags.contains(&other), "{command:?} has no use for {other}");
        }
        // What a shop is started with may stand in a script for all of them.
        let taken = parterre(&[command, &["--dev-pages", "--mail-from", "a@example.org", "--help"]].concat());
        assert_eq!(taken.code, 0, "{taken:?}");
    }
    assert!(help(&["demo"]).contains("--port"), "the address it prints");
}

#[test]
fn flags_win_over_the_environment_and_secrets_are_masked() {
    let settings = [("PARTERRE_PORT", "8123"), ("PARTERRE_DATA", "/srv/shop"), ("SMTP_URL", "smtps://u:hush@mail/")];
    let shown = run_with(&["config", "--port", "9000", "--database-url", "postgres://u:hush@db/x"], &settings);
    assert_eq!((shown.code, shown.err.as_str()), (0, ""), "{shown:?}");
    for line in ["port = 9000", "data = /srv/shop", "smtp_url = (set, hidden)", "database_url = (set, hidden)"] {
        assert!(shown.out.lines().any(|shown| shown == line), "{line}: {shown:?}");
    }
    assert!(!shown.out.contains("hush"), "{shown:?}");
    let refused = run_with(&["config"], &[("PARTERRE_HOLD_SECONDS", "0")]);
    assert!(refused.code == 2 && refused.err.contains("--hold-seconds") && refused.out.is_empty(), "{refused:?}");
}

#[test]
fn whoever_types_nothing_is_shown_what_there_is() {
    let told = parterre(&[]);
    assert_eq!((told.code, told.out.as_str()), (2, ""), "{told:?}");
    for command in ["serve", "migrate", "chart", "demo", "holds", "check", "ticket", "config"] {
        assert!(told.err.lines().any(|line| line.trim_start().starts_with(command)), "{command}: {told:?}");
    }
}
