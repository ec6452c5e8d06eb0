//! Which known word a mistyped one was meant to be.

/// The known word that takes the fewest edits; the first of several.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = folded(word);
    known.into_iter().min_by_key(|candidate| edits(&word, candidate))
}

/// Levenshtein's distance from a word, whatever its case.
pub(crate) fn distance(word: &str, candidate: &str) -> usize {
    edits(&folded(word), candidate)
}

/// Nobody mistypes sixty characters, and the word may come from a stranger.
fn folded(word: &str) -> Vec<char> {
    word.chars().take(60).flat_map(char::to_lowercase).collect()
}

fn edits(word: &[char], candidate: &str) -> usize {
    let mut row: Vec<usize> = (0..=word.len()).collect();
    for (i, theirs) in candidate.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, ours) in word.iter().enumerate() {
            let fewest = (diagonal + usize::from(*ours != theirs)).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = std::mem::replace(&mut row[j + 1], fewest);
        }
    }
    row[word.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_takes_the_fewest_edits() {
        assert_eq!(nearest("untl", ["check", "until", "owner"]), Some("until"));
        assert_eq!(nearest("FAIL_ON", ["min-severity", "fail-on", "skip"]), Some("fail-on"));
        assert_eq!(nearest("x", []), None);
        // Examples of Levenshtein's distance that every textbook has.
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("saturday", "sunday"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", "abc"), 0);
        assert_eq!(distance("flaw", "lawn"), 2);
    }
}
