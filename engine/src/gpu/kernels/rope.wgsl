// One thread per pair.
@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= HEADS * PAIRS {
        return;
    }
    let head = id.x / PAIRS;
    let pair = id.x % PAIRS;
    let position = batch.first_position + id.y;
    // Turning by the sum of two angles: cos(a + b) and sin(a + b).
    let fine = table[(position % FINE_POSITIONS) * PAIRS + pair];
    let coarse = table[(FINE_POSITIONS + position / FINE_POSITIONS) * PAIRS + pair];
    let cosine = fine.x * coarse.x - fine.y * coarse.y;
    let sine = fine.y * coarse.x + fine.x * coarse.y;
    let first = at_view(id.y, head * HEAD_SIZE + select(pair, pair * 2u, NEIGHBOURS));
    let second = first + select(PAIRS, 1u, NEIGHBOURS);
    let a = $view[first];
    let b = $view[second];
    $view[first] = a * cosine - b * sine;
    $view[second] = a * sine + b * cosine;
}
