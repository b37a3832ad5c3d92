//! `--out`: answers as a file of lines of JSON, or as a table that spreadsheets read.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use modiste_files::atomic;
use serde::Serialize;

use modiste_inference::{Answer, Failure};

/// A file of answers: it appears whole when all are there, or not at all.
pub struct AnswerFile {
    path: PathBuf,
    form: Form,
}

#[derive(Clone, Copy)]
enum Form {
    Csv,
    JsonLines,
}

impl AnswerFile {
    /// At this path, whose end says the form.
    pub fn at(path: &Path) -> Result<Self> {
        let form = match path.extension().and_then(OsStr::to_str).map(str::to_ascii_lowercase).as_deref() {
            Some("csv") => Form::Csv,
            Some("jsonl") => Form::JsonLines,
            _ => bail!("--out {} should end in .csv or .jsonl: name such a file", path.display()),
        };
        if path.is_dir() {
            bail!("--out {} is a directory: name a file", path.display());
        }
        Ok(Self { path: path.to_owned(), form })
    }

    /// Writes all answers, of which each has `top` classes at most.
    pub fn write(&self, answers: &[Result<Answer, Failure>], top: usize) -> Result<()> {
        Ok(atomic::write(&self.path, |writer| match self.form {
            Form::Csv => csv(writer, answers, top),
            Form::JsonLines => json_lines(writer, answers),
        })?)
    }
}

fn json_lines(writer: &mut dyn Write, answers: &[Result<Answer, Failure>]) -> io::Result<()> {
    fn line(writer: &mut dyn Write, document: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut *writer, document)?;
        writer.write_all(b"\n")
    }
    for answer in answers {
        match answer {
            Ok(answer) => line(writer, answer)?,
            Err(failure) => line(writer, failure)?,
        }
    }
    Ok(())
}

/// A column for each field; those of the further classes are `class_2`, `probability_2` and so on.
fn csv(writer: &mut dyn Write, answers: &[Result<Answer, Failure>], top: usize) -> io::Result<()> {
    let further = 2..=answers.iter().flatten().map(|answer| answer.top.len()).max().unwrap_or(0).min(top);
    let mut table = csv::Writer::from_writer(writer);
    let mut header: Vec<String> = ["input", "truth", "class", "index", "probability"].map(str::to_owned).to_vec();
    header.extend(further.clone().flat_map(|rank| [format!("class_{rank}"), format!("probability_{rank}")]));
    header.extend(["unfamiliar", "prepared", "error"].map(str::to_owned));
    table.write_record(&header)?;
    for answer in answers {
        let record: Vec<String> = match answer {
            Ok(Answer { input, class, index, probability, top, unfamiliar, prepared, truth }) => {
                let mut record = vec![
                    input.clone(),
                    truth.clone().unwrap_or_default(),
                    class.clone(),
                    index.map_or_else(String::new, |index| index.to_string()),
                    probability.to_string(),
                ];
                record.extend(further.clone().flat_map(|rank| {
                    let likely = top.get(rank - 1);
                    let class = likely.map_or_else(String::new, |likely| likely.class.clone());
                    [class, likely.map_or_else(String::new, |likely| likely.probability.to_string())]
                }));
                record.push(unfamiliar.map_or_else(String::new, |unfamiliar| unfamiliar.to_string()));
                record.extend([prepared.clone().unwrap_or_default(), String::new()]);
                record
            }
            Err(Failure { input, error }) => {
                let mut record = vec![String::new(); header.len()];
                record[0].clone_from(input);
                record[header.len() - 1].clone_from(error);
                record
            }
        };
        table.write_record(&record)?;
    }
    table.flush()
}
