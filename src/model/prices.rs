//! What a run costs, by a dated table that a Workspace can override.
//!
//! Google bills training tokens: the tokens of the dataset times the epochs
//! (its page on supervised tuning, 2026-09-25). Its price page could not be
//! read, so the table says what users report, and knows few models.

use std::collections::BTreeMap;
use std::fmt;

use super::{Belonging, Name, Observation, Observed, Phase, Place, catalog};

/// US dollars for a million training tokens, by base model.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Prices {
    own: BTreeMap<String, f64>,
}

/// An amount of US dollars.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Usd(pub f64);

/// The price of a base model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Price {
    /// For a million training tokens.
    pub per_million: Usd,
    /// Who says so.
    pub source: PriceSource,
}

/// Who says what a token costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceSource {
    /// `prices` of the Workspace.
    Workspace,
    /// The table that comes with retune, as of this day, `YYYY-MM-DD`.
    Table(&'static str),
}

/// What a run costs.
#[derive(Debug, Clone, PartialEq)]
pub enum Cost {
    /// It is done: this is what it cost.
    Billed(Usd),
    /// It goes on: this is what it costs when it ends well.
    Expected(Usd),
    /// Vertex has not counted the tokens, or does not say.
    NoTokens,
    /// Vertex has counted the tokens and does not say of how many epochs.
    NoEpochs,
    /// No price is known of this base model; `None` where the run does not say
    /// what it was tuned from.
    NoPrice(Option<String>),
    /// It did not end well, and Vertex does not say what of it is billed. At
    /// most this.
    AtMost(Usd),
}

impl Price {
    /// For people, behind what a run costs: ` at $25.00 a million tokens, …`.
    pub fn words(&self) -> String {
        let by = match self.source {
            PriceSource::Workspace => "by the Workspace".to_owned(),
            PriceSource::Table(day) => format!("as reported by {day}"),
        };
        format!(" at {} a million tokens, {by}", self.per_million)
    }
}

impl Prices {
    /// With prices of the user's own.
    pub fn new(own: BTreeMap<String, f64>) -> Self {
        Self { own }
    }

    /// The price of a base model, when one is known.
    pub fn of(&self, base_model: &str) -> Option<Price> {
        let own = self.own.get(base_model);
        let own = own.map(|usd| Price { per_million: Usd(*usd), source: PriceSource::Workspace });
        own.or_else(|| {
            let usd = catalog::lookup(base_model)?.usd_per_million_tokens?;
            let source = PriceSource::Table(&catalog::catalog().as_of);
            Some(Price { per_million: Usd(usd), source })
        })
    }

    /// What a run costs.
    pub fn cost(&self, run: &Observed) -> Cost {
        let base_model = run.base_model();
        let Some(price) = base_model.and_then(|model| self.of(model)) else {
            return Cost::NoPrice(base_model.map(str::to_owned));
        };
        let Some(tokens) = run.training_tokens() else {
            return if run.billable_tokens.is_some() { Cost::NoEpochs } else { Cost::NoTokens };
        };
        let usd = Usd(tokens as f64 / 1e6 * price.per_million.0);
        match run.phase() {
            Phase::Good => Cost::Billed(usd),
            Phase::Active => Cost::Expected(usd),
            Phase::Ending | Phase::Bad | Phase::Cancelled | Phase::Unclear => Cost::AtMost(usd),
        }
    }
}

impl Cost {
    /// The amount, where there is one.
    pub fn usd(&self) -> Option<Usd> {
        match self {
            Self::Billed(usd) | Self::Expected(usd) | Self::AtMost(usd) => Some(*usd),
            Self::NoTokens | Self::NoEpochs | Self::NoPrice(_) => None,
        }
    }

    /// Its one word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Billed(_) => "billed",
            Self::Expected(_) => "expected",
            Self::AtMost(_) => "atMost",
            Self::NoTokens => "noTokens",
            Self::NoEpochs => "noEpochs",
            Self::NoPrice(_) => "noPrice",
        }
    }
}

/// In a few words: `$1.28`, `$1.28 when it ends`.
impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Billed(usd) => usd.fmt(f),
            Self::Expected(usd) => write!(f, "{usd} when it ends"),
            Self::AtMost(usd) => write!(f, "at most {usd}: Vertex does not say what is billed"),
            Self::NoTokens => f.write_str("unknown: Vertex has not counted its tokens"),
            Self::NoEpochs => f.write_str("unknown: Vertex does not say of how many epochs"),
            Self::NoPrice(Some(model)) => write!(
                f,
                "unknown: no price of {}; set `prices` in the Workspace",
                super::Untrusted::new(model).shown()
            ),
            Self::NoPrice(None) => f.write_str("unknown: it does not say what it was tuned from"),
        }
    }
}

impl Usd {
    /// Dollars in whole cents, for programs.
    pub fn cents(self) -> f64 {
        (self.0 * 100.0).round() / 100.0
    }
}

/// Whole cents, as prices are read: `$52.31`; what is less than one says so.
impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 > 0.0 && self.0 < 0.005 {
            return f.write_str("less than $0.01");
        }
        let cents = format!("{:.2}", self.0);
        let (dollars, cents) = cents.split_once('.').unwrap_or((&cents, "00"));
        write!(f, "${}.{cents}", super::Grouped(dollars))
    }
}

/// What all runs of a tuned model cost together.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Spent {
    /// Of the runs whose cost is known.
    pub usd: f64,
    /// How many those are.
    pub known: usize,
    /// Runs of which nothing is known, or only what they cost at most.
    pub unknown: usize,
}

/// What the runs of each tuned model cost together, of one owner.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Costs(BTreeMap<Place, BTreeMap<Name, Spent>>);

impl Costs {
    /// Of every run that was observed.
    pub fn of(observation: &Observation, belonging: &Belonging<'_>, prices: &Prices) -> Self {
        let seen =
            observation.iter().filter_map(|(place, seen)| Some((place, seen.as_ref().ok()?)));
        let costs = seen.map(|(place, listing)| {
            let mut names: BTreeMap<Name, Spent> = BTreeMap::new();
            for job in &listing.jobs {
                let Some(name) = belonging.name(job) else { continue };
                let cost = prices.cost(job);
                match names.get_mut(name) {
                    Some(spent) => spent.add(&cost),
                    None => _ = names.insert(name.clone(), Spent::of([&cost].into_iter())),
                }
            }
            (place.clone(), names)
        });
        Self(costs.collect())
    }

    /// What the runs of that name cost in that place; `None` when there are none.
    pub fn get(&self, place: &Place, name: &Name) -> Option<Spent> {
        self.0.get(place)?.get(name).copied()
    }
}

#[cfg(test)]
impl FromIterator<(Place, Name, Spent)> for Costs {
    fn from_iter<I: IntoIterator<Item = (Place, Name, Spent)>>(costs: I) -> Self {
        let mut all = Self::default();
        for (place, name, spent) in costs {
            all.0.entry(place).or_default().insert(name, spent);
        }
        all
    }
}

impl Spent {
    /// The sum of what is known.
    pub fn of<'c>(costs: impl Iterator<Item = &'c Cost>) -> Self {
        let mut sum = Self::default();
        costs.for_each(|cost| sum.add(cost));
        sum
    }

    fn add(&mut self, cost: &Cost) {
        match cost {
            Cost::Billed(Usd(usd)) | Cost::Expected(Usd(usd)) => {
                self.usd += usd;
                self.known += 1;
            }
            Cost::NoTokens | Cost::NoEpochs | Cost::NoPrice(_) | Cost::AtMost(_) => {
                self.unknown += 1;
            }
        }
    }
}

/// In a few words: `$12.76`, `$12.76 and 1 run unknown`.
impl fmt::Display for Spent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = if self.unknown == 1 { "" } else { "s" };
        match (self.known, self.unknown) {
            (0, 0) => f.write_str("nothing yet"),
            (0, _) => f.write_str("unknown"),
            (_, 0) => Usd(self.usd).fmt(f),
            (_, unknown) => write!(f, "{} and {unknown} run{s} unknown", Usd(self.usd)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_s_own_price_wins_over_the_table() {
        let prices = Prices::new([("gemini-2.5-flash".to_owned(), 2.0)].into());
        let own = prices.of("gemini-2.5-flash").unwrap();
        assert_eq!((own.per_million, own.source), (Usd(2.0), PriceSource::Workspace));
        let table = prices.of("gemini-2.5-pro").unwrap();
        assert_eq!(table.per_million, Usd(25.0));
        assert!(matches!(table.source, PriceSource::Table(day) if day.len() == 10));
        assert_eq!(prices.of("gemini-9-ultra"), None);
    }

    #[test]
    fn money_is_read_in_cents() {
        for (usd, shown) in [
            (0.0, "$0.00"),
            (0.001, "less than $0.01"),
            (0.005, "$0.01"),
            (12.761, "$12.76"),
            (1_234_567.5, "$1,234,567.50"),
        ] {
            assert_eq!(Usd(usd).to_string(), shown);
        }
    }
}
