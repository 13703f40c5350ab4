//! Which leaves a plan touches.

use std::collections::BTreeSet;

/// The tables of some month that an executed plan, line by line, read or wrote.
pub(super) fn touched<'a>(plan: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    plan.filter(|line| !line.contains("never executed") && !line.contains("Bitmap Index Scan"))
        .filter_map(|line| line.split(" on ").nth(1))
        .filter_map(|rest| rest.split_whitespace().next())
        .filter(|table| table.contains("_20"))
        .map(|table| table.split("_pkey").next().unwrap_or(table).to_owned())
        .collect()
}
