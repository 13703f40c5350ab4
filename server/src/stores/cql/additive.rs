//! What a step of the CQL schema may be: one statement that adds. Old and new releases run side by side on one
//! keyspace, so nothing that a running server reads or writes may go away or change its type.

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// `CREATE TABLE IF NOT EXISTS table (…)`.
    Table,
    /// `ALTER TABLE table ADD column type`.
    Column {
        /// Of which table.
        table: &'a str,
        /// Its name.
        column: &'a str,
    },
    /// `ALTER TABLE table WITH …`: how it is kept, not what is in it.
    Options,
}

/// Reads a step's text.
///
/// # Errors
/// In words, why it may not be a step.
pub fn read(text: &str) -> Result<Step<'_>, String> {
    let words: Vec<&str> = text.lines().filter(|line| !is_comment(line)).flat_map(str::split_whitespace).collect();
    let upper: Vec<String> = words.iter().map(|word| word.to_ascii_uppercase()).collect();
    let upper: Vec<&str> = upper.iter().map(String::as_str).collect();
    if words.iter().any(|word| word.contains(';')) {
        return Err("is one statement without a semicolon: a crash between two could not be told".into());
    }
    match upper[..] {
        ["CREATE", "TABLE", "IF", "NOT", "EXISTS", ..] => Ok(Step::Table),
        ["ALTER", "TABLE", _, "ADD", _, _] => Ok(Step::Column { table: words[2], column: words[4] }),
        ["ALTER", "TABLE", _, "WITH", ..] => Ok(Step::Options),
        _ => Err(format!(
            "begins `{}`: a step is CREATE TABLE IF NOT EXISTS, ALTER TABLE … ADD one column, or ALTER TABLE … WITH",
            words.iter().take(4).copied().collect::<Vec<_>>().join(" ")
        )),
    }
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("--")
}

/// The statement as it is sent: without the lines of comment.
#[must_use]
pub fn statement(text: &str) -> String {
    text.lines().filter(|line| !is_comment(line)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_adds_a_table_a_column_or_an_option() {
        assert_eq!(read("-- Why.\nCREATE TABLE IF NOT EXISTS a (b int PRIMARY KEY)"), Ok(Step::Table));
        assert_eq!(read("ALTER TABLE a ADD c text"), Ok(Step::Column { table: "a", column: "c" }));
        assert_eq!(read("alter table a with gc_grace_seconds = 1"), Ok(Step::Options));
    }

    #[test]
    fn a_step_that_drops_or_alters_a_column_is_refused() {
        for text in [
            "ALTER TABLE inventory_by_event DROP fence",
            "ALTER TABLE inventory_by_event ALTER fence TYPE int",
            "ALTER TABLE inventory_by_event RENAME seat_id TO seat",
            "DROP TABLE holds_by_id",
            "TRUNCATE holds_by_id",
            "DROP KEYSPACE parterre",
            "CREATE TABLE a (b int PRIMARY KEY)",
            "ALTER TABLE a ADD c text; ALTER TABLE a DROP b",
            "-- Nothing but words.",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
