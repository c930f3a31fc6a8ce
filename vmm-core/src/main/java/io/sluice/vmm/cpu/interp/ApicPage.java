package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.mmu.Mmu;

/// The local APIC's page, as the MMU sees it.
final class ApicPage implements Mmu.LocalDevice {
    private final Core core;
    private final InterruptController interrupts;

    ApicPage(Core core, InterruptController interrupts) {
        this.core = core;
        this.interrupts = interrupts;
    }

    @Override
    public boolean claims(long gpaPage) {
        return interrupts.page() == gpaPage;
    }

    @Override
    public long read(int offset, int size) {
        long word = interrupts.readRegister(offset & ~3) & 0xFFFF_FFFFL;
        return word >>> 8 * (offset & 3);
    }

    @Override
    public void write(int offset, int size, long value) {
        if ((offset & 3) == 0 && size >= 4) {
            interrupts.writeRegister(offset, (int) value);
            core.lookForInterrupts();
        }
    }
}
