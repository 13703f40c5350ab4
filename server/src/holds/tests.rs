//! The service over holds in memory.
