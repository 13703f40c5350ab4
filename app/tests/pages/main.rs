//! Laws every page keeps, on sample data. The pages are left in the test's folder (`target/tmp/pages`) to be looked at, by
//! people and by `end2end/samples.spec.mjs`.

mod samples;
mod samples_seats;
mod samples_states;

use std::collections::BTreeSet;

use app::pages::shell::SCRIPTS;
use app::pages::ticket::KEEPER;
use samples::all;

fn count(html: &str, needle: &str) -> usize {
    html.matches(needle).count()
}

#[test]
fn every_page_is_a_document_with_a_language_a_title_and_one_heading() {
    for (name, html) in all() {
        assert!(html.starts_with("<!DOCTYPE html>"), "{name}: {}", &html[..60]);
        assert!(html.contains("<html lang=\"en\">"), "{name} says no language");
        assert_eq!(count(&html, "<title>"), 1, "{name}");
        assert!(html.contains("Parterre</title>"), "{name} has no title");
        assert_eq!(count(&html, "<h1"), 1, "{name} has not one heading");
        assert_eq!(count(&html, "<main"), 1, "{name} has not one main part");
    }
}

#[test]
fn no_page_breaks_the_content_policy() {
    for (name, html) in all() {
        assert!(!html.contains(" style=\""), "{name} has an inline style");
        assert!(!html.contains("<style"), "{name} has a style element");
        for handler in [" onclick=", " onload=", " onsubmit=", "javascript:"] {
            assert!(!html.contains(handler), "{name} has {handler}");
        }
        for script in html.split("<script").skip(1).filter_map(|rest| rest.split("</script>").next()) {
            let (tag, text) = script.split_once('>').unwrap();
            let from = |address: &str| tag.contains(&format!(" src=\"{address}"));
            let file = from("/assets/") || name.starts_with("ticket") && from(KEEPER);
            let known = SCRIPTS.contains(&text) || text.is_empty() && file;
            assert!(known, "{name} has a script that the policy does not name: {script}");
        }
    }
}

#[test]
fn only_seats_and_checkout_load_the_browser_bundle() {
    for (name, html) in all() {
        let wants = name.starts_with("seats") || name.starts_with("checkout");
        assert_eq!(html.contains(".wasm"), wants, "{name}");
        let keeps = html.contains("live.js") || name.starts_with("ticket");
        assert_eq!(html.contains("<script"), wants || keeps || name.starts_with("pay-processing"), "{name}");
        assert!(!(wants && keeps), "{name} keeps itself fresh twice");
    }
}

#[test]
fn every_field_has_a_label_and_every_id_is_used_once() {
    for (name, html) in all() {
        let mut ids: Vec<&str> = html.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all, "{name} uses an id twice");
        for tag in html.split("<input ").skip(1).filter_map(|rest| rest.split('>').next()) {
            let hidden = tag.contains("type=\"hidden\"");
            let labelled = tag.contains("aria-label=")
                || tag
                    .split("id=\"")
                    .nth(1)
                    .and_then(|rest| rest.split('"').next())
                    .is_some_and(|id| html.contains(&format!("for=\"{id}\"")));
            assert!(hidden || labelled, "{name}: a field without a label: {tag}");
        }
    }
}

#[test]
fn what_was_typed_is_kept_and_escaped() {
    let pages = all();
    let html = &pages.iter().find(|(name, _)| *name == "checkout-errors").unwrap().1;
    assert!(html.contains("value=\"Zoë &lt;b&gt; &quot;Sample&quot;\""), "the typed name is lost or unsafe");
    assert!(html.contains("aria-invalid=\"true\""));
    assert!(html.contains("aria-describedby=\"email-error\""));
}

#[test]
fn the_seat_list_works_by_plain_forms() {
    let pages = all();
    let html = &pages.iter().find(|(name, _)| *name == "seats-list").unwrap().1;
    assert!(html.contains("action=\"/events/night-trains/hold\""));
    assert!(html.contains("name=\"seat\""));
    assert!(html.contains("name=\"best\" value=\"1\""));
    assert!(html.contains("/extend\""));
    assert!(html.contains("/release\""));
    assert!(html.contains("/remove\""));
    // The basket's controls come before the map, and the list's link before everything.
    assert!(html.find("Choose from a list").unwrap() < html.find("<canvas").unwrap());
}

#[test]
fn a_row_shows_what_its_seats_cost_once_a_price_and_each_seat_says_it() {
    let pages = all();
    let html = &pages.iter().find(|(name, _)| *name == "seats-list").unwrap().1;
    let shown = |price: &str| count(html, &format!("<span aria-hidden=\"true\" class=\"num\">{price}</span>"));
    assert_eq!((shown("€92.00"), shown("€69.00")), (1, 4), "four rows, the first of two prices");
    assert!(html.contains("aria-label=\"Seat 4, €92.00\"") && html.contains("aria-label=\"Seat 5, €69.00\""));
}

#[test]
fn the_pages_can_be_looked_at() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
    // A page that is no longer drawn is no longer looked at.
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    for (name, html) in all() {
        std::fs::write(folder.join(format!("{name}.html")), html).unwrap();
    }
    let chart = domain::chart::pack::pack(&domain::chart::generate::arena(&Default::default())).unwrap();
    std::fs::write(folder.join("house.chart"), chart).unwrap();
}

/// The classes that a style sheet speaks of.
fn classes(css: &str) -> BTreeSet<&str> {
    // What follows a dot; decimals begin with no letter.
    let named = css.split('.').skip(1).filter(|part| part.starts_with(|first: char| first.is_ascii_lowercase()));
    named.filter_map(|part| part.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').next()).collect()
}

#[test]
fn pages_with_an_island_need_one_style_sheet_alone() {
    let common = classes(include_str!("../../../public/parterre.css"));
    let others = classes(include_str!("../../../public/pages.css"));
    assert!(others.contains("hero") && common.contains("pick"), "no classes are found");
    let mut seen = 0;
    for (name, html) in all() {
        let islands = html.contains("rel=\"modulepreload\"");
        assert_eq!(islands, !html.contains("href=\"pages.css\""), "{name}");
        if !islands {
            continue;
        }
        seen += 1;
        for class in html.split("class=\"").skip(1).filter_map(|rest| rest.split('"').next()).flat_map(|c| c.split(' '))
        {
            assert!(
                common.contains(class) || !others.contains(class),
                "{name} has .{class}, which it has no style for"
            );
        }
    }
    assert!(seen >= 5, "{seen} pages with an island");
}
