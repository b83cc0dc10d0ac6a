//! The parameters of the AWS Query protocol: a form with dotted, numbered names.

use std::collections::BTreeMap;

use url::form_urlencoded;

use crate::sandbox::aws::{paging, refusal::Refusal};

/// The page sizes that RDS accepts; the largest is the default.
const PAGE: std::ops::RangeInclusive<usize> = 20..=100;

/// A request's parameters.
#[derive(Debug)]
pub(super) struct Params(BTreeMap<String, String>);

impl Params {
    pub(super) fn parse(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    /// Returns a parameter that is given and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|it| !it.is_empty())
    }

    /// Returns a parameter that must be given.
    ///
    /// # Errors
    /// `MissingParameter`.
    pub(super) fn required(&self, name: &str) -> Result<&str, Refusal> {
        self.get(name)
            .ok_or_else(|| Refusal::new("MissingParameter", format!("The request must contain the parameter {name}.")))
    }

    /// Returns the values of `{name}.1`, `{name}.2`, and so on.
    pub(super) fn list(&self, name: &str) -> Vec<String> {
        (1..).map_while(|index| self.0.get(&format!("{name}.{index}")).cloned()).collect()
    }

    /// Returns the names and values of the filters.
    ///
    /// # Errors
    /// `InvalidParameterValue`: the name is none of `known`, or there is no value.
    pub(super) fn filters(&self, known: &[&str]) -> Result<Vec<(String, Vec<String>)>, Refusal> {
        let filter = |index: usize| format!("Filters.Filter.{index}");
        let named = (1..).map_while(|index| {
            let name = self.0.get(&format!("{}.Name", filter(index)))?;
            Some((name.clone(), self.list(&format!("{}.Values.Value", filter(index)))))
        });
        let filters: Vec<_> = named.collect();
        match filters.iter().find(|(name, values)| !known.contains(&name.as_str()) || values.is_empty()) {
            Some((name, _)) => {
                Err(Refusal::new("InvalidParameterValue", format!("Unrecognized filter name or no values: {name}")))
            }
            None => Ok(filters),
        }
    }

    /// Returns the page of `items` that is asked for, and the marker of the next one.
    ///
    /// # Errors
    /// `InvalidParameterValue`: the size is out of bounds, or the marker is not one.
    pub(super) fn page<T>(&self, items: Vec<T>) -> Result<(Vec<T>, Option<String>), Refusal> {
        let size = match self.get("MaxRecords") {
            None => *PAGE.end(),
            Some(size) => size.parse().ok().filter(|size| PAGE.contains(size)).ok_or_else(|| {
                Refusal::new(
                    "InvalidParameterValue",
                    format!("Invalid value {size} for MaxRecords. Must be between 20 and 100"),
                )
            })?,
        };
        paging::page(items, self.get("Marker"), size)
            .ok_or_else(|| Refusal::new("InvalidParameterValue", "The marker is not valid."))
    }
}
