//! The schema proven on a real PostgreSQL: both ways, every constraint, every partition.

mod begin;
mod constraints;
mod deletes;
mod embedded;
mod hot;
mod leaves;
mod migrations;
mod needed;
mod partitions;
mod sample;
mod views;
