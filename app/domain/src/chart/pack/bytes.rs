//! Varints, strings and runs: writing them, and reading them without trust.

use super::{MAX_LIST, PackError};

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

/// Reads packed bytes; every answer may be an error, none a panic.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], PackError> {
        let (head, rest) = self.bytes.split_at_checked(length).ok_or(PackError::Truncated)?;
        self.bytes = rest;
        Ok(head)
    }

    pub(super) fn byte(&mut self) -> Result<u8, PackError> {
        let (&byte, rest) = self.bytes.split_first().ok_or(PackError::Truncated)?;
        self.bytes = rest;
        Ok(byte)
    }

    pub(super) fn number(&mut self) -> Result<u32, PackError> {
        let mut value = 0;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.byte()?;
            value |= u32::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(PackError::Inconsistent("a number is too long"))
    }

    pub(super) fn signed(&mut self) -> Result<i32, PackError> {
        let value = self.number()?;
        Ok((value >> 1) as i32 ^ -((value & 1) as i32))
    }

    /// A count of at most `limit`.
    pub(super) fn count(&mut self, limit: usize) -> Result<usize, PackError> {
        let count = self.number()? as usize;
        if count <= limit { Ok(count) } else { Err(PackError::Inconsistent("a count is too great")) }
    }

    /// A count of things that take at least a byte each, so that no memory is set aside for what cannot come.
    pub(super) fn listed(&mut self, limit: usize) -> Result<usize, PackError> {
        let count = self.count(limit)?;
        if count <= self.bytes.len() { Ok(count) } else { Err(PackError::Truncated) }
    }

    pub(super) fn text(&mut self) -> Result<String, PackError> {
        let length = self.count(MAX_LIST)?;
        let bytes = self.take(length)?;
        core::str::from_utf8(bytes).map(str::to_owned).map_err(|_| PackError::Inconsistent("words are not UTF-8"))
    }

    pub(super) fn numbers(&mut self, count: usize) -> Result<Vec<u32>, PackError> {
        if count > self.bytes.len() {
            return Err(PackError::Truncated);
        }
        (0..count).map(|_| self.number()).collect()
    }

    pub(super) fn signeds(&mut self, count: usize) -> Result<Vec<i32>, PackError> {
        if count > self.bytes.len() {
            return Err(PackError::Truncated);
        }
        (0..count).map(|_| self.signed()).collect()
    }

    /// What [`Writer::runs`] wrote, for exactly `length` values.
    pub(super) fn runs(&mut self, length: usize) -> Result<Vec<(u32, usize)>, PackError> {
        let count = self.listed(length)?;
        let values = self.numbers(count)?;
        let times = self.numbers(count)?;
        if times.iter().map(|&times| u64::from(times)).sum::<u64>() != length as u64 {
            return Err(PackError::Inconsistent("runs do not cover the seats"));
        }
        Ok(values.into_iter().zip(times.into_iter().map(|times| times as usize)).collect())
    }
}
