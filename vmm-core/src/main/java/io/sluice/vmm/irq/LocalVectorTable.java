package io.sluice.vmm.irq;

import java.util.Arrays;
import java.util.List;

/// The six LVT entries. While the APIC is software-disabled every mask bit is 1 and stays so (SDM 3A 10.4.7.2).
final class LocalVectorTable {
    static final int MASKED = 1 << 16;
    private static final int REMOTE_IRR = 1 << 14;
    private static final int LEVEL = 1 << 15;

    private final int[] entries = new int[6];

    private static int index(ApicReg entry) {
        return entry.compareTo(ApicReg.LVT_TIMER);
    }

    int get(ApicReg entry) {
        return entries[index(entry)];
    }

    void set(ApicReg entry, int value, boolean softwareEnabled) {
        int written = entry.written(get(entry), value);
        boolean edge = (written & LEVEL) == 0;
        entries[index(entry)] = (edge ? written & ~REMOTE_IRR : written) | (softwareEnabled ? 0 : MASKED);
    }

    void reset() {
        Arrays.fill(entries, MASKED);
    }

    void maskAll() {
        for (int i = 0; i < entries.length; i++) {
            entries[i] |= MASKED;
        }
    }

    boolean isMasked(ApicReg entry) {
        return (get(entry) & MASKED) != 0;
    }

    int vector(ApicReg entry) {
        return get(entry) & 0xFF;
    }

    DeliveryMode mode(ApicReg entry) {
        return DeliveryMode.of(get(entry));
    }

    boolean isLevel(ApicReg entry) {
        return (get(entry) & LEVEL) != 0;
    }

    boolean remoteIrr(ApicReg entry) {
        return (get(entry) & REMOTE_IRR) != 0;
    }

    void setRemoteIrr(ApicReg entry, boolean value) {
        int index = index(entry);
        entries[index] = value ? entries[index] | REMOTE_IRR : entries[index] & ~REMOTE_IRR;
    }

    List<Integer> toList() {
        return Arrays.stream(entries).boxed().toList();
    }

    void restore(List<Integer> saved) {
        for (int i = 0; i < entries.length; i++) {
            entries[i] = saved.get(i);
        }
    }
}
