fn read_item(row: u32, item: u32) -> Item {
    let block = row * ITEMS + item;
    let q = quants[block];
    let fifth = high[block];
    let scale = unpack2x16float(scales[block]);
    return Item(five_bit_low(q, fifth), five_bit_high(q, fifth), vec2<f32>(scale.x), vec2<f32>(scale.y));
}
