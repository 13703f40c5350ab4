//! What only the browser can do.
