package io.sluice.vmm.cpu.isa;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.testkit.GuestCpu;
import io.sluice.vmm.testkit.HostCpu;
import io.sluice.vmm.testkit.MachineState;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Every row of the ISA table, on the host's own CPU and in the interpreter and translated, from random states: no
/// difference.
///
/// `-Dsluice.isa.seed=N` and `-Dsluice.isa.states=N` look elsewhere and longer; `-Dsluice.isa.row=TEXT` only at rows
/// whose text contains TEXT.
@Timeout(900)
final class HostCpuDifferentialTest {
    private static final long SEED = Long.getLong("sluice.isa.seed", 1);
    private static final int STATES = Integer.getInteger("sluice.isa.states", 200);
    private static final String ROW = System.getProperty("sluice.isa.row", "");

    private static HostCpu host;
    private static GuestCpu interpreting;
    private static GuestCpu translating;

    private int states;
    private final HostFacts facts = HostFacts.read();
    private final Incomparable incomparable = new Incomparable(facts);
    private final Map<String, List<String>> notCompared = new TreeMap<>();
    private final List<String> failures = new ArrayList<>();
    private final MachineState guestAfter = new MachineState();
    private int compared;

    @BeforeAll
    static void start() {
        host = HostCpu.start();
        interpreting = new GuestCpu();
        translating = new GuestCpu(0);
    }

    @AfterAll
    static void stop() {
        host.close();
        interpreting.close();
        translating.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {64, 32})
    void everyRowDoesWhatTheHostDoes(int mode) {
        compareAll(host, interpreting, mode, STATES);
    }

    /// A translation takes as long as thousands of instructions do, so there are fewer states.
    @Test
    void everyRowDoesSoWhenItIsTranslated() {
        // One of its own: what other runs left in it could be jumped to.
        try (var fresh = HostCpu.start()) {
            compareAll(fresh, translating, 64, Math.max(1, STATES / 6));
        }

        assertThat(translating.translated()).isGreaterThan(compared / 2);
    }

    private void compareAll(HostCpu on, GuestCpu guest, int mode, int states) {
        this.states = states;
        int rows = 0;
        for (Row row : IsaTable.rows()) {
            String reason = reason(row, mode);
            if (reason == null) {
                rows++;
                compare(on, guest, row, mode);
            } else if (!reason.isEmpty()) {
                notCompared.computeIfAbsent(reason, r -> new ArrayList<>()).add(row.toString());
            }
        }

        report(mode, rows);
        assertThat(failures).isEmpty();
        assertThat(ROW.isEmpty() ? rows : 900).isGreaterThan(800);
    }

    /// Null to compare, empty to pass over in silence.
    private @org.jspecify.annotations.Nullable String reason(Row row, int mode) {
        if (!row.text.contains(ROW) || !Encodings.validIn(row, mode)) {
            return "";
        }
        return incomparable.reason(row, mode);
    }

    private void report(int mode, int rows) {
        var text = new StringBuilder("mode %d, seed %d: %d rows compared in %d states each, %d cases; not compared:%n"
                .formatted(mode, SEED, rows, states, compared));
        notCompared.forEach(
                (reason, which) -> text.append("  %d rows: %s: %s%n".formatted(which.size(), reason, which)));
        System.out.print(text);
    }

    private void compare(HostCpu on, GuestCpu guest, Row row, int mode) {
        var random = new Random(SEED * 1_000_003 + row.number * 2L + (mode == 64 ? 0 : 1));
        var scenarios = new Scenario[states];
        var code = new byte[states][];
        var before = new MachineState[states];
        var after = new MachineState[states];
        for (int i = 0; i < states; i++) {
            scenarios[i] = new Scenario(random);
            do {
                scenarios[i].draw(row, mode);
            } while (incomparable.skips(scenarios[i].insn, scenarios[i].code));
            code[i] = scenarios[i].code;
            before[i] = scenarios[i].before;
            after[i] = new MachineState();
        }
        on.run(mode, code, before, after, states);
        int wrong = 0;
        String first = "";
        for (int i = 0; i < states; i++) {
            Insn insn = scenarios[i].insn;
            List<String> differences;
            try {
                guest.run(mode, code[i], before[i], guestAfter);
                differences = Comparison.differences(facts.isIntel(), row, insn, before[i], after[i], guestAfter);
            } catch (IllegalStateException e) {
                notCompared
                        .computeIfAbsent("no interpreter", r -> new ArrayList<>())
                        .add(row.toString());
                return;
            }
            compared++;
            if (!differences.isEmpty()) {
                wrong++;
                if (first.isEmpty()) {
                    first = "%d-bit %s '%s' (state %d):%n  %s%n  before %s%n  host   %s%n  guest  %s"
                            .formatted(
                                    mode,
                                    HexFormat.of().formatHex(code[i]),
                                    Disassembler.format(insn, HostCpu.INSTRUCTION),
                                    i,
                                    String.join("; ", differences),
                                    before[i],
                                    after[i],
                                    guestAfter);
                }
            }
        }
        if (wrong > 0) {
            failures.add("%s: %d of %d states differ; the first is %s%n".formatted(row, wrong, states, first));
        }
    }
}
