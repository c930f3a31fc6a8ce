package io.sluice.vmm.machine;

import io.sluice.vmm.address.Gpa;
import io.sluice.vmm.address.Gva;
import io.sluice.vmm.cpu.state.CpuRegister;
import io.sluice.vmm.cpu.state.DebugPoint;
import io.sluice.vmm.cpu.state.DebugStop;
import io.sluice.vmm.qapi.RunState;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A machine as a debugger works on it. For the thread that owns the machine, as [Machine] itself. One debugger at a
/// time; vCPUs are numbered from 0. Registers and memory may be looked at while the machine runs too: each call sees
/// the
/// moment between two instructions.
///
/// What others do to the machine stays possible: they may pause it, let it go on or reset it under the debugger's
/// hands. Points outlast a reset.
public interface DebugPort {
    int vcpus();

    // ---- coming and going

    /// A debugger comes: the machine is stopped, if it runs.
    ///
    /// @return `false` if another is there
    boolean attach(Listener listener);

    /// The debugger goes: its points go with it, and the machine runs on, whoever stopped it.
    void detach();

    /// The debugger is gone without a word: its points go, and the machine runs on if the debugger had stopped it.
    void abandon();

    /// What the debugger is told, on the thread that owns the machine.
    interface Listener {
        /// The machine has stopped, whoever stopped it.
        void stopped(Stop why);

        /// The machine has ended, with the status that the process will have.
        void ended(int status);
    }

    /// @param state what the machine is in now
    /// @param vcpu which vCPU has to tell something; 0 if none has
    /// @param reason what that vCPU has to tell
    record Stop(RunState state, int vcpu, @Nullable DebugStop reason) {}

    // ---- running

    boolean isRunning();

    /// Stops the machine as [Machine#pause] does.
    void interrupt();

    /// What one vCPU does.
    enum Motion {
        STAY,
        GO,
        /// One instruction; no interrupt is taken.
        STEP,
        /// One instruction, or one interrupt taken.
        STEP_WITH_INTERRUPTS
    }

    /// Lets the machine run until [Listener#stopped].
    ///
    /// @param motions one for each vCPU
    /// @param clock whether the machine's clock runs, and with it its timers
    /// @return `false` if it runs already, or only a reset could help
    boolean resume(List<Motion> motions, boolean clock);

    /// Ends the machine; the guest is not asked.
    void kill();

    void reset();

    // ---- points

    /// Sets a point; one that is set already is set once.
    ///
    /// @return `false` if there are too many
    boolean insert(DebugPoint point);

    void remove(DebugPoint point);

    void removeAll();

    // ---- registers and memory

    /// Whether the vCPU waits in a HLT.
    boolean isHalted(int vcpu);

    /// The values of these registers, one behind the other, little-endian.
    byte[] read(int vcpu, List<CpuRegister> registers);

    /// Sets a register; `false` if it may not have that value.
    boolean write(int vcpu, CpuRegister register, byte[] value);

    /// Reads RAM through the vCPU's page tables, up to what is not mapped or not RAM.
    ///
    /// @return how many bytes were read
    int read(int vcpu, Gva from, byte[] target);

    /// Writes RAM through the vCPU's page tables; all of it or nothing.
    boolean write(int vcpu, Gva from, byte[] source);

    /// Reads RAM, up to what is not RAM.
    ///
    /// @return how many bytes were read
    int read(Gpa from, byte[] target);

    /// Writes RAM; all of it or nothing.
    boolean write(Gpa from, byte[] source);

    /// The vCPU's registers for people.
    String text(int vcpu);
}
