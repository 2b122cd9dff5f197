// Behind the kernels and `ENTRIES`, the list of them: as `cuLaunchKernel`. Gives 0, or 1 if there is no such kernel.

extern "C" int launch(const char *name, unsigned blocks_x, unsigned blocks_y, unsigned threads, void **arguments) {
    for (const emulation::Entry &entry : ENTRIES) {
        if (std::strcmp(entry.name, name) != 0) continue;
        emulation::kernel = entry.run;
        emulation::arguments = arguments;
        blockDim = {threads, 1, 1};
        gridDim = {blocks_x, blocks_y, 1};
        for (unsigned y = 0; y < blocks_y; y++) {
            for (unsigned x = 0; x < blocks_x; x++) {
                blockIdx = {x, y, 0};
                emulation::run_block();
            }
        }
        return 0;
    }
    return 1;
}
