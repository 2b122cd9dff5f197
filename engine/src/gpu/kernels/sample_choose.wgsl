// Makes `token` the input of the next pass.
fn choose(token: u32) {
    tokens[0] = token;
    seen[token >> 5u] |= 1u << (token & 31u);
    chosen[batch.chosen] = token;
    batch.chosen += 1u;
    batch.first_position += batch.tokens;
    batch.tokens = 1u;
    batch.first_logit_row = 0u;
    batch.logit_rows = 1u;
}
