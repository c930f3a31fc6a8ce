package io.sluice.guest.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.guest.asm.Condition;
import io.sluice.guest.asm.Reg;
import io.sluice.vmm.memory.HostMemory;
import java.util.HexFormat;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What a locked instruction does in translated code comes in between of nothing that another does to the same word.
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LockedTest {
    private static final int HOT_AT = 4;
    private static final int ROUNDS = 2_000_000;
    private static final long HIGH_ONE = 1L << 32;

    /// The guest changes the low half of a word, and a device counts in the high half.
    @ParameterizedTest(name = "{0}")
    @CsvSource(textBlock = """
            lock add [rsi] 1,               f048830601,                   2000000
            lock sub [rsi] -1,              f048832eff,                   2000000
            lock inc [rsi],                 f048ff06,                     2000000
            lock dec [rsi] after inc,       f048ff06f048ff06f048ff0e,     2000000
            lock xor [rsi] 1,               f048833601,                   0
            lock btc [rsi] 0,               f0480fba3e00,                 0
            lock bts [rsi] 3,               f0480fba2e03,                 8
            lock or [rsi] 5,                f048830e05,                   5
            lock not of a byte twice,       f0f616f0f616,                 0
            lock xadd [rsi] one,            b901000000f0480fc10e,         2000000
            lock cmpxchg until it succeeds, 488b06488d4801f0480fb10e75f2, 2000000
            lock add of a byte,             f0800601,                     128
            """)
    void nothingOfEitherIsLost(String what, String bytes, long expected) {
        try (var rig = Rig.long64(HOT_AT)) {
            rig.code(a -> {
                a.mov(Reg.RSI, Rig.DATA);
                a.mov(Reg.EDI, ROUNDS);
                a.label("again");
                a.db(HexFormat.of().parseHex(bytes));
                a.dec(Reg.EDI);
                a.j(Condition.NE, "again");
            });
            long host =
                    Objects.requireNonNull(rig.memory.find(Rig.DATA).asRam()).host(Rig.DATA);
            var over = new AtomicBoolean();
            var counted = CompletableFuture.supplyAsync(() -> countInHighHalf(host, over));

            var stop = rig.run();

            over.set(true);
            long word = counted.join();
            assertThat(stop.isEnd()).isTrue();
            assertThat(rig.interpreter.counters().translatedInstructions()).isGreaterThan(2L * ROUNDS);
            assertThat(rig.get64(Rig.DATA) >>> 32).isEqualTo(word).isPositive();
            assertThat(rig.get64(Rig.DATA) & HIGH_ONE - 1).isEqualTo(expected);
        }
    }

    /// @return how often
    private static long countInHighHalf(long host, AtomicBoolean over) {
        long count = 0;
        while (!over.get()) {
            long old = HostMemory.getLong(host);
            if (HostMemory.compareAndSetLong(host, old, old + HIGH_ONE)) {
                count++;
            }
        }
        return count;
    }
}
