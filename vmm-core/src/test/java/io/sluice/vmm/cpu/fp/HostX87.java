package io.sluice.vmm.cpu.fp;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.sluice.vmm.testkit.HostCode;
import java.lang.foreign.MemorySegment;

/// One x87 instruction on the host: ST0 and ST1 in, ST0, ST1 and the status word out.
final class HostX87 {
    private final HostCode code;
    private final MemorySegment block;
    long sig0;
    int se0;
    long sig1;
    int se1;
    int fsw;

    HostX87(String hex) {
        code = HostCode.of(hex);
        block = code.block;
    }

    void run(int fcw, int aSe, long aSig, int bSe, long bSig) {
        block.asSlice(0, 512).fill((byte) 0);
        block.set(JAVA_SHORT_UNALIGNED, 0, (short) fcw);
        // TOP is 6: two registers in use.
        block.set(JAVA_SHORT_UNALIGNED, 2, (short) (6 << 11));
        block.set(JAVA_SHORT_UNALIGNED, 4, (short) 0xC0);
        block.set(JAVA_SHORT_UNALIGNED, 24, (short) 0x1F80);
        put(32, aSe, aSig);
        put(48, bSe, bSig);
        code.run();
        fsw = block.get(JAVA_SHORT_UNALIGNED, 2) & 0xFFFF;
        sig0 = block.get(JAVA_LONG_UNALIGNED, 32);
        se0 = block.get(JAVA_SHORT_UNALIGNED, 40) & 0xFFFF;
        sig1 = block.get(JAVA_LONG_UNALIGNED, 48);
        se1 = block.get(JAVA_SHORT_UNALIGNED, 56) & 0xFFFF;
    }

    private void put(int at, int se, long sig) {
        block.set(JAVA_LONG_UNALIGNED, at, sig);
        block.set(JAVA_SHORT_UNALIGNED, at + 8, (short) se);
    }

    long scratch() {
        return block.get(JAVA_LONG_UNALIGNED, HostCode.SCRATCH);
    }

    void scratch(long value) {
        block.set(JAVA_LONG_UNALIGNED, HostCode.SCRATCH, value);
    }

    long scratchHigh() {
        return block.get(JAVA_LONG_UNALIGNED, HostCode.SCRATCH + 8);
    }

    void scratchHigh(long value) {
        block.set(JAVA_LONG_UNALIGNED, HostCode.SCRATCH + 8, value);
    }
}
