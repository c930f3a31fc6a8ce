package io.sluice.vmm.boot;

import io.sluice.vmm.address.Gpa;

/// How vCPU 0 enters the guest. Interrupts are off (RFLAGS = 2), the IDT is empty, all that is not named here is as
/// after reset. `gdt` lies in guest memory and holds what the selectors name.
public sealed interface EntryState {
    /// Selector of flat code: 64-bit in [LongMode], 32-bit in [Protected32].
    int CODE_SELECTOR = 0x10;

    /// Selector of flat data, for DS, ES, SS, FS and GS.
    int DATA_SELECTOR = 0x18;

    /// Descriptor bits 55..40 of the code segment in long mode: present, code, read, accessed, L, G.
    int CODE64_ACCESS = 0xA09B;
    /// Descriptor bits 55..40 of the code segment in protected mode: present, code, read, accessed, D, G.
    int CODE32_ACCESS = 0xC09B;
    /// Descriptor bits 55..40 of data segments: present, data, write, accessed, B, G. Base 0, limit 4 GiB.
    int DATA_ACCESS = 0xC093;

    /// 64-bit mode: CR0 = PE|ET|NE|PG, CR4 = PAE, EFER = LME|LMA; the first 4 GiB are mapped to themselves.
    ///
    /// @param rsi the boot parameters ("zero page")
    record LongMode(Gpa rip, Gpa rsi, Gpa cr3, Gpa gdt, int gdtLimit) implements EntryState {}

    /// Protected mode without paging: CR0 = PE|ET, A20 open.
    record Protected32(int eip, int eax, int ebx, Gpa gdt, int gdtLimit) implements EntryState {}

    /// Real mode as a BIOS enters a boot sector: DS, ES and SS are 0, DL is the drive.
    record Real16(int cs, int ip, int sp, int dl) implements EntryState {}
}
