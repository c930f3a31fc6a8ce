package io.sluice.vfio.host.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PinLedgerTest {
    private static final int PAGE = 4096;

    private final PinLedger ledger = new PinLedger();

    @Test
    void whatIsHeldTwiceIsLetGoTwice() {
        ledger.add(0, 4 * PAGE, 1);
        ledger.add(2 * PAGE, 4 * PAGE, 1);

        assertThat(ledger.count(0)).isOne();
        assertThat(ledger.count(3 * PAGE)).isEqualTo(2);
        assertThat(ledger.count(6 * PAGE)).isZero();
        assertThat(ledger.total()).isEqualTo(8 * PAGE);
        assertThat(ledger.pinned(PAGE, 2 * PAGE)).isEqualTo(3 * PAGE);

        ledger.add(0, 4 * PAGE, -1);
        assertThat(ledger.count(3 * PAGE)).isOne();
        assertThat(ledger.count(PAGE)).isZero();
    }

    @Test
    void moreCannotBeLetGoThanIsHeld() {
        ledger.add(0, PAGE, 1);

        assertThatThrownBy(() -> ledger.add(0, 2 * PAGE, -1)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void countsAsAPlainArrayDoes() {
        long seed = System.nanoTime();
        System.out.println("PinLedgerTest seed " + seed);
        var random = new Random(seed);
        var plain = new int[300];
        var held = new ArrayList<int[]>();
        for (int i = 0; i < 3_000; i++) {
            boolean more = held.isEmpty() || random.nextInt(5) < 3;
            int[] range = more
                    ? new int[] {random.nextInt(200), 1 + random.nextInt(100)}
                    : held.remove(random.nextInt(held.size()));
            if (more) {
                held.add(range);
            }
            int change = more ? 1 : -1;
            ledger.add((long) range[0] * PAGE, (long) range[1] * PAGE, change);
            for (int page = range[0]; page < range[0] + range[1]; page++) {
                plain[page] += change;
            }
            int looked = random.nextInt(plain.length);
            assertThat(ledger.count((long) looked * PAGE)).isEqualTo(plain[looked]);
        }
        for (var range : held) {
            ledger.add((long) range[0] * PAGE, (long) range[1] * PAGE, -1);
        }
        assertThat(ledger.total()).isZero();
        assertThat(ledger.pinned(0, 300L * PAGE)).isZero();
    }
}
