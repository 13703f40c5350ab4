//! The picker in the browser.
