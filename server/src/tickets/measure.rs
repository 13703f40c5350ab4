//! How words are laid out on a line: which face draws what, in which order, how wide it is, and how to make it fit.

use rustybuzz::UnicodeBuffer;
use unicode_bidi::BidiInfo;

use super::faces::Face;

/// A piece of a line that one face draws in one direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// Who draws it.
    pub(super) face: Face,
    /// What.
    pub(super) text: String,
    /// Whether it reads from right to left.
    pub(super) leftwards: bool,
}

impl Run {
    /// How wide it is at `size`, in points.
    pub(super) fn width(&self, size: f32) -> f32 {
        if self.face == Face::Arabic {
            // Letters join and change their form: only shaping tells.
            return shaped(self).unwrap_or_default() * size;
        }
        self.text.chars().map(|c| self.face.advance(c).unwrap_or(1.0)).sum::<f32>() * size
    }
}

fn shaped(run: &Run) -> Option<f32> {
    let face = rustybuzz::Face::from_slice(run.face.bytes()?, 0)?;
    let mut buffer = UnicodeBuffer::new();
    buffer.push_str(&run.text);
    buffer.guess_segment_properties();
    let advance: i32 = rustybuzz::shape(&face, &[], buffer).glyph_positions().iter().map(|glyph| glyph.x_advance).sum();
    Some(advance as f32 / face.units_per_em() as f32)
}

/// A line as it is drawn from left to right (Unicode's bidirectional algorithm, UAX 9), with `face` where it has the
/// character and the faces of other scripts where it has not.
pub(super) fn runs(face: Face, line: &str) -> Vec<Run> {
    let line = printable(line);
    let bidi = BidiInfo::new(&line, None);
    let Some(paragraph) = bidi.paragraphs.first() else { return vec![] };
    let (levels, parts) = bidi.visual_runs(paragraph, paragraph.range.clone());
    let mut runs = vec![];
    for part in parts {
        let leftwards = levels.get(part.start).is_some_and(unicode_bidi::Level::is_rtl);
        let mut pieces = by_face(face, &line[part], leftwards);
        if leftwards {
            pieces.reverse();
        }
        runs.append(&mut pieces);
    }
    runs
}

fn by_face(face: Face, text: &str, leftwards: bool) -> Vec<Run> {
    let mut runs: Vec<Run> = vec![];
    for c in text.chars() {
        match runs.last_mut() {
            // A space or a full stop inside Arabic stays with the words around it.
            Some(run) if run.face.advance(c).is_some() && (run.face == face || !c.is_ascii_alphanumeric()) => {
                run.text.push(c);
            }
            _ => {
                let (face, c) = face.or_other(c);
                match runs.last_mut() {
                    Some(run) if run.face == face => run.text.push(c),
                    _ => runs.push(Run { face, text: c.into(), leftwards }),
                }
            }
        }
    }
    runs
}

/// Without what would break a line or turn it around: control signs become spaces, marks that show nothing go.
fn printable(text: &str) -> String {
    let hidden = |c: char| matches!(c, '\u{200b}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}');
    let lines = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    text.chars().filter(|c| !hidden(*c)).map(|c| if lines(c) { ' ' } else { c }).take(400).collect()
}

/// How wide `text` is at `size`, in points, without kerning.
pub(super) fn width(face: Face, size: f32, text: &str) -> f32 {
    runs(face, text).iter().map(|run| run.width(size)).sum()
}

/// `text` on one line, cut with an ellipsis where it is too wide.
pub(super) fn fit(face: Face, size: f32, room: f32, text: &str) -> String {
    let mut line = printable(text);
    if width(face, size, &line) <= room {
        return line;
    }
    while !line.is_empty() && width(face, size, &format!("{line}…")) > room {
        line.pop();
    }
    format!("{}…", line.trim_end())
}

/// `text` on at most `lines` lines, broken between words (Han and kana: anywhere); the last one is cut where it must be.
pub(super) fn wrap(face: Face, size: f32, room: f32, text: &str, lines: usize) -> Vec<String> {
    let mut wrapped: Vec<String> = vec![];
    for (space, word) in words(&printable(text)) {
        let full = wrapped.len() == lines;
        let glue = if space { " " } else { "" };
        match wrapped.last_mut() {
            // The last line takes whatever is left, and is cut below.
            Some(line) if full || width(face, size, &format!("{line}{glue}{word}")) <= room => {
                line.push_str(glue);
                line.push_str(&word);
            }
            _ => wrapped.push(word),
        }
    }
    wrapped.iter().map(|line| fit(face, size, room, line)).collect()
}

/// Pieces between which a line may break, and whether a space stands before each.
fn words(text: &str) -> Vec<(bool, String)> {
    let alone = |c: char| matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}');
    let mut words: Vec<(bool, String)> = vec![];
    for word in text.split_whitespace() {
        let mut space = true;
        let mut open = false;
        for c in word.chars() {
            match words.last_mut().filter(|_| open && !alone(c)) {
                Some((_, last)) => last.push(c),
                None => words.push((std::mem::take(&mut space), c.into())),
            }
            // Closing marks stay with the character before them, so anything may follow but another Han character.
            open = true;
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_breaks_between_words_and_is_cut_at_the_end() {
        let lines = wrap(Face::Display, 21.0, 254.0, "Night Trains: the farewell tour of the whole north", 2);
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().all(|line| width(Face::Display, 21.0, line) <= 254.0));
        let long = wrap(Face::Display, 21.0, 254.0, &"word ".repeat(50), 2);
        assert!(long[1].ends_with('…'));
        assert_eq!(wrap(Face::Display, 21.0, 254.0, "", 2), Vec::<String>::new());
    }

    #[test]
    fn a_chinese_title_breaks_anywhere_but_before_a_mark() {
        let lines = wrap(Face::Display, 21.0, 100.0, "夜行列车，告别巡演", 3);
        assert_eq!(lines.concat(), "夜行列车，告别巡演");
        assert!(lines.len() > 1 && lines.iter().all(|line| !line.starts_with('，')), "{lines:?}");
    }

    #[test]
    fn words_have_a_width() {
        assert!(width(Face::Text, 10.0, "MMMM") > width(Face::Text, 10.0, "iiii"));
        assert_eq!(fit(Face::Text, 10.0, 500.0, "a\nb"), "a b");
        assert!(fit(Face::Text, 10.0, 30.0, "abcdefghijklmnop").ends_with('…'));
    }

    #[test]
    fn every_script_finds_its_face_and_its_direction() {
        let faces =
            |text| runs(Face::Display, text).into_iter().map(|run| (run.face, run.leftwards)).collect::<Vec<_>>();
        assert_eq!(faces("Night Trains"), [(Face::Display, false)]);
        assert_eq!(faces("Ночь"), [(Face::Text, false)]);
        assert_eq!(faces("北区"), [(Face::Han, false)]);
        let arabic = runs(Face::Display, "مسرح المدينة");
        assert!(arabic.iter().all(|run| run.leftwards && (run.face == Face::Arabic || run.text == " ")), "{arabic:?}");
        assert!(arabic[0].text.starts_with('ا'), "the last word stands leftmost: {arabic:?}");
        assert_eq!(faces("Row 北 5"), [(Face::Display, false), (Face::Han, false), (Face::Display, false)]);
    }

    #[test]
    fn what_no_face_has_is_shown_as_missing() {
        let runs = runs(Face::Text, "a𝔘b");
        assert_eq!(runs.iter().map(|run| run.text.as_str()).collect::<String>(), "a〓b");
    }

    #[test]
    fn nothing_hidden_turns_a_line_around() {
        assert_eq!(fit(Face::Text, 10.0, 500.0, "Seat \u{202e}51\u{200b}"), "Seat 51");
    }
}
