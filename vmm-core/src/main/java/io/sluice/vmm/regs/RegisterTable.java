package io.sluice.vmm.regs;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The registers of one device (or of one bank of it), found by offset.
public final class RegisterTable<R extends Register> {
    private final List<R> registers;
    private final @Nullable Object[] byOffset;

    /// @throws IllegalArgumentException if two registers overlap
    @SafeVarargs
    public RegisterTable(R... registers) {
        this.registers = List.of(registers);
        int length = Arrays.stream(registers)
                .mapToInt(r -> r.spec().offset() + r.spec().width())
                .max()
                .orElse(0);
        byOffset = new @Nullable Object[length];
        for (var register : registers) {
            for (int i = 0; i < register.spec().width(); i++) {
                int offset = register.spec().offset() + i;
                if (byOffset[offset] != null) {
                    throw new IllegalArgumentException(register.name() + " overlaps " + byOffset[offset]);
                }
                byOffset[offset] = register;
            }
        }
    }

    /// The register that the byte at `offset` belongs to.
    @SuppressWarnings("unchecked") // the array holds nothing but R
    public @Nullable R at(long offset) {
        return offset >= 0 && offset < byOffset.length ? (R) byOffset[(int) offset] : null;
    }

    /// The table as text, one register a line: what a golden file holds.
    public String text() {
        return text(registers);
    }

    /// Any registers as text, also such that share an offset.
    public static String text(List<? extends Register> registers) {
        var text = new StringBuilder();
        for (var register : registers) {
            var spec = register.spec();
            text.append(String.format(
                    "%03x %d %-12s reset %x writable %x w1c %x\n",
                    spec.offset(), spec.width(), register.name(), spec.reset(), spec.writable(), spec.clearedByOne()));
        }
        return text.toString();
    }
}
