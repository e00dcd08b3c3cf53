//! Pictures as SVG: the pen that all of them are drawn with.

mod sequence;
mod state;

use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

/// Where a picture is going to stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// In a page of HTML, in the colour of its text, and no wider than the page.
    Inline,
    /// In a file of its own, on white.
    File,
}

/// The height of letters; all else is measured by it.
const FONT: f64 = 13.0;
/// How wide a character is: six tenths of the height, in nearly every monospace face.
const CHARACTER: f64 = 7.8;
/// From one line of text to the next.
const LINE: f64 = 18.0;
/// Texts at arrows are shortened to so many characters.
const LONGEST: usize = 48;
/// Around the picture, so that lines at its border are whole.
const MARGIN: f64 = 4.0;
/// How much smaller a picture may become on a narrow page before one has to scroll.
const SMALLEST: f64 = 0.7;

/// How wide a text is.
fn width(text: &str) -> f64 {
    text.width() as f64 * CHARACTER
}

/// The text, or its beginning if it is long.
fn shortened(text: &str) -> String {
    if text.width() <= LONGEST {
        return text.to_owned();
    }
    let mut short = String::new();
    for sign in text.chars() {
        if short.width() + 2 > LONGEST {
            break;
        }
        short.push(sign);
    }
    short + "…"
}

/// A picture that is being drawn: lines first, then what is filled, then texts, so that texts lie above.
#[derive(Default)]
struct Pen {
    faint: String,
    lines: String,
    filled: String,
    texts: String,
}

/// Where a text stands.
#[derive(Clone, Copy)]
enum Anchor {
    Start,
    Middle,
}

impl Pen {
    /// A path, drawn with dashes.
    fn dash(&mut self, path: &str) {
        self.faint.push_str(path);
    }

    /// A path as a line.
    fn line(&mut self, path: &str) {
        self.lines.push_str(path);
    }

    /// What a path surrounds.
    fn fill(&mut self, path: &str) {
        self.filled.push_str(path);
    }

    /// The head of an arrow that comes from a direction.
    fn head(&mut self, (x, y): (f64, f64), from: (f64, f64)) {
        let (dx, dy) = (x - from.0, y - from.1);
        let length = dx.hypot(dy).max(0.001);
        let (dx, dy) = (dx / length, dy / length);
        let corner = |side: f64| {
            format!("L{} {}", Number(x - 8.0 * dx - side * dy), Number(y - 8.0 * dy + side * dx))
        };
        let _ = write!(self.filled, "M{} {}{}{}z", Number(x), Number(y), corner(3.5), corner(-3.5));
    }

    /// A text whose baseline is at `y`.
    fn text(&mut self, anchor: Anchor, x: f64, y: f64, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
        };
        let (x, y, text) = (Number(x), Number(y), escaped(text));
        let _ = write!(self.texts, "<text x=\"{x}\" y=\"{y}\"{anchor}>{text}</text>");
    }

    /// The picture, with a title and a description for those who cannot see it.
    fn finish(self, page: Page, size: (f64, f64), title: &str, description: &str) -> String {
        let (width, height) = (Number(size.0 + 2.0 * MARGIN), Number(size.1 + 2.0 * MARGIN));
        let (margin, all) = (Number(-MARGIN), format!("{width} {height}"));
        let (head, ground, behind_text) = match page {
            // In the documentation of Rust the background has a name; elsewhere it is that of the page.
            Page::Inline => (
                format!(
                    " style=\"max-width:100%;height:auto;min-width:{}px\"",
                    Number(size.0 * SMALLEST)
                ),
                String::new(),
                "var(--main-background-color,Canvas)",
            ),
            Page::File => (
                " xmlns=\"http://www.w3.org/2000/svg\"".to_owned(),
                format!(
                    "<path fill=\"#fff\" d=\"M{margin} {margin}h{width}v{height}h-{width}z\"/>"
                ),
                "#fff",
            ),
        };
        let Self { faint, lines, filled, texts } = self;
        let (title, description) = (escaped(title), escaped(description));
        let path = |attributes: &str, path: String| {
            if path.is_empty() { path } else { format!("<path {attributes} d=\"{path}\"/>") }
        };
        let faint = path(
            "fill=\"none\" stroke=\"currentColor\" stroke-opacity=\".45\" stroke-dasharray=\"4 3\"",
            faint,
        );
        let lines = path("fill=\"none\" stroke=\"currentColor\"", lines);
        let filled = path("fill=\"currentColor\"", filled);
        format!(
            "<svg role=\"img\" width=\"{width}\" height=\"{height}\" viewBox=\"{margin} {margin} {all}\"{head}>\
             <title>{title}</title><desc>{description}</desc>{ground}{faint}{lines}{filled}\
             <g fill=\"currentColor\" font-family=\"ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace\" font-size=\"{FONT}\" \
             style=\"paint-order:stroke;stroke:{behind_text};stroke-width:4px;stroke-linejoin:round\">{texts}</g></svg>"
        )
    }
}

fn rectangle(x: f64, y: f64, width: f64, height: f64) -> String {
    let (x, y, width, height) = (Number(x), Number(y), Number(width), Number(height));
    format!("M{x} {y}h{width}v{height}h-{width}z")
}

fn circle((x, y): (f64, f64), radius: f64) -> String {
    let (left, y, r, d) = (Number(x - radius), Number(y), Number(radius), Number(2.0 * radius));
    format!("M{left} {y}a{r} {r} 0 1 0 {d} 0a{r} {r} 0 1 0 -{d} 0z")
}

fn straight(from: (f64, f64), to: (f64, f64)) -> String {
    format!("M{} {}L{} {}", Number(from.0), Number(from.1), Number(to.0), Number(to.1))
}

/// A length, to a tenth.
struct Number(f64);

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tenths = (self.0 * 10.0).round() as i64;
        let sign = if tenths < 0 { "-" } else { "" };
        write!(f, "{sign}{}", tenths.abs() / 10)?;
        match tenths.abs() % 10 {
            0 => Ok(()),
            tenth => write!(f, ".{tenth}"),
        }
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // Not allowed in XML, not even as entities; and an empty line would end the picture in Markdown.
            control if control.is_control() => escaped.push(' '),
            '\u{fffe}' | '\u{ffff}' => escaped.push(char::REPLACEMENT_CHARACTER),
            sign => escaped.push(sign),
        }
    }
    escaped
}
