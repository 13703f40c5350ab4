//! seat_map.
