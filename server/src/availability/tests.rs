//! Sequences, tags and counts follow the hold store.
