//! What `deny.toml` says of the crates this house is made of, wherever the tests run: licences, crates that must not
//! come, crates that are there twice, where they come from. `cargo deny` reads the same file and knows advisories too.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde::Deserialize;
use spdx::{Expression, ParseMode};

use super::clean;
use super::tree::{read, root};

#[derive(Deserialize)]
struct Deny {
    licenses: Licenses,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licenses {
    allow: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<String>,
    /// Names that may be there in several versions.
    skip: BTreeSet<String>,
}

/// What `cargo metadata` tells.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    /// None for the house's own.
    source: Option<String>,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    req: String,
    path: Option<String>,
}

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

fn breaches(deny: &Deny, metadata: &Metadata) -> Vec<String> {
    let strangers = || metadata.packages.iter().filter(|package| package.source.is_some());
    let licensed = |package: &&Package| {
        let terms = package.license.as_deref().and_then(|terms| Expression::parse_mode(terms, ParseMode::LAX).ok());
        terms.is_some_and(|terms| terms.evaluate(|one| deny.licenses.allow.contains(&one.to_string())))
    };
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in strangers() {
        versions.entry(&package.name).or_default().insert(&package.version);
    }
    let unlicensed = strangers().filter(|package| !licensed(package)).map(|package| {
        format!("{} {}: its licence {:?} is not allowed", package.name, package.version, package.license)
    });
    let banned = strangers().filter(|package| deny.bans.deny.contains(&package.name));
    let elsewhere = strangers().filter(|package| package.source.as_deref() != Some(REGISTRY));
    let twice = versions.iter().filter(|(name, all)| all.len() > 1 && !deny.bans.skip.contains(**name));
    let own = metadata.packages.iter().filter(|package| package.source.is_none());
    let loose = own.flat_map(|package| &package.dependencies).filter(|on| on.req == "*" && on.path.is_none());
    unlicensed
        .chain(banned.map(|package| format!("{}: must not come", package.name)))
        .chain(elsewhere.map(|package| format!("{}: comes from {:?}", package.name, package.source)))
        .chain(twice.map(|(name, all)| format!("{name}: there as {all:?}; agree on one, or name it under bans.skip")))
        .chain(loose.map(|on| format!("{}: any version would do", on.name)))
        .collect()
}

fn metadata() -> Metadata {
    let cargo = |args: &[&str]| {
        let output = Command::new(env!("CARGO")).args(args).current_dir(root()).output().expect("cargo runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("cargo writes UTF-8")
    };
    let about = cargo(&["-vV"]);
    let host = about.lines().find_map(|line| line.strip_prefix("host: ")).expect("cargo knows its host");
    // What is built here: for this machine, and for the browser.
    let built = ["--filter-platform", host, "--filter-platform", "wasm32-unknown-unknown"];
    let told = cargo(&[&["metadata", "--locked", "--format-version", "1"][..], &built].concat());
    serde_json::from_str(&told).expect("cargo tells JSON")
}

#[test]
fn every_crate_is_licensed_wanted_and_there_once() {
    let deny: Deny = toml::from_str(&read("deny.toml")).expect("deny.toml is TOML");
    let metadata = metadata();
    assert!(metadata.packages.len() > 100, "the tree is the whole house's");
    clean(breaches(&deny, &metadata));
}

#[test]
fn each_kind_of_breach_is_found() {
    let rules = "licenses.allow = [\"MIT\", \"Apache-2.0\"]\n[bans]\ndeny = [\"openssl\"]\nskip = [\"rand\"]";
    let deny: Deny = toml::from_str(rules).unwrap();
    let of = |name: &str, version: &str, license: Option<&str>, source: &str| Package {
        name: name.into(),
        version: version.into(),
        license: license.map(str::to_owned),
        source: Some(source.into()),
        dependencies: Vec::new(),
    };
    let found = |packages: Vec<Package>| breaches(&deny, &Metadata { packages }).len();
    let fine = |name: &str, version: &str| of(name, version, Some("MIT/Apache-2.0"), REGISTRY);
    assert_eq!(found(vec![fine("a", "1"), fine("rand", "1"), fine("rand", "2")]), 0);
    for license in [Some("GPL-3.0-only"), Some("MIT AND GPL-3.0-only"), Some("as I please"), None] {
        assert_eq!(found(vec![of("a", "1", license, REGISTRY)]), 1, "{license:?}");
    }
    assert_eq!(found(vec![fine("openssl", "1")]), 1);
    assert_eq!(found(vec![fine("a", "1"), fine("a", "2")]), 1);
    assert_eq!(found(vec![of("a", "1", Some("MIT"), "git+https://example.org/a")]), 1);
    let any = Dependency { name: "a".into(), req: "*".into(), path: None };
    assert_eq!(found(vec![Package { source: None, dependencies: vec![any], ..fine("own", "1") }]), 1);
}
