package io.sluice.vmm.cpu.interp;

/// Leaves the running block early: its code was overwritten. `rip` is right where it is thrown.
final class BlockExit extends RuntimeException {
    static final BlockExit INSTANCE = new BlockExit();

    private BlockExit() {
        super(null, null, false, false);
    }

    /// Stands in every place of an overwritten block: running it leaves the block before the instruction of that place.
    static final class Op extends MicroOp {
        Op(MicroOp replaced) {
            start = replaced.start;
            next = replaced.next;
        }

        @Override
        public void run(Core core) {
            core.state.rip = core.wrapIp(core.state.rip + start);
            throw INSTANCE;
        }
    }
}
