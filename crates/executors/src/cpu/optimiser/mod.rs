//! What training changes, and how a step changes it.
//!
//! Every optimiser but Muon changes each parameter by itself: it is a rule (`adam`, `sgd`) that an `elementwise` kernel
//! applies to the `chunks` of all trained tensors, one task each. `muon` adds products of whole matrices to that.

mod adam;
mod average;
mod chunks;
mod elementwise;
mod muon;
mod sgd;

use modiste_network::{Network, Optimiser, State, StepOptions};

use self::adam::AdamStep;
use self::average::Follow;
use self::chunks::Chunk;
use self::muon::Muon;
use self::sgd::SgdStep;
use crate::cpu::context::Context;
use crate::cpu::runtime::memory::{Buffer, LINE};

/// Everything of one length that training changes; each buffer is padded to whole registers. Memory that an optimiser has
/// no use for is planned too, but never touched.
#[derive(Debug)]
pub(super) struct Parameters {
    /// The parameters.
    pub values: Buffer,
    /// Gradient of the mean loss.
    pub gradient: Buffer,
    first_moment: Buffer,
    second_moment: Buffer,
    average: Buffer,
    /// Whether there is an average.
    averaged: bool,
    count: usize,
    /// All tensors that are not frozen, and those among them that gradients change.
    followed: Vec<Chunk>,
    trained: Vec<Chunk>,
    /// A sum over each trained chunk.
    sums: Vec<f64>,
    muon: Muon,
}

impl Parameters {
    /// Those of a network, all zero.
    pub(super) fn zeroed(network: &Network) -> Self {
        let count = network.parameter_count();
        let buffer = || Buffer::zeroed(count.next_multiple_of(LINE));
        let trained = network.parameters.iter().filter(|parameter| network.is_trained(parameter));
        let trained: Vec<_> = trained.flat_map(Chunk::of).collect();
        Self {
            values: buffer(),
            gradient: buffer(),
            first_moment: buffer(),
            second_moment: buffer(),
            average: buffer(),
            averaged: false,
            count,
            followed: network
                .parameters
                .iter()
                .filter(|parameter| !network.is_frozen(parameter))
                .flat_map(Chunk::of)
                .collect(),
            sums: vec![0.0; trained.len()],
            trained,
            muon: Muon::new(network),
        }
    }

    /// Values of all this memory at most.
    pub(super) fn planned_len(network: &Network) -> usize {
        5 * network.parameter_count() + muon::planned_len(network)
    }

    /// One step of the optimiser; then the average follows.
    pub(super) fn update(&mut self, context: Context<'_>, options: &StepOptions) {
        if options.average.is_some() && !self.averaged {
            self.average.copy_from_slice(&self.values);
            self.averaged = true;
        }
        let scale = match options.clip_norm {
            Some(longest) => {
                let norm = chunks::norm(context, &self.trained, &self.gradient, &mut self.sums);
                if norm > longest { longest / norm } else { 1.0 }
            }
            None => 1.0,
        };
        self.step(context, options, scale);
        if let Some(decay) = options.average_decay() {
            let follow = Follow::new(decay);
            chunks::apply(context, &self.followed, &self.values, [&mut self.average], |_| follow);
        }
    }

    /// One step of the optimiser along the gradient times `scale`.
    fn step(&mut self, context: Context<'_>, options: &StepOptions, scale: f64) {
        let StepOptions { rate_factor, step, .. } = *options;
        let t = (step + 1) as f64;
        let Self { values, gradient, first_moment, second_moment, trained, .. } = self;
        match options.optimiser {
            Optimiser::Adam(adam) => {
                let rule = AdamStep::new(&adam, t, rate_factor, scale);
                chunks::apply(context, trained, gradient, [values, first_moment, second_moment], |_| rule);
            }
            Optimiser::Adamw(adamw) => {
                let rule = |chunk: &Chunk| AdamStep::decoupled(&adamw, chunk.decays, t, rate_factor, scale);
                chunks::apply(context, trained, gradient, [values, first_moment, second_moment], rule);
            }
            Optimiser::Sgd(sgd) => {
                let rule = |chunk: &Chunk| SgdStep::new(&sgd, chunk.decays, rate_factor, scale);
                chunks::apply(context, trained, gradient, [values, first_moment], rule);
            }
            Optimiser::Muon(muon) => {
                let rule = |chunk: &Chunk| AdamStep::decoupled(&muon.others, chunk.decays, t, rate_factor, scale);
                let changed = [&mut *values, &mut *first_moment, &mut *second_moment];
                chunks::apply(context, self.muon.others(), gradient, changed, rule);
                self.muon.step(context, &muon, rate_factor, scale, (gradient, values, first_moment));
            }
        }
    }

    /// Exchanges the parameters and their average, if there is one.
    pub(super) fn swap_average(&mut self) {
        if self.averaged {
            std::mem::swap(&mut self.values, &mut self.average);
        }
    }

    /// All of it but the gradient.
    pub(super) fn state(&self) -> State<'_> {
        let Self { values, first_moment, second_moment, average, averaged, count, .. } = self;
        State {
            parameters: values[..*count].into(),
            first_moment: first_moment[..*count].into(),
            second_moment: second_moment[..*count].into(),
            average: averaged.then(|| average[..*count].into()),
        }
    }

    /// Replaces all of it but the gradient.
    ///
    /// # Panics
    /// If a length is not that of the parameters.
    pub(super) fn set_state(&mut self, state: &State<'_>) {
        self.values[..self.count].copy_from_slice(&state.parameters);
        self.first_moment[..self.count].copy_from_slice(&state.first_moment);
        self.second_moment[..self.count].copy_from_slice(&state.second_moment);
        self.averaged = state.average.is_some();
        if let Some(average) = &state.average {
            self.average[..self.count].copy_from_slice(average);
        }
    }
}
