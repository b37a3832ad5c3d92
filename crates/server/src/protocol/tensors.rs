//! From the bytes of a request to scaled images, as the network takes them.

use modiste_data::{ImageShape, Scaling};

use super::IMAGES;
use super::request::InputTensor;
use crate::limits::Limits;
use crate::problem::Problem;

/// Scaled images, `[n, height, width, channels]`.
pub(crate) struct Images {
    pub(crate) pixels: Vec<f32>,
    pub(crate) count: usize,
}

/// What the network takes, and how much of it at a time.
pub(crate) struct Reader<'a> {
    pub(crate) shape: ImageShape,
    pub(crate) scaling: &'a Scaling,
    pub(crate) limits: &'a Limits,
}

impl Reader<'_> {
    /// The images of the one input; `binary` is what stands behind the JSON.
    pub(crate) fn read(&self, inputs: &[InputTensor<'_>], binary: &[u8]) -> Result<Images, Problem> {
        let [input] = inputs else {
            return Err(Problem::malformed(format!("there are {} inputs: send one, {IMAGES}", inputs.len())));
        };
        if input.name != IMAGES {
            return Err(Problem::malformed(format!("there is no input {}: send {IMAGES}", input.name)));
        }
        let count = self.count(&input.shape)?;
        let values = count * self.shape.len();
        let parameters = input.parameters.as_ref();
        if parameters.is_some_and(|parameters| parameters.shared_memory_region.is_some()) {
            return Err(Problem::malformed("there is no shared memory here: send the tensor itself"));
        }
        let size = parameters.and_then(|parameters| parameters.binary_data_size);
        match (&input.data, size) {
            (Some(numbers), None) => {
                if numbers.shape != input.shape && numbers.shape != [values] {
                    let (lists, shape) = (&numbers.shape, &input.shape);
                    return Err(Problem::malformed(format!(
                        "the data of {IMAGES} are lists of {lists:?}, and its shape is {shape:?}: send one list of {values} numbers, or lists of that shape"
                    )));
                }
                if !binary.is_empty() {
                    return Err(Problem::malformed("bytes follow the JSON, and no input has binary_data_size"));
                }
                match &*input.datatype {
                    "FP32" => self.images(count, |at| numbers.values[at]),
                    "UINT8"
                        if numbers
                            .values
                            .iter()
                            .any(|&value| !(0.0..=255.0).contains(&value) || value.fract() != 0.0) =>
                    {
                        Err(Problem::malformed(format!("{IMAGES} is UINT8: send whole numbers from 0 to 255")))
                    }
                    "UINT8" => self.images(count, |at| numbers.values[at]),
                    other => Err(wrong_type(other)),
                }
            }
            (None, Some(size)) => {
                let width = match &*input.datatype {
                    "FP32" => size_of::<f32>(),
                    "UINT8" => 1,
                    other => return Err(wrong_type(other)),
                };
                if size != values * width || size != binary.len() {
                    let (shape, bytes) = (&input.shape, binary.len());
                    return Err(Problem::malformed(format!(
                        "{IMAGES} of {shape:?} {} are {} bytes, binary_data_size is {size}, and {bytes} bytes follow the JSON: make them the same",
                        input.datatype,
                        values * width
                    )));
                }
                self.binary(count, binary, width)
            }
            (Some(_), Some(_)) => {
                Err(Problem::malformed(format!("{IMAGES} has data and binary_data_size: leave one out")))
            }
            (None, None) => {
                Err(Problem::malformed(format!("{IMAGES} has neither data nor binary_data_size: send one")))
            }
        }
    }

    /// A body that is nothing but floats, as Triton takes it where the JSON has length 0.
    pub(crate) fn raw(&self, binary: &[u8]) -> Result<Images, Problem> {
        let image = self.shape.len() * size_of::<f32>();
        if binary.is_empty() || !binary.len().is_multiple_of(image) {
            let bytes = binary.len();
            return Err(Problem::malformed(format!(
                "{bytes} bytes are no whole number of images of {image} bytes each"
            )));
        }
        let count = binary.len() / image;
        self.check_count(count)?;
        self.binary(count, binary, size_of::<f32>())
    }

    fn binary(&self, count: usize, binary: &[u8], width: usize) -> Result<Images, Problem> {
        let (floats, _) = binary.as_chunks::<4>();
        match width {
            1 => self.images(count, |at| f32::from(binary[at])),
            _ => self.images(count, |at| f32::from_le_bytes(floats[at])),
        }
    }

    /// How many images a shape has.
    fn count(&self, shape: &[usize]) -> Result<usize, Problem> {
        let ImageShape { height, width, channels } = self.shape;
        match *shape {
            [count, c, h, w] if count > 0 && (c, h, w) == (channels, height, width) => self.check_count(count),
            _ => Err(Problem::malformed(format!(
                "{IMAGES} has the shape {shape:?}, and this model takes [n, {channels}, {height}, {width}], n from 1"
            ))),
        }
    }

    fn check_count(&self, count: usize) -> Result<usize, Problem> {
        if count > self.limits.images {
            let most = self.limits.images;
            return Err(Problem::too_large(format!(
                "{count} images are more than the {most} of a request: send fewer at a time"
            )));
        }
        Ok(count)
    }

    /// Brings values `[n, channels, height, width]` into the network's order, scaled. Whatever is no number is refused.
    fn images(&self, count: usize, value: impl Fn(usize) -> f32) -> Result<Images, Problem> {
        let (values, area) = (count * self.shape.len(), self.shape.height * self.shape.width);
        let mut pixels = vec![0.0; values];
        let mut is_finite = true;
        if self.shape.channels == 1 {
            for (at, pixel) in pixels.iter_mut().enumerate() {
                let value = value(at);
                is_finite &= value.is_finite();
                *pixel = self.scaling.scaled_value(value);
            }
        } else {
            let channels = self.shape.channels;
            for at in 0..values {
                let (plane, pixel) = (at / area, at % area);
                let (image, channel) = (plane / channels, plane % channels);
                let value = value(at);
                is_finite &= value.is_finite();
                pixels[(image * area + pixel) * channels + channel] = self.scaling.scaled_value(value);
            }
        }
        if !is_finite {
            return Err(Problem::malformed(format!(
                "{IMAGES} holds values that are no finite numbers: send pixels from 0 to 255"
            )));
        }
        Ok(Images { pixels, count })
    }
}

fn wrong_type(datatype: &str) -> Problem {
    Problem::malformed(format!("{IMAGES} is {datatype}, and this model takes FP32 or UINT8"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::numbers::Numbers;
    use crate::protocol::request::InputParameters;

    const SHAPE: ImageShape = ImageShape { height: 2, width: 1, channels: 3 };
    const PLAIN: Scaling = Scaling { divide: 1.0, subtract: 0.0, multiply: 1.0 };

    fn read(input: InputTensor<'_>, binary: &[u8]) -> Result<Vec<f32>, String> {
        let limits = Limits { images: 2, ..Limits::default() };
        let reader = Reader { shape: SHAPE, scaling: &PLAIN, limits: &limits };
        reader.read(&[input], binary).map(|images| images.pixels).map_err(|problem| problem.text.into_owned())
    }

    fn input(datatype: &'static str, count: usize) -> InputTensor<'static> {
        let shape = vec![count, 3, 2, 1];
        InputTensor { name: "images".into(), shape, datatype: datatype.into(), parameters: None, data: None }
    }

    fn data(text: &str) -> Option<Numbers> {
        Some(serde_json::from_str(text).unwrap())
    }

    fn size(binary_data_size: usize) -> Option<InputParameters> {
        Some(InputParameters { binary_data_size: Some(binary_data_size), shared_memory_region: None })
    }

    #[test]
    fn channels_first_become_channels_last_in_every_form() {
        let want = [1.0, 3.0, 5.0, 2.0, 4.0, 6.0];
        let nested = InputTensor { data: data("[[[[1],[2]],[[3],[4]],[[5],[6]]]]"), ..input("FP32", 1) };
        let flat = InputTensor { data: data("[1,2,3,4,5,6]"), ..input("UINT8", 1) };
        assert_eq!([read(nested, &[]).unwrap(), read(flat, &[]).unwrap()], [want, want]);
        let bytes = InputTensor { parameters: size(6), ..input("UINT8", 1) };
        assert_eq!(read(bytes, &[1, 2, 3, 4, 5, 6]).unwrap(), want);
        let floats: Vec<u8> = (1..=6_u8).flat_map(|value| f32::from(value).to_le_bytes()).collect();
        assert_eq!(read(InputTensor { parameters: size(24), ..input("FP32", 1) }, &floats).unwrap(), want);
    }

    #[test]
    fn what_does_not_fit_is_refused_with_what_would() {
        let floats = |value: f32| value.to_le_bytes().repeat(6);
        let six = || data("[1,2,3,4,5,6]");
        for (input, binary, says) in [
            (InputTensor { data: six(), ..input("FP32", 2) }, vec![], "its shape is [2, 3, 2, 1]"),
            (InputTensor { data: six(), ..input("FP32", 3) }, vec![], "more than the 2 of a request"),
            (InputTensor { data: six(), ..input("FP32", 0) }, vec![], "takes [n, 3, 2, 1], n from 1"),
            (InputTensor { data: six(), ..input("INT64", 1) }, vec![], "takes FP32 or UINT8"),
            (InputTensor { data: data("[1,2,3,4,5,256]"), ..input("UINT8", 1) }, vec![], "from 0 to 255"),
            (InputTensor { data: six(), ..input("FP32", 1) }, vec![1], "bytes follow the JSON"),
            (InputTensor { parameters: size(24), ..input("FP32", 1) }, vec![0; 23], "23 bytes follow"),
            (InputTensor { parameters: size(24), ..input("FP32", 1) }, floats(f32::NAN), "no finite numbers"),
            (InputTensor { data: six(), parameters: size(24), ..input("FP32", 1) }, vec![], "leave one out"),
            (input("FP32", 1), vec![], "neither data"),
            (InputTensor { shape: vec![usize::MAX, 3, 2, 1], ..input("FP32", 1) }, vec![], "more than the 2"),
        ] {
            let problem = read(input, &binary).unwrap_err();
            assert!(problem.contains(says), "{problem}");
        }
    }
}
