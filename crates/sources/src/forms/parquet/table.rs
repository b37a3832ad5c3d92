//! The rows of one file: an encoded image and a label each.

use std::fs::File;
use std::path::Path;

use ::parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use ::parquet::data_type::{ByteArray, DataType};
use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use ::parquet::file::reader::{FileReader, SerializedFileReader};
use ::parquet::schema::types::SchemaDescriptor;
use modiste_files::regular_file;

use super::{class_names, quiet};
use crate::credible::is_credible;
use crate::error::Error;

/// What columns of images and of labels are called; the first that is there is taken.
const IMAGES: [&str; 2] = ["image", "img"];
const LABELS: [&str; 5] = ["label", "labels", "fine_label", "class", "target"];
/// So many columns are named where none is a known one.
const NAMED: usize = 8;
/// Rows that are read at once.
const CHUNK: usize = 1024;

pub(super) struct Table {
    pub(super) rows: Vec<Row>,
    /// By label, where the file has them.
    pub(super) class_names: Option<Vec<String>>,
}

pub(super) struct Row {
    /// In the file, from 0.
    pub(super) number: usize,
    /// As it is encoded.
    pub(super) image: Option<ByteArray>,
    pub(super) label: Label,
}

pub(super) enum Label {
    Number(i64),
    Word(ByteArray),
    None,
}

impl Table {
    pub(super) fn read(path: &Path) -> Result<Self, Error> {
        let (file, stored) = regular_file::open(path).map_err(|source| Error::io("read", path, source))?;
        // The library asserts what damage can break in the middle of a page. All that it works on ends here.
        let outcome = quiet::catch(|| decode(file, stored));
        let outcome = outcome.unwrap_or_else(|| Err("its pages are damaged; fetch it anew".to_owned().into()));
        outcome.map_err(|flaw| match flaw {
            Flaw::Form(why) => Error::form(path, why),
            Flaw::Parquet(error) => {
                Error::form(path, format!("its Parquet is damaged or unknown ({error}); fetch it anew, or save it compressed by snappy, zstd or gzip"))
            }
        })
    }

    /// Whether the labels are what stands for none.
    pub(super) fn is_unlabelled(&self) -> bool {
        self.rows.iter().all(|row| matches!(row.label, Label::Number(-1) | Label::None))
    }
}

/// Why a file cannot be read.
enum Flaw {
    Form(String),
    Parquet(ParquetError),
}

impl From<String> for Flaw {
    fn from(why: String) -> Self {
        Flaw::Form(why)
    }
}

impl From<ParquetError> for Flaw {
    fn from(error: ParquetError) -> Self {
        Flaw::Parquet(error)
    }
}

fn decode(file: File, stored: u64) -> Result<Table, Flaw> {
    let reader = SerializedFileReader::new(file)?;
    let metadata = reader.metadata().file_metadata();
    let columns = metadata.schema_descr();
    let (image, label) = (image_column(columns)?, label_column(columns)?);
    let class_names = class_names::find(metadata, columns.column(label).name())?;
    if !is_credible_set(reader.metadata().row_groups(), [image, label], stored) {
        return Err(format!("it promises other columns than {stored} bytes can hold; fetch it anew").into());
    }
    let max_level = |column| columns.column(column).max_def_level();
    let mut rows = Vec::new();
    for group in 0..reader.num_row_groups() {
        let group = reader.get_row_group(group)?;
        // Checked above.
        let count = group.metadata().num_rows() as usize;
        let images = match group.get_column_reader(image)? {
            ColumnReader::ByteArrayColumnReader(column) => values(column, max_level(image), count, |bytes| bytes)?,
            _ => return Err("its column of images holds no bytes; save encoded images".to_owned().into()),
        };
        let labels = match group.get_column_reader(label)? {
            ColumnReader::ByteArrayColumnReader(column) => values(column, max_level(label), count, Label::Word)?,
            ColumnReader::Int32ColumnReader(column) => {
                values(column, max_level(label), count, |label| Label::Number(label.into()))?
            }
            ColumnReader::Int64ColumnReader(column) => values(column, max_level(label), count, Label::Number)?,
            ColumnReader::BoolColumnReader(column) => {
                values(column, max_level(label), count, |label| Label::Number(label.into()))?
            }
            _ => {
                return Err("its column of labels holds neither whole numbers nor words; save these".to_owned().into());
            }
        };
        for (image, label) in images.into_iter().zip(labels) {
            rows.push(Row { number: rows.len(), image, label: label.unwrap_or(Label::None) });
        }
    }
    Ok(Table { rows, class_names })
}

/// Whether a file of `stored` bytes can have these rows, and the columns where it says that they are.
fn is_credible_set(groups: &[RowGroupMetaData], columns: [usize; 2], stored: u64) -> bool {
    let is_inside = |column: &ColumnChunkMetaData| {
        let begins = column.dictionary_page_offset().unwrap_or(column.data_page_offset());
        let (begins, length) = (u64::try_from(begins).ok()?, u64::try_from(column.compressed_size()).ok()?);
        begins.checked_add(length).filter(|&end| end <= stored && column.data_page_offset() >= 0)
    };
    let claimed = groups.iter().try_fold((0, 0), |(rows, bytes): (u64, u128), group| {
        let group_rows = u64::try_from(group.num_rows()).ok()?;
        let bytes = columns.into_iter().try_fold(bytes, |bytes, column| {
            let column = group.columns().get(column)?;
            is_inside(column)?;
            bytes.checked_add(u128::try_from(column.uncompressed_size()).ok()?)
        })?;
        Some((rows.checked_add(group_rows)?, bytes))
    });
    // An image takes a byte at least.
    claimed.is_some_and(|(rows, bytes)| rows <= stored && is_credible(bytes, stored))
}

/// The values of `count` rows of a column, which has one at most in each row and `max_level` where it has one.
fn values<T: DataType, V>(
    mut column: ColumnReaderImpl<T>,
    max_level: i16,
    count: usize,
    convert: impl Fn(T::T) -> V,
) -> Result<Vec<Option<V>>, Flaw> {
    let mut all = Vec::new();
    let (mut levels, mut values) = (Vec::new(), Vec::new());
    while all.len() < count {
        levels.clear();
        values.clear();
        let (rows, ..) = column.read_records(CHUNK.min(count - all.len()), Some(&mut levels), None, &mut values)?;
        if rows == 0 {
            return Err(format!("it promises {count} rows, but a column has only {}; fetch it anew", all.len()).into());
        }
        let mut values = values.drain(..).map(&convert);
        if max_level == 0 {
            all.extend(values.map(Some));
        } else {
            all.extend(levels.iter().map(|&level| if level == max_level { values.next() } else { None }));
        }
    }
    Ok(all)
}

/// Where the bytes of images are: a column, or one of a group.
fn image_column(columns: &SchemaDescriptor) -> Result<usize, String> {
    let is_it = |path: &[String], name: &str| match path {
        [column] => column.eq_ignore_ascii_case(name),
        [group, column] => group.eq_ignore_ascii_case(name) && column == "bytes",
        _ => false,
    };
    find(columns, &IMAGES, is_it).ok_or_else(|| missing(columns, IMAGES[0], "encoded images"))
}

fn label_column(columns: &SchemaDescriptor) -> Result<usize, String> {
    let is_it = |path: &[String], name: &str| matches!(path, [column] if column.eq_ignore_ascii_case(name));
    find(columns, &LABELS, is_it).ok_or_else(|| missing(columns, LABELS[0], "classes"))
}

/// The column of the first of some names, which has one value in a row at most.
fn find(columns: &SchemaDescriptor, names: &[&str], is_it: impl Fn(&[String], &str) -> bool) -> Option<usize> {
    let has = |at: usize, name: &str| {
        let column = columns.column(at);
        column.max_rep_level() == 0 && is_it(column.path().parts(), name)
    };
    names.iter().find_map(|name| (0..columns.num_columns()).find(|&at| has(at, name)))
}

fn missing(columns: &SchemaDescriptor, name: &str, what: &str) -> String {
    let mut names: Vec<String> = columns.columns().iter().map(|column| column.path().string()).take(NAMED).collect();
    if columns.num_columns() > NAMED {
        names.push("…".into());
    }
    format!("it has no column '{name}' of {what} among {}; call the column so", names.join(", "))
}
