//! A fully connected stage: three products, each cut into tasks by the shapes alone.
//!
//! For example 784 inputs, 256 units, a batch of 500, with AVX-512 and so panels of 32 columns. Forward: x `[500, 784]`
//! times panels `[784][32]` in 6 × 4 tasks of 83 or 84 rows and two panels, each in four goes of up to 256 terms. Backward:
//! d_W `[256, 784]` in 25 tasks, a panel of inputs each, over all 500 images; d_b `[256]` in one; d_x `[500, 784]` like the
//! forward pass, in 6 × 13.

use std::ops::Range;

use super::input::Input;
use super::packed_weights::PackedWeights;
use super::{BackwardPass, ForwardPass, ScratchSizes, StageOperation};
use crate::cpu::context::Context;
use crate::cpu::kernels::matmul::{Product, panel_width};
use crate::cpu::kernels::transpose::Transpose;
use crate::cpu::plan::Stage;
use crate::cpu::runtime::memory::{Disjoint, LINE, carve};
use crate::cpu::runtime::thread_pool::split_range;
use crate::cpu::simd::Isa;

/// Rows of the batch that one task of a product takes: whole register tiles of 6 and of 12 rows. More rows use a packed
/// panel more often, fewer make more tasks; not measured against other numbers.
const ROWS_PER_TASK: usize = 96;
/// Panels that one task of a product takes. More read the rows fewer times, fewer make more tasks; not measured against
/// other numbers.
const PANELS_PER_TASK: usize = 2;
/// Terms that are summed before the result is added to memory, so that a panel's part stays in the first cache:
/// with AVX-512 it has 256 × 32 values, 32 KiB. Fewer terms would read and write the result more often.
const TERMS_AT_ONCE: usize = 256;

/// A fully connected layer and what follows it.
#[derive(Debug)]
pub(crate) struct Dense {
    stage: Stage,
    units: usize,
    isa: Isa,
    /// `[panel of units][input][unit]` and `[panel of inputs][unit][input]`
    packed: PackedWeights,
}

impl Dense {
    /// Plans a dense stage.
    pub(crate) fn new(isa: Isa, stage: Stage, units: usize) -> Self {
        let panel = panel_width(isa);
        let (inputs, pitch) = (stage.input.image_len(), stage.linear_output.pitch);
        let (forward, backward) = (pitch.next_multiple_of(panel) * inputs, inputs.next_multiple_of(panel) * units);
        Self { stage, units, isa, packed: PackedWeights::new(forward, backward, pitch) }
    }

    /// `[count, columns]` = `[count, inner]` · packed `[panel][inner][column]`, in tasks of rows and panels. Each calls
    /// `sink(number of its rows' task, rows, columns, values, step)` with what its rows have between these columns, `step`
    /// values from row to row.
    fn rows_times_packed(
        &self,
        context: Context<'_>,
        count: usize,
        (a, inner, a_row): (&[f32], usize, usize),
        (packed, columns): (&[f32], usize),
        sink: impl Fn(usize, Range<usize>, Range<usize>, &[f32], usize) + Sync,
    ) {
        let panel = panel_width(self.isa);
        let row_tasks = count.div_ceil(ROWS_PER_TASK);
        let column_step = PANELS_PER_TASK * panel;
        context.threads.run(row_tasks * columns.div_ceil(column_step), |task, mut scratch| {
            let c = carve(&mut scratch, ROWS_PER_TASK * column_step);
            let rows = split_range(count, row_tasks, task % row_tasks);
            let first_column = task / row_tasks * column_step;
            let columns = first_column..columns.min(first_column + column_step);
            for term in (0..inner).step_by(TERMS_AT_ONCE) {
                let product = Product {
                    a: a[rows.start * a_row + term..].as_ptr(),
                    a_row,
                    b: packed[first_column * inner + term * panel..].as_ptr(),
                    b_row: panel,
                    b_panel: inner * panel,
                    c: c.as_mut_ptr(),
                    c_row: column_step,
                    rows: rows.len(),
                    inner: TERMS_AT_ONCE.min(inner - term),
                    columns: columns.len(),
                    accumulate: term > 0,
                    ..Product::PLAIN
                };
                // SAFETY: the steps stay inside the two matrices and the scratch.
                unsafe { self.isa.run(product) };
            }
            sink(task % row_tasks, rows, columns, c, column_step);
        });
    }

    /// d_W `[out, in]` = d_yᵀ x, a panel of inputs a task, and in one more task d_b `[out]` = Σ d_y.
    fn parameter_gradients(
        &self,
        context: Context<'_>,
        count: usize,
        input: &[f32],
        gradient: &[f32],
        (d_weight, d_bias): (&mut [f32], &mut [f32]),
    ) {
        let panel = panel_width(self.isa);
        let (inputs, pitch) = (self.stage.input.image_len(), self.stage.linear_output.pitch);
        let (d_weight, d_bias) = (Disjoint::new(d_weight), Disjoint::new(d_bias));
        let panels = inputs.div_ceil(panel);
        context.threads.run(panels + 1, |index, scratch| {
            if index < panels {
                self.weight_gradient_panel(count, input, gradient, index, &d_weight, scratch);
                return;
            }
            // SAFETY: one task takes the whole bias.
            let sums = unsafe { d_bias.exclusive(0..d_bias.len()) };
            sums.fill(0.0);
            for row in gradient.chunks_exact(pitch).take(count) {
                sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
            }
        });
    }

    /// A panel of inputs of d_W.
    fn weight_gradient_panel(
        &self,
        count: usize,
        input: &[f32],
        gradient: &[f32],
        index: usize,
        d_weight: &Disjoint<'_, f32>,
        mut scratch: &mut [f32],
    ) {
        let panel = panel_width(self.isa);
        let (inputs, columns) = (self.stage.input.image_len(), self.stage.input.logical_len());
        let pitch = self.stage.linear_output.pitch;
        let x = carve(&mut scratch, count * panel);
        let d_w = carve(&mut scratch, self.units * panel);
        let first = index * panel;
        let width = panel.min(inputs - first);
        for (row, image) in x.chunks_exact_mut(panel).zip(input.chunks_exact(inputs)) {
            row[..width].copy_from_slice(&image[first..first + width]);
            row[width..].fill(0.0);
        }
        // Where nothing lies between the inputs, the panel's part of each row is one segment: no need to copy it there.
        let in_place = inputs == columns && width.is_multiple_of(self.isa.lanes());
        let (c, c_row) = if in_place {
            (d_weight.pointer(first..(self.units - 1) * columns + first + width), columns)
        } else {
            (d_w.as_mut_ptr(), panel)
        };
        for term in (0..count).step_by(TERMS_AT_ONCE) {
            let product = Product {
                a: gradient[term * pitch..].as_ptr(),
                a_row: 1,
                a_column: pitch,
                b: x[term * panel..].as_ptr(),
                b_row: panel,
                b_panel: 0,
                c,
                c_row,
                rows: self.units,
                inner: TERMS_AT_ONCE.min(count - term),
                columns: if in_place { width } else { panel },
                accumulate: term > 0,
                ..Product::PLAIN
            };
            // SAFETY: the steps stay inside the gradient, the panel and the scratch or this task's columns.
            unsafe { self.isa.run(product) };
        }
        if in_place {
            return;
        }
        for (start, position, length) in self.stage.input.segments(first..first + width) {
            for (unit, row) in d_w.chunks_exact(panel).enumerate() {
                let place = unit * columns + position;
                // SAFETY: each column belongs to one task.
                let target = unsafe { d_weight.exclusive(place..place + length) };
                target.copy_from_slice(&row[start - first..][..length]);
            }
        }
    }
}

impl StageOperation for Dense {
    fn scratch_len(&self, batch: usize, _: ScratchSizes) -> usize {
        let panel = panel_width(self.isa);
        panel * (batch + self.units).max(ROWS_PER_TASK * PANELS_PER_TASK) + 2 * LINE
    }

    fn packed_len(&self) -> usize {
        self.packed.len()
    }

    fn partial_sums(&self, batch: usize) -> usize {
        batch.div_ceil(ROWS_PER_TASK)
    }

    fn allocate(&mut self, first: bool) {
        self.packed.allocate(first);
    }

    /// Brings weight `[out, in]` and bias `[out]` into the form of the passes.
    fn prepare(&mut self, context: Context<'_>, weight: &[f32], bias: &[f32], training: bool) {
        self.packed.set_bias(bias);
        let panel = panel_width(self.isa);
        let (isa, units, layout) = (self.isa, self.units, self.stage.input);
        let (inputs, columns) = (layout.image_len(), layout.logical_len());
        let packed = Disjoint::new(&mut self.packed.forward);
        context.threads.run(units.div_ceil(panel), |index, _| {
            // SAFETY: each panel belongs to one task. Padding is zero from the beginning and never written.
            let target = unsafe { packed.exclusive(index * inputs * panel..(index + 1) * inputs * panel) };
            let first = index * panel;
            for (place, position, length) in layout.segments(0..inputs) {
                let transpose = Transpose {
                    from: weight[first * columns + position..].as_ptr(),
                    from_step: columns,
                    rows: panel.min(units - first),
                    columns: length,
                    to: target[place * panel..].as_mut_ptr(),
                    to_step: panel,
                };
                // SAFETY: the rows lie inside the weight, the columns inside the panel.
                unsafe { isa.run(transpose) };
            }
        });
        if training && !self.packed.backward.is_empty() {
            let packed = Disjoint::new(&mut self.packed.backward);
            context.threads.run(inputs.div_ceil(panel), |index, _| {
                // SAFETY: as above.
                let target = unsafe { packed.exclusive(index * units * panel..(index + 1) * units * panel) };
                let first = index * panel;
                for (start, position, length) in layout.segments(first..inputs.min(first + panel)) {
                    for (row, target) in weight.chunks_exact(columns).zip(target.chunks_exact_mut(panel)) {
                        target[start - first..][..length].copy_from_slice(&row[position..][..length]);
                    }
                }
            });
        }
    }

    /// The forward pass: y = x Wᵀ + b and what follows.
    fn forward(&self, mut pass: ForwardPass<'_>) {
        let (context, count) = (pass.context, pass.count);
        let inputs = self.stage.input.image_len();
        let pitch = self.stage.linear_output.pitch;
        let (input, sink) = pass.input_and_sink(&self.stage, Some(&self.packed.bias));
        // SAFETY: only read in this pass.
        let rows = (unsafe { input.values() }, inputs, inputs);
        let packed = (&*self.packed.forward, pitch);
        self.rows_times_packed(context, count, rows, packed, |partial_sum, rows, units, values, step| {
            // SAFETY: each task has its own rows and units.
            unsafe { sink.rows(rows, units, values, step, partial_sum) };
        });
    }

    /// The backward pass: d_W = d_yᵀ x, d_b = Σ d_y, d_x = d_y W.
    fn backward(&self, mut pass: BackwardPass<'_>) {
        let gradient = pass.settle(&self.stage);
        let BackwardPass { context, count, input, d_weight, d_bias, .. } = pass;
        // SAFETY: the gradient towards the input comes later.
        self.parameter_gradients(context, count, unsafe { input.values() }, gradient, (d_weight, d_bias));
        if let Input::Stage(output) = &input
            && input.needs_gradient()
        {
            let rows = (gradient, self.units, self.stage.linear_output.pitch);
            let packed = (&*self.packed.backward, self.stage.input.image_len());
            self.rows_times_packed(context, count, rows, packed, |_, rows, places, values, step| {
                // SAFETY: each task has its own rows and places, and nothing of the input is in use any more.
                unsafe { output.write_gradient(rows, places, values, step) };
            });
        }
    }
}
