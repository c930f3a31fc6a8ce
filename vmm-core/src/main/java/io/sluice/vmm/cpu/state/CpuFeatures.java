package io.sluice.vmm.cpu.state;

import java.util.ArrayList;
import java.util.List;

/// The feature flags of CPUID under the names that `-cpu` and QMP have for them (Intel's manual, volume 2A, CPUID).
public final class CpuFeatures {
    /// One flag.
    ///
    /// @param present whether the vCPU has it
    public record Flag(String name, boolean present) {}

    private enum Register {
        EAX,
        EBX,
        ECX,
        EDX
    }

    /// The names of one register's bits from bit 0 on; `-` for a bit without a name.
    private record Word(int leaf, int subleaf, Register register, String names) {}

    private static final List<Word> WORDS = List.of(
            new Word(
                    1,
                    0,
                    Register.EDX,
                    "fpu vme de pse tsc msr pae mce cx8 apic - sep mtrr pge mca cmov pat pse36 pn "
                            + "clflush - ds acpi mmx fxsr sse sse2 ss ht tm ia64 pbe"),
            new Word(
                    1,
                    0,
                    Register.ECX,
                    "pni pclmulqdq dtes64 monitor ds-cpl vmx smx est tm2 ssse3 cid - fma cx16 xtpr "
                            + "pdcm - pcid dca sse4.1 sse4.2 x2apic movbe popcnt tsc-deadline aes xsave osxsave "
                            + "avx f16c rdrand hypervisor"),
            new Word(
                    7,
                    0,
                    Register.EBX,
                    "fsgsbase tsc-adjust sgx bmi1 hle avx2 - smep bmi2 erms invpcid rtm - - mpx - "
                            + "avx512f avx512dq rdseed adx smap avx512ifma pcommit clflushopt clwb intel-pt "
                            + "avx512pf avx512er avx512cd sha-ni avx512bw avx512vl"),
            new Word(
                    7,
                    0,
                    Register.ECX,
                    "- avx512vbmi umip pku ospke waitpkg avx512vbmi2 - gfni vaes vpclmulqdq "
                            + "avx512vnni avx512bitalg - avx512-vpopcntdq - la57 - - - - - rdpid - "
                            + "bus-lock-detect cldemote - movdiri movdir64b enqcmd sgxlc pks"),
            new Word(
                    7,
                    0,
                    Register.EDX,
                    "- - avx512-4vnniw avx512-4fmaps fsrm - - - avx512-vp2intersect - md-clear - - - "
                            + "serialize - tsx-ldtrk - - arch-lbr - - amx-bf16 avx512-fp16 amx-tile amx-int8 "
                            + "spec-ctrl stibp flush-l1d arch-capabilities core-capability ssbd"),
            new Word(
                    0x8000_0001,
                    0,
                    Register.EDX,
                    "- - - - - - - - - - - syscall - - - - - - - mp nx - mmxext - - fxsr-opt pdpe1gb "
                            + "rdtscp - lm 3dnowext 3dnow"),
            new Word(
                    0x8000_0001,
                    0,
                    Register.ECX,
                    "lahf-lm cmp-legacy svm extapic cr8legacy abm sse4a misalignsse 3dnowprefetch "
                            + "osvw ibs xop skinit wdt - lwp fma4 tce - nodeid-msr - tbm topoext perfctr-core "
                            + "perfctr-nb"),
            new Word(0x8000_0007, 0, Register.EDX, "- - - - - - - - invtsc"),
            new Word(0xD, 1, Register.EAX, "xsaveopt xsavec xgetbv1 xsaves xfd"));

    private CpuFeatures() {}

    /// Every flag that has a name, in the order of the leaves.
    public static List<Flag> all() {
        var flags = new ArrayList<Flag>();
        var cpuid = new Cpuid(0, 1);
        var state = new CpuState();
        for (var word : WORDS) {
            cpuid.read(state, word.leaf, word.subleaf);
            int bits = switch (word.register) {
                case EAX -> cpuid.eax;
                case EBX -> cpuid.ebx;
                case ECX -> cpuid.ecx;
                case EDX -> cpuid.edx;
            };
            var names = word.names.split(" ");
            for (int i = 0; i < names.length; i++) {
                if (!names[i].equals("-")) {
                    flags.add(new Flag(names[i], (bits >>> i & 1) != 0 || isOfLongMode(names[i])));
                }
            }
        }
        return List.copyOf(flags);
    }

    /// SYSCALL shows only in 64-bit mode.
    private static boolean isOfLongMode(String name) {
        return name.equals("syscall");
    }
}
