//! Seat numbers as runs: "1, 2, 3 ..." costs one entry, and no seat costs a string of its own.

use core::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The greatest seat number kept as a number; anything longer is kept as text.
const GREATEST: u32 = 999_999_999;

/// The visible number of one seat: a number, or words such as "12A".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SeatNumber<'a> {
    /// A plain number without leading zeros, at most 999,999,999.
    Count(u32),
    /// Anything else.
    Text(&'a str),
}

impl fmt::Display for SeatNumber<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words())
    }
}

impl SeatNumber<'_> {
    /// What it is displayed as, in fewer bytes of the browser's client.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Count(value) => value.to_string(),
            Self::Text(text) => (*text).to_owned(),
        }
    }
}

impl<'a> From<&'a str> for SeatNumber<'a> {
    fn from(text: &'a str) -> Self {
        let plain = !text.is_empty()
            && text.len() <= 9
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && (text.len() == 1 || !text.starts_with('0'));
        match text.parse() {
            Ok(value) if plain => Self::Count(value),
            _ => Self::Text(text),
        }
    }
}

/// Numbers that follow one another by a fixed step, or texts that lie next to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// Index of its first seat.
    pub(crate) first: u32,
    /// Its first number; for text, the index of its first text.
    pub(crate) start: u32,
    /// From one number to the next; 1 for text.
    pub(crate) step: i32,
    /// Whether it names texts.
    pub(crate) text: bool,
}

/// The number plane of a chart: reads like a list of strings, is stored as runs.
#[derive(Clone, Debug, Default)]
pub struct Numbers {
    len: u32,
    runs: Vec<Run>,
    texts: Vec<String>,
}

impl Numbers {
    /// How many seats.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// No seat at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The number of the seat at `index`; a binary search over the runs. Use [`Numbers::iter`] to read all.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<SeatNumber<'_>> {
        if index >= self.len() {
            return None;
        }
        let run = self.runs.partition_point(|run| run.first as usize <= index).checked_sub(1)?;
        self.read(&self.runs[run], index as u32)
    }

    /// All numbers in the order of the seats.
    pub fn iter(&self) -> impl Iterator<Item = SeatNumber<'_>> {
        self.runs.iter().enumerate().flat_map(move |(at, run)| {
            let end = self.runs.get(at + 1).map_or(self.len, |next| next.first);
            (run.first..end).filter_map(move |index| self.read(run, index))
        })
    }

    fn read(&self, run: &Run, index: u32) -> Option<SeatNumber<'_>> {
        let value = i64::from(run.start) + i64::from(run.step) * i64::from(index - run.first);
        let value = u32::try_from(value).ok()?;
        if run.text {
            self.texts.get(value as usize).map(|text| SeatNumber::Text(text))
        } else {
            Some(SeatNumber::Count(value))
        }
    }

    /// Adds the number of the next seat.
    pub fn push(&mut self, number: SeatNumber<'_>) {
        let (value, text) = match number {
            SeatNumber::Count(value) if value <= GREATEST => (value, false),
            SeatNumber::Count(value) => return self.push_text(&value.to_string()),
            SeatNumber::Text(text) => return self.push_text(text),
        };
        let index = self.len;
        self.len += 1;
        if let Some(run) = self.runs.last_mut().filter(|run| run.text == text) {
            let step = i64::from(value) - i64::from(run.start);
            if index - run.first == 1 && step != 0 {
                // Both are at most GREATEST, so their difference fits.
                run.step = step as i32;
                return;
            }
            if step == i64::from(run.step) * i64::from(index - run.first) {
                return;
            }
        }
        self.runs.push(Run { first: index, start: value, step: 1, text });
    }

    /// Adds a whole run; `false`, and nothing added, where a number of it would be out of range.
    pub(crate) fn push_run(&mut self, start: u32, step: i32, length: u32) -> bool {
        let last = i64::from(start) + i64::from(step) * (i64::from(length) - 1);
        let fine = length > 0 && start <= GREATEST && (0..=i64::from(GREATEST)).contains(&last);
        if fine {
            self.runs.push(Run { first: self.len, start, step, text: false });
            self.len += length;
        }
        fine
    }

    /// The runs, each with its length.
    pub(crate) fn runs(&self) -> Vec<(Run, u32)> {
        let ends = self.runs.iter().skip(1).map(|run| run.first).chain([self.len]);
        self.runs.iter().zip(ends).map(|(run, end)| (*run, end - run.first)).collect()
    }

    /// Length in bytes of the longest text.
    pub(crate) fn longest(&self) -> usize {
        self.texts.iter().map(String::len).max().unwrap_or(0)
    }

    pub(crate) fn push_text(&mut self, text: &str) {
        let start = self.texts.len() as u32;
        self.texts.push(text.to_owned());
        if !self.runs.last().is_some_and(|run| run.text) {
            self.runs.push(Run { first: self.len, start, step: 1, text: true });
        }
        self.len += 1;
    }
}

impl PartialEq for Numbers {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().eq(other.iter())
    }
}

impl<S: AsRef<str>> FromIterator<S> for Numbers {
    fn from_iter<I: IntoIterator<Item = S>>(texts: I) -> Self {
        let mut numbers = Self::default();
        for text in texts {
            numbers.push(SeatNumber::from(text.as_ref()));
        }
        numbers
    }
}

/// A document holds the plain list of strings, so that it can be read without this code.
impl Serialize for Numbers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(|number| number.to_string()))
    }
}

impl<'de> Deserialize<'de> for Numbers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Numbers;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of seat numbers")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Numbers, A::Error> {
                let mut numbers = Numbers::default();
                while let Some(text) = list.next_element::<String>()? {
                    numbers.push(SeatNumber::from(text.as_str()));
                }
                Ok(numbers)
            }
        }
        deserializer.deserialize_seq(List)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_read_back_as_they_were_written(
            texts in prop::collection::vec(prop_oneof!["[0-9]{1,3}", "[0-9]{1,12}", "[A-C]?[0-9]", "[一-龥]{0,2}"], 0..60)
        ) {
            let numbers: Numbers = texts.iter().collect();
            prop_assert_eq!(numbers.len(), texts.len());
            let read: Vec<String> = numbers.iter().map(|number| number.to_string()).collect();
            prop_assert_eq!(&read, &texts);
            for (index, text) in texts.iter().enumerate() {
                prop_assert_eq!(numbers.get(index).map(|number| number.to_string()), Some(text.clone()));
            }
            prop_assert_eq!(numbers.get(texts.len()), None);
            let json = serde_json::to_string(&numbers).unwrap();
            prop_assert_eq!(&json, &serde_json::to_string(&texts).unwrap());
            prop_assert_eq!(serde_json::from_str::<Numbers>(&json).unwrap(), numbers);
        }
    }

    #[test]
    fn a_row_costs_one_run_whichever_way_it_counts() {
        let numbers: Numbers = (1..=30).chain((2..40).rev().step_by(2)).map(|n: u32| n.to_string()).collect();
        assert_eq!(numbers.runs.len(), 2);
    }
}
