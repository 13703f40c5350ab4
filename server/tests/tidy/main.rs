//! The rules of this house, read off the sources: directions, sizes, first sentences, drivers kept where they belong,
//! walkthroughs that name real tests, and a browser client free of server crates.

mod crates;
mod rules;
mod shell;
mod tree;

use std::process::Command;

use tree::{File, files, read, root};

/// Fails with every breach, so that one run shows all there is to mend.
fn clean(breaches: Vec<String>) {
    assert!(breaches.is_empty(), "the house has rules (see tests/tidy):\n{}", breaches.join("\n"));
}

fn each(rule: impl Fn(&File) -> Vec<String>) {
    let files = files();
    assert!(files.len() > 50, "the sources are where this test looks");
    clean(files.iter().flat_map(rule).collect());
}

#[test]
fn no_file_is_longer_than_four_hundred_lines() {
    each(rules::short);
}

#[test]
fn every_module_begins_with_a_sentence() {
    each(rules::introduced);
}

#[test]
fn modules_reach_only_in_the_allowed_direction() {
    each(rules::directed);
}

#[test]
fn driver_types_stay_in_files_named_after_them() {
    each(rules::driverless);
}

#[test]
fn no_float_comes_near_money() {
    each(rules::exact_money);
}

#[test]
fn every_feature_with_a_store_has_its_laws_beside_it() {
    clean(rules::lawful(&files()));
}

#[test]
fn the_scripts_keep_to_what_macos_brings() {
    each(shell::portable);
}

#[test]
fn every_proof_in_the_architecture_exists() {
    clean(rules::proven(&read("docs/ARCHITECTURE.md"), &files()));
}

#[test]
fn every_link_between_the_documents_leads_somewhere() {
    let pages = ["README.md", "docs/ARCHITECTURE.md", "docs/OPERATING.md", "docs/BENCHMARKS.md"];
    let exists = |path: &str| root().join(path).exists();
    clean(pages.iter().flat_map(|page| rules::linked(page, &read(page), exists)).collect());
}

#[test]
fn the_browser_client_depends_on_no_server_crate() {
    let target = ["--target", "wasm32-unknown-unknown"];
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--package", "parterre-frontend", "--edges", "normal", "--prefix", "none"])
        .args(target)
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8_lossy(&output.stdout);
    assert!(tree.contains("parterre-app v"), "the tree is the client's: {tree}");
    clean(rules::browser_only(&tree));
}
