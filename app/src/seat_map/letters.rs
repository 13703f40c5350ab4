//! Words as coverage masks: drawn once by the browser, kept, and mixed in by the raster.

use std::rc::Rc;

use raster::TextMask;

/// How a word is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Font size in device pixels.
    pub size: u16,
    /// Bold, for names; otherwise medium.
    pub bold: bool,
    /// Device pixels of soft edge around it, for words over seats.
    pub edge: u8,
}

/// Whoever can draw letters.
pub trait Letters {
    /// A word's coverage.
    fn draw(&mut self, text: &str, style: Style) -> TextMask;
}

/// Words of one style, sorted, each with its mask.
type Masks = Vec<(Box<str>, Rc<TextMask>)>;

/// Words drawn so far.
#[derive(Debug, Default)]
pub struct Words {
    /// By style, then by the words, ascending.
    drawn: Vec<(Style, Masks)>,
    count: usize,
}

/// More words than this are not kept: an hour of zooming must not fill the memory.
const MOST: usize = 6_000;

impl Words {
    /// A word's coverage, drawn now if it was not before.
    pub fn get(&mut self, text: &str, style: Style, letters: &mut dyn Letters) -> Rc<TextMask> {
        if self.count > MOST {
            self.clear();
        }
        let at = self.drawn.iter().position(|(s, _)| *s == style).unwrap_or_else(|| {
            self.drawn.push((style, Vec::new()));
            self.drawn.len() - 1
        });
        let words = &mut self.drawn[at].1;
        let at = words.binary_search_by(|(word, _)| (**word).cmp(text)).unwrap_or_else(|at| {
            self.count += 1;
            words.insert(at, (text.into(), Rc::new(letters.draw(text, style))));
            at
        });
        words[at].1.clone()
    }

    /// Forgets every word: the font changed.
    pub fn clear(&mut self) {
        self.drawn.clear();
        self.count = 0;
    }
}
