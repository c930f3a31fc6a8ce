package io.sluice.vmm.irq;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.testkit.FakeLoop;
import io.sluice.vmm.testkit.RecordingVcpu;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
final class LocalApicTest {
    private static final int TPR = 0x80;
    private static final int PPR = 0xA0;
    private static final int EOI = 0xB0;
    private static final int LDR = 0xD0;
    private static final int DFR = 0xE0;
    private static final int SVR = 0xF0;
    private static final int ESR = 0x280;
    private static final int ICR = 0x300;
    private static final int ICR_HIGH = 0x310;
    private static final int LVT_TIMER = 0x320;
    private static final int LVT_LINT0 = 0x350;
    private static final int LVT_LINT1 = 0x360;
    private static final int LVT_ERROR = 0x370;
    private static final int INITIAL = 0x380;
    private static final int CURRENT = 0x390;
    private static final int DIVIDE = 0x3E0;
    private static final int DIVIDE_BY_1 = 0xB;
    private static final int X2 = LocalApic.BASE_X2APIC | LocalApic.BASE_ENABLE;

    private final FakeLoop loop = new FakeLoop();
    private final ApicBus bus = new ApicBus();
    private final RecordingVcpu vcpu = new RecordingVcpu();
    private final RecordingVcpu otherVcpu = new RecordingVcpu();
    private final LocalApic apic = enabled(new LocalApic(0, true, loop.clock(), bus, vcpu));
    private final LocalApic other = enabled(new LocalApic(1, false, loop.clock(), bus, otherVcpu));

    private static LocalApic enabled(LocalApic apic) {
        apic.write(SVR, 0x1FF);
        apic.poll(0);
        return apic;
    }

    private void poll() {
        apic.poll(loop.now());
        other.poll(loop.now());
    }

    private void fixed(int destination, int vector) {
        bus.deliver(destination, false, DeliveryMode.FIXED, vector, false);
        poll();
    }

    @Test
    void aMessageIsRequestedThenServicedThenEnded() {
        fixed(0, 0x31);

        assertThat(apic.hasInterrupt()).isTrue();
        assertThat(apic.read(0x210)).isEqualTo(1 << 0x11);
        assertThat(apic.acknowledge()).isEqualTo(0x31);
        assertThat(apic.read(0x210)).isZero();
        assertThat(apic.read(0x110)).isEqualTo(1 << 0x11);
        apic.write(EOI, 0);
        assertThat(apic.read(0x110)).isZero();
    }

    @Test
    void onlyAHigherPriorityClassInterruptsAService() {
        fixed(0, 0x41);
        apic.acknowledge();

        fixed(0, 0x4F);
        boolean sameClass = apic.hasInterrupt();
        fixed(0, 0x50);

        assertThat(sameClass).isFalse();
        assertThat(apic.hasInterrupt()).isTrue();
        assertThat(apic.acknowledge()).isEqualTo(0x50);
        assertThat(apic.read(PPR)).isEqualTo(0x50);
    }

    @Test
    void theTaskPriorityHoldsBackItsClassAndLower() {
        fixed(0, 0x5F);

        apic.setTaskPriority(5);
        boolean held = apic.hasInterrupt();
        apic.write(TPR, 0x4F);

        assertThat(held).isFalse();
        assertThat(apic.hasInterrupt()).isTrue();
        assertThat(apic.taskPriority()).isEqualTo(4);
    }

    @Test
    void nothingToAcknowledgeGivesTheSpuriousVectorAndServicesNothing() {
        apic.write(SVR, 0x1EF);

        int vector = apic.acknowledge();

        assertThat(vector).isEqualTo(0xEF);
        assertThat(apic.read(PPR)).isZero();
    }

    @Test
    void theEndOfALevelInterruptIsBroadcast() {
        var ended = new ArrayList<Integer>();
        bus.onEndOfInterrupt(ended::add);
        bus.deliver(0, false, DeliveryMode.FIXED, 0x40, true);
        bus.deliver(0, false, DeliveryMode.FIXED, 0x30, false);
        poll();

        apic.acknowledge();
        apic.write(EOI, 0);
        apic.acknowledge();
        apic.write(EOI, 0);

        assertThat(ended).containsExactly(0x40);
    }

    @Test
    void theBroadcastCanBeSuppressed() {
        var ended = new ArrayList<Integer>();
        bus.onEndOfInterrupt(ended::add);
        apic.write(SVR, 0x11FF);
        bus.deliver(0, false, DeliveryMode.FIXED, 0x40, true);
        poll();

        apic.acknowledge();
        apic.write(EOI, 0);

        assertThat(ended).isEmpty();
    }

    @Test
    void aSoftwareDisabledApicTakesNoVectorsButStillNmiInitAndStartup() {
        apic.write(SVR, 0xFF);

        fixed(0, 0x40);
        bus.deliver(0, false, DeliveryMode.NMI, 0, false);
        bus.deliver(0, false, DeliveryMode.INIT, 0, false);
        bus.deliver(0, false, DeliveryMode.STARTUP, 0x9A, false);

        assertThat(apic.hasInterrupt()).isFalse();
        assertThat(vcpu.events()).containsExactly("nmi", "init", "startup 154");
        assertThat(apic.read(LVT_LINT0) & 0x10000).isNotZero();
    }

    @Test
    void whileSoftwareDisabledTheMaskBitsCannotBeCleared() {
        apic.write(SVR, 0xFF);

        apic.write(LVT_TIMER, 0x20040);

        assertThat(apic.read(LVT_TIMER)).isEqualTo(0x30040);
    }

    @Test
    void anIllegalVectorSetsItsErrorAndTheErrorInterrupt() {
        apic.write(LVT_ERROR, 0xFE);

        fixed(0, 0x0F);
        apic.write(ESR, 0);

        assertThat(apic.read(ESR)).isEqualTo(0x40);
        assertThat(apic.acknowledge()).isEqualTo(0xFE);
    }

    @Test
    void aReservedRegisterSetsItsError() {
        apic.read(0x040);
        apic.write(0x3F0, 0x41);
        apic.write(ESR, 0);
        int first = apic.read(ESR);
        apic.write(ESR, 0);

        assertThat(first).isEqualTo(0x80);
        assertThat(apic.read(ESR)).isZero();
    }

    @Test
    void attentionKicksOncePerPoll() {
        int before = vcpu.kicks();

        bus.deliver(0, false, DeliveryMode.FIXED, 0x40, false);
        bus.deliver(0, false, DeliveryMode.FIXED, 0x41, false);

        assertThat(vcpu.kicks()).isEqualTo(before + 1);
        assertThat(apic.attention()).isTrue();
        poll();
        assertThat(apic.attention()).isFalse();
    }

    // ---- The timer

    @Test
    void theOneShotTimerFiresOnceAtItsTime() {
        apic.write(DIVIDE, DIVIDE_BY_1);
        apic.write(LVT_TIMER, 0x50);
        apic.write(INITIAL, 1000);

        assertThat(apic.nextDeadline()).isEqualTo(1000);
        apic.poll(999);
        assertThat(apic.hasInterrupt()).isFalse();
        apic.poll(1000);
        assertThat(apic.acknowledge()).isEqualTo(0x50);
        assertThat(apic.nextDeadline()).isEqualTo(Long.MAX_VALUE);
        assertThat(apic.read(CURRENT)).isZero();
    }

    @ParameterizedTest
    @CsvSource({"0, 2", "1, 4", "2, 8", "3, 16", "8, 32", "9, 64", "10, 128", "11, 1"})
    void theDividerSlowsTheCount(int register, int divisor) {
        apic.write(DIVIDE, register);
        apic.write(LVT_TIMER, 0x50);

        apic.write(INITIAL, 100);
        loop.advance(10L * divisor);

        assertThat(apic.nextDeadline()).isEqualTo(100L * divisor);
        assertThat(apic.read(CURRENT)).isEqualTo(90);
    }

    @Test
    void thePeriodicTimerKeepsItsGridHoweverLateItIsPolled() {
        apic.write(DIVIDE, DIVIDE_BY_1);
        apic.write(LVT_TIMER, 0x20050);
        apic.write(INITIAL, 1000);

        apic.poll(1700);

        assertThat(apic.nextDeadline()).isEqualTo(2000);
        apic.poll(2000);
        assertThat(apic.nextDeadline()).isEqualTo(3000);
    }

    @Test
    void missedTicksAreMadeUpOneAfterTheOtherAndNotWithoutBound() {
        apic.write(DIVIDE, DIVIDE_BY_1);
        apic.write(LVT_TIMER, 0x20050);
        apic.write(INITIAL, 1000);
        loop.advance(1_000_000);
        poll();

        int taken = 0;
        while (apic.hasInterrupt()) {
            apic.acknowledge();
            apic.write(EOI, 0);
            taken++;
        }

        assertThat(taken).isEqualTo(1 + ApicTimer.MAX_BACKLOG);
        assertThat(apic.nextDeadline()).isEqualTo(1_001_000);
    }

    @Test
    void theDeadlineIsInGuestTscUnits() {
        apic.setTscOffset(1_000_000);
        apic.write(LVT_TIMER, 0x40050);

        apic.setTscDeadline(1_000_500);

        assertThat(apic.nextDeadline()).isEqualTo(500);
        assertThat(apic.tscDeadline()).isEqualTo(1_000_500);
        apic.poll(500);
        assertThat(apic.acknowledge()).isEqualTo(0x50);
        assertThat(apic.tscDeadline()).isZero();
        assertThat(apic.nextDeadline()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void aDeadlineThatHasPassedFiresAtOnceAndAFarOneNever() {
        loop.advance(1000);
        apic.write(LVT_TIMER, 0x40050);

        apic.setTscDeadline(-1);
        poll();
        boolean far = apic.hasInterrupt();
        apic.setTscDeadline(1);
        poll();

        assertThat(far).isFalse();
        assertThat(apic.hasInterrupt()).isTrue();
    }

    @Test
    void aDeadlineCountsOnlyInDeadlineModeAndLeavingTheModeDisarmsIt() {
        apic.setTscDeadline(100);
        long inOneShotMode = apic.tscDeadline();
        apic.write(LVT_TIMER, 0x40050);
        apic.setTscDeadline(100);
        apic.write(LVT_TIMER, 0x00050);

        assertThat(inOneShotMode).isZero();
        assertThat(apic.nextDeadline()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void aMaskedTimerAsksForNoPoll() {
        apic.write(LVT_TIMER, 0x10050);
        apic.write(INITIAL, 10);
        loop.advance(1000);
        poll();

        assertThat(apic.nextDeadline()).isEqualTo(Long.MAX_VALUE);
        assertThat(apic.hasInterrupt()).isFalse();
    }

    // ---- Mode changes and MSRs

    @ParameterizedTest
    @CsvSource({
        // from, to, allowed
        "0x800, 0xC00, true",
        "0x800, 0x000, true",
        "0xC00, 0x000, true",
        "0xC00, 0x800, false",
        "0x000, 0xC00, false",
        "0x000, 0x800, true",
        "0x800, 0x400, false",
        "0x800, 0xA00, false",
    })
    void theModeChangesOnlyAsTheManualAllows(String from, String to, boolean allowed) {
        apic.setBase(0xFEE0_0000L);
        apic.setBase(0xFEE0_0800L);
        apic.setBase(0xFEE0_0000L | Integer.decode(from));

        boolean done = apic.setBase(0xFEE0_0000L | Integer.decode(to));

        assertThat(done).isEqualTo(allowed);
    }

    @Test
    void x2RegistersAreMsrsAndThePageIsGone() {
        apic.setBase(0xFEE0_0100L | X2);

        assertThat(apic.isPageMapped()).isFalse();
        assertThat(apic.hasMsr(0x802)).isTrue();
        assertThat(other.hasMsr(0x802)).isFalse();
        assertThat(apic.readMsr(0x803)).isEqualTo(0x0105_0014);
        assertThat(apic.readMsr(0x80D)).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({
        "0x802, 0, false",
        "0x803, 0, false",
        "0x808, 0xFF, true",
        "0x808, 0x100, false",
        "0x80A, 0, false",
        "0x80B, 0, true",
        "0x80B, 1, false",
        "0x80D, 1, false",
        "0x80E, 0, false",
        "0x80F, 0x1FF, true",
        "0x80F, 0x10000, false",
        "0x810, 0, false",
        "0x828, 0, true",
        "0x828, 1, false",
        "0x82F, 0, false",
        "0x830, 0x4000, true",
        "0x831, 0, false",
        "0x832, 0x60040, true",
        "0x832, 0x80000, false",
        "0x838, 0xFFFFFFFF, true",
        "0x838, 0x100000000, false",
        "0x839, 0, false",
        "0x83E, 0xB, true",
        "0x83E, 0x10, false",
        "0x83F, 0x41, true",
        "0x83F, 0x100, false",
    })
    void anMsrWriteWithAReservedBitFaults(String index, String value, boolean allowed) {
        apic.setBase(0xFEE0_0100L | X2);

        boolean done = apic.writeMsr(Integer.decode(index), Long.decode(value));

        assertThat(done).isEqualTo(allowed);
    }

    @ParameterizedTest
    @ValueSource(ints = {0x80B, 0x83F, 0x80E, 0x831, 0x7FF, 0x840})
    void someMsrsCannotBeRead(int index) {
        apic.setBase(0xFEE0_0100L | X2);

        assertThat(apic.canReadMsr(index)).isFalse();
    }

    @Test
    void theSelfIpiMsrInterruptsTheSender() {
        apic.setBase(0xFEE0_0100L | X2);

        apic.writeMsr(0x83F, 0x77);

        assertThat(apic.acknowledge()).isEqualTo(0x77);
    }

    // ---- Destinations and messages between processors

    @ParameterizedTest
    @CsvSource({
        // DFR, LDR, logical destination, addressed
        "0xFFFFFFFF, 0x02000000, 0x02, true",
        "0xFFFFFFFF, 0x02000000, 0x06, true",
        "0xFFFFFFFF, 0x02000000, 0x04, false",
        "0xFFFFFFFF, 0x00000000, 0xFF, true",
        "0x0FFFFFFF, 0x31000000, 0x33, true",
        "0x0FFFFFFF, 0x31000000, 0x32, false",
        "0x0FFFFFFF, 0x31000000, 0x41, false",
        "0x0FFFFFFF, 0x31000000, 0xF1, true",
    })
    void logicalDestinationsAreFlatOrClusters(String dfr, String ldr, String destination, boolean addressed) {
        apic.write(DFR, (int) Long.decode(dfr).longValue());
        apic.write(LDR, (int) Long.decode(ldr).longValue());

        boolean answer = apic.isAddressedBy(ApicBus.widen(Integer.decode(destination)), true);

        assertThat(answer).isEqualTo(addressed);
    }

    @Test
    void inX2ModeTheClusterFollowsFromTheId() {
        var apic37 = new LocalApic(0x25, false, loop.clock(), bus, vcpu);
        apic37.setBase(0xFEE0_0000L | X2);

        assertThat(apic37.readMsr(0x80D)).isEqualTo(0x0002_0020);
        assertThat(apic37.isAddressedBy(0x0002_0021, true)).isTrue();
        assertThat(apic37.isAddressedBy(0x0001_0020, true)).isFalse();
        assertThat(apic37.isAddressedBy(0x25, false)).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        // shorthand, reaches the sender, reaches the other
        "0x00000, false, true",
        "0x40000, true, false",
        "0x80000, true, true",
        "0xC0000, false, true",
    })
    void shorthandsChooseTheReceivers(String shorthand, boolean self, boolean second) {
        apic.write(ICR_HIGH, 1 << 24);
        apic.write(ICR, 0x4000 | 0x66 | Integer.decode(shorthand));
        poll();

        assertThat(apic.hasInterrupt()).isEqualTo(self);
        assertThat(other.hasInterrupt()).isEqualTo(second);
    }

    @Test
    void initAndStartupReachTheOtherProcessorAndTheOldDeassertDoesNot() {
        apic.write(ICR_HIGH, 1 << 24);

        apic.write(ICR, 0xC500);
        apic.write(ICR, 0x8500);
        apic.write(ICR, 0x4699);

        assertThat(otherVcpu.events()).containsExactly("init", "startup 153");
        assertThat(vcpu.events()).isEmpty();
    }

    @Test
    void lowestPriorityGoesToTheLeastBusyAndTakesTurnsAmongEquals() {
        apic.setTaskPriority(3);
        bus.deliver(ApicBus.BROADCAST, false, DeliveryMode.LOWEST_PRIORITY, 0x90, false);
        poll();
        boolean leastBusy = other.hasInterrupt() && !apic.hasInterrupt();
        apic.setTaskPriority(0);
        other.acknowledge();
        other.write(EOI, 0);

        bus.deliver(ApicBus.BROADCAST, false, DeliveryMode.LOWEST_PRIORITY, 0x91, false);
        bus.deliver(ApicBus.BROADCAST, false, DeliveryMode.LOWEST_PRIORITY, 0x92, false);
        poll();

        assertThat(leastBusy).isTrue();
        assertThat(List.of(apic.acknowledge(), other.acknowledge())).containsExactlyInAnyOrder(0x91, 0x92);
    }

    @Test
    void sendingAnIllegalVectorIsAnErrorAndSendsNothing() {
        apic.write(ICR, 0x40005);
        apic.write(ESR, 0);

        assertThat(apic.read(ESR)).isEqualTo(0x20);
    }

    // ---- The pins

    @Test
    void thePicsReachTheProcessorThroughTheVirtualWire() {
        apic.lint0().set(true);
        boolean masked = apic.extIntWanted();

        apic.virtualWire();

        assertThat(masked).isFalse();
        assertThat(apic.extIntWanted()).isTrue();
        apic.lint0().set(false);
        assertThat(apic.extIntWanted()).isFalse();
    }

    @Test
    void thePicsReachAProcessorWhoseApicIsOff() {
        apic.setBase(0xFEE0_0100L);

        apic.lint0().set(true);

        assertThat(apic.extIntWanted()).isTrue();
        assertThat(apic.hasInterrupt()).isFalse();
    }

    @Test
    void aPinCanBeAnNmiOrAFixedInterrupt() {
        apic.write(LVT_LINT1, 0x400);
        apic.write(LVT_LINT0, 0x45);

        apic.lint1().set(true);
        apic.lint0().set(true);
        poll();
        poll();

        assertThat(vcpu.events()).containsExactly("nmi");
        assertThat(apic.acknowledge()).isEqualTo(0x45);
        apic.write(EOI, 0);
        assertThat(apic.hasInterrupt()).isFalse();
    }

    @Test
    void aLevelPinAsksAgainAfterItsEnd() {
        apic.write(LVT_LINT0, 0x8045);
        apic.lint0().set(true);
        poll();
        apic.acknowledge();
        poll();
        boolean whileServiced = apic.hasInterrupt();
        apic.write(EOI, 0);
        poll();

        assertThat(whileServiced).isFalse();
        assertThat(apic.acknowledge()).isEqualTo(0x45);
    }

    // ---- Life

    @Test
    void initKeepsTheModeAndResetDoesNot() {
        apic.setBase(0xFEE0_0100L | X2);
        fixed(0, 0x55);

        apic.init();
        boolean afterInit = apic.hasMsr(0x802);
        apic.reset();

        assertThat(afterInit).isTrue();
        assertThat(apic.base()).isEqualTo(0xFEE0_0900L);
        assertThat(apic.hasInterrupt()).isFalse();
        assertThat(apic.read(SVR)).isEqualTo(0xFF);
    }

    @Test
    void aRestoredApicGoesOnWhereTheSavedOneStood() {
        apic.write(DIVIDE, DIVIDE_BY_1);
        apic.write(LVT_TIMER, 0x20050);
        apic.write(INITIAL, 1000);
        fixed(0, 0x61);
        fixed(0, 0x72);
        apic.acknowledge();
        var saved = apic.state();

        other.restore(saved);

        assertThat(other.state()).isEqualTo(saved);
        assertThat(other.nextDeadline()).isEqualTo(1000);
        other.write(EOI, 0);
        assertThat(other.acknowledge()).isEqualTo(0x61);
    }

    @Test
    void noVectorIsLostWhenSeveralThreadsSend() throws InterruptedException {
        var threads = new ArrayList<Thread>();
        for (int i = 0; i < 4; i++) {
            int first = 0x20 + i * 56;
            threads.add(Thread.ofPlatform().start(() -> {
                for (int vector = first; vector < first + 56; vector++) {
                    bus.deliver(0, false, DeliveryMode.FIXED, vector, false);
                }
            }));
        }
        var taken = new ArrayList<Integer>();
        while (taken.size() < 224) {
            apic.poll(0);
            while (apic.hasInterrupt()) {
                taken.add(apic.acknowledge());
                apic.write(EOI, 0);
            }
        }
        for (var thread : threads) {
            thread.join();
        }

        assertThat(taken).doesNotHaveDuplicates().hasSize(224);
    }
}
