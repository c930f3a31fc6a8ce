package io.sluice.vmm.cpu.interp;

/// What a task-state segment holds (SDM volume 3, figures 7-2 and 7-10).
///
/// @param segments ES, CS, SS, DS, FS, GS
/// @param traps the T bit: a debug trap follows the switch
record TaskImage(long ip, int flags, long[] registers, int[] segments, int ldt, long cr3, boolean traps) {
    static TaskImage read(Core core, long base, boolean wide) {
        var registers = new long[8];
        var segments = new int[6];
        for (int i = 0; i < 8; i++) {
            registers[i] = wide ? load(core, base + 0x28 + 4L * i, 4) : load(core, base + 0x12 + 2L * i, 2);
        }
        for (int i = 0; i < (wide ? 6 : 4); i++) {
            segments[i] = (int) (wide ? load(core, base + 0x48 + 4L * i, 2) : load(core, base + 0x22 + 2L * i, 2));
        }
        return new TaskImage(
                wide ? load(core, base + 0x20, 4) : load(core, base + 0xE, 2),
                (int) (wide ? load(core, base + 0x24, 4) : load(core, base + 0x10, 2)),
                registers,
                segments,
                (int) (wide ? load(core, base + 0x60, 2) : load(core, base + 0x2A, 2)),
                wide ? load(core, base + 0x1C, 4) : 0,
                wide && (load(core, base + 0x64, 2) & 1) != 0);
    }

    /// Saves the running task.
    static void save(Core core, long base, boolean wide, int flags) {
        var s = core.state;
        if (wide) {
            store(core, base + 0x20, 4, s.rip);
            store(core, base + 0x24, 4, flags);
        } else {
            store(core, base + 0xE, 2, s.rip);
            store(core, base + 0x10, 2, flags);
        }
        for (int i = 0; i < 8; i++) {
            store(core, wide ? base + 0x28 + 4L * i : base + 0x12 + 2L * i, wide ? 4 : 2, core.gpr[i]);
        }
        for (int i = 0; i < (wide ? 6 : 4); i++) {
            store(core, wide ? base + 0x48 + 4L * i : base + 0x22 + 2L * i, 2, s.segments[i].selector);
        }
    }

    private static long load(Core core, long linear, int size) {
        return core.mmu.systemLoad(linear & 0xFFFF_FFFFL, size);
    }

    private static void store(Core core, long linear, int size, long value) {
        core.mmu.systemStore(linear & 0xFFFF_FFFFL, size, value);
    }
}
