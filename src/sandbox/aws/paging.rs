//! Pages of a list: the token is the place where the next page begins.

/// Returns the page of `items` that `token` asks for, of at most `size`, and the token of the next one, if there is
/// one. `None`: the token is not one of ours.
pub(super) fn page<T>(items: Vec<T>, token: Option<&str>, size: usize) -> Option<(Vec<T>, Option<String>)> {
    let start = match token {
        None => 0,
        Some(token) => token.strip_prefix("from-")?.parse().ok().filter(|start| *start <= items.len())?,
    };
    let end = items.len().min(start.saturating_add(size));
    let next = (end < items.len()).then(|| format!("from-{end}"));
    Some((items.into_iter().skip(start).take(size).collect(), next))
}
