//! QR codes: dark on white, with their quiet zone, in both themes.

use std::fmt::Write;

use fast_qr::qr::{QRBuilder, QRCode};
use fast_qr::{ECL, Mode};

/// White around the code, in modules, as ISO/IEC 18004 asks.
pub(super) const QUIET: usize = 4;

fn code(text: &str) -> Option<QRCode> {
    let alphanumeric = text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase() || b" $%*+-./:".contains(&b));
    let mode = if alphanumeric { Mode::Alphanumeric } else { Mode::Byte };
    QRBuilder::new(text).ecl(ECL::M).mode(mode).build().ok()
}

/// The dark modules of a text's code, row by row, without the quiet zone; empty for a text too long for any code.
#[must_use]
pub fn qr_modules(text: &str) -> Vec<Vec<bool>> {
    let Some(code) = code(text) else { return vec![] };
    (0..code.size).map(|row| code[row].iter().map(|module| module.value()).collect()).collect()
}

/// The code as a picture for a page: one path, sharp at any size, named for those who cannot see it. Empty for a text
/// too long for any code.
#[must_use]
pub fn qr_svg(text: &str, name: &str) -> String {
    let modules = qr_modules(text);
    if modules.is_empty() {
        return String::new();
    }
    let side = modules.len() + 2 * QUIET;
    let mut path = String::new();
    for (y, row) in modules.iter().enumerate() {
        for (x, length) in runs(row) {
            // Writing to a string cannot fail.
            let _ = write!(path, "M{} {}h{length}v1h-{length}z", x + QUIET, y + QUIET);
        }
    }
    let name = name.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" role=\"img\" aria-label=\"{name}\" \
         shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path fill=\"#000\" d=\"{path}\"/></svg>"
    )
}

/// Where each run of dark modules begins and how long it is: a fraction of the elements that single modules take.
pub(super) fn runs(row: &[bool]) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = vec![];
    for (x, _) in row.iter().enumerate().filter(|(_, dark)| **dark) {
        match runs.last_mut() {
            Some((start, length)) if *start + *length == x => *length += 1,
            _ => runs.push((x, 1)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tickets_code_stays_small() {
        let modules = qr_modules(&super::super::samples::sample()[0].token);
        assert!((45..=53).contains(&modules.len()), "{} modules a side", modules.len());
        let svg = qr_svg("ABC", "Ticket \"1\" <of> 2");
        assert!(svg.contains("aria-label=\"Ticket &quot;1&quot; &lt;of> 2\""));
        assert!(qr_svg(&"x".repeat(9000), "too long").is_empty());
    }

    #[test]
    fn the_three_corners_are_finders() {
        let modules = qr_modules("HELLO");
        let n = modules.len();
        for (y, x) in [(0, 0), (0, n - 7), (n - 7, 0)] {
            assert!((0..7).all(|i| modules[y][x + i] && modules[y + 6][x + i] && modules[y + i][x]));
            assert!(!modules[y + 1][x + 1] && modules[y + 3][x + 3]);
        }
    }

    #[test]
    fn runs_cover_exactly_the_dark_modules() {
        let row = [true, true, false, true, false, false, true];
        assert_eq!(runs(&row), [(0, 2), (3, 1), (6, 1)]);
    }
}
