//! The ticket to print: one A6 page a ticket, which also sits well on A4 paper.

use krilla::Document;
use krilla::color::rgb;
use krilla::geom::{Path, PathBuilder, Point, Rect};
use krilla::metadata::Metadata;
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::{Fill, LineCap, Paint, Stroke, StrokeDash};
use krilla::surface::Surface;
use krilla::text::TextDirection;
use thiserror::Error;

use super::Print;
use super::faces::Face;
use super::measure::{fit, runs as runs_of, width, wrap};
use super::qr::{QUIET, qr_modules, runs};

/// A6 in points.
const WIDTH: f32 = 297.64;
const HEIGHT: f32 = 419.53;
const MARGIN: f32 = 22.0;
/// Side of the QR code. Around it stays [`QUIET`] modules of white, or scanners miss it.
const CODE: f32 = 152.0;
const CODE_TOP: f32 = 24.0;

/// Red, green, blue.
type Colour = (u8, u8, u8);

const INK: Colour = (0x1c, 0x17, 0x14);
const INK_2: Colour = (0x5e, 0x53, 0x4b);
const VELVET: Colour = (0x8e, 0x1b, 0x2f);
const LINE: Colour = (0xd9, 0xcf, 0xc3);
const BLACK: Colour = (0, 0, 0);

/// Why there is no PDF.
#[derive(Debug, Error)]
pub enum PdfError {
    /// An embedded font cannot be read.
    #[error("an embedded font cannot be read")]
    Font,
    /// The document cannot be written.
    #[error("the document cannot be written: {0}")]
    Document(String),
}

/// The tickets as one document, a page each.
///
/// # Errors
/// [`PdfError`]; none is expected of any input.
pub fn pdf(prints: &[Print]) -> Result<Vec<u8>, PdfError> {
    let mut document = Document::new();
    let title = prints.first().map_or("Ticket", |print| print.title.as_str());
    document.set_metadata(Metadata::new().title(title.to_owned()).language("en".into()).creator("Parterre".into()));
    for print in prints {
        let settings = PageSettings::from_wh(WIDTH, HEIGHT).ok_or(PdfError::Font)?;
        let mut page = document.start_page_with(settings);
        let mut sheet = Sheet { surface: page.surface() };
        sheet.ticket(print);
        // Surface before page: each writes itself down when it goes.
        drop(sheet);
        drop(page);
    }
    document.finish().map_err(|error| PdfError::Document(format!("{error:?}")))
}

struct Sheet<'a> {
    surface: Surface<'a>,
}

impl Sheet<'_> {
    fn ticket(&mut self, print: &Print) {
        let inner = WIDTH - 2.0 * MARGIN;
        self.bar();
        self.code(print);
        let modules = qr_modules(&print.token).len().max(21) as f32;
        let mut y = CODE_TOP + CODE + CODE / modules * QUIET as f32 + 10.5;
        self.centred(Face::Strong, 13.0, INK, y, &print.code);
        y += 11.5;
        self.centred(Face::Text, 7.5, INK_2, y, "Works without a network");
        y += 11.0;
        self.tear(y);
        y += 17.0;
        let (number, count) = print.number;
        let who = fit(Face::Text, 8.5, inner, &format!("Ticket {number} of {count} · {}", print.holder));
        self.text(Face::Text, 8.5, INK_2, MARGIN, y, &who);
        y += 6.0;
        for line in wrap(Face::Display, 21.0, inner, &print.title, 2) {
            y += 21.0;
            self.text(Face::Display, 21.0, INK, MARGIN, y, &line);
        }
        y += 19.0;
        self.text(Face::Strong, 10.5, INK, MARGIN, y, &fit(Face::Strong, 10.5, inner, &print.day));
        let where_ =
            [print.venue.as_str(), print.address.as_str()].into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>();
        for line in [print.times.clone(), where_.join(" · ")] {
            y += 14.0;
            self.text(Face::Text, 9.5, INK_2, MARGIN, y, &fit(Face::Text, 9.5, inner, &line));
        }
        self.place(print, y + 21.0, inner);
        let price = print.price.as_ref().map(|price| format!(" · {price}, fees included")).unwrap_or_default();
        let foot = fit(Face::Text, 8.0, inner, &format!("{}{price}", print.tier));
        self.text(Face::Text, 8.0, INK_2, MARGIN, HEIGHT - 16.0, &foot);
    }

    /// A velvet strip along the top edge.
    fn bar(&mut self) {
        self.fill(VELVET);
        if let Some(path) = rectangle(0.0, 0.0, WIDTH, 8.0) {
            self.surface.draw_path(&path);
        }
    }

    fn code(&mut self, print: &Print) {
        let modules = qr_modules(&print.token);
        if modules.is_empty() {
            return;
        }
        let size = CODE / modules.len() as f32;
        let (left, top) = ((WIDTH - CODE) / 2.0, CODE_TOP);
        let mut path = PathBuilder::new();
        for (y, row) in modules.iter().enumerate() {
            for (x, length) in runs(row) {
                let at = |n: usize| n as f32 * size;
                if let Some(run) = Rect::from_xywh(left + at(x), top + at(y), at(length), size) {
                    path.push_rect(run);
                }
            }
        }
        self.fill(BLACK);
        if let Some(path) = path.finish() {
            self.surface.draw_path(&path);
        }
    }

    /// Where the stub is torn off.
    fn tear(&mut self, y: f32) {
        let mut path = PathBuilder::new();
        path.move_to(0.0, y);
        path.line_to(WIDTH, y);
        let Some(path) = path.finish() else { return };
        self.surface.set_fill(None);
        self.surface.set_stroke(Some(Stroke {
            paint: paint(LINE),
            width: 1.2,
            line_cap: LineCap::Round,
            dash: Some(StrokeDash { array: vec![5.0, 5.0], offset: 0.0 }),
            ..Stroke::default()
        }));
        self.surface.draw_path(&path);
        self.surface.set_stroke(None);
    }

    /// The place in large type, its words small above.
    fn place(&mut self, print: &Print, y: f32, inner: f32) {
        let columns = print.place.len().max(1) as f32;
        let gap = 16.0;
        let widest = (inner - gap * (columns - 1.0)) / columns;
        let mut x = MARGIN;
        for (word, name) in &print.place {
            let mut size = 34.0;
            while size > 14.0 && width(Face::Display, size, name) > widest {
                size -= 2.0;
            }
            let name = fit(Face::Display, size, widest, name);
            self.text(Face::Text, 8.5, INK_2, x, y, word);
            self.text(Face::Display, size, INK, x, y + 30.0, &name);
            x += width(Face::Display, size, &name).max(width(Face::Text, 8.5, word)) + gap;
        }
    }

    fn centred(&mut self, face: Face, size: f32, colour: Colour, y: f32, text: &str) {
        self.text(face, size, colour, (WIDTH - width(face, size, text)) / 2.0, y, text);
    }

    fn text(&mut self, face: Face, size: f32, colour: Colour, x: f32, y: f32, text: &str) {
        self.fill(colour);
        let mut x = x;
        for run in runs_of(face, text) {
            let direction = if run.leftwards { TextDirection::RightToLeft } else { TextDirection::LeftToRight };
            if let Some(font) = run.face.font() {
                self.surface.draw_text(Point::from_xy(x, y), font, size, &run.text, false, direction);
            }
            x += run.width(size);
        }
    }

    fn fill(&mut self, colour: Colour) {
        self.surface.set_fill(Some(Fill { paint: paint(colour), opacity: NormalizedF32::ONE, ..Fill::default() }));
    }
}

fn paint((red, green, blue): Colour) -> Paint {
    rgb::Color::new(red, green, blue).into()
}

fn rectangle(x: f32, y: f32, w: f32, h: f32) -> Option<Path> {
    let mut path = PathBuilder::new();
    path.push_rect(Rect::from_xywh(x, y, w, h)?);
    path.finish()
}

#[cfg(test)]
mod tests {
    use super::super::samples::sample;
    use super::*;

    #[test]
    fn every_ticket_is_a_page() {
        let bytes = pdf(&sample()).unwrap();
        assert!(bytes.starts_with(b"%PDF-"));
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.contains("/Count 2"), "two pages");
        assert!(bytes.len() < 120_000, "{} bytes", bytes.len());
    }

    #[test]
    fn every_script_prints_and_only_the_signs_used_are_embedded() {
        let mut print = sample().remove(0);
        print.title = "夜行列车：告别巡演".into();
        print.venue = "مسرح المدينة, بيروت".into();
        print.holder = "Жук Ονειροπόλος 𝔘".into();
        let bytes = pdf(&[print]).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.contains("NotoSansSC") && text.contains("NotoSansArabic"));
        assert!(bytes.len() < 120_000, "{} bytes", bytes.len());
    }

    #[test]
    fn no_words_break_the_page() {
        let mut print = sample().remove(0);
        print.title = "A very long title ".repeat(40);
        print.holder = "北京 \u{202e} 𝔘 e\u{301}\n".repeat(30);
        print.place = vec![("Section".into(), "南看台下层右侧第十二区".into()), ("Row".into(), "W".repeat(300))];
        print.venue = String::new();
        assert!(pdf(&[print]).unwrap().starts_with(b"%PDF-"));
        assert!(pdf(&[]).is_ok() || pdf(&[]).is_err(), "no tickets is no panic");
    }
}
