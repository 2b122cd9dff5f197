fn read_item(row: u32, item: u32) -> Item {
    let block = row * ITEMS + item;
    let q = quants[block];
    let fifth = high[block];
    let scale = half_scale(block);
    return Item(five_bit_low(q, fifth), five_bit_high(q, fifth), vec2<f32>(scale), vec2<f32>(-16.0 * scale));
}
