//! Nearest neighbours by products of matrices, exact or nearly so.
//!
//! 1. Points are sorted into blocks of near ones, each with a few features (`blocks.rs`).
//! 2. Each query gets a first limit: the distance of its farthest neighbour among those that features call nearest in nearby
//!    blocks. These are measured.
//! 3. For two blocks, a product of features `[queries, width]` · `[width, points]` bounds the distances of all their pairs
//!    from below. Blocks that are farther apart than all limits are skipped.
//! 4. Pairs whose bound is within a limit are measured, and limits shrink. Where too many remain, since few features do not
//!    tell such points apart, a product of all values rules out most of them first.
//!
//! An approximate search ends after the blocks nearest to each block of queries.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::blocks::{BLOCK, Blocks, Features};
use super::nearest::Nearest;
use crate::matmul::{MatrixView, multiply};
use crate::points::Points;
use crate::simd::{squared_distance, vectorised, with_vectors};

/// Rounding errors of a squared distance made of products are below this times the squared lengths: of sums of f32, each as
/// long as a block of a product is deep, at most 512 values, and in practice a fifth of that.
pub(super) const SLACK: f32 = 4e-5;
/// If more than one pair in this many may be among the nearest, a product of all values is cheaper than measuring them.
const PAIRS_WORTH_A_PRODUCT: usize = 8;
/// Products that are looked at together, most of which hold no pair that is near.
const STRIP: usize = 16;
/// Blocks of queries that look at a block of points one after the other, while its values are in cache.
const MAX_BLOCKS_TOGETHER: usize = 8;
/// Fewer of them where that would leave fewer tasks than this.
const MIN_TASKS: usize = 64;
/// The first limits come from this many candidates for each neighbour.
const CANDIDATES_PER_NEIGHBOUR: usize = 16;

/// Each query's nearest points and their squared distances, the nearest first, query after query.
pub(super) struct Found {
    pub(super) indices: Vec<u32>,
    pub(super) squared_distances: Vec<f32>,
}

/// The `count` nearest points of each query; if the queries are the points themselves (`None`), of the others. `reach` is
/// the number of points among which they are looked for at least, all of them if it is not given.
///
/// `count` is at most the number of those. Once `stop` is true the search ends, and what it gives means nothing.
pub(super) fn search(
    points: &Points<'_>,
    queries: Option<&Points<'_>>,
    count: usize,
    reach: Option<usize>,
    stop: &AtomicBool,
) -> Found {
    let features = Features::new(points);
    let blocks = Blocks::new(points, &features);
    let query_blocks = queries.map(|queries| Blocks::new(queries, &features));
    let points = BlockedPoints { points, blocks: &blocks };
    let queries = match (queries, &query_blocks) {
        (Some(queries), Some(blocks)) => Some(BlockedPoints { points: queries, blocks }),
        _ => None,
    };
    let reach = reach.map_or(usize::MAX, |reach| reach.max(CANDIDATES_PER_NEIGHBOUR * count).div_ceil(BLOCK / 2));
    BlockSearch::new(points, queries, &features, count, reach).run(stop)
}

/// Points, and the same in blocks.
#[derive(Clone, Copy)]
struct BlockedPoints<'a> {
    points: &'a Points<'a>,
    blocks: &'a Blocks,
}

impl<'a> BlockedPoints<'a> {
    fn range(&self, block: usize) -> Range<usize> {
        self.blocks.ranges[block].clone()
    }

    fn members(&self, block: usize) -> &'a [u32] {
        &self.blocks.order[self.range(block)]
    }

    fn features(&self, block: usize) -> MatrixView<'a> {
        MatrixView::new(self.blocks.features(block), self.range(block).len(), self.blocks.width)
    }

    fn norms(&self, block: usize) -> &'a [f32] {
        &self.blocks.norms[self.range(block)]
    }

    /// Centred values of a block's points.
    fn gather<'b>(&self, block: usize, features: &Features, centred: &'b mut Vec<f32>) -> MatrixView<'b> {
        let (members, dimensions) = (self.members(block), self.points.dimensions());
        centred.resize(members.len() * dimensions, 0.0);
        for (&index, centred) in members.iter().zip(centred.chunks_exact_mut(dimensions)) {
            features.centre(self.points.point(index as usize), centred);
        }
        MatrixView::new(centred, members.len(), dimensions)
    }
}

struct BlockSearch<'a> {
    points: BlockedPoints<'a>,
    queries: BlockedPoints<'a>,
    /// Whether the queries are the points: then none is its own neighbour.
    within: bool,
    features: &'a Features,
    count: usize,
    /// Blocks of points that a block of queries looks at, at most.
    reach: usize,
    /// What each query need not look beyond, in the order of the blocks: squared distances, whose bits sort like they do.
    thresholds: Vec<AtomicU32>,
}

/// A thread's own memory.
#[derive(Default)]
struct Scratch {
    /// Of a block of queries and one of points, `[queries, points]`.
    products: Vec<f32>,
    /// Centred values of each, `[points, dimensions]`.
    queries: Vec<f32>,
    points: Vec<f32>,
    /// Pairs that may be among the nearest.
    pairs: Vec<Pair>,
}

/// A query and a point, by their places in their blocks.
struct Pair {
    row: u32,
    column: u32,
    squared_distance: f32,
}

impl<'a> BlockSearch<'a> {
    fn new(
        points: BlockedPoints<'a>,
        queries: Option<BlockedPoints<'a>>,
        features: &'a Features,
        count: usize,
        reach: usize,
    ) -> Self {
        let within = queries.is_none();
        let queries = queries.unwrap_or(points);
        let thresholds = queries.blocks.order.iter().map(|_| AtomicU32::new(f32::INFINITY.to_bits())).collect();
        Self { points, queries, within, features, count, reach, thresholds }
    }

    fn run(self, stop: &AtomicBool) -> Found {
        let query_blocks: Vec<usize> = (0..self.queries.blocks.ranges.len()).collect();
        // Each query's heap, `[queries, count]`, in the order of the blocks.
        let mut all_heaps = vec![0; self.queries.points.len() * self.count];
        let mut left = all_heaps.as_mut_slice();
        let block_heaps: Vec<&mut [u64]> = query_blocks
            .iter()
            .map(|&block| left.split_off_mut(..self.queries.range(block).len() * self.count).unwrap_or_default())
            .collect();
        let nearest: Vec<_> = query_blocks
            .par_iter()
            .zip(block_heaps)
            .map_init(Scratch::default, |scratch, (&block, heaps)| {
                let limits = self.first_limits(block, scratch);
                for (threshold, &limit) in self.thresholds[self.queries.range(block)].iter().zip(&limits) {
                    threshold.store(limit.to_bits(), Ordering::Relaxed);
                }
                let heaps = heaps.chunks_exact_mut(self.count);
                Mutex::new(heaps.zip(limits).map(|(heap, limit)| Nearest::new(heap, limit)).collect::<Vec<_>>())
            })
            .collect();
        // Where only some blocks are looked at, each block of queries has its own.
        let is_all = self.reach >= self.points.blocks.ranges.len();
        let together = if is_all { (query_blocks.len() / MIN_TASKS).clamp(1, MAX_BLOCKS_TOGETHER) } else { 1 };
        query_blocks.par_chunks(together).with_max_len(1).for_each_init(Scratch::default, |scratch, together| {
            for block in self.nearby(together[0]).take(self.reach) {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                for &query_block in together {
                    if self.is_first(query_block, block) {
                        self.look(query_block, block, &nearest, scratch);
                    }
                }
            }
        });
        self.found(nearest, stop)
    }

    /// Whether pairs are looked at for both of their points at once.
    fn is_mutual(&self) -> bool {
        self.within && self.reach >= self.points.blocks.ranges.len()
    }

    /// Whether it is this block of queries that looks at this block of points, rather than the other way round; turn and
    /// turn about, so that all have as many.
    fn is_first(&self, query_block: usize, block: usize) -> bool {
        let (low, high) = (query_block.min(block), query_block.max(block));
        !self.is_mutual() || query_block == if (low + high) % 2 == 0 { low } else { high }
    }

    /// Results in the order of the queries.
    fn found(&self, nearest: Vec<Mutex<Vec<Nearest<'_>>>>, stop: &AtomicBool) -> Found {
        let length = self.queries.points.len() * self.count;
        let mut found = Found { indices: vec![0; length], squared_distances: vec![0.0; length] };
        for (block, nearest) in nearest.into_iter().enumerate() {
            let nearest = nearest.into_inner().unwrap_or_else(PoisonError::into_inner);
            for (&query, nearest) in self.queries.members(block).iter().zip(nearest) {
                debug_assert!(
                    nearest.is_full() || stop.load(Ordering::Relaxed),
                    "each query is shown the points that its first limit comes from"
                );
                for (place, (index, distance)) in (query as usize * self.count..).zip(nearest.into_sorted()) {
                    found.indices[place] = index;
                    found.squared_distances[place] = distance;
                }
            }
        }
        found
    }

    /// All blocks of points, those with the nearest centres first.
    fn nearby(&self, query_block: usize) -> impl Iterator<Item = usize> {
        let distance = |block| self.queries.blocks.centre_distance(query_block, self.points.blocks, block);
        let mut nearby: Vec<(f32, usize)> =
            (0..self.points.blocks.ranges.len()).map(|block| (distance(block), block)).collect();
        nearby.sort_unstable_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
        nearby.into_iter().map(|(_, block)| block)
    }

    /// Squared distances within which each query of a block has its nearest points.
    fn first_limits(&self, query_block: usize, scratch: &mut Scratch) -> Vec<f32> {
        let queries = self.queries.members(query_block);
        let mut candidates: Vec<u32> = Vec::new();
        // Squared distances as far as features tell, less the query's own squared length, for each candidate `[queries]`.
        let mut bounds: Vec<f32> = Vec::new();
        for block in self.nearby(query_block) {
            let (members, norms) = (self.points.members(block), self.points.norms(block));
            let products =
                product(self.points.features(block), self.queries.features(query_block), &mut scratch.products);
            for (products, norm) in products.chunks_exact(queries.len()).zip(norms) {
                bounds.extend(products.iter().map(|product| norm - 2.0 * product));
            }
            candidates.extend(members);
            // Of few points, looking at most of them twice would not pay.
            let enough = (CANDIDATES_PER_NEIGHBOUR * self.count).min(self.points.points.len() / 4).max(self.count + 1);
            if candidates.len() >= enough {
                break;
            }
        }
        let mut row = vec![(0.0, 0); candidates.len()];
        let limit = |(place, &query): (usize, &u32)| {
            for (candidate, slot) in row.iter_mut().enumerate() {
                *slot = (bounds[candidate * queries.len() + place], candidates[candidate]);
                if self.within && slot.1 == query {
                    slot.0 = f32::INFINITY;
                }
            }
            row.select_nth_unstable_by(self.count - 1, |one, other| one.0.total_cmp(&other.0));
            let nearest: Vec<u32> = row[..self.count].iter().map(|&(_, index)| index).collect();
            let mut pairs: Vec<Pair> =
                (0..self.count as u32).map(|column| Pair { row: 0, column, squared_distance: 0.0 }).collect();
            self.measure(&[query], &nearest, &mut pairs);
            pairs.iter().map(|pair| pair.squared_distance).fold(0.0, f32::max)
        };
        queries.iter().enumerate().map(limit).collect()
    }

    /// Shows queries the points of a block, and the other way round if pairs are looked at for both.
    fn look(&self, query_block: usize, block: usize, nearest: &[Mutex<Vec<Nearest<'_>>>], scratch: &mut Scratch) {
        let query_thresholds = self.thresholds(query_block);
        let thresholds = match self.is_mutual() {
            true => self.thresholds(block),
            false => vec![f32::NEG_INFINITY; self.points.range(block).len()],
        };
        let least = self.queries.blocks.least_distance(query_block, self.points.blocks, block, SLACK);
        if query_thresholds.iter().chain(&thresholds).all(|&threshold| threshold < least) {
            return;
        }
        let Scratch { products, queries, points, pairs } = scratch;
        let norms = (self.queries.norms(query_block), self.points.norms(block));
        let products_now = product(self.queries.features(query_block), self.points.features(block), products);
        collect_pairs(products_now, norms, (&query_thresholds, &thresholds), pairs);
        if pairs.len() * PAIRS_WORTH_A_PRODUCT > products_now.len() && !self.features.are_complete() {
            let queries = self.queries.gather(query_block, self.features, queries);
            let points = self.points.gather(block, self.features, points);
            let products_now = product(queries, points, products);
            collect_pairs(products_now, norms, (&query_thresholds, &thresholds), pairs);
        }
        if self.within && query_block == block {
            // None is its own neighbour.
            pairs.retain(|pair| pair.row != pair.column);
        }
        self.measure(self.queries.members(query_block), self.points.members(block), pairs);
        self.offer(query_block, &nearest[query_block], pairs, |pair| {
            (pair.row, self.points.members(block)[pair.column as usize])
        });
        if self.is_mutual() && query_block != block {
            self.offer(block, &nearest[block], pairs, |pair| {
                (pair.column, self.queries.members(query_block)[pair.row as usize])
            });
        }
    }

    fn thresholds(&self, query_block: usize) -> Vec<f32> {
        let thresholds = &self.thresholds[self.queries.range(query_block)];
        thresholds.iter().map(|threshold| f32::from_bits(threshold.load(Ordering::Relaxed))).collect()
    }

    /// Writes the distance of each pair of these queries and points.
    fn measure(&self, queries: &[u32], points: &[u32], pairs: &mut [Pair]) {
        with_vectors(Measure { search: self, queries, points, pairs });
    }

    /// Shows the queries of a block the points that `pair` names: a query's place and a point.
    fn offer(
        &self,
        block: usize,
        nearest: &Mutex<Vec<Nearest<'_>>>,
        pairs: &[Pair],
        pair: impl Fn(&Pair) -> (u32, u32),
    ) {
        let thresholds = &self.thresholds[self.queries.range(block)];
        let mut nearest = nearest.lock().unwrap_or_else(PoisonError::into_inner);
        for found in pairs {
            let (query, index) = pair(found);
            let (nearest, threshold) = (&mut nearest[query as usize], &thresholds[query as usize]);
            if found.squared_distance <= nearest.threshold() {
                nearest.offer(found.squared_distance, index);
                threshold.store(nearest.threshold().to_bits(), Ordering::Relaxed);
            }
        }
    }
}

/// Writes the distance of each pair.
struct Measure<'a> {
    search: &'a BlockSearch<'a>,
    /// The numbers that rows and columns of pairs stand for.
    queries: &'a [u32],
    points: &'a [u32],
    pairs: &'a mut [Pair],
}

impl WithSimd for Measure<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let BlockSearch { queries, points, .. } = self.search;
        for pair in self.pairs {
            let query = queries.points.point(self.queries[pair.row as usize] as usize);
            let point = points.points.point(self.points[pair.column as usize] as usize);
            pair.squared_distance = squared_distance(simd, query, point);
        }
    }
}

/// The products of all rows of two matrices, `[queries, points]`.
fn product<'a>(queries: MatrixView<'_>, points: MatrixView<'_>, products: &'a mut Vec<f32>) -> &'a [f32] {
    products.resize(BLOCK * BLOCK, 0.0);
    multiply(queries, points.transposed(), products, false);
    &products[..queries.rows() * points.rows()]
}

/// The pairs whose distance, as far as products tell, may be within a threshold of one of the two.
fn collect_pairs(
    products: &[f32],
    (query_norms, norms): (&[f32], &[f32]),
    (query_thresholds, thresholds): (&[f32], &[f32]),
    pairs: &mut Vec<Pair>,
) {
    pairs.clear();
    vectorised!({
        for (row, products) in products.chunks_exact(norms.len()).enumerate() {
            let query_norm = (1.0 - SLACK) * query_norms[row];
            let query_threshold = query_thresholds[row];
            let may_be_near = |product: f32, norm: f32, threshold: f32| {
                let bound = query_norm + (1.0 - SLACK) * norm - 2.0 * product;
                bound <= query_threshold || bound <= threshold
            };
            let columns = products.chunks(STRIP).zip(norms.chunks(STRIP)).zip(thresholds.chunks(STRIP));
            for (at, ((products, norms), thresholds)) in columns.enumerate() {
                let mut any = false;
                for ((&product, &norm), &threshold) in products.iter().zip(norms).zip(thresholds) {
                    any |= may_be_near(product, norm, threshold);
                }
                if any {
                    let all = products.iter().zip(norms).zip(thresholds).enumerate();
                    let near =
                        all.filter(|&(_, ((&product, &norm), &threshold))| may_be_near(product, norm, threshold));
                    pairs.extend(near.map(|(lane, _)| Pair {
                        row: row as u32,
                        column: (at * STRIP + lane) as u32,
                        squared_distance: 0.0,
                    }));
                }
            }
        }
    });
}
