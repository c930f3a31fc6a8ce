package io.sluice.vmm.cpu.isa;

import java.util.HexFormat;

/// An encoding and what it decodes to.
record Sample(int mode, byte[] bytes, Insn insn) {
    String hex() {
        return HexFormat.of().formatHex(bytes);
    }

    @Override
    public String toString() {
        return mode + "-bit " + hex() + " [" + IsaTable.row(insn.row) + "]";
    }
}
