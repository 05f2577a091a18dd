//! The table at the end.

use crate::{
    Plan,
    numbers::{Spread, ratios, short},
};

/// What was promised of a figure.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Aim {
    AtLeast(f64),
    AtMost(f64),
    /// Shown because it explains another one.
    None,
}

impl Aim {
    fn written(self) -> String {
        match self {
            Self::AtLeast(bound) => format!("≥ {bound}"),
            Self::AtMost(bound) => format!("≤ {bound}"),
            Self::None => String::new(),
        }
    }

    fn verdict(self, value: f64) -> &'static str {
        match self {
            Self::AtLeast(bound) if value < bound => "MISSED",
            Self::AtMost(bound) if value > bound => "MISSED",
            Self::None => "",
            _ => "met",
        }
    }
}

struct Row {
    figure: String,
    ours: String,
    theirs: String,
    value: String,
    aim: String,
    verdict: &'static str,
}

/// The figures, in the order in which they were measured.
#[derive(Default)]
pub(crate) struct Table {
    rows: Vec<Row>,
    notes: Vec<String>,
}

impl Table {
    /// Both sides as numbers per round; what counts is their ratio.
    pub(crate) fn ratio(&mut self, figure: &str, ours: &[f64], theirs: &[f64], aim: Aim) {
        let ratio = ratios(ours, theirs);
        self.push(Row {
            figure: figure.to_owned(),
            ours: Spread::of(ours).written(short),
            theirs: Spread::of(theirs).written(short),
            value: ratio.written(|ratio| format!("{ratio:.2}×")),
            aim: aim.written(),
            verdict: aim.verdict(ratio.median),
        });
    }

    /// A figure that stands alone, written with `unit`.
    pub(crate) fn alone(&mut self, figure: &str, value: Spread, decimals: usize, unit: &str, aim: Aim) {
        self.push(Row {
            figure: figure.to_owned(),
            ours: value.written(|value| format!("{value:.decimals$}")),
            theirs: String::new(),
            value: format!("{:.decimals$} {unit}", value.median),
            aim: aim.written(),
            verdict: aim.verdict(value.median),
        });
    }

    /// What somebody saves, in MiB: of a first one, and of each further one.
    pub(crate) fn saving(&mut self, what: &str, first: Spread, further: Spread) {
        let signed = |value: f64| format!("{value:+.1}");
        self.push(Row {
            figure: what.to_owned(),
            ours: first.written(signed),
            theirs: further.written(signed),
            value: format!("saves_mib = [{:.1}, {:.1}]", first.median, further.median),
            aim: String::new(),
            verdict: "",
        });
    }

    /// A sentence under the table.
    pub(crate) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    fn push(&mut self, row: Row) {
        eprintln!(
            "  {}: {} | {} | {} {}",
            row.figure, row.ours, row.theirs, row.value, row.verdict
        );
        self.rows.push(row);
    }

    pub(crate) fn print(&self, plan: &Plan) {
        let head = ["figure", "Zaptor", "comparator", "figure or ratio", "aim", ""].map(str::to_owned);
        let mut lines = vec![head];
        for row in &self.rows {
            let Row {
                figure,
                ours,
                theirs,
                value,
                aim,
                verdict,
            } = row;
            let cells = [figure, ours, theirs, value, aim].map(Clone::clone);
            let [figure, ours, theirs, value, aim] = cells;
            lines.push([figure, ours, theirs, value, aim, (*verdict).to_owned()]);
        }
        let widths: Vec<usize> = (0..6)
            .map(|column| {
                lines
                    .iter()
                    .map(|line| line[column].chars().count())
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        println!(
            "\nMedian (smallest–largest) of {} rounds; both sides in turns in this run\n",
            plan.rounds
        );
        for line in &lines {
            let cells: Vec<String> = line
                .iter()
                .zip(&widths)
                .map(|(cell, width)| format!("{cell}{}", " ".repeat(width - cell.chars().count())))
                .collect();
            println!("{}", cells.join("  ").trim_end());
        }
        println!();
        self.notes.iter().for_each(|note| println!("- {note}"));
    }
}
