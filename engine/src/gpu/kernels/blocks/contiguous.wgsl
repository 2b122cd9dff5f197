// Where an item's two runs begin in a row of activations, in vectors.
fn low_start(item: u32) -> u32 {
    return item * 8u;
}

fn high_start(item: u32) -> u32 {
    return item * 8u + 4u;
}
