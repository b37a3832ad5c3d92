//! A fully connected stage: three products, each cut into tasks by the shapes alone.

use super::memory::{Buffer, Disjoint, carve};
use super::plan::Stage;
use super::product::{Product, panel_width};
use super::stage::{BackwardPass, Begin, Finish, ForwardPass, Machine, PARTS, sum_parts};
use super::threads::share;
use super::vector::Isa;

/// Rows of the batch that one task of a product takes.
const ROWS_PER_TASK: usize = 96;
/// Panels that one task of a product takes.
const PANELS_PER_TASK: usize = 2;
/// Terms that are summed before the result is added to memory, so that a panel's part stays in the first cache.
const TERMS_AT_ONCE: usize = 256;
/// Inputs whose weights are transposed at a time, so that what is written column by column stays in the first cache.
const TRANSPOSED_AT_ONCE: usize = 64;

/// A fully connected layer and what follows it.
#[derive(Debug)]
pub struct Dense {
    stage: Stage,
    units: usize,
    isa: Isa,
    /// `[panel of units][input][unit]`
    packed_forward: Buffer,
    /// `[panel of inputs][unit][input]`
    packed_backward: Buffer,
    /// `[units, padded]`
    bias: Buffer,
}

impl Dense {
    /// Compiles a dense stage; `first` says that nobody wants the gradient towards its input.
    pub fn new(machine: Machine<'_>, stage: Stage, units: usize, first: bool) -> Self {
        let panel = panel_width(machine.isa);
        let inputs = stage.input.image_len();
        Self {
            stage,
            units,
            isa: machine.isa,
            packed_forward: Buffer::zeroed(stage.linear_output.pitch.next_multiple_of(panel) * inputs),
            packed_backward: Buffer::zeroed(if first { 0 } else { inputs.next_multiple_of(panel) * units }),
            bias: Buffer::zeroed(stage.linear_output.pitch),
        }
    }

    /// Values that such a stage will need: packed weights, a partial gradient, scratch of a thread.
    pub fn planned(isa: Isa, stage: &Stage, units: usize, batch: usize) -> (usize, usize, usize) {
        let panel = panel_width(isa);
        let (inputs, pitch) = (stage.input.image_len(), stage.linear_output.pitch);
        (
            pitch.next_multiple_of(panel) * inputs + inputs.next_multiple_of(panel) * units,
            pitch,
            panel * (batch + units),
        )
    }

    /// Values of scratch that each thread needs.
    pub fn scratch_len(&self, batch: usize) -> usize {
        panel_width(self.isa) * (batch + self.units) + 32
    }

    /// Values of a partial gradient towards the bias.
    pub fn part_len(&self) -> usize {
        self.stage.linear_output.pitch
    }

    /// Brings weight `[out, in]` and bias `[out]` into the form of the passes.
    pub fn prepare(&mut self, machine: Machine<'_>, weight: &[f32], bias: &[f32], training: bool) {
        self.bias[..bias.len()].copy_from_slice(bias);
        let panel = panel_width(self.isa);
        let (units, layout) = (self.units, self.stage.input);
        let (inputs, columns) = (layout.image_len(), layout.logical_len());
        let panels = self.stage.linear_output.pitch.div_ceil(panel);
        let packed = Disjoint::new(&mut self.packed_forward);
        machine.threads.run(panels, |index, _| {
            // SAFETY: each panel belongs to one task. Padding is zero from the beginning and never written.
            let target = unsafe { packed.part(index * inputs * panel..(index + 1) * inputs * panel) };
            for block in (0..inputs).step_by(TRANSPOSED_AT_ONCE) {
                for (place, position, length) in layout.part(block..inputs.min(block + TRANSPOSED_AT_ONCE)) {
                    for (column, row) in weight.chunks_exact(columns).skip(index * panel).take(panel).enumerate() {
                        let target = target[place * panel + column..].iter_mut().step_by(panel);
                        target.zip(&row[position..][..length]).for_each(|(target, &value)| *target = value);
                    }
                }
            }
        });
        if training && !self.packed_backward.is_empty() {
            let packed = Disjoint::new(&mut self.packed_backward);
            machine.threads.run(inputs.div_ceil(panel), |index, _| {
                // SAFETY: as above.
                let target = unsafe { packed.part(index * units * panel..(index + 1) * units * panel) };
                let first = index * panel;
                for (start, position, length) in layout.part(first..inputs.min(first + panel)) {
                    for (row, target) in weight.chunks_exact(columns).zip(target.chunks_exact_mut(panel)) {
                        target[start - first..][..length].copy_from_slice(&row[position..][..length]);
                    }
                }
            });
        }
    }

    /// `[count, columns]` = `[count, inner]` · packed `[panel][inner][column]`, in tasks of rows and panels.
    fn rows_times_packed(
        &self,
        machine: Machine<'_>,
        count: usize,
        (a, inner, a_row): (&[f32], usize, usize),
        packed: &[f32],
        (c, columns): (&mut [f32], usize),
    ) {
        let panel = panel_width(self.isa);
        let row_tasks = count.div_ceil(ROWS_PER_TASK);
        let column_step = PANELS_PER_TASK * panel;
        let c = Disjoint::new(c);
        machine.threads.run(row_tasks * columns.div_ceil(column_step), |task, _| {
            let (first_row, first_column) = (task % row_tasks * ROWS_PER_TASK, task / row_tasks * column_step);
            let (rows, columns_here) = (ROWS_PER_TASK.min(count - first_row), column_step.min(columns - first_column));
            for term in (0..inner).step_by(TERMS_AT_ONCE) {
                let start = first_row * columns + first_column;
                let product = Product {
                    a: a[first_row * a_row + term..].as_ptr(),
                    a_row,
                    a_column: 1,
                    b: packed[first_column * inner + term * panel..].as_ptr(),
                    b_row: panel,
                    b_panel: inner * panel,
                    c: c.pointer(start..start + (rows - 1) * columns + columns_here),
                    c_row: columns,
                    rows,
                    inner: TERMS_AT_ONCE.min(inner - term),
                    columns: columns_here,
                    accumulate: term > 0,
                };
                // SAFETY: each task writes its own rows and columns of C; the steps stay inside the three matrices.
                unsafe { self.isa.run(product) };
            }
        });
    }

    /// The forward pass: y = x Wᵀ + b and what follows.
    pub fn forward(&self, pass: ForwardPass<'_>) {
        let ForwardPass { machine, count, input, output, choices, mask } = pass;
        let inputs = self.stage.input.image_len();
        let pitch = self.stage.linear_output.pitch;
        self.rows_times_packed(machine, count, (input, inputs, inputs), &self.packed_forward, (&mut *output, pitch));
        let finish = Finish::new(&self.stage, machine, Some(&self.bias), mask, output, choices);
        machine.threads.run(PARTS, |part, _| {
            for image in share(count, PARTS, part) {
                finish.image(image, None, 0..pitch);
            }
        });
    }

    /// The backward pass: d_x = d_y W, d_W = d_yᵀ x, d_b = Σ d_y.
    pub fn backward(&self, pass: BackwardPass<'_>) {
        let BackwardPass { machine, count, input, output, choices, mask, d_output, d_input, d_weight, d_bias, parts } =
            pass;
        let pitch = self.stage.linear_output.pitch;
        let parts = &mut parts[..PARTS * pitch];
        {
            let begin = Begin::new(&self.stage, machine, mask, (output, choices), d_output);
            let parts = Disjoint::new(parts);
            machine.threads.run(PARTS, |part, _| {
                // SAFETY: each part belongs to one task.
                let partial = unsafe { parts.part(part * pitch..(part + 1) * pitch) };
                partial.fill(0.0);
                for image in share(count, PARTS, part) {
                    begin.image(image, None, Some(&mut *partial));
                }
            });
        }
        sum_parts(parts, 0, d_bias);
        self.towards_weight(machine, count, input, d_output, d_weight);
        if let Some(d_input) = d_input {
            let inputs = self.stage.input.image_len();
            self.rows_times_packed(
                machine,
                count,
                (d_output, self.units, pitch),
                &self.packed_backward,
                (d_input, inputs),
            );
        }
    }

    /// d_W `[out, in]` = d_yᵀ x, a panel of inputs a task.
    fn towards_weight(
        &self,
        machine: Machine<'_>,
        count: usize,
        input: &[f32],
        d_output: &[f32],
        d_weight: &mut [f32],
    ) {
        let panel = panel_width(self.isa);
        let (inputs, columns) = (self.stage.input.image_len(), self.stage.input.logical_len());
        let pitch = self.stage.linear_output.pitch;
        let d_weight = Disjoint::new(d_weight);
        machine.threads.run(inputs.div_ceil(panel), |index, mut scratch| {
            let x = carve(&mut scratch, count * panel);
            let d_w = carve(&mut scratch, self.units * panel);
            let first = index * panel;
            let width = panel.min(inputs - first);
            for (row, image) in x.chunks_exact_mut(panel).zip(input.chunks_exact(inputs)) {
                row[..width].copy_from_slice(&image[first..first + width]);
                row[width..].fill(0.0);
            }
            for term in (0..count).step_by(TERMS_AT_ONCE) {
                let product = Product {
                    a: d_output[term * pitch..].as_ptr(),
                    a_row: 1,
                    a_column: pitch,
                    b: x[term * panel..].as_ptr(),
                    b_row: panel,
                    b_panel: 0,
                    c: d_w.as_mut_ptr(),
                    c_row: panel,
                    rows: self.units,
                    inner: TERMS_AT_ONCE.min(count - term),
                    columns: panel,
                    accumulate: term > 0,
                };
                // SAFETY: the steps stay inside the gradient, the panel and the scratch.
                unsafe { self.isa.run(product) };
            }
            for (start, position, length) in self.stage.input.part(first..first + width) {
                for (unit, row) in d_w.chunks_exact(panel).enumerate() {
                    let place = unit * columns + position;
                    // SAFETY: each column belongs to one task.
                    let target = unsafe { d_weight.part(place..place + length) };
                    target.copy_from_slice(&row[start - first..][..length]);
                }
            }
        });
    }
}
