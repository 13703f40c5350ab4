//! Who may choose what at this moment, packed for thousands of readers.
