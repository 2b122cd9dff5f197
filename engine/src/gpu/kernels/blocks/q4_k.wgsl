fn read_item(row: u32, item: u32) -> Item {
    let block = (row * (ITEMS / 8u) + (item >> 3u)) * 9u;
    let q = quants[block + 1u + (item & 7u)];
    let scale = k_scales(quants[block], (item & 7u) >> 1u);
    return Item(
        floats(low_nibbles(q.x), low_nibbles(q.y), low_nibbles(q.z), low_nibbles(q.w)),
        floats(high_nibbles(q.x), high_nibbles(q.y), high_nibbles(q.z), high_nibbles(q.w)),
        scale.xy,
        scale.zw,
    );
}
