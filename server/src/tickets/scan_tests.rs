//! Whether a scanner reads what is shown and printed: the page's picture and the PDF's page are drawn as their own
//! commands say, the codes are found in the pixels, decoded, and verified by the public key alone.

use std::io::Read;

use rqrr::PreparedImage;

use super::samples::sample;
use super::*;

/// Pixels a unit of the page's picture (a module), and a unit of the PDF (a point).
const MODULE: f32 = 6.0;
const POINT: f32 = 4.0;

/// Paper, white where nothing was drawn.
struct Paper {
    width: usize,
    height: usize,
    grey: Vec<u8>,
}

/// Left, top, right and bottom.
type Box4 = [f32; 4];

impl Paper {
    fn new(width: f32, height: f32) -> Self {
        let (width, height) = (width.ceil() as usize, height.ceil() as usize);
        Self { width, height, grey: vec![255; width * height] }
    }

    /// Fills the pixels whose middle lies within.
    fn fill(&mut self, [left, top, right, bottom]: Box4, grey: u8) {
        let within = |from: f32, to: f32, end: usize| {
            let pixel = |at: f32| (at - 0.5).ceil().max(0.0) as usize;
            pixel(from).min(end)..pixel(to).min(end)
        };
        for y in within(top, bottom, self.height) {
            for x in within(left, right, self.width) {
                self.grey[y * self.width + x] = grey;
            }
        }
    }

    /// What a scanner reads on it.
    fn scanned(&self) -> Vec<String> {
        let mut image =
            PreparedImage::prepare_from_greyscale(self.width, self.height, |x, y| self.grey[y * self.width + x]);
        let codes = image.detect_grids();
        codes.iter().map(|code| code.decode().expect("what looks like a code is one").1).collect()
    }
}

/// What a path covers, for paths of upright rectangles: the box around each of its closed parts.
#[derive(Default)]
struct Trace {
    at: (f32, f32),
    part: Option<Box4>,
    boxes: Vec<Box4>,
}

impl Trace {
    fn to(&mut self, x: f32, y: f32) {
        self.at = (x, y);
        let [left, top, right, bottom] = self.part.unwrap_or([x, y, x, y]);
        self.part = Some([left.min(x), top.min(y), right.max(x), bottom.max(y)]);
    }

    fn close(&mut self) {
        self.boxes.extend(self.part.take());
    }
}

/// The boxes of an SVG path.
fn svg_boxes(path: &str) -> Vec<Box4> {
    let mut trace = Trace::default();
    let starts: Vec<usize> = path.match_indices(char::is_alphabetic).map(|(at, _)| at).collect();
    for (n, &start) in starts.iter().enumerate() {
        let end = starts.get(n + 1).copied().unwrap_or(path.len());
        let numbers: Vec<f32> = path[start + 1..end].split_whitespace().map(|text| text.parse().unwrap()).collect();
        let (x, y) = trace.at;
        match (&path[start..=start], numbers.as_slice()) {
            ("M", [x, y]) => trace.to(*x, *y),
            ("h", [by]) => trace.to(x + by, y),
            ("v", [by]) => trace.to(x, y + by),
            ("H", [to]) => trace.to(*to, y),
            ("V", [to]) => trace.to(x, *to),
            ("z", []) => trace.close(),
            other => panic!("no such command is written: {other:?}"),
        }
    }
    trace.boxes
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let rest = text.split_once(before).unwrap_or_else(|| panic!("no {before} in {text}")).1;
    rest.split_once(after).expect("it ends").0
}

/// The page's picture, as a browser paints it.
fn painted(svg: &str) -> Paper {
    let side: f32 = between(svg, "viewBox=\"0 0 ", " ").parse().unwrap();
    let mut paper = Paper::new(side * MODULE, side * MODULE);
    for path in svg.split("<path ").skip(1) {
        let grey = match between(path, "fill=\"", "\"") {
            "#fff" => 255,
            "#000" => 0,
            other => panic!("a code is black on white, not {other}"),
        };
        for edges in svg_boxes(between(path, "d=\"", "\"")) {
            paper.fill(edges.map(|edge| edge * MODULE), grey);
        }
    }
    paper
}

/// How a page's commands begin: from here on y grows downwards.
const UPRIGHT: &str = "q 1 0 0 -1 0 ";

/// The commands of each page of a PDF.
fn pages(pdf: &[u8]) -> Vec<String> {
    let find = |from: usize, what: &[u8]| {
        pdf[from..].windows(what.len()).position(|window| window == what).map(|at| from + at)
    };
    let (mut at, mut pages) = (0, Vec::new());
    while let Some(start) = find(at, b"stream\n").map(|start| start + b"stream\n".len()) {
        let end = find(start, b"endstream").expect("a stream ends");
        let mut commands = Vec::new();
        // Fonts and their tables are streams too, and some are no text.
        if flate2::read::ZlibDecoder::new(&pdf[start..end]).read_to_end(&mut commands).is_ok() {
            let text = String::from_utf8_lossy(&commands).into_owned();
            pages.extend(text.starts_with(UPRIGHT).then_some(text));
        }
        at = end + b"endstream\n".len();
    }
    pages
}

/// A PDF's page, as a printer fills it. Words are left out.
fn printed(commands: &str, width: f32, height: f32) -> Paper {
    let mut paper = Paper::new(width * POINT, height * POINT);
    let (mut trace, mut grey, mut numbers, mut words) = (Trace::default(), 0, Vec::<f32>::new(), false);
    for token in commands.split_ascii_whitespace() {
        if let Ok(number) = token.parse() {
            numbers.push(number);
            continue;
        }
        match (token, numbers.as_slice()) {
            ("BT", _) => words = true,
            ("ET", _) => words = false,
            _ if words => {}
            ("cm", turned) => assert_eq!(turned[..5], [1.0, 0.0, 0.0, -1.0, 0.0], "nothing is drawn slanted"),
            ("m" | "l", [x, y]) => trace.to(*x, *y),
            ("h", _) => trace.close(),
            ("rg" | "scn" | "sc", [red, green, blue]) => grey = ((red + green + blue) / 3.0 * 255.0) as u8,
            ("f" | "f*", _) => {
                for edges in std::mem::take(&mut trace.boxes) {
                    paper.fill(edges.map(|edge| edge * POINT), grey);
                }
            }
            ("S" | "n", _) => trace = Trace::default(),
            _ => {}
        }
        numbers.clear();
    }
    paper
}

/// Fails unless exactly one code is read, and its token says of which seat it is.
fn is_the_ticket(read: &[String], print: &Print) {
    assert_eq!(read, [print.token.as_str()], "{}", print.id);
    let claim = verify(&[Signer::new([1; 32]).public_key()], &read[0]).expect("the code's token is genuine");
    assert_eq!(format!("Block 212, row F, seat {}", print.place[2].1), claim.label);
}

#[test]
fn a_scanner_reads_the_token_from_the_page_and_from_paper() {
    let tickets = sample();
    for print in &tickets {
        is_the_ticket(&painted(&qr_svg(&print.token, "Ticket")).scanned(), print);
    }
    let pages = pages(&pdf(&tickets).unwrap());
    assert_eq!(pages.len(), tickets.len());
    for (page, print) in pages.iter().zip(&tickets) {
        is_the_ticket(&printed(page, 297.64, 419.53).scanned(), print);
    }
}
