package io.sluice.vmm.cpu.state;

/// What CPUID answers: exactly what is implemented. The results of the last [#read] stand in the fields.
public final class Cpuid {
    private static final int MAX_BASIC = 0x16;
    private static final int MAX_EXTENDED = 0x8000_0008;
    private static final int HYPERVISOR = 0x4000_0000;
    /// Family 6, model 8Fh, stepping 8.
    private static final int SIGNATURE = 0x000806F8;

    public static final String VENDOR = "GenuineIntel";
    private static final String HYPERVISOR_VENDOR = "SluiceSluice";
    public static final String BRAND = "Sluice Virtual CPU (x86-64-v2, ENQCMD)";

    /// Frequency of the time-stamp counter, the APIC timer and the crystal, in Hz.
    public static final int TSC_HZ = 1_000_000_000;

    // Leaf 1 EDX, ECX
    private static final int EDX1 = bits(0, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 19, 23, 24, 25, 26, 27);
    private static final int ECX1 = bits(0, 9, 13, 17, 19, 20, 21, 22, 23, 24, 26, 30, 31);
    // Leaf 7: FSGSBASE TSC_ADJUST BMI1 SMEP BMI2 ERMS INVPCID RDSEED ADX SMAP CLFLUSHOPT CLWB
    private static final int EBX7 = bits(0, 1, 3, 7, 8, 9, 10, 18, 19, 20, 23, 24);
    // UMIP RDPID MOVDIRI MOVDIR64B ENQCMD
    private static final int ECX7 = bits(2, 22, 27, 28, 29);
    // FSRM MD_CLEAR SPEC_CTRL STIBP ARCH_CAPABILITIES SSBD
    private static final int EDX7 = bits(4, 10, 26, 27, 29, 31);
    private static final int ECX81 = bits(0, 5, 8);
    private static final int EDX81 = bits(11, 20, 26, 27, 29);

    public int eax;
    public int ebx;
    public int ecx;
    public int edx;

    private final int apicId;
    private final int count;

    public Cpuid(int apicId, int count) {
        this.apicId = apicId;
        this.count = count;
    }

    private static int bits(int... numbers) {
        int mask = 0;
        for (int number : numbers) {
            mask |= 1 << number;
        }
        return mask;
    }

    public void read(CpuState state, int leaf, int subleaf) {
        eax = 0;
        ebx = 0;
        ecx = 0;
        edx = 0;
        int known = leaf;
        if (leaf < 0 ? leaf > MAX_EXTENDED : leaf > MAX_BASIC && (leaf & ~0xFF) != HYPERVISOR) {
            // As Intel's: beyond the last leaf the last basic leaf answers.
            known = MAX_BASIC;
        }
        switch (known) {
            case 0 -> vendor(MAX_BASIC);
            case 1 -> features(state);
            case 2 -> eax = 0x00FF_FF01;
            case 4 -> caches(subleaf);
            case 6 -> eax = bits(2);
            case 7 -> extendedFeatures(subleaf);
            case 0xB -> topology(subleaf);
            case 0xD -> extendedState(state, subleaf);
            case 0x15 -> {
                eax = 1;
                ebx = 1;
                ecx = TSC_HZ;
            }
            case 0x16 -> {
                eax = TSC_HZ / 1_000_000;
                ebx = TSC_HZ / 1_000_000;
                ecx = 100;
            }
            case HYPERVISOR -> {
                eax = HYPERVISOR;
                ebx = word(HYPERVISOR_VENDOR, 0);
                ecx = word(HYPERVISOR_VENDOR, 4);
                edx = word(HYPERVISOR_VENDOR, 8);
            }
            case 0x8000_0000 -> eax = MAX_EXTENDED;
            case 0x8000_0001 -> {
                ecx = ECX81;
                // SYSCALL is reported in 64-bit mode only.
                boolean wide = state.inLongMode() && state.segments[1].isLong();
                edx = wide ? EDX81 : EDX81 & ~bits(11);
            }
            case 0x8000_0002, 0x8000_0003, 0x8000_0004 -> brand(known - 0x8000_0002);
            case 0x8000_0006 -> ecx = 2048 << 16 | 8 << 12 | 64;
            case 0x8000_0007 -> edx = bits(8);
            case 0x8000_0008 -> eax = PHYSICAL_BITS | 48 << 8;
            default -> {}
        }
    }

    /// Width of a guest physical address.
    public static final int PHYSICAL_BITS = 40;

    private void vendor(int max) {
        eax = max;
        ebx = word(VENDOR, 0);
        edx = word(VENDOR, 4);
        ecx = word(VENDOR, 8);
    }

    private void features(CpuState state) {
        eax = SIGNATURE;
        ebx = apicId << 24 | Math.max(1, count) << 16 | 8 << 8;
        ecx = ECX1 | ((state.cr4 & 1 << 18) != 0 ? bits(27) : 0);
        edx = EDX1 | (count > 1 ? bits(28) : 0);
    }

    private void extendedFeatures(int subleaf) {
        if (subleaf == 2) {
            // BHI_CTRL: SPEC_CTRL bit 10
            edx = bits(4);
        }
        if (subleaf == 0) {
            eax = 2;
            ebx = EBX7;
            ecx = ECX7;
            edx = EDX7;
        }
    }

    /// Deterministic cache parameters: 32 KiB L1s, 2 MiB L2; one core each.
    private void caches(int subleaf) {
        int cores = Math.max(1, count) - 1;
        switch (subleaf) {
            case 0 -> cache(1, 1, cores, 8, 64);
            case 1 -> cache(2, 1, cores, 8, 64);
            case 2 -> cache(3, 2, cores, 16, 2048);
            default -> {}
        }
    }

    private void cache(int type, int level, int cores, int ways, int sets) {
        eax = type | level << 5 | 1 << 8 | cores << 26;
        ebx = 63 | ways - 1 << 22;
        ecx = sets - 1;
    }

    private void topology(int subleaf) {
        edx = apicId;
        ecx = subleaf & 0xFF;
        if (subleaf == 0) {
            ecx |= 1 << 8;
            ebx = 1;
        } else if (subleaf == 1) {
            ecx |= 2 << 8;
            eax = 32 - Integer.numberOfLeadingZeros(Math.max(1, count) - 1);
            ebx = count;
        }
    }

    private void extendedState(CpuState state, int subleaf) {
        switch (subleaf) {
            case 0 -> {
                eax = (int) XState.USER;
                ebx = XState.standardSize();
                ecx = XState.standardSize();
            }
            case 1 -> {
                // XSAVEOPT XSAVEC XGETBV1 XSAVES
                eax = bits(0, 1, 2, 3);
                ebx = XState.compactedSize(state.xcr0 | state.msrs.xss);
                ecx = (int) XState.SUPERVISOR;
            }
            case XState.PASID_COMPONENT -> {
                eax = XState.PASID_SIZE;
                ecx = 1;
            }
            default -> {}
        }
    }

    private void brand(int part) {
        eax = word(BRAND, 16 * part);
        ebx = word(BRAND, 16 * part + 4);
        ecx = word(BRAND, 16 * part + 8);
        edx = word(BRAND, 16 * part + 12);
    }

    private static int word(String text, int at) {
        int word = 0;
        for (int i = 0; i < 4; i++) {
            if (at + i < text.length()) {
                word |= text.charAt(at + i) << 8 * i;
            }
        }
        return word;
    }
}
