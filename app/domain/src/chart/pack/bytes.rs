//! Varints, strings and runs: writing them, and reading them without trust.

use super::{MAX_NAME, PackError};

/// Where packed bytes grow.
#[derive(Default)]
pub(super) struct Writer {
    pub(super) bytes: Vec<u8>,
}

impl Writer {
    pub(super) fn number(&mut self, mut value: u32) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    pub(super) fn signed(&mut self, value: i32) {
        self.number(((value << 1) ^ (value >> 31)) as u32);
    }

    pub(super) fn text(&mut self, text: &str) {
        self.number(text.len() as u32);
        self.bytes.extend_from_slice(text.as_bytes());
    }

    /// Values that mostly repeat: each with how often, in two planes.
    pub(super) fn runs(&mut self, values: impl Iterator<Item = u32>) {
        let mut runs: Vec<(u32, u32)> = Vec::new();
        for value in values {
            match runs.last_mut() {
                Some((last, times)) if *last == value => *times += 1,
                _ => runs.push((value, 1)),
            }
        }
        self.number(runs.len() as u32);
        runs.iter().for_each(|(value, _)| self.number(*value));
        runs.iter().for_each(|(_, times)| self.number(*times));
    }
}

/// Reads packed bytes. After the first error it reads nothing but zeros and empty lists; whoever reads asks once, at
/// the end, whether all was well. That keeps the browser's code small and leaves no error unasked for.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    error: Option<PackError>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, error: None }
    }

    /// Nothing more is read; the first error stays.
    pub(super) fn fail(&mut self, error: PackError) {
        self.error.get_or_insert(error);
        self.bytes = &[];
    }

    pub(super) fn check(&mut self, fine: bool, else_: &'static str) {
        if !fine {
            self.fail(PackError::Inconsistent(else_));
        }
    }

    pub(super) fn failed(&self) -> bool {
        self.error.is_some()
    }

    /// Whether everything was read, and well.
    pub(super) fn end(mut self) -> Result<(), PackError> {
        self.check(self.bytes.is_empty(), "something follows the chart");
        self.error.map_or(Ok(()), Err)
    }

    pub(super) fn take(&mut self, length: usize) -> &'a [u8] {
        match self.bytes.split_at_checked(length) {
            Some((head, rest)) => {
                self.bytes = rest;
                head
            }
            None => {
                self.fail(PackError::Truncated);
                &[]
            }
        }
    }

    pub(super) fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or(0)
    }

    #[inline(never)]
    pub(super) fn number(&mut self) -> u32 {
        let mut value = 0;
        for (at, &byte) in self.bytes.iter().take(5).enumerate() {
            value |= u32::from(byte & 0x7f) << (7 * at);
            if byte < 0x80 {
                self.bytes = &self.bytes[at + 1..];
                return value;
            }
        }
        self.fail(PackError::Truncated);
        0
    }

    pub(super) fn signed(&mut self) -> i32 {
        let value = self.number();
        (value >> 1) as i32 ^ -((value & 1) as i32)
    }

    /// A count of at most `limit`.
    pub(super) fn count(&mut self, limit: usize) -> usize {
        let count = self.number() as usize;
        self.check(count <= limit, "a count is too great");
        if count <= limit { count } else { 0 }
    }

    /// A count of things that take at least a byte each, so that no memory is set aside for what cannot come.
    pub(super) fn listed(&mut self, limit: usize) -> usize {
        let count = self.count(limit);
        if count <= self.bytes.len() {
            return count;
        }
        self.fail(PackError::Truncated);
        0
    }

    pub(super) fn text(&mut self) -> String {
        let length = self.count(MAX_NAME);
        match core::str::from_utf8(self.take(length)) {
            Ok(text) => text.to_owned(),
            Err(_) => {
                self.check(false, "words are not UTF-8");
                String::new()
            }
        }
    }

    pub(super) fn numbers(&mut self, count: usize) -> Vec<u32> {
        if count > self.bytes.len() {
            self.fail(PackError::Truncated);
            return Vec::new();
        }
        (0..count).map(|_| self.number()).collect()
    }

    pub(super) fn signeds(&mut self, count: usize) -> Vec<i32> {
        let numbers = self.numbers(count);
        numbers.into_iter().map(|value| (value >> 1) as i32 ^ -((value & 1) as i32)).collect()
    }

    /// What [`Writer::runs`] wrote for `length` values, each below `bound`.
    pub(super) fn runs<T: Copy>(&mut self, length: usize, bound: usize, as_value: fn(u32) -> T) -> Vec<T> {
        let count = self.listed(length);
        let values = self.numbers(count);
        let times = self.numbers(count);
        let mut all: Vec<T> = Vec::new();
        if !self.failed() {
            all.reserve_exact(length);
        }
        for (value, times) in values.into_iter().zip(times) {
            let end = all.len().saturating_add(times as usize).min(length);
            self.check((value as usize) < bound, "a value is out of range");
            all.resize(end, as_value(value));
        }
        self.check(all.len() == length, "runs do not cover the seats");
        all
    }
}
