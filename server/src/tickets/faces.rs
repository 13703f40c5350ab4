//! The fonts of the printed ticket, and what each can write.
//!
//! | face | writes |
//! |---|---|
//! | Instrument Serif | titles and places in Latin script |
//! | Inter | Latin with Vietnamese, Greek, Cyrillic |
//! | Noto Sans Arabic | Arabic, Persian, Urdu |
//! | Noto Sans SC, cut to 7,268 characters | the first levels of GB 2312, Big5 and JIS X 0208: everyday Chinese, simplified and traditional, and Japanese with kana |
//!
//! Anything else (Hebrew, Korean, Thai, rare Han characters, pictures) prints as [`MISSING`]; page, mail and code still say it.

use std::collections::HashMap;
use std::io::Read;
use std::sync::LazyLock;

use krilla::text::Font;
use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider};

/// Stands for a character that no face has: the geta mark, which printers set for a missing type.
pub(super) const MISSING: char = '〓';

/// A face of the ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Face {
    /// Titles and places.
    Display,
    /// Everything else.
    Text,
    /// What matters among everything else.
    Strong,
    /// Arabic script.
    Arabic,
    /// Chinese and Japanese.
    Han,
}

/// A font read once: its file, what the document takes, advances as fractions of the em by character.
struct Loaded {
    bytes: &'static [u8],
    font: Font,
    advances: HashMap<char, f32>,
}

impl Face {
    /// The font file; `None` where it cannot be read, which a test rules out.
    pub(super) fn bytes(self) -> Option<&'static [u8]> {
        self.loaded().map(|loaded| loaded.bytes)
    }

    /// The font for a document.
    pub(super) fn font(self) -> Option<Font> {
        self.loaded().map(|loaded| loaded.font.clone())
    }

    /// How far `c` moves on, as a fraction of the size; `None` where the face lacks it.
    pub(super) fn advance(self, c: char) -> Option<f32> {
        self.loaded()?.advances.get(&c).copied()
    }

    /// The first face that has `c`, beginning with this one; [`MISSING`] where none has.
    pub(super) fn or_other(self, c: char) -> (Self, char) {
        let faces = [self, Self::Text, Self::Arabic, Self::Han];
        let with = |c: char| faces.into_iter().find(|face| face.advance(c).is_some()).map(|face| (face, c));
        with(c).or_else(|| with(MISSING)).unwrap_or((self, c))
    }

    fn loaded(self) -> Option<&'static Loaded> {
        static DISPLAY: LazyLock<Option<Loaded>> =
            LazyLock::new(|| load(include_bytes!("../../assets/fonts/InstrumentSerif-Regular.ttf")));
        static TEXT: LazyLock<Option<Loaded>> =
            LazyLock::new(|| load(include_bytes!("../../assets/fonts/Inter-Regular.otf")));
        static STRONG: LazyLock<Option<Loaded>> =
            LazyLock::new(|| load(include_bytes!("../../assets/fonts/Inter-SemiBold.otf")));
        static ARABIC: LazyLock<Option<Loaded>> =
            LazyLock::new(|| load(include_bytes!("../../assets/fonts/NotoSansArabic-Regular.ttf")));
        // Kept packed: few tickets need it, and it is by far the largest.
        static HAN_BYTES: LazyLock<Vec<u8>> = LazyLock::new(|| {
            let packed: &[u8] = include_bytes!("../../assets/fonts/NotoSansSC-Regular.ttf.br");
            let mut bytes = vec![];
            let read = brotli::Decompressor::new(packed, 4096).read_to_end(&mut bytes);
            if read.is_ok() { bytes } else { vec![] }
        });
        static HAN: LazyLock<Option<Loaded>> = LazyLock::new(|| load(&HAN_BYTES));
        let loaded = match self {
            Self::Display => &DISPLAY,
            Self::Text => &TEXT,
            Self::Strong => &STRONG,
            Self::Arabic => &ARABIC,
            Self::Han => &HAN,
        };
        loaded.as_ref()
    }
}

fn load(bytes: &'static [u8]) -> Option<Loaded> {
    let font = FontRef::new(bytes).ok()?;
    let metrics = font.glyph_metrics(Size::new(1.0), LocationRef::default());
    let mappings = font.charmap().mappings();
    let advances =
        mappings.filter_map(|(c, glyph)| Some((char::from_u32(c)?, metrics.advance_width(glyph)?))).collect();
    Some(Loaded { bytes, font: Font::new(bytes.into(), 0)?, advances })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_font_can_be_read_and_writes_its_script() {
        for (face, sample) in [
            (Face::Display, "Night Trains: 212 É…"),
            (Face::Text, "Ночные поезда, Νύχτα, Đường, €"),
            (Face::Strong, "Ночные поезда, Νύχτα, Đường, €"),
            (Face::Arabic, "مسرح المدينة گچپ"),
            (Face::Han, "北京夜行列車，東京〓"),
        ] {
            assert!(face.font().is_some() && face.bytes().is_some());
            let lacks: String = sample.chars().filter(|c| face.advance(*c).is_none() && *c != ' ').collect();
            assert_eq!(lacks, "", "{face:?}");
        }
    }
}
