package io.sluice.vmm.cpu.interp;

/// An instruction that is not hot enough for a class of its own: its semantics as a lambda, made when it is decoded.
final class Cold extends MicroOp {
    /// What the instruction does.
    interface Body {
        void run(Core core);
    }

    /// What an instruction that sets `rip` or the mode does.
    interface Ending {
        /// @param next `rip` of the next instruction; in force already, may be overwritten in the state
        void run(Core core, long next);
    }

    private final Body body;

    private Cold(Body body) {
        this.body = body;
    }

    static MicroOp of(Body body) {
        return new Cold(body);
    }

    /// An instruction that ends its block. `rip` points behind it while the body runs; if the body faults, the
    /// instruction's own address is what the fault reports (unless a task switch was committed).
    static MicroOp ending(Ending body) {
        return new End(body);
    }

    @Override
    public void run(Core core) {
        body.run(core);
    }

    private static final class End extends MicroOp {
        private final Ending body;

        End(Ending body) {
            this.body = body;
        }

        @Override
        public boolean endsBlock() {
            return true;
        }

        @Override
        public void run(Core core) {
            long block = core.state.rip;
            long behind = core.wrapIp(block + next);
            core.state.rip = behind;
            boolean done = false;
            try {
                body.run(core, behind);
                done = true;
            } finally {
                if (!done && !core.committed) {
                    core.state.rip = block;
                }
            }
        }
    }
}
