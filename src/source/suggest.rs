//! "Did you mean": the known name that a wrong one was probably meant to be.

use strsim::damerau_levenshtein;

/// The nearest of the known names, if one is near enough: about one slip in three characters. Upper and
/// lower case and `-` for `_` count as nothing.
pub fn suggest<'a>(wrong: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let fold = |name: &str| name.to_lowercase().replace('-', "_");
    let wrong = fold(wrong);
    let most = wrong.chars().count().max(3) / 3;
    known
        .map(|name| (damerau_levenshtein(&wrong, &fold(name)), name))
        .filter(|(slips, _)| *slips <= most)
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::suggest;

    const KNOWN: [&str; 5] = ["hosts", "vars", "children", "kube_node", "etcd"];

    #[test]
    fn a_slip_finds_its_name() {
        for (wrong, right) in [
            ("host", "hosts"),
            ("chlidren", "children"),
            ("kube-node", "kube_node"),
            ("Vars", "vars"),
            ("etdc", "etcd"),
        ] {
            assert_eq!(suggest(wrong, KNOWN.into_iter()), Some(right), "{wrong}");
        }
    }

    #[test]
    fn a_stranger_finds_nothing() {
        for wrong in ["gather_facts", "x", ""] {
            assert_eq!(suggest(wrong, KNOWN.into_iter()), None, "{wrong}");
        }
    }
}
