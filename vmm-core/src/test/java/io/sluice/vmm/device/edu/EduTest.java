package io.sluice.vmm.device.edu;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.testkit.BusDeviceContract;
import io.sluice.vmm.testkit.DirectLoop;
import io.sluice.vmm.testkit.PciBoard;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(120)
class EduTest {
    private static final int DEVICE = 2;
    private static final int MEMORY_AND_MASTER = 6;

    private final PciBoard board = new PciBoard();
    private final Edu edu = new Edu(board.loop.strand(), Edu.DEFAULT_DMA_MASK);
    private long base;

    @BeforeEach
    void place() {
        board.host.add(Bdf.of(0, DEVICE, 0), edu.function());
        board.host.assignResources();
        board.enable(DEVICE, MEMORY_AND_MASTER);
        base = board.bar(DEVICE, 0);
    }

    @AfterEach
    void close() {
        board.close();
    }

    private int read(int register) {
        return (int) board.memory.read(base + register, 4);
    }

    private void write(int register, long value) {
        board.memory.write(base + register, 4, value);
    }

    private void transfer(long source, long destination, long count, int command) {
        board.memory.write(base + 0x80, 8, source);
        board.memory.write(base + 0x88, 8, destination);
        board.memory.write(base + 0x90, 8, count);
        write(0x98, command);
    }

    @Nested
    class Contract extends BusDeviceContract {
        @Override
        protected Subject subject() {
            var loop = new DirectLoop();
            var edu = new Edu(loop.strand(), Edu.DEFAULT_DMA_MASK);
            return new Subject(edu, 1 << 20, loop::run);
        }
    }

    @Test
    void itSaysWhoItIsAndInvertsWhatItIsGiven() {
        write(0x04, 0x1234_5678);

        assertThat(read(0x00)).isEqualTo(0x0100_00ED);
        assertThat(read(0x04)).isEqualTo(~0x1234_5678);
    }

    @ParameterizedTest
    @CsvSource({"0,1", "1,1", "5,120", "12,479001600", "13,1932053504", "33,-2147483648", "34,0", "-1,0"})
    void factorialsAreComputedModulo32Bits(int of, int result) {
        write(0x08, of);
        int busy = (int) edu.read(0x20, 4) & 1;

        board.loop.run();

        assertThat(busy).isEqualTo(1);
        assertThat(read(0x20) & 1).isZero();
        assertThat(read(0x08)).isEqualTo(result);
    }

    @Test
    void aFactorialInterruptsIfAsked() {
        write(0x20, 0xFF);
        write(0x08, 5);

        board.loop.run();
        boolean raised = board.lines[DEVICE];
        int causes = read(0x24);
        write(0x64, causes);

        assertThat(raised).isTrue();
        assertThat(causes).isEqualTo(1);
        assertThat(board.lines[DEVICE]).isFalse();
    }

    @Test
    void aSecondFactorialWaitsForTheFirst() {
        write(0x08, 5);
        edu.write(0x08, 4, 6);

        board.loop.run();

        assertThat(read(0x08)).isEqualTo(120);
    }

    @Test
    void theLineFallsWhenTheLastCauseIsAcknowledged() {
        write(0x60, 0x6);
        write(0x64, 0x2);
        boolean still = board.lines[DEVICE];
        write(0x64, 0x4);

        assertThat(still).isTrue();
        assertThat(board.lines[DEVICE]).isFalse();
    }

    @Test
    void withMsiTheLineStaysDown() {
        board.config(DEVICE, 0x44, 4, 0xFEE0_0000L);
        board.config(DEVICE, 0x4C, 2, 0x41);
        board.config(DEVICE, 0x42, 2, 1);

        write(0x60, 1);

        assertThat(board.messages).containsExactly(new PciBoard.Message(0xFEE0_0000L, 0x41));
        assertThat(board.lines[DEVICE]).isFalse();
    }

    @Test
    void dmaCopiesThroughTheBufferAndInterrupts() {
        board.memory.write(0x1000, 8, 0x1122_3344_5566_7788L);

        transfer(0x1000, 0x4_0010, 8, 1);
        board.loop.run();
        transfer(0x4_0010, 0x2000, 8, 1 | 2 | 4);
        int running = (int) edu.read(0x98, 4) & 1;
        board.loop.run();

        assertThat(running).isEqualTo(1);
        assertThat(read(0x98) & 1).isZero();
        assertThat(board.memory.read(0x2000, 8)).isEqualTo(0x1122_3344_5566_7788L);
        assertThat(read(0x24)).isEqualTo(0x100);
    }

    @ParameterizedTest
    @CsvSource({"0x3FFFF,8", "0x40FF9,8", "0x40000,4097", "0x40000,-1", "-1,8", "0x40001,0x7FFFFFFFFFFFFFFF"})
    void aTransferThatLeavesTheBufferIsNotDone(String source, String count) {
        board.memory.write(0x2000, 8, 0x55);

        transfer(Long.decode(source), 0x2000, Long.decode(count), 1 | 2);
        board.loop.run();

        assertThat(read(0x98) & 1).isZero();
        assertThat(board.memory.read(0x2000, 8)).isEqualTo(0x55);
    }

    @Test
    void addressesAreCutToTheDmaMask() {
        board.memory.write(0x1000, 4, 0x77);

        transfer(0xFF_1000_1000L, 0x4_0000, 4, 1);
        board.loop.run();
        transfer(0x4_0000, 0x3000, 4, 1 | 2);
        board.loop.run();

        assertThat(board.memory.read(0x3000, 4)).isEqualTo(0x77);
    }

    @Test
    void registersHoldStillWhileATransferRuns() {
        transfer(0x1000, 0x4_0000, 4, 1);

        edu.write(0x80, 8, 0x9999);

        assertThat(edu.read(0x80, 8)).isEqualTo(0x1000);
    }

    @Test
    void narrowAccessesReachNothing() {
        board.memory.write(base + 0x04, 2, 0x1234);

        assertThat(read(0x04)).isZero();
        assertThat(board.memory.read(base, 2) & 0xFFFF).isEqualTo(0xFFFF);
        assertThat(board.memory.read(base, 8)).isEqualTo(-1);
    }

    @Test
    void aResetDropsWhatRuns() {
        write(0x60, 1);
        write(0x08, 5);
        edu.function().reset();

        board.loop.run();
        board.host.assignResources();

        assertThat(board.lines[DEVICE]).isFalse();
        assertThat(read(0x08)).isZero();
        assertThat(read(0x20)).isZero();
    }
}
