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
    /// The coverage of each of some words, in their order: all at once, for reading back what was drawn is what costs.
    fn draw(&mut self, words: &[&str], style: Style) -> Vec<TextMask>;
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
/// So many are drawn in one picture at most.
const AT_ONCE: usize = 64;

impl Words {
    /// A word's coverage, drawn now if it was not before.
    pub fn get(&mut self, text: &str, style: Style, letters: &mut dyn Letters) -> Rc<TextMask> {
        // Gaps in a row's numbers.
        if text.is_empty() {
            return Rc::default();
        }
        let at = self.style(style);
        let find = |words: &Masks| words.binary_search_by(|(word, _)| (**word).cmp(text));
        if find(&self.drawn[at].1).is_err() {
            self.prepare(&[text], style, letters);
        }
        let at = self.style(style);
        let words = &self.drawn[at].1;
        find(words).map_or_else(|_| Rc::default(), |found| words[found].1.clone())
    }

    /// Draws those of some words that were not drawn before, in one go.
    pub fn prepare(&mut self, texts: &[&str], style: Style, letters: &mut dyn Letters) {
        if self.count > MOST {
            self.clear();
        }
        let at = self.style(style);
        let words = &mut self.drawn[at].1;
        let place = |words: &Masks, text: &str| words.binary_search_by(|(word, _)| (**word).cmp(text));
        let mut new: Vec<&str> = Vec::new();
        for text in texts {
            if !text.is_empty() && place(words, text).is_err() && !new.contains(text) {
                new.push(*text);
            }
        }
        for part in new.chunks(AT_ONCE) {
            for (text, mask) in part.iter().zip(letters.draw(part, style)) {
                if let Err(at) = place(words, text) {
                    self.count += 1;
                    words.insert(at, ((*text).into(), Rc::new(mask)));
                }
            }
        }
    }

    fn style(&mut self, style: Style) -> usize {
        self.drawn.iter().position(|(s, _)| *s == style).unwrap_or_else(|| {
            self.drawn.push((style, Vec::new()));
            self.drawn.len() - 1
        })
    }

    /// Forgets every word: the font changed.
    pub fn clear(&mut self) {
        self.drawn.clear();
        self.count = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts the words of each call.
    struct Counter(Vec<usize>);

    impl Letters for Counter {
        fn draw(&mut self, words: &[&str], _: Style) -> Vec<TextMask> {
            self.0.push(words.len());
            words.iter().map(|word| TextMask::new(word.len() as i32, 1, &vec![255; word.len()], 0)).collect()
        }
    }

    #[test]
    fn new_words_are_drawn_together_and_each_of_them_once() {
        let (mut words, mut letters) = (Words::default(), Counter(Vec::new()));
        let style = Style { size: 9, bold: false, edge: 0 };
        words.prepare(&["12", "3", "12", ""], style, &mut letters);
        assert_eq!([words.get("3", style, &mut letters).width, words.get("12", style, &mut letters).width], [1, 2]);
        words.prepare(&["12", "456"], style, &mut letters);
        assert_eq!(words.get("456", style, &mut letters).width, 3);
        assert_eq!(letters.0, [2, 1]);
        let larger = Style { size: 10, ..style };
        words.get("3", larger, &mut letters);
        assert_eq!(letters.0, [2, 1, 1]);
    }
}
