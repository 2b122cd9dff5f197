const LOWEST: f32 = -3.0e38;

// Positions that a token at `position` sees.
fn seen_positions(position: u32) -> u32 {
    return select(position + 1u, min(position + 1u, WINDOW), WINDOW > 0u);
}

// Positions of one split; `Splitting::count` in call.rs has the same arithmetic.
fn split_positions(seen: u32) -> u32 {
    return select(max((seen + MOST_SPLITS - 1u) / MOST_SPLITS, LEAST_POSITIONS), seen, LEAST_POSITIONS == 0u);
}

// Where a split's part begins: HEAD_VECTORS of values, then (maximum, sum).
fn part_at(head: u32, split: u32) -> u32 {
    return (head * MOST_SPLITS + split) * (HEAD_VECTORS + 1u);
}
