//! The schema proven on a real PostgreSQL: both ways, every constraint, every partition.

mod migrations;
mod sample;
