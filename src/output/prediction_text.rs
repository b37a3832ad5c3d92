//! Predictions as a table: a row for each picture.

use modiste_inference::{Answer, Likely};

use super::table::{self, Side};

/// What stands behind the class and its probability: the next likeliest classes.
const NEXT: &str = "next";

/// Pictures that are less familiar than all but a hundredth of those like the training images are marked.
const UNFAMILIAR: f32 = 0.99;

/// The answers as rows, in their order. `has_truth` is whether a data set says what they show.
pub fn rows(answers: &[Answer], has_truth: bool) -> String {
    let row = |answer: &Answer| {
        let next = answer.top.iter().skip(usize::from(answer.index.is_some())).map(likely);
        [
            answer.input.clone(),
            answer.truth.clone().unwrap_or_default(),
            answer.class.clone() + mark(answer),
            probability(answer.probability),
            next.collect::<Vec<_>>().join(", "),
        ]
    };
    let rows: Vec<[String; 5]> = answers.iter().map(row).collect();
    let (left, right) = (Side::Left, Side::Right);
    if has_truth {
        return table::text(
            [("input", left), ("is", left), ("class", left), ("probability", right), (NEXT, left)],
            &rows,
        );
    }
    let rows: Vec<[String; 4]> =
        rows.into_iter().map(|[input, _, class, probability, next]| [input, class, probability, next]).collect();
    table::text([("input", left), ("class", left), ("probability", right), (NEXT, left)], &rows)
}

/// Behind the class of a picture that is unlike all that the network was trained on.
fn mark(answer: &Answer) -> &'static str {
    if answer.unfamiliar.is_some_and(|unfamiliar| unfamiliar > UNFAMILIAR) { " (unfamiliar)" } else { "" }
}

/// `shirt 0.021`
fn likely(likely: &Likely) -> String {
    format!("{} {}", likely.class, probability(likely.probability))
}

/// Three digits, and never 1 for what is not quite.
fn probability(value: f32) -> String {
    if (0.9995..1.0).contains(&value) { ">0.999".to_owned() } else { format!("{value:.3}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_the_class_and_the_next_ones() {
        let likely = |class: &str, index, probability| Likely { class: class.to_owned(), index, probability };
        let answer = Answer {
            input: "a.png".to_owned(),
            class: "bag".to_owned(),
            index: Some(1),
            probability: 0.9997,
            top: vec![likely("bag", 1, 0.9997), likely("shirt", 0, 0.0002)],
            unfamiliar: Some(0.99),
            prepared: None,
            truth: None,
        };
        let text = rows(std::slice::from_ref(&answer), false);
        assert_eq!(text, "input  class  probability  next\na.png  bag         >0.999  shirt 0.000");
        let stranger = Answer { unfamiliar: Some(0.991), ..answer.clone() };
        assert!(rows(&[stranger], false).contains("a.png  bag (unfamiliar)  "));
        let unsure = Answer { class: "unsure".to_owned(), index: None, truth: Some("bag".to_owned()), ..answer };
        let text = rows(&[unsure], true);
        assert!(text.ends_with("a.png  bag  unsure       >0.999  bag >0.999, shirt 0.000"), "{text}");
    }
}
