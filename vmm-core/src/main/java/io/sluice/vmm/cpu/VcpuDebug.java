package io.sluice.vmm.cpu;

import io.sluice.vmm.address.Gva;
import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.cpu.interp.Interpreter;
import io.sluice.vmm.cpu.interp.RegisterFile;
import io.sluice.vmm.cpu.state.CpuRegister;
import io.sluice.vmm.cpu.state.DebugPoint;
import io.sluice.vmm.cpu.state.DebugStop;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Collection;
import java.util.List;
import java.util.function.Consumer;

/// What a debugger asks of one vCPU. Like [Vcpu#inspect], each call waits until the vCPU's thread has carried it out,
/// so
/// it is not for event loops nor for that thread. The guest notices nothing but what is written into its memory and
/// registers.
public final class VcpuDebug {
    private static final int PAGE = 0x1000;

    private final Vcpu vcpu;
    private final Interpreter interpreter;
    private final AddressSpace memory;
    private final RegisterFile registers;
    private volatile Consumer<DebugStop> listener = stop -> {};

    VcpuDebug(Vcpu vcpu, Interpreter interpreter, AddressSpace memory) {
        this.vcpu = vcpu;
        this.interpreter = interpreter;
        this.memory = memory;
        this.registers = new RegisterFile(interpreter.core());
    }

    /// Says who is told that the vCPU has stopped by itself, on the vCPU's thread; it is paused then.
    public void onStop(Consumer<DebugStop> toTell) {
        listener = toTell;
    }

    void tell(DebugStop stop) {
        listener.accept(stop);
    }

    /// Stops at these points from now on and at no others.
    public void setPoints(Collection<? extends DebugPoint> points) {
        var copy = List.copyOf(points);
        vcpu.await(() -> interpreter.setDebugPoints(copy));
    }

    /// Lets the vCPU run one instruction; then it is paused again and tells so. Does not wait for it.
    ///
    /// @param interrupts whether an interrupt may be taken instead
    public void step(boolean interrupts) {
        vcpu.resume(interrupts ? Vcpu.Pace.STEP_WITH_INTERRUPTS : Vcpu.Pace.STEP);
    }

    /// As [Vcpu#isHalted], from any thread.
    public boolean isHalted() {
        var halted = new boolean[1];
        vcpu.await(() -> halted[0] = vcpu.isHalted());
        return halted[0];
    }

    /// The values of these registers, one behind the other.
    public byte[] read(List<CpuRegister> wanted) {
        var values = buffer(wanted.stream().mapToInt(CpuRegister::bytes).sum());
        vcpu.await(() -> wanted.forEach(register -> registers.read(register, values)));
        return values.array();
    }

    /// Sets a register; `false` if it may not have that value.
    public boolean write(CpuRegister register, byte[] value) {
        var bytes = buffer(register.bytes()).put(value).flip();
        var done = new boolean[1];
        vcpu.await(() -> done[0] = registers.write(register, bytes));
        return done[0];
    }

    private static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    // ---- memory, through the guest's page tables as they stand

    /// Reads RAM from `from` on; stops at what is not mapped or not RAM.
    ///
    /// @return how many bytes were read
    public int readMemory(Gva from, byte[] target) {
        return inPages(from, target.length, (gpa, at, length) -> memory.dmaRead(gpa, target, at, length));
    }

    /// Writes RAM from `from` on; all of it or nothing.
    public boolean writeMemory(Gva from, byte[] source) {
        boolean writable = inPages(from, source.length, (gpa, at, length) -> isWritable(gpa)) == source.length;
        return writable
                && inPages(from, source.length, (gpa, at, length) -> memory.dmaWrite(gpa, source, at, length))
                        == source.length;
    }

    private boolean isWritable(long gpa) {
        var ram = memory.find(gpa).asRam();
        return ram != null && ram.writable();
    }

    private interface Piece {
        /// Does its work on a piece of one page; `false` if it cannot.
        boolean done(long gpa, int at, int length);
    }

    /// How many bytes were worked on before a piece that is not mapped or failed.
    private int inPages(Gva from, int bytes, Piece piece) {
        var done = new int[1];
        vcpu.await(() -> {
            int at = 0;
            while (at < bytes) {
                long linear = from.bits() + at;
                int length = Math.min(bytes - at, PAGE - ((int) linear & PAGE - 1));
                long gpa = interpreter.core().mmu.probe(linear);
                if (gpa == -1 || !piece.done(gpa, at, length)) {
                    break;
                }
                at += length;
            }
            done[0] = at;
        });
        return done[0];
    }
}
