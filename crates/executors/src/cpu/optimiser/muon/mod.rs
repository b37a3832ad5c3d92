//! Muon's step (Jordan et al., 2024).

mod matrix_set;
mod newton_schulz;

use modiste_network::executor::muon::{EPSILON, matrices};
use modiste_network::{Network, recipe};

use self::matrix_set::{MatrixSet, pitch};
use self::newton_schulz::NewtonSchulz;
use crate::cpu::context::Context;
use crate::cpu::optimiser::chunks::{Chunk, sum_of_squares};
use crate::cpu::runtime::memory::{Buffer, Disjoint};

/// The matrices and the memory of Muon for one network.
#[derive(Debug)]
pub(super) struct Muon {
    set: MatrixSet,
    iteration: NewtonSchulz,
    /// A sum over the rows of each task.
    sums: Vec<f64>,
    /// Trained parameters that are none of its matrices.
    others: Vec<Chunk>,
}

/// Values of its memory.
pub(super) fn planned_len(network: &Network) -> usize {
    NewtonSchulz::planned_len(&MatrixSet::new(&matrices(network)))
}

impl Muon {
    /// Plans for a network.
    pub(super) fn new(network: &Network) -> Self {
        let matrices = matrices(network);
        let set = MatrixSet::new(&matrices);
        let others = network.parameters.iter().filter(|parameter| {
            network.is_trained(parameter) && matrices.iter().all(|matrix| matrix.parameter.range != parameter.range)
        });
        Self {
            iteration: NewtonSchulz::new(&set),
            sums: vec![0.0; set.row_tasks()],
            others: others.flat_map(Chunk::of).collect(),
            set,
        }
    }

    /// Trained parameters that are none of its matrices.
    pub(super) fn others(&self) -> &[Chunk] {
        &self.others
    }

    /// One step of all matrices among gradient, parameters and momentum, along the gradient times `scale`.
    pub(super) fn step(
        &mut self,
        context: Context<'_>,
        muon: &recipe::Muon,
        rate_factor: f64,
        scale: f64,
        (gradient, values, momentum): (&Buffer, &mut Buffer, &mut Buffer),
    ) {
        self.add_gradient(context, muon, scale as f32, gradient, momentum);
        self.normalise(context);
        self.iteration.run(&self.set, context, muon.iterations);
        let rate = rate_factor * muon.learning_rate;
        let growth = -(rate * muon.weight_decay) as f32;
        let (values, results) = (Disjoint::new(values), &self.iteration.results);
        self.set.for_rows(context, |_, place, rows| {
            let rate = (rate * place.scale) as f32;
            // SAFETY: the rows are this task's.
            let values = unsafe { values.exclusive(place.parameter_rows(rows)) };
            let results = results[place.matrix_rows(rows)].chunks_exact(pitch(place.columns));
            for (values, results) in values.chunks_exact_mut(place.columns).zip(results) {
                for (value, result) in values.iter_mut().zip(results) {
                    *value += growth * *value - rate * result;
                }
            }
        });
    }

    /// b ← momentum · b + g; what is to be orthogonalised is g + momentum · b, or b.
    fn add_gradient(
        &mut self,
        context: Context<'_>,
        muon: &recipe::Muon,
        scale: f32,
        gradient: &Buffer,
        momentum: &mut Buffer,
    ) {
        let decay = muon.momentum as f32;
        let (own, ahead) = if muon.nesterov { (1.0, decay) } else { (0.0, 1.0) };
        let (momentum, matrices) = (Disjoint::new(momentum), Disjoint::new(&mut self.iteration.matrices));
        let sums = Disjoint::new(&mut self.sums);
        self.set.for_rows(context, |task, place, rows| {
            let range = place.parameter_rows(rows);
            // SAFETY: rows and sum are this task's.
            let (momentum, matrix, sum) = unsafe {
                let matrix = matrices.exclusive(place.matrix_rows(rows));
                (momentum.exclusive(range.clone()), matrix, &mut sums.exclusive(task..task + 1)[0])
            };
            let gradient = gradient[range].chunks_exact(place.columns);
            let momentum = momentum.chunks_exact_mut(place.columns);
            *sum = 0.0;
            for ((gradient, momentum), row) in gradient.zip(momentum).zip(matrix.chunks_exact_mut(pitch(place.columns)))
            {
                for ((&gradient, momentum), value) in gradient.iter().zip(momentum).zip(&mut *row) {
                    let gradient = scale * gradient;
                    *momentum = decay * *momentum + gradient;
                    *value = own * gradient + ahead * *momentum;
                }
                *sum += sum_of_squares(&row[..place.columns]);
            }
        });
    }

    /// Divides each matrix by its Frobenius norm, and transposes those that are wide.
    fn normalise(&mut self, context: Context<'_>) {
        let iteration = &mut self.iteration;
        let (matrices, transposed) = (Disjoint::new(&mut iteration.matrices), Disjoint::new(&mut iteration.transposed));
        self.set.for_rows(context, |_, place, rows| {
            let norm = self.sums[place.tasks.clone()].iter().sum::<f64>().sqrt();
            let share = (1.0 / (norm + EPSILON)) as f32;
            // SAFETY: the rows are this task's.
            let matrix = unsafe { matrices.exclusive(place.matrix_rows(rows)) };
            matrix.iter_mut().for_each(|value| *value *= share);
            place.transpose(context, rows, matrix, &transposed);
        });
    }
}
