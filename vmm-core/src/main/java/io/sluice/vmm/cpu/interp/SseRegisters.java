package io.sluice.vmm.cpu.interp;

/// An SSE operation on registers: where its operands are in `FpuState.xmm`. The source may be the place of a memory
/// operand, which [SseMemory] has filled then.
abstract class SseRegisters extends MicroOp {
    final int target;
    final int source;

    SseRegisters(int target, int source) {
        this.target = target;
        this.source = source;
    }
}
