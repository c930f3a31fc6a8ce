package io.sluice.vmm.gdb;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/// `q` and `Q`: what we can do, which threads there are, and QEMU's own questions.
final class GdbQueries {
    /// The empty answer: not known.
    private static final String UNKNOWN = "";

    private final String features = String.format(
            "PacketSize=%x;QStartNoAckMode+;qXfer:features:read+;vContSupported+;swbreak+;hwbreak+", PacketReader.MOST);
    private final String description = TargetDescription.xml();
    private final GdbThreads threads;
    private final GdbMemory memory;
    private final GdbRun run;
    private final GdbMonitor monitor;
    private boolean namesBreakpoints;

    GdbQueries(GdbThreads threads, GdbMemory memory, GdbRun run, GdbMonitor monitor) {
        this.threads = threads;
        this.memory = memory;
        this.run = run;
        this.monitor = monitor;
    }

    /// Whether the debugger wants to be told at a stop that it was a breakpoint.
    boolean namesBreakpoints() {
        return namesBreakpoints;
    }

    String answer(PacketText packet) {
        if (packet.take("Supported")) {
            var said = packet.rest();
            namesBreakpoints = said.contains("swbreak+") && said.contains("hwbreak+");
            return features;
        }
        if (packet.take("Xfer:features:read:")) {
            return describe(packet);
        }
        if (packet.take("ThreadExtraInfo,")) {
            return hex(monitor.title(threads.readOne(packet)));
        }
        if (packet.take("Rcmd,")) {
            var answer = hex(monitor.answer(new String(packet.hexBytes(), StandardCharsets.UTF_8)));
            return answer.isEmpty() ? "OK" : answer;
        }
        if (packet.take("Attached")) {
            return "1";
        }
        if (packet.take("Symbol::")) {
            return "OK";
        }
        return switch (packet.rest()) {
            case "C" -> "QC" + GdbThreads.name(threads.current());
            case "fThreadInfo" -> threads.list();
            case "sThreadInfo" -> "l";
            case "qemu.sstepbits" ->
                String.format("ENABLE=%x,NOIRQ=%x,NOTIMER=%x", GdbRun.ENABLE, GdbRun.NO_INTERRUPTS, GdbRun.NO_TIMERS);
            case "qemu.sstep" -> String.format("0x%x", run.stepBits());
            case "qemu.PhyMemMode" -> memory.isPhysical() ? "1" : "0";
            case "qemu.Supported" -> "sstepbits;sstep;PhyMemMode";
            default -> UNKNOWN;
        };
    }

    /// `Q`, without what belongs to the line itself.
    String set(PacketText packet) {
        if (packet.take("qemu.sstep=")) {
            packet.take("0x");
            run.setStepBits(packet.smallNumber());
            packet.requireEnd();
            return "OK";
        }
        if (packet.take("qemu.PhyMemMode:")) {
            memory.setPhysical(packet.number() != 0);
            packet.requireEnd();
            return "OK";
        }
        return UNKNOWN;
    }

    /// A piece of the target description: `m` and more comes, or `l` and that was all.
    private String describe(PacketText packet) {
        packet.require("target.xml:");
        int from = packet.smallNumber();
        packet.require(",");
        int length = packet.smallNumber();
        packet.requireEnd();
        if (from > description.length()) {
            throw GdbRefusal.invalid();
        }
        // Escapes may double what is sent.
        int end = from + Math.min(description.length() - from, Math.min(length, PacketReader.MOST / 2));
        return (end == description.length() ? "l" : "m") + description.substring(from, end);
    }

    private static String hex(String text) {
        return HexFormat.of().formatHex(text.getBytes(StandardCharsets.UTF_8));
    }
}
