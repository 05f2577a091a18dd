//! Medians, percentiles and how numbers are written.

use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The median of some rounds, and how far they lie apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// Of at least one value.
    pub(crate) fn of(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        Self {
            median: sorted[sorted.len() / 2],
            min: sorted[0],
            max: sorted[sorted.len() - 1],
        }
    }

    /// With `write` for each of its numbers: `median (min–max)`.
    pub(crate) fn written(&self, write: impl Fn(f64) -> String) -> String {
        let Self { median, min, max } = *self;
        format!("{} ({}–{})", write(median), write(min), write(max))
    }
}

/// How steeply points rise: the median of the slopes between all pairs of them (Theil and Sen), and between which bounds
/// it lies with 95 % confidence (Kendall).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slope {
    pub(crate) median: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Slope {
    /// Of at least three points that do not all have the same first coordinate.
    pub(crate) fn of(points: &[(f64, f64)]) -> Self {
        let mut slopes = Vec::new();
        for (place, (x, y)) in points.iter().enumerate() {
            let later = points[place + 1..].iter().filter(|(other, _)| other != x);
            slopes.extend(later.map(|(other_x, other_y)| (other_y - y) / (other_x - x)));
        }
        slopes.sort_by(f64::total_cmp);
        let n = real(points.len());
        let pairs = real(slopes.len());
        // The normal approximation of Kendall's distribution, at 95 %.
        let reach = 1.96 * (n * (n - 1.0) * (2.0 * n + 5.0) / 18.0).sqrt();
        let share = |place: f64| percentile(&slopes, (place / pairs).clamp(0.0, 1.0));
        Self {
            median: percentile(&slopes, 0.5),
            low: share((pairs - reach) / 2.0),
            high: share((pairs + reach) / 2.0),
        }
    }
}

/// Round by round, one side divided by the other.
pub(crate) fn ratios(ours: &[f64], theirs: &[f64]) -> Spread {
    let ratios: Vec<f64> = ours
        .iter()
        .zip(theirs)
        .map(|(ours, theirs)| ours / theirs)
        .collect();
    Spread::of(&ratios)
}

/// The value below which `share` (0 to 1) of the values lie.
pub(crate) fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place in a list that fits into memory"
    )]
    let place = ((sorted.len() - 1) as f64 * share).round() as usize;
    sorted[place]
}

/// A count as a number to calculate with.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of a bench are far smaller than 2^52"
)]
pub(crate) fn real(count: impl TryInto<u64>) -> f64 {
    count.try_into().unwrap_or_default() as f64
}

/// How many per second.
pub(crate) fn rate(count: u64, time: Duration) -> f64 {
    real(count) / time.as_secs_f64()
}

/// `812`, `8.1k`, `81k`, `1.2M`.
pub(crate) fn short(number: f64) -> String {
    match number {
        n if n < 1_000.0 => format!("{n:.0}"),
        n if n < 10_000.0 => format!("{:.1}k", n / 1_000.0),
        n if n < 1_000_000.0 => format!("{:.0}k", n / 1_000.0),
        n => format!("{:.1}M", n / 1_000_000.0),
    }
}

/// Seconds as milliseconds.
pub(crate) fn millis(seconds: f64) -> String {
    format!("{:.2}", seconds * 1_000.0)
}

/// A thousand sockets need a thousand files, in this process and in its children.
pub(crate) fn allow_many_files() {
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        },
    );
}
