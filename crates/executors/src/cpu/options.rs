//! ThreadPool, instruction set and ways to compute, and how the environment chooses among them.

use std::fmt;

use super::simd::Isa;

/// ThreadPool, instruction set and ways to compute that a network is compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CpuOptions {
    /// ThreadPool that compute; at least 1.
    pub threads: usize,
    /// Instruction set of the kernels.
    pub isa: Isa,
    /// How to convolve.
    pub convolution: ConvolutionAlgorithm,
}

/// How to compute convolutions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConvolutionAlgorithm {
    /// By Winograd's tiles where they fit, with few multiplications.
    Winograd,
    /// With one multiplication for each weight and pixel, to hold the other way against.
    Direct,
}

impl CpuOptions {
    /// Every way in which this machine can compute, the fastest first.
    pub fn available(threads: usize) -> Vec<Self> {
        let of_isa = |isa| ConvolutionAlgorithm::ALL.map(|convolution| Self { threads, isa, convolution });
        Isa::available().into_iter().flat_map(of_isa).collect()
    }

    /// So many threads, and the fastest way to compute, unless `$MODISTE_ISA` or `$MODISTE_CONVOLUTIONS` name another.
    ///
    /// # Errors
    /// When a variable names something that this machine does not have.
    pub fn new(threads: usize) -> Result<Self, InvalidOption> {
        let isa = choose("MODISTE_ISA", &Isa::available(), &[])?;
        let convolution =
            choose("MODISTE_CONVOLUTIONS", &ConvolutionAlgorithm::ALL, &[("fewest", ConvolutionAlgorithm::Winograd)])?;
        Ok(Self { threads, isa, convolution })
    }
}

impl ConvolutionAlgorithm {
    const ALL: [Self; 2] = [Self::Winograd, Self::Direct];
}

/// The option that an environment variable names, or the first one. `older` are names that it had before.
fn choose<T: Copy + fmt::Display>(
    variable: &'static str,
    options: &[T],
    older: &[(&str, T)],
) -> Result<T, InvalidOption> {
    let Some(wanted) = std::env::var_os(variable).filter(|wanted| !wanted.is_empty()) else {
        return Ok(options[0]);
    };
    let wanted = wanted.to_string_lossy().into_owned();
    let known = || options.iter().map(T::to_string).collect::<Vec<_>>().join(", ");
    let named = options.iter().copied().find(|option| option.to_string() == wanted);
    let named = named.or_else(|| older.iter().find(|(name, _)| *name == wanted).map(|&(_, option)| option));
    named.ok_or_else(|| InvalidOption { variable, wanted, known: known() })
}

impl fmt::Display for CpuOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { threads, isa, convolution } = self;
        write!(formatter, "{isa}, {convolution} convolutions, {threads} threads")
    }
}

impl fmt::Display for ConvolutionAlgorithm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            ConvolutionAlgorithm::Winograd => "winograd",
            ConvolutionAlgorithm::Direct => "direct",
        })
    }
}

/// An environment variable names something that this machine does not have.
#[derive(Debug, thiserror::Error)]
#[error("{variable} is '{wanted}', but the choices on this machine are {known}: take one of these, or unset it")]
pub struct InvalidOption {
    variable: &'static str,
    wanted: String,
    known: String,
}
