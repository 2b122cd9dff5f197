// Where an item's two runs begin in a row of activations, in vectors: Q4_K and Q5_K keep sub-blocks 2r and 2r + 1 in
// the same bytes, so an item holds half of each.
fn low_start(item: u32) -> u32 {
    return (item >> 3u) * 64u + ((item & 7u) >> 1u) * 16u + (item & 1u) * 4u;
}

fn high_start(item: u32) -> u32 {
    return low_start(item) + 8u;
}
