// Scales (x, y) and minimums (z, w) of sub-blocks 2 * run and 2 * run + 1 from the 12 bytes that Q4_K and Q5_K share:
// six bits each, those of sub-blocks 4 to 7 in two pieces. `head` is the block's first vector.
fn k_scales(head: vec4<u32>, run: u32) -> vec4<f32> {
    let shift = (run & 1u) * 16u;
    let a = head.y >> shift;
    let b = head.z >> shift;
    let c = head.w >> shift;
    let first = vec4<u32>(a & 63u, (a >> 8u) & 63u, b & 63u, (b >> 8u) & 63u);
    let second = vec4<u32>(
        (c & 15u) | (((a >> 6u) & 3u) << 4u),
        ((c >> 8u) & 15u) | (((a >> 14u) & 3u) << 4u),
        ((c >> 4u) & 15u) | (((b >> 6u) & 3u) << 4u),
        ((c >> 12u) & 15u) | (((b >> 14u) & 3u) << 4u),
    );
    let scale = unpack2x16float(head.x);
    return vec4<f32>(select(first, second, run >= 2u)) * vec4<f32>(scale.x, scale.x, -scale.y, -scale.y);
}
