//! Tables on a terminal.

/// Rows of cells; the first column is text, the others are numbers.
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new<const N: usize>(header: [&str; N]) -> Self {
        Self { rows: vec![header.map(str::to_owned).to_vec()] }
    }

    pub fn row(&mut self, name: impl Into<String>, cells: impl IntoIterator<Item = String>) {
        self.rows.push(std::iter::once(name.into()).chain(cells).collect());
    }

    pub fn print(self) {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for row in &self.rows {
            let cells = row.iter().zip(&widths).enumerate();
            let line: Vec<String> = cells
                .map(|(column, (cell, &width))| match column {
                    0 => format!("{cell:<width$}"),
                    _ => format!("{cell:>width$}"),
                })
                .collect();
            println!("  {}", line.join("  ").trim_end());
        }
        println!();
    }
}

/// What was not measured.
pub fn none() -> String {
    "–".to_owned()
}

/// A number with as many digits as mean something: two or three.
pub fn number(value: f64) -> String {
    match value.abs() {
        size if size < 0.005 => "0".to_owned(),
        size if size < 1.0 => format!("{value:.2}"),
        size if size < 100.0 => format!("{value:.1}"),
        size if size < 1_000.0 => format!("{value:.0}"),
        size => {
            let unit = 10_f64.powf(size.log10().floor() - 2.0);
            grouped((value / unit).round() * unit)
        }
    }
}

/// A ratio.
pub fn times(ratio: f64) -> String {
    match ratio {
        small if small < 10.0 => format!("{small:.2}×"),
        large => format!("{}×", number(large)),
    }
}

/// A whole number with commas.
pub fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 && !text.ends_with('-') {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A measured value beside the goal it must reach.
pub fn goal_at_least(value: f64, least: f64, show: impl Fn(f64) -> String) -> String {
    let mark = if value >= least { "✓" } else { "✗" };
    format!("≥ {} {mark}", show(least))
}

/// A measured value beside the goal it must not pass.
pub fn goal(value: f64, most: f64, show: impl Fn(f64) -> String) -> String {
    let mark = if value <= most { "✓" } else { "✗" };
    format!("≤ {} {mark}", show(most))
}
