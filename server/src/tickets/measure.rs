//! How wide words are in the embedded faces, and how to make them fit.

use std::collections::HashMap;
use std::sync::LazyLock;

use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider};

/// A face of the ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Face {
    /// Titles and places.
    Display,
    /// Everything else.
    Text,
    /// What matters among everything else.
    Strong,
}

impl Face {
    /// The font file.
    pub(super) fn bytes(self) -> &'static [u8] {
        match self {
            Self::Display => include_bytes!("../../assets/fonts/InstrumentSerif-Regular.ttf"),
            Self::Text => include_bytes!("../../assets/fonts/Inter-Regular.otf"),
            Self::Strong => include_bytes!("../../assets/fonts/Inter-SemiBold.otf"),
        }
    }

    /// How wide `text` is at `size`, in points, without kerning: never narrower than what is drawn by more than a hair.
    pub(super) fn width(self, size: f32, text: &str) -> f32 {
        let Some(widths) = WIDTHS.get(&self) else { return 0.0 };
        text.chars().map(|c| widths.get(&c).copied().unwrap_or(1.0)).sum::<f32>() * size
    }
}

/// Advances as fractions of the em, by character.
static WIDTHS: LazyLock<HashMap<Face, HashMap<char, f32>>> = LazyLock::new(|| {
    let measure = |face: Face| {
        let Ok(font) = FontRef::new(face.bytes()) else { return (face, HashMap::new()) };
        let metrics = font.glyph_metrics(Size::new(1.0), LocationRef::default());
        let widths = font
            .charmap()
            .mappings()
            .filter_map(|(c, glyph)| Some((char::from_u32(c)?, metrics.advance_width(glyph)?)))
            .collect();
        (face, widths)
    };
    [Face::Display, Face::Text, Face::Strong].into_iter().map(measure).collect()
});

/// `text` on one line, cut with an ellipsis where it is too wide; what cannot be printed becomes a space.
pub(super) fn fit(face: Face, size: f32, width: f32, text: &str) -> String {
    let mut line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(400).collect();
    if face.width(size, &line) <= width {
        return line;
    }
    while !line.is_empty() && face.width(size, &line) + face.width(size, "…") > width {
        line.pop();
    }
    format!("{}…", line.trim_end())
}

/// `text` on at most `lines` lines, broken between words; the last one is cut where it must be.
pub(super) fn wrap(face: Face, size: f32, width: f32, text: &str, lines: usize) -> Vec<String> {
    let mut wrapped: Vec<String> = vec![];
    for word in text.split_whitespace() {
        let full = wrapped.len() == lines;
        match wrapped.last_mut() {
            // The last line takes whatever is left, and is cut below.
            Some(line) if full || face.width(size, &format!("{line} {word}")) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => wrapped.push(word.to_owned()),
        }
    }
    wrapped.iter().map(|line| fit(face, size, width, line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_breaks_between_words_and_is_cut_at_the_end() {
        let lines = wrap(Face::Display, 21.0, 254.0, "Night Trains: the farewell tour of the whole north", 2);
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().all(|line| Face::Display.width(21.0, line) <= 254.0));
        let long = wrap(Face::Display, 21.0, 254.0, &"word ".repeat(50), 2);
        assert!(long[1].ends_with('…'));
        assert_eq!(wrap(Face::Display, 21.0, 254.0, "", 2), Vec::<String>::new());
    }

    #[test]
    fn words_have_a_width() {
        assert!(Face::Text.width(10.0, "MMMM") > Face::Text.width(10.0, "iiii"));
        assert_eq!(fit(Face::Text, 10.0, 500.0, "a\nb"), "a b");
        assert!(fit(Face::Text, 10.0, 30.0, "abcdefghijklmnop").ends_with('…'));
    }
}
