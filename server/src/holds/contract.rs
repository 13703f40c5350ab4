//! The laws of the hold store.
