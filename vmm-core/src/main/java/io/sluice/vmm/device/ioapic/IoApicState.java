package io.sluice.vmm.device.ioapic;

import java.util.List;

/// What a snapshot stores of an I/O APIC: the selected index, the id register, the pins' levels, and the entries.
public record IoApicState(int selected, int id, int lines, List<Long> redirection) {}
