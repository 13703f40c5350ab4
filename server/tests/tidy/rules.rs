//! Each rule as a function from text to breaches, and for each a sample that breaks it: the rules can fail.

use crate::tree::File;

/// No file above this many lines.
const LONGEST: usize = 400;

/// As many walkthroughs the architecture tells, at least.
const WALKTHROUGHS: usize = 4;

/// What each feature of the server may call, beside itself and [`EVERYBODY`].
const MAY_CALL: &[(&str, &[&str])] = &[
    ("availability", &["holds", "catalog", "jobs", "bus", "cache", "limits"]),
    ("bus", &[]),
    ("cache", &[]),
    ("catalog", &["availability", "cache"]),
    ("checker", &["jobs"]),
    ("config", &[]),
    ("demo", &["catalog"]),
    ("holds", &["bus"]),
    ("idempotency", &["cache"]),
    ("jobs", &[]),
    ("limits", &[]),
    ("mail", &["jobs", "tickets"]),
    ("memory", &[]),
    ("payments", &["jobs"]),
    ("purchase", &["catalog", "availability", "holds", "payments", "tickets", "mail", "jobs", "idempotency"]),
    ("sessions", &["cache"]),
    ("stores", &[]),
    ("telemetry", &[]),
    ("tickets", &["jobs"]),
    ("clock", &[]),
    ("trouble", &[]),
];

/// Where features are put together: these may call all of them.
const ROOTS: [&str; 6] = ["cli", "http", "lib", "main", "test_support", "wiring"];

/// What any feature may call.
const EVERYBODY: [&str; 4] = ["clock", "trouble", "stores", "test_support"];

/// What is called as a test would be, and is none.
const NO_PROOFS: [&str; 1] = ["active_events_with_availability"];

/// The modules of `app` that a module must not look at.
const APP_FORBIDDEN: [(&str, &[&str]); 4] = [
    ("api", &["pages", "components", "islands", "seat_map"]),
    ("components", &["pages", "islands", "seat_map"]),
    ("seat_map", &["pages", "islands"]),
    ("islands", &["pages"]),
];

/// What the pure crate must not mention.
const IMPURE: [&str; 11] = [
    "leptos",
    "axum",
    "sqlx",
    "tokio",
    "web_sys",
    "std::env",
    "std::fs",
    "std::net",
    "SystemTime",
    "Instant::now",
    "cfg(feature",
];

/// Crates that must never travel to a browser.
const SERVER_CRATES: [&str; 8] = ["leptos", "tokio", "axum", "hyper", "sqlx", "scylla", "fred", "reqwest"];

fn breach(file: &File, line: usize, words: &str) -> String {
    format!("{}:{line}: {words}", file.path)
}

/// At most [`LONGEST`] lines.
pub(crate) fn short(file: &File) -> Vec<String> {
    let lines = file.text.lines().count();
    let too_long = lines > LONGEST && !file.path.ends_with(".css");
    too_long.then(|| breach(file, lines, "is too long: divide it by what it does")).into_iter().collect()
}

/// A file of code begins with words about it, in its language's comment.
pub(crate) fn introduced(file: &File) -> Vec<String> {
    let name = file.path.rsplit('/').next().unwrap_or_default();
    let sign = match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "rs" => "//!",
        "mjs" | "js" => "//",
        "sh" | "" => "#",
        _ => return Vec::new(),
    };
    let first = file.text.lines().find(|line| !line.starts_with("#!/")).unwrap_or_default();
    let silent = first.strip_prefix(sign).is_none_or(|words| words.trim().is_empty());
    silent.then(|| breach(file, 1, &format!("begins without a `{sign}` sentence"))).into_iter().collect()
}

/// `domain <- api <- pages, components, seat_map`; `domain <- server features <- wiring`.
pub(crate) fn directed(file: &File) -> Vec<String> {
    // What tests alone compile may build the whole house.
    if file.path.ends_with("/tests.rs") || file.path.contains("/tests/") || file.path.contains("/test_support/") {
        return Vec::new();
    }
    if file.path.starts_with("app/domain/src/") {
        return mentions(file, &IMPURE, "is not for the pure domain");
    }
    if let Some(module) = module_of(file, "app/src/") {
        let forbidden = APP_FORBIDDEN.iter().find(|(from, _)| *from == module).map_or(&[][..], |(_, to)| to);
        return against(file, |to| forbidden.contains(&to));
    }
    let Some(module) = module_of(file, "server/src/").filter(|module| !ROOTS.contains(module)) else {
        return Vec::new();
    };
    let Some((_, may)) = MAY_CALL.iter().find(|(from, _)| *from == module) else {
        return vec![breach(file, 1, "belongs to a module of which nothing says what it may call (tests/tidy)")];
    };
    against(file, |to| to != module && !EVERYBODY.contains(&to) && !may.contains(&to))
}

fn against(file: &File, refused: impl Fn(&str) -> bool) -> Vec<String> {
    let reached = reaches(file).into_iter().filter(|(_, to)| refused(to));
    reached.map(|(at, to)| breach(file, at, &format!("reaches for `crate::{to}` against the direction"))).collect()
}

/// `holds` for `server/src/holds/memory.rs` and for `server/src/holds.rs`.
fn module_of<'a>(file: &'a File, base: &str) -> Option<&'a str> {
    let rest = file.path.strip_prefix(base)?.strip_suffix(".rs")?;
    rest.split('/').next()
}

/// Every `crate::NAME` of the code, and the first names of a `use crate::{a::{b, c}, d}`, over however many lines it goes.
fn reaches(file: &File) -> Vec<(usize, String)> {
    let lines: Vec<(usize, &str)> = file.code().collect();
    let text = lines.iter().map(|(_, line)| *line).collect::<Vec<_>>().join("\n");
    let line_of = |at: usize| lines[text[..at].matches('\n').count()].0;
    let name = |at: usize| text[at..].chars().take_while(|c| *c == '_' || c.is_alphanumeric()).collect::<String>();
    let mut found = Vec::new();
    for (at, sign) in text.match_indices("crate::") {
        let after = at + sign.len();
        let Some(group) = text[after..].strip_prefix('{') else {
            found.push((line_of(at), name(after)));
            continue;
        };
        let (mut depth, mut first) = (1, true);
        for (at, letter) in (after + 1..).zip(group.bytes()) {
            match letter {
                b'{' => depth += 1,
                b'}' => depth -= 1,
                b',' if depth == 1 => first = true,
                _ if first && !letter.is_ascii_whitespace() => {
                    found.push((line_of(at), name(at)));
                    first = false;
                }
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
    }
    found
}

fn mentions(file: &File, words: &[&str], why: &str) -> Vec<String> {
    let hits =
        file.code().flat_map(|(at, line)| words.iter().filter(move |w| line.contains(**w)).map(move |w| (at, w)));
    hits.map(|(at, word)| breach(file, at, &format!("`{word}` {why}"))).collect()
}

/// Each driver only below `stores/`, in files and folders named after its technology, and in what tests alone compile.
pub(crate) fn driverless(file: &File) -> Vec<String> {
    let theirs = file.path.split('/').any(|part| ["stores", "test_support", "tests"].contains(&part))
        || ["/tests.rs", "/contract.rs"].iter().any(|end| file.path.ends_with(end));
    let looked_at = file.path.starts_with("server/src/") || file.path.starts_with("app/");
    if theirs || !looked_at {
        return Vec::new();
    }
    let drivers = [("postgres", "sqlx::"), ("cql", "scylla::"), ("redis", "fred::")];
    let named = |technology: &str| file.path.split('/').any(|part| part.trim_end_matches(".rs").contains(technology));
    let strangers = drivers.into_iter().filter(|(technology, _)| !named(technology));
    strangers.flat_map(|(_, driver)| mentions(file, &[driver], "leaves its own files")).collect()
}

/// Files about money know no floating point.
pub(crate) fn exact_money(file: &File) -> Vec<String> {
    let money = ["money", "price", "order", "payment"].iter().any(|name| {
        file.path.starts_with(&format!("app/domain/src/{name}")) || file.path.contains("server/src/payments/")
    });
    if money { mentions(file, &["f32", "f64"], "is not for money") } else { Vec::new() }
}

/// A folder with `store.rs` has `mod.rs` and `contract.rs` (or a folder of that name) beside it.
pub(crate) fn lawful(files: &[File]) -> Vec<String> {
    let has = |path: String| files.iter().any(|file| file.path == path);
    let stores = files.iter().filter_map(|file| file.path.strip_suffix("/store.rs"));
    let missing = stores.filter(|folder| {
        // A feature of two stores may tell the laws of both in one place.
        let above = folder.rsplit_once('/').map_or(*folder, |(above, _)| above);
        let places =
            [format!("{folder}/contract.rs"), format!("{folder}/contract/mod.rs"), format!("{above}/contract.rs")];
        let laws = places.into_iter().any(has);
        let proven_whole = has(format!("{folder}/tests.rs"));
        !has(format!("{folder}/mod.rs")) || !(laws || proven_whole)
    });
    missing.map(|folder| format!("{folder}: has a store but neither laws nor tests beside it")).collect()
}

/// Every walkthrough names its proofs, and whatever is named as a proof anywhere is a test of that name.
pub(crate) fn proven(document: &str, files: &[File]) -> Vec<String> {
    let is_test = |name: &str| {
        let sentence = format!("(\"{name}\"");
        files.iter().any(|file| {
            file.path.ends_with(".rs") && proves(file, name)
                || file.path.ends_with(".mjs") && file.text.contains(&sentence)
        })
    };
    let (mut breaches, mut walkthroughs) = (Vec::new(), 0);
    for section in document.split("\n## ") {
        let title = section.lines().next().unwrap_or_default();
        let (words, list) = section.split_once("Proven by").unwrap_or((section, ""));
        let listed = quoted(list).filter(|word| !is_code(word));
        if title.starts_with("Walkthrough") {
            walkthroughs += 1;
            if listed.clone().next().is_none() {
                breaches.push(format!("ARCHITECTURE.md: `{title}` names no proof"));
            }
        }
        let lost = quoted(words).filter(|word| is_sentence(word)).chain(listed).filter(|name| !is_test(name));
        breaches.extend(lost.map(|name| format!("ARCHITECTURE.md: `{title}` names `{name}`, which is no test")));
    }
    if walkthroughs < WALKTHROUGHS {
        breaches.push(format!("ARCHITECTURE.md: fewer than {WALKTHROUGHS} walkthroughs"));
    }
    breaches
}

fn quoted(text: &str) -> impl Iterator<Item = &str> + Clone {
    text.split('`').skip(1).step_by(2)
}

/// A path, a file, or a name within a module: what stands in a list of proofs beside them.
fn is_code(word: &str) -> bool {
    word.contains('/') || !word.contains(' ') && word.contains(['.', ':'])
}

/// Named as tests are: four words and more, in either language's way.
fn is_sentence(word: &str) -> bool {
    let small = |c: char| c == '_' || c.is_ascii_lowercase() || c.is_ascii_digit();
    if word.chars().all(small) {
        return word.matches('_').count() >= 3 && !NO_PROOFS.contains(&word);
    }
    let shouts = word.split(' ').any(|one| one.len() > 2 && one.chars().all(|c| c.is_ascii_uppercase()));
    let typed = word.starts_with("parterre ") || shouts || word.contains(['/', '<', '>', '=', '{']);
    word.matches(' ').count() >= 3 && !typed && !word.contains(|c: char| c.is_ascii_digit())
}

/// Whether the file has a test of that name: a function with an attribute that makes it one, or a law, of which each
/// implementation's macro makes one.
fn proves(file: &File, name: &str) -> bool {
    let function = format!("fn {name}(");
    file.text.match_indices(&function).any(|(at, _)| {
        let above = file.text[..at].rsplit("\n\n").next().unwrap_or_default();
        file.path.contains("/contract") || ["#[test", "::test", "#[rstest"].iter().any(|made| above.contains(made))
    })
}

/// Relative links lead to files.
pub(crate) fn linked(page: &str, text: &str, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let folder = page.rsplit_once('/').map_or("", |(folder, _)| folder);
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let local = targets.filter(|target| !target.contains("://") && !target.starts_with('#'));
    let paths = local.map(|target| {
        let target = target.split('#').next().unwrap_or_default();
        match target.strip_prefix("../") {
            Some(above) => above.to_owned(),
            None if folder.is_empty() => target.to_owned(),
            None => format!("{folder}/{target}"),
        }
    });
    paths.filter(|path| !exists(path)).map(|path| format!("{page}: links to {path}, which is not there")).collect()
}

/// The dependency tree of the client, a crate a line.
pub(crate) fn browser_only(tree: &str) -> Vec<String> {
    let crates = tree.lines().filter_map(|line| line.split(' ').next());
    let strays = crates.filter(|name| SERVER_CRATES.iter().any(|s| name == s || name.starts_with(&format!("{s}-"))));
    strays.map(|name| format!("the browser client depends on {name}")).collect()
}

#[test]
fn the_rules_can_fail() {
    let long = "//! Words.\n".repeat(LONGEST + 1);
    assert_eq!(short(&File::made("server/src/a.rs", &long)).len(), 1);
    assert_eq!(introduced(&File::made("server/src/a.rs", "use b;\n")).len(), 1);
    assert_eq!(introduced(&File::made("server/src/a.rs", "//!\n")).len(), 1);
    assert_eq!(introduced(&File::made("benches/a.mjs", "import b;\n")).len(), 1);
    assert_eq!(introduced(&File::made("run", "#!/usr/bin/env bash\nset -e\n")).len(), 1);
    let directions = [
        ("server/src/holds/mod.rs", "use crate::purchase::Purchase;"),
        ("server/src/mail/mod.rs", "fn f() { crate::purchase::x() }"),
        ("server/src/jobs/mod.rs", "use crate::{clock::Clock, http::Router};"),
        ("server/src/purchase/mod.rs", "use crate::http::Router;"),
        ("server/src/holds/mod.rs", "use crate::{\n    clock::{Clock, SystemClock},\n    purchase::Purchase,\n};"),
        ("server/src/gifts/mod.rs", "pub struct Gift;"),
        ("app/src/api/holds.rs", "use crate::pages::home;"),
        ("app/src/components/a.rs", "use crate::seat_map::Model;"),
        ("app/domain/src/hold.rs", "use std::fs::File;"),
        ("app/domain/src/hold.rs", "#[cfg(feature = \"ssr\")]"),
    ];
    for (path, line) in directions {
        assert_eq!(directed(&File::made(path, line)).len(), 1, "{path}: {line}");
    }
    assert_eq!(driverless(&File::made("server/src/holds/mod.rs", "use sqlx::PgPool;")).len(), 1);
    assert_eq!(driverless(&File::made("server/src/holds/cql/mod.rs", "use sqlx::PgPool;")).len(), 1);
    assert_eq!(driverless(&File::made("server/src/holds/postgres.rs", "use scylla::statement::Consistency;")).len(), 1);
    assert_eq!(exact_money(&File::made("app/domain/src/money.rs", "fn f(x: f64) {}")).len(), 1);
    let alone = [File::made("server/src/holds/store.rs", ""), File::made("server/src/holds/mod.rs", "")];
    assert_eq!(lawful(&alone).len(), 1);
    assert_eq!(browser_only("serde v1\nleptos v0.8\ntokio v1\nsqlx-core v0.9").len(), 3);
    assert_eq!(linked("docs/A.md", "[x](B.md) [y](../C.md) [z](https://example.org)", |_| false).len(), 2);
}

#[test]
fn a_proof_that_is_no_test_is_found() {
    let tests = [
        File::made("server/src/a.rs", "#[tokio::test]\nasync fn a_seat_is_sold_once() {}\n\nfn pay() {}"),
        File::made("server/src/a/contract.rs", "pub async fn a_law(store: &Store) {}"),
        File::made("e/b.mjs", "test(\"buys\", x)"),
    ];
    let walk =
        |proofs: &str| format!("\n## Walkthrough: buying\n\nWords.\n\nProven by {proofs}.\n").repeat(WALKTHROUGHS);
    assert!(proven(&walk("`a_seat_is_sold_once`, `a_law`, `buys`"), &tests).is_empty());
    assert_eq!(proven(&walk("`pay`"), &tests).len(), WALKTHROUGHS);
    assert_eq!(proven(&walk("`a_seat_is_sold_twice`"), &tests).len(), WALKTHROUGHS);
    assert_eq!(proven(&walk("hope"), &tests).len(), WALKTHROUGHS);
    assert_eq!(proven("# Nothing", &tests).len(), 1);
    let elsewhere = |words: &str| proven(&format!("{}\n## The API\n\n{words}\n", walk("`buys`")), &tests);
    assert_eq!(
        elsewhere("`a_seat_is_sold_once` and `order_items`, see `a/b_c_d_e.rs` and `parterre chart check FILE`"),
        [""; 0]
    );
    assert_eq!(elsewhere("`a_seat_is_sold_twice` holds it to its word").len(), 1);
    assert_eq!(elsewhere("`what is let go in one window goes in the other`").len(), 1);
    assert_eq!(proven(&walk("`buys: genuine, forged`"), &tests).len(), WALKTHROUGHS);
}

#[test]
fn what_is_allowed_is_not_refused() {
    let fine = [
        ("server/src/purchase/mod.rs", "use crate::holds::Holds; // never crate::http"),
        ("server/src/purchase/mod.rs", "use crate::{\n    holds::{Holds, http},\n    trouble::Trouble,\n};"),
        ("server/src/wiring.rs", "use crate::purchase::Purchase;"),
        ("server/src/http/pages.rs", "use crate::purchase::Purchase;"),
        ("app/src/pages/home.rs", "use crate::components::Icon;"),
    ];
    for (path, line) in fine {
        assert!(directed(&File::made(path, line)).is_empty(), "{path}: {line}");
    }
    for (path, line) in [
        ("server/src/jobs/postgres.rs", "use sqlx::PgPool;"),
        ("server/src/holds/cql/rows.rs", "use scylla::statement::Consistency;"),
        ("server/src/bus/redis.rs", "use fred::clients::Client;"),
    ] {
        assert!(driverless(&File::made(path, line)).is_empty(), "{path}: {line}");
    }
}
