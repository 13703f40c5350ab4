//! What was odd about a plan: each kind once, with where it was seen first and how often.

use core::fmt::Write;

use serde::Serialize;

use crate::chart::Chart;

macro_rules! oddities {
    ($($(#[$doc:meta])* $name:ident, $code:literal, $words:literal;)+) => {
        /// A kind of oddity. The plan is usable all the same.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Oddity { $($(#[$doc])* $name,)+ }

        impl Oddity {
            /// The stable code.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// What it means and what was done.
            #[must_use]
            pub fn words(self) -> &'static str {
                match self { $(Self::$name => $words,)+ }
            }
        }
    };
}

oddities! {
    /// A field the format does not know.
    UnknownField, "unknown_field", "The format has no such field; it was left out.";
    /// A number or nothing where words should be.
    NotWords, "not_words", "Words were expected; the number given was taken as words.";
    /// The plan, a zone, a row or a seat has no name.
    Nameless, "nameless", "There is no name here; one was given by position.";
    /// A name with line breaks, control characters, or beyond the greatest length.
    NameCleaned, "name_cleaned", "The name was shortened or freed of control characters.";
    /// A required part is missing.
    PartMissing, "part_missing", "A required part is missing; the plan was read without it.";
    /// A guid that another seat has too.
    GuidRepeats, "guid_repeats", "Another seat has the same guid; seats are told apart by their place in the plan.";
    /// A seat without a guid.
    GuidMissing, "guid_missing", "The seat has no guid; it will be matched by label or place.";
    /// A category that is not listed.
    UnknownCategory, "unknown_category", "The seat's category is not in the list of categories; it was added.";
    /// A category listed twice.
    CategoryRepeats, "category_repeats", "The category is listed twice; both are one.";
    /// Two zones of one name.
    ZoneRepeats, "zone_repeats", "Another section has the same name; a number was added to this one.";
    /// Rows of one name in a zone: it was cut into sections.
    ZoneSplit, "zone_split", "Rows of this zone share a name and numbers; it was cut into numbered sections, so that every label is unique.";
    /// A row name that clashes within its section.
    RowRepeats, "row_repeats", "Another row of the section has the same name and numbers; a number was added to this row's name.";
    /// Rows of one name whose seats go on from each other.
    RowsJoined, "rows_joined", "Rows of one name with different numbers were joined into one row.";
    /// Words for a row that another row of the section has too.
    LabelRepeats, "label_repeats", "Another row of the section is described alike; the row's name was added.";
    /// A seat number that clashes within its row.
    SeatRepeats, "seat_repeats", "Another seat of the row has the same number; a number was added to this one.";
    /// A row without seats.
    EmptyRow, "empty_row", "The row has no seats; it was left out.";
    /// A row without a position.
    RowUnplaced, "row_unplaced", "The row has no position; it was laid out below the rows before it.";
    /// Seats of a row not in the order they stand in.
    OutOfOrder, "out_of_order", "The row's seats are not listed as they stand; they were sorted along the row.";
    /// A row whose numbers fall.
    RunsBackwards, "runs_backwards", "The row's numbers fall along the row; they were kept.";
    /// A row whose numbers skip.
    NumbersJump, "numbers_jump", "The row's numbers skip some (as odd and even rows do); they were kept.";
    /// A seat on another.
    OnTop, "on_top", "The seat lies on another one; it was moved aside.";
    /// A zone on another.
    ZoneOnTop, "zone_on_top", "The zone lies on another one; it became a floor of its own.";
    /// A seat outside of the stated size.
    OutsideSize, "outside_size", "The seat lies outside of the plan's size; the size was widened.";
    /// An area that cannot be drawn.
    AreaUndrawable, "area_undrawable", "The area has no shape that can be drawn; it was left out.";
    /// No stage by name.
    StageGuessed, "stage_guessed", "No area is called a stage; the largest area without seats was taken for it.";
    /// No stage at all.
    NoStage, "no_stage", "There is no stage; seats are judged by their distance from the middle of the upper edge.";
    /// Too small or far apart.
    Moved, "moved", "The plan lies far away from its origin; it was moved there.";
}

/// One kind of oddity in one plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The kind.
    pub code: Oddity,
    /// JSON path of the first of them.
    pub path: String,
    /// How many.
    pub count: u32,
    /// What it means and what was done.
    pub words: &'static str,
}

/// What a plan holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Seats.
    pub seats: usize,
    /// Rows.
    pub rows: usize,
    /// Sections.
    pub sections: usize,
    /// Floors.
    pub floors: usize,
    /// Price categories.
    pub categories: usize,
    /// Areas and words that are drawn.
    pub shapes: usize,
}

/// What a plan holds, and what was odd about it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The plan's name.
    pub name: String,
    /// How much of everything.
    pub counts: Counts,
    /// Oddities in the order they were first seen.
    pub entries: Vec<Entry>,
}

impl Report {
    /// Notes an oddity; the path is only made for the first of its kind.
    pub(super) fn note(&mut self, code: Oddity, path: impl FnOnce() -> String) {
        match self.entries.iter_mut().find(|entry| entry.code == code) {
            Some(entry) => entry.count = entry.count.saturating_add(1),
            None => self.entries.push(Entry { code, path: path(), count: 1, words: code.words() }),
        }
    }

    pub(super) fn count(&mut self, chart: &Chart) {
        self.name.clone_from(&chart.name);
        self.counts = Counts {
            seats: chart.seats.len(),
            rows: chart.rows.len(),
            sections: chart.sections.len(),
            floors: chart.floors.len(),
            categories: chart.categories.len(),
            shapes: chart.shapes.len(),
        };
    }

    /// How often an oddity was seen.
    #[must_use]
    pub fn times(&self, code: Oddity) -> u32 {
        self.entries.iter().find(|entry| entry.code == code).map_or(0, |entry| entry.count)
    }

    /// The report for people: a line for the whole, then each oddity with its count and the first path.
    #[must_use]
    pub fn to_text(&self) -> String {
        let Counts { seats, rows, sections, floors, categories, shapes } = self.counts;
        let mut text = format!(
            "Usable: \"{}\" with {seats} seats in {rows} rows, {sections} sections, {floors} floors; {categories} categories, {shapes} shapes.\n",
            self.name
        );
        for entry in &self.entries {
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "  {} ({} times, first at {})\n      {}",
                entry.code.code(),
                entry.count,
                entry.path,
                entry.words
            );
        }
        if self.entries.is_empty() {
            text.push_str("  Nothing odd.\n");
        }
        text
    }
}
