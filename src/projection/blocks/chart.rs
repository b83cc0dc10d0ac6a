//! Charts, within Slack's limits: those of docs.slack.dev, "Data visualization block". What a chart shows stands in words
//! above it.

use std::collections::BTreeSet;

use serde_json::Number;
use slack_morphism::prelude::{
    SlackBlock, SlackChart, SlackChartAxisConfig, SlackChartDataPoint, SlackChartDataSeries,
    SlackDataVisualizationBlock, SlackSeriesChart,
};

use super::literal;

/// Points of a series.
pub const POINTS: usize = 20;
/// Title of a chart.
pub const TITLE: usize = 50;
/// Labels of points, and names of series.
pub const LABEL: usize = 20;
/// Labels of axes.
pub const AXIS: usize = 50;

/// One row of bars, in the order in which they are to stand.
#[derive(Clone, Debug)]
pub struct Bars {
    pub title: String,
    /// What one bar stands for.
    pub name: String,
    /// What is counted.
    pub unit: String,
    pub points: Vec<(String, f64)>,
}

impl Bars {
    /// Returns the block, with the last of the points if there are too many; `None` if there are fewer than two: one bar
    /// says nothing.
    pub fn into_block(self) -> Option<SlackBlock> {
        let points = &self.points[self.points.len().saturating_sub(POINTS)..];
        if points.len() < 2 {
            return None;
        }
        let mut taken = BTreeSet::new();
        let labels: Vec<String> = points.iter().map(|(label, _)| unique(label, &mut taken)).collect();
        let value = |value: f64| Number::from_f64((value * 10.0).round() / 10.0).unwrap_or_else(|| 0.into());
        let data =
            labels.iter().zip(points).map(|(label, (_, it))| SlackChartDataPoint::new(label.clone(), value(*it)));
        let series = SlackChartDataSeries::new(literal(&self.name, LABEL), data.collect());
        let axes = SlackChartAxisConfig::new(labels.clone()).with_y_label(literal(&self.unit, AXIS));
        let chart = SlackChart::Bar(SlackSeriesChart::new(vec![series], axes));
        Some(SlackDataVisualizationBlock::new(literal(&self.title, TITLE), chart).into())
    }
}

/// Returns the label, with a number behind it if it is taken: Slack wants each to be another one.
fn unique(label: &str, taken: &mut BTreeSet<String>) -> String {
    let numbered = (2..).map(|n| {
        let end = format!(" #{n}");
        format!("{}{end}", literal(label, LABEL - end.len()))
    });
    let free = std::iter::once(literal(label, LABEL)).chain(numbered).find(|it| !taken.contains(it));
    let label = free.expect("there are more numbers than points");
    taken.insert(label.clone());
    label
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::*;
    use crate::projection::{blocks::Page, testing::limits::check, text::Mrkdwn};

    fn bars(points: Vec<(String, f64)>) -> Bars {
        let long = |text: &str| text.repeat(100);
        Bars { title: long("日"), name: long("name"), unit: long("minutes"), points }
    }

    #[test]
    fn one_bar_is_no_chart() {
        assert!(bars(vec![]).into_block().is_none());
        assert!(bars(vec![("a".into(), 1.0)]).into_block().is_none());
    }

    #[test]
    fn the_newest_points_are_shown_each_under_a_name_of_its_own() {
        let points = (0..30).map(|at| ("the same label, which is long".to_owned(), f64::from(at))).collect();
        let block = serde_json::to_value(bars(points).into_block().unwrap()).unwrap();
        let labels = block["chart"]["axis_config"]["categories"].as_array().unwrap();
        assert_eq!(labels.len(), POINTS);
        assert_eq!(labels.iter().map(ToString::to_string).collect::<BTreeSet<_>>().len(), POINTS);
        assert_eq!(block["chart"]["series"][0]["data"][19]["value"], 29.0);
    }

    proptest! {
        #[test]
        fn slack_takes_every_chart(points in proptest::collection::vec(("[^<>&\\s]{1,40}", any::<f64>()), 2..40)) {
            let block = bars(points).into_block().unwrap();
            check(&Page::new(Mrkdwn::escaped("t")).either(block, |page| page).message());
        }
    }
}
