fn read_item(row: u32, item: u32) -> Item {
    let block = row * ITEMS + item;
    let q = quants[block];
    let scale = unpack2x16float(scales[block]);
    return Item(
        floats(low_nibbles(q.x), low_nibbles(q.y), low_nibbles(q.z), low_nibbles(q.w)),
        floats(high_nibbles(q.x), high_nibbles(q.y), high_nibbles(q.z), high_nibbles(q.w)),
        vec2<f32>(scale.x),
        vec2<f32>(scale.y),
    );
}
