//! Things by small numbers that are used again.

/// Values by key; keys are as small as they can be.
#[derive(Debug)]
pub(super) struct Slab<T> {
    values: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { values: Vec::new(), free: Vec::new() }
    }
}

impl<T> Slab<T> {
    /// The key that the next value gets.
    pub(super) fn next(&self) -> u32 {
        self.free.last().copied().unwrap_or(self.values.len() as u32)
    }

    pub(super) fn insert(&mut self, value: T) -> u32 {
        if let Some(key) = self.free.pop() {
            self.values[key as usize] = Some(value);
            return key;
        }
        self.values.push(Some(value));
        self.values.len() as u32 - 1
    }

    pub(super) fn get_mut(&mut self, key: u32) -> Option<&mut T> {
        self.values.get_mut(key as usize)?.as_mut()
    }

    pub(super) fn remove(&mut self, key: u32) -> Option<T> {
        let value = self.values.get_mut(key as usize)?.take()?;
        self.free.push(key);
        Some(value)
    }

    /// Keys below this one may be in use.
    pub(super) fn end(&self) -> u32 {
        self.values.len() as u32
    }

    pub(super) fn is_empty(&self) -> bool {
        self.values.len() == self.free.len()
    }
}
