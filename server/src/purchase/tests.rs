//! The purchase, step by step and refusal by refusal.
