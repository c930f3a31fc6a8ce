package io.sluice.guest.baremetal;

import static io.sluice.guest.asm.Reg.EAX;
import static io.sluice.guest.asm.Reg.R12;
import static io.sluice.guest.asm.Reg.R15;
import static io.sluice.guest.asm.Reg.RAX;

import io.sluice.guest.asm.Asm;
import io.sluice.guest.asm.Condition;
import io.sluice.guest.asm.Mem;
import io.sluice.guest.asm.Plain;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/// A guest that tells, every 20 ms by its timer, what its clock shows. Whoever holds its vCPU, its timer or its serial
/// port makes a gap that it tells of itself.
public final class MetronomeGuest {
    private static final int ADDRESS = 0x10_0000;
    private static final int BSS = 0x20_0000;
    private static final int STACK_TOP = BSS + LongModeEntry.TABLES_BYTES + 0x4000;

    private static final long HPET = 0xFED0_0000L;
    private static final int HPET_PERIOD = 4;
    private static final int HPET_CONFIG = 0x10;
    private static final int HPET_COUNTER = 0xF0;
    private static final int TICKS_A_BEAT = 2;

    private static final Pattern PERIOD = Pattern.compile("femtoseconds ([0-9a-f]{16})\r\n");
    private static final Pattern BEAT = Pattern.compile("beat ([0-9a-f]{16})\r\n");
    private static final double FEMTOSECONDS = 1e15;

    private MetronomeGuest() {}

    /// Writes the kernel's file.
    public static Path write(Path directory) {
        try {
            return Files.write(directory.resolve("metronome.elf"), image());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The guest's clock at each beat, in seconds.
    ///
    /// @param console all that the guest has said
    public static List<Double> beats(String console) {
        double period = PERIOD.matcher(console)
                .results()
                .mapToDouble(MetronomeGuest::number)
                .findFirst()
                .orElse(0);
        return BEAT.matcher(console)
                .results()
                .map(beat -> number(beat) * period / FEMTOSECONDS)
                .toList();
    }

    private static double number(MatchResult match) {
        return Long.parseLong(match.group(1), 16);
    }

    private static byte[] image() {
        var a = new Asm(ADDRESS);
        LongModeEntry.emit(a, BSS, STACK_TOP);
        a.label("start64");
        Traps.initialise(a);
        Console.initialise(a);
        Apic.initialise(a);
        a.mov(R15, HPET);
        a.mov(Mem.at(R15, HPET_CONFIG).bytes4(), 1);
        Console.print(a, "femtoseconds ");
        a.mov(EAX, Mem.at(R15, HPET_PERIOD));
        a.call("hex");
        Console.print(a, "\r\n");
        a.plain(Plain.STI);
        a.label("next");
        a.mov(R12, Mem.label("ticks"));
        a.add(R12, TICKS_A_BEAT);
        a.label("wait");
        a.plain(Plain.HLT);
        a.cmp(R12, Mem.label("ticks"));
        a.j(Condition.A, "wait");
        Console.print(a, "beat ");
        a.mov(RAX, Mem.at(R15, HPET_COUNTER));
        a.call("hex");
        Console.print(a, "\r\n");
        a.jmp("next");
        Console.emitSubroutines(a);
        Apic.emitHandlers(a);
        Traps.emit(a);
        var code = a.assemble();
        return MultibootFile.of(ADDRESS, code, STACK_TOP - ADDRESS - code.length);
    }
}
