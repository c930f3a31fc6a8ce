package io.sluice.vmm.gdb;

import io.sluice.vmm.cpu.state.CpuRegister;
import java.util.List;
import java.util.Locale;

/// The registers in gdb's own XML, for `qXfer:features:read:target.xml`. gdb knows the first three features and builds
/// on
/// them; those of the last one it shows.
final class TargetDescription {
    private static final String CORE = "org.gnu.gdb.i386.core";
    private static final String SSE = "org.gnu.gdb.i386.sse";
    private static final String SEGMENTS = "org.gnu.gdb.i386.segments";
    private static final String SYSTEM = "io.sluice.x86.system";

    /// A bit of a register, by its name.
    private record Bit(String name, int number) {}

    private static final List<Bit> EFLAGS = List.of(
            new Bit("CF", 0),
            new Bit("", 1),
            new Bit("PF", 2),
            new Bit("AF", 4),
            new Bit("ZF", 6),
            new Bit("SF", 7),
            new Bit("TF", 8),
            new Bit("IF", 9),
            new Bit("DF", 10),
            new Bit("OF", 11),
            new Bit("NT", 14),
            new Bit("RF", 16),
            new Bit("VM", 17),
            new Bit("AC", 18),
            new Bit("VIF", 19),
            new Bit("VIP", 20),
            new Bit("ID", 21));
    private static final List<Bit> MXCSR = List.of(
            new Bit("IE", 0),
            new Bit("DE", 1),
            new Bit("ZE", 2),
            new Bit("OE", 3),
            new Bit("UE", 4),
            new Bit("PE", 5),
            new Bit("DAZ", 6),
            new Bit("IM", 7),
            new Bit("DM", 8),
            new Bit("ZM", 9),
            new Bit("OM", 10),
            new Bit("UM", 11),
            new Bit("PM", 12),
            new Bit("FZ", 15));
    private static final List<Bit> CR0 = List.of(
            new Bit("PE", 0),
            new Bit("MP", 1),
            new Bit("EM", 2),
            new Bit("TS", 3),
            new Bit("ET", 4),
            new Bit("NE", 5),
            new Bit("WP", 16),
            new Bit("AM", 18),
            new Bit("NW", 29),
            new Bit("CD", 30),
            new Bit("PG", 31));
    private static final List<Bit> CR4 = List.of(
            new Bit("VME", 0),
            new Bit("PVI", 1),
            new Bit("TSD", 2),
            new Bit("DE", 3),
            new Bit("PSE", 4),
            new Bit("PAE", 5),
            new Bit("MCE", 6),
            new Bit("PGE", 7),
            new Bit("PCE", 8),
            new Bit("OSFXSR", 9),
            new Bit("OSXMMEXCPT", 10),
            new Bit("UMIP", 11),
            new Bit("FSGSBASE", 16),
            new Bit("PCIDE", 17),
            new Bit("OSXSAVE", 18),
            new Bit("SMEP", 20),
            new Bit("SMAP", 21));
    private static final List<Bit> EFER =
            List.of(new Bit("SCE", 0), new Bit("LME", 8), new Bit("LMA", 10), new Bit("NXE", 11));

    private final StringBuilder xml = new StringBuilder();
    private String open = "";

    private TargetDescription() {}

    static String xml() {
        return new TargetDescription().write();
    }

    private String write() {
        xml.append("<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n<target version=\"1.0\">\n")
                .append("<architecture>i386:x86-64</architecture>\n");
        for (var register : CpuRegister.values()) {
            open(feature(register));
            xml.append(String.format(
                    "<reg name=\"%s\" bitsize=\"%d\" type=\"%s\"%s/>%n",
                    register.name().toLowerCase(Locale.ROOT), 8 * register.bytes(), type(register), group(register)));
        }
        open("");
        return xml.append("</target>\n").toString();
    }

    private static String feature(CpuRegister register) {
        return switch (register.kind()) {
            case GENERAL, INSTRUCTION_POINTER, FLAGS, SEGMENT, X87, X87_CONTROL -> CORE;
            case VECTOR, VECTOR_CONTROL -> SSE;
            case BASE -> SEGMENTS;
            case SYSTEM_BASE, CONTROL -> SYSTEM;
        };
    }

    /// Ends the feature that is open, and starts this one unless it is none.
    private void open(String feature) {
        if (feature.equals(open)) {
            return;
        }
        if (!open.isEmpty()) {
            xml.append("</feature>\n");
        }
        open = feature;
        if (!feature.isEmpty()) {
            xml.append("<feature name=\"").append(feature).append("\">\n");
            types(feature);
        }
    }

    private void types(String feature) {
        switch (feature) {
            case CORE -> flags("i386_eflags", 4, EFLAGS);
            case SSE -> {
                vectors();
                flags("i386_mxcsr", 4, MXCSR);
            }
            case SYSTEM -> {
                flags("x64_cr0", 8, CR0);
                flags("x64_cr4", 8, CR4);
                flags("x64_efer", 8, EFER);
            }
            default -> {}
        }
    }

    private void flags(String id, int bytes, List<Bit> bits) {
        xml.append(String.format("<flags id=\"%s\" size=\"%d\">%n", id, bytes));
        for (var bit : bits) {
            xml.append(String.format("<field name=\"%s\" start=\"%d\" end=\"%2$d\"/>%n", bit.name, bit.number));
        }
        xml.append("</flags>\n");
    }

    private void vectors() {
        xml.append("<vector id=\"v4f\" type=\"ieee_single\" count=\"4\"/>\n")
                .append("<vector id=\"v2d\" type=\"ieee_double\" count=\"2\"/>\n")
                .append("<vector id=\"v16i8\" type=\"int8\" count=\"16\"/>\n")
                .append("<vector id=\"v8i16\" type=\"int16\" count=\"8\"/>\n")
                .append("<vector id=\"v4i32\" type=\"int32\" count=\"4\"/>\n")
                .append("<vector id=\"v2i64\" type=\"int64\" count=\"2\"/>\n")
                .append("<union id=\"vec128\">\n")
                .append("<field name=\"v4_float\" type=\"v4f\"/>\n<field name=\"v2_double\" type=\"v2d\"/>\n")
                .append("<field name=\"v16_int8\" type=\"v16i8\"/>\n<field name=\"v8_int16\" type=\"v8i16\"/>\n")
                .append("<field name=\"v4_int32\" type=\"v4i32\"/>\n<field name=\"v2_int64\" type=\"v2i64\"/>\n")
                .append("<field name=\"uint128\" type=\"uint128\"/>\n</union>\n");
    }

    private static String type(CpuRegister register) {
        return switch (register.kind()) {
            case GENERAL -> register == CpuRegister.RSP || register == CpuRegister.RBP ? "data_ptr" : "int64";
            case INSTRUCTION_POINTER -> "code_ptr";
            case FLAGS -> "i386_eflags";
            case SEGMENT -> "int32";
            case X87 -> "i387_ext";
            case X87_CONTROL -> "int";
            case VECTOR -> "vec128";
            case VECTOR_CONTROL -> "i386_mxcsr";
            case BASE, SYSTEM_BASE -> "int64";
            case CONTROL ->
                switch (register) {
                    case CR0 -> "x64_cr0";
                    case CR4 -> "x64_cr4";
                    case EFER -> "x64_efer";
                    default -> "int64";
                };
        };
    }

    private static String group(CpuRegister register) {
        return switch (register.kind()) {
            case X87, X87_CONTROL -> " group=\"float\"";
            case VECTOR, VECTOR_CONTROL -> " group=\"vector\"";
            case GENERAL, INSTRUCTION_POINTER, FLAGS, SEGMENT -> "";
            case BASE, SYSTEM_BASE, CONTROL -> " group=\"system\"";
        };
    }
}
