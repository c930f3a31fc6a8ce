package io.sluice.vmm.irq;

/// What an APIC tells its vCPU. Any thread may call; nothing blocks.
public interface VcpuPort {
    /// Look at your APIC: [LocalApic#attention] has become true.
    void kick();

    /// A non-maskable interrupt.
    void nmi();

    /// A system management interrupt.
    void smi();

    /// INIT: reset, then wait for a startup message.
    void init();

    /// A startup message: leave wait-for-SIPI at `vector` << 12. Ignored in any other state.
    void startup(int vector);
}
