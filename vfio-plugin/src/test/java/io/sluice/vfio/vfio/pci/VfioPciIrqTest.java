package io.sluice.vfio.vfio.pci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.pci.HostVectors;
import io.sluice.vfio.testkit.Copier;
import io.sluice.vfio.testkit.Passthrough;
import io.sluice.vfio.vfio.Eventfd;
import io.sluice.vfio.vfio.SetIrqs;
import io.sluice.vfio.vfio.VfioIrq;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// SET_IRQS on functions of the host (host-model rows: interrupts, vfio_pci_irq).
@Timeout(120)
class VfioPciIrqTest {
    private static final int EDU_RAISE = 0x60;
    private static final int EDU_ACKNOWLEDGE = 0x64;
    private static final int INTX_DISABLE = 0x400;

    private final Passthrough rig = new Passthrough();
    private final int[] heard = new int[Copier.VECTORS];

    @AfterEach
    void close() {
        rig.close();
    }

    private Eventfd count(int vector) {
        return () -> heard[vector]++;
    }

    private Eventfd[] counts() {
        return new Eventfd[] {count(0), count(1), count(2), count(3)};
    }

    /// An eventfd that can be waited for.
    private static final class Bell implements Eventfd {
        private final List<Runnable> listeners = new ArrayList<>();

        @Override
        public void signal() {
            List.copyOf(listeners).forEach(Runnable::run);
        }

        @Override
        public void listen(Runnable listener) {
            listeners.add(listener);
        }

        @Override
        public void ignore(Runnable listener) {
            listeners.remove(listener);
        }
    }

    private static void master(Passthrough.Bound bound) {
        bound.config(4, 2, bound.config(4, 2) | 4);
    }

    private static Errno refusal(Runnable call) {
        var refused = catchThrowableOfType(HostException.class, call::run);
        assertThat(refused).isNotNull();
        return refused.errno();
    }

    /// vfio_pci_irq: silent until TRIGGER, one count each, and disabled again.
    @ParameterizedTest
    @EnumSource(
            value = VfioIrq.class,
            names = {"MSI", "MSIX"})
    void vectorsAreSilentUntilTheyAreTriggeredAndThenCountOnce(VfioIrq irq) {
        var copier = rig.open("copier0");
        copier.listen(irq, 0, counts());
        int[] before = heard.clone();

        copier.vfio.setIrqs(SetIrqs.none(SetIrqs.ACTION_TRIGGER, irq, 0, 4));
        copier.vfio.setIrqs(SetIrqs.bools(SetIrqs.ACTION_TRIGGER, irq, 1, false, true));
        copier.disable(irq);

        assertThat(before).containsOnly(0);
        assertThat(heard).containsExactly(1, 1, 2, 1);
        assertThat(refusal(() -> copier.vfio.setIrqs(SetIrqs.none(SetIrqs.ACTION_TRIGGER, irq, 0, 1))))
                .isEqualTo(Errno.EINVAL);
        assertThat(rig.host.vectors().used()).isZero();
    }

    @ParameterizedTest
    @EnumSource(
            value = VfioIrq.class,
            names = {"MSI", "MSIX"})
    void whatTheFunctionSendsIsHeardOnceByTheVectorThatItNames(VfioIrq irq) {
        var copier = rig.open("copier0");
        copier.bar(Copier.SEND, 8, 1);
        copier.listen(irq, 0, counts());
        copier.bar(Copier.SEND, 8, 1);
        int withoutMaster = heard[1];

        master(copier);
        copier.bar(Copier.SEND, 8, 1);
        copier.bar(Copier.SEND, 8, 3);
        copier.disable(irq);
        copier.bar(Copier.SEND, 8, 0);

        assertThat(withoutMaster).isZero();
        assertThat(heard).containsExactly(0, 1, 0, 1);
    }

    @Test
    void aMessageToAnothersVectorGoesNowhereAndIsCounted() {
        var victim = rig.open("copier0");
        var attacker = rig.open("copier1");
        victim.listen(VfioIrq.MSIX, 0, counts());
        attacker.listen(VfioIrq.MSIX, 0, () -> {});
        master(attacker);
        var own = attacker.function.pci().bars().getFirst().device();
        var others = victim.function.pci().bars().getFirst().device();
        own.write(0x1000, 4, others.read(0x1000, 4));
        own.write(0x1008, 4, others.read(0x1008, 4));

        attacker.bar(Copier.SEND, 8, 0);

        assertThat(heard).containsOnly(0);
        assertThat(rig.host.vectors().blocked()).isEqualTo(1);
    }

    @Test
    void onlyOneOfTheThreeIsOn() {
        var copier = rig.open("copier0");
        copier.listen(VfioIrq.INTX, 0, count(0));

        var msi = refusal(() -> copier.listen(VfioIrq.MSI, 0, count(1)));
        copier.disable(VfioIrq.INTX);
        copier.listen(VfioIrq.MSI, 0, count(1));

        assertThat(msi).isEqualTo(Errno.EINVAL);
        assertThat(refusal(() -> copier.listen(VfioIrq.MSIX, 0, count(2)))).isEqualTo(Errno.EINVAL);
        assertThat(refusal(() -> copier.listen(VfioIrq.INTX, 0, count(0)))).isEqualTo(Errno.EINVAL);
    }

    @ParameterizedTest
    @CsvSource({
        "INTX, 7, 1",
        "MSI, 9, 4",
        "MSIX, 1, 4",
        "ERR, 9, 1",
        "REQ, 9, 1",
    })
    void irqInfoIsAsTheInterfaceSays(VfioIrq irq, int flags, int count) {
        var copier = rig.bind("copier0");

        assertThat(copier.vfio.irqInfo(irq.ordinal())).isEqualTo(new VfioIrq.Info(flags, count));
    }

    @ParameterizedTest
    @CsvSource({
        "9, 1, 0, 1, ENOTTY", // MSI cannot be masked
        "17, 2, 0, 1, ENOTTY", // nor unmasked
        "12, 0, 0, 1, ENOTTY", // INTX is not masked by an eventfd
        "9, 0, 0, 1, EINVAL", // INTX is not in use
        "33, 1, 0, 1, EINVAL", // MSI is not in use
        "1, 1, 0, 1, ENOTTY", // no action
        "36, 2, 4, 1, EINVAL", // beyond the vectors
        "36, 2, 3, 2, EINVAL",
        "39, 2, 0, 1, EINVAL", // three data types
        "97, 2, 0, 1, EINVAL", // an unknown flag
        "9, 3, 0, 1, ENOTTY" // errors cannot be masked
    })
    void aBadRequestIsRefusedAndNothingIsOn(int flags, int index, int start, int count, Errno errno) {
        var copier = rig.open("copier0");
        var request = new SetIrqs(flags, index, start, count, List.of(true), List.of(count(0)));

        assertThat(refusal(() -> copier.vfio.setIrqs(request))).isEqualTo(errno);
        assertThat(rig.host.vectors().used()).isZero();
    }

    @Test
    void vectorsOfMsixComeAndGoOneByOne() {
        var copier = rig.open("copier0");
        master(copier);
        copier.listen(VfioIrq.MSIX, 2, count(2));
        copier.bar(Copier.SEND, 8, 0);
        int pendingIsKept = heard[0];

        copier.listen(VfioIrq.MSIX, 0, count(0));
        int used = rig.host.vectors().used();
        copier.vfio.setIrqs(SetIrqs.trigger(VfioIrq.MSIX, 2, new Eventfd[] {null}));
        copier.bar(Copier.SEND, 8, 2);

        assertThat(pendingIsKept).isZero();
        assertThat(heard).containsExactly(1, 0, 0, 0);
        assertThat(used).isEqualTo(2);
        assertThat(rig.host.vectors().used()).isEqualTo(1);
    }

    @Test
    void msiDoesNotGrowWhileItIsOn() {
        var copier = rig.open("copier0");
        copier.listen(VfioIrq.MSI, 0, count(0), count(1));

        assertThat(refusal(() -> copier.listen(VfioIrq.MSI, 2, count(2)))).isEqualTo(Errno.EINVAL);
    }

    @Test
    void aHostWithTooFewVectorsSaysHowManyThereAre() {
        var copier = rig.open("copier0");
        var other = rig.at("copier1");
        var blocks = new ArrayList<HostVectors.Block>();
        for (int i = 0; i < 32; i++) {
            blocks.add(rig.host.vectors().allocate(other, 2048, vector -> {}));
        }
        blocks.get(3).free();
        rig.host.vectors().allocate(other, 2045, vector -> {});

        int msix = copier.vfio.setIrqs(SetIrqs.trigger(VfioIrq.MSIX, 0, counts()));
        int msi = copier.vfio.setIrqs(SetIrqs.trigger(VfioIrq.MSI, 0, counts()));

        assertThat(msix).isEqualTo(3);
        assertThat(msi).isEqualTo(3);
        assertThat(rig.host.vectors().left()).isEqualTo(3);
        assertThat(copier.real(copier.capability(0x11) + 2, 2) & 0x8000).isZero();
    }

    @ParameterizedTest
    @EnumSource(
            value = VfioIrq.class,
            names = {"MSI", "MSIX"})
    void eachInnerStepThatFailsLeavesNothingBehind(VfioIrq irq) {
        var copier = rig.open("copier0");
        int failed = 0;

        for (int n = 1; ; n++) {
            rig.steps.failNth(n);
            var refused = catchThrowableOfType(HostException.class, () -> copier.listen(irq, 0, counts()));
            rig.steps.disarm();
            if (refused == null) {
                break;
            }
            failed++;
            assertThat(refused.errno()).isEqualTo(Errno.ENOMEM);
            assertThat(rig.host.vectors().used()).isZero();
        }

        assertThat(failed).isEqualTo(irq == VfioIrq.MSI ? 1 : 4);
        assertThat(rig.host.vectors().used()).isEqualTo(4);
    }

    @Test
    void aResetKeepsWhatIsOn() {
        var copier = rig.open("copier0");
        copier.listen(VfioIrq.MSIX, 0, counts());
        master(copier);

        copier.vfio.reset();
        copier.bar(Copier.SEND, 8, 1);

        assertThat(heard).containsExactly(0, 1, 0, 0);
    }

    // ---- INTx

    @Test
    void intxIsMaskedBeforeItIsSignalledAndAgainAfterEachUnmask() {
        var edu = rig.open("edu0");
        int[] disabledWhenHeard = new int[1];
        edu.listen(VfioIrq.INTX, 0, () -> {
            heard[0]++;
            disabledWhenHeard[0] = edu.function.pci().configRead(4, 2) & INTX_DISABLE;
        });

        edu.bar(EDU_RAISE, 4, 1);
        edu.bar(EDU_RAISE, 4, 2);
        int once = heard[0];
        edu.vfio.setIrqs(SetIrqs.none(SetIrqs.ACTION_UNMASK, VfioIrq.INTX, 0, 1));
        int again = heard[0];
        edu.bar(EDU_ACKNOWLEDGE, 4, 3);
        edu.vfio.setIrqs(SetIrqs.none(SetIrqs.ACTION_UNMASK, VfioIrq.INTX, 0, 1));

        assertThat(once).isEqualTo(1);
        assertThat(disabledWhenHeard[0]).isNotZero();
        assertThat(again).isEqualTo(2);
        assertThat(heard[0]).isEqualTo(2);
        assertThat(edu.real(4, 2) & INTX_DISABLE).isZero();
    }

    @Test
    void eachOfTheTwoMasksKeepsThePinQuietByItself() {
        var edu = rig.open("edu0");
        edu.listen(VfioIrq.INTX, 0, count(0));
        edu.vfio.setIrqs(SetIrqs.none(SetIrqs.ACTION_MASK, VfioIrq.INTX, 0, 1));
        edu.config(4, 2, edu.config(4, 2) | INTX_DISABLE);
        edu.bar(EDU_RAISE, 4, 1);

        edu.config(4, 2, edu.config(4, 2) & ~INTX_DISABLE);
        int stillMasked = heard[0];
        edu.config(4, 2, edu.config(4, 2) | INTX_DISABLE);
        edu.vfio.setIrqs(SetIrqs.none(SetIrqs.ACTION_UNMASK, VfioIrq.INTX, 0, 1));
        int stillDisabled = heard[0];
        edu.config(4, 2, edu.config(4, 2) & ~INTX_DISABLE);

        assertThat(stillMasked).isZero();
        assertThat(stillDisabled).isZero();
        assertThat(heard[0]).isEqualTo(1);
    }

    @Test
    void anEventfdMayUnmask() {
        var edu = rig.open("edu0");
        var bell = new Bell();
        edu.listen(VfioIrq.INTX, 0, count(0));
        edu.vfio.setIrqs(new SetIrqs(SetIrqs.DATA_EVENTFD | SetIrqs.ACTION_UNMASK, 0, 0, 1, List.of(), List.of(bell)));
        edu.bar(EDU_RAISE, 4, 1);

        bell.signal();
        int again = heard[0];
        edu.disable(VfioIrq.INTX);

        assertThat(again).isEqualTo(2);
        assertThat(bell.listeners).isEmpty();
    }

    @Test
    void aPinThatIsAssertedAlreadyIsHeardWhenItIsTurnedOn() {
        var edu = rig.open("edu0");
        edu.bar(EDU_RAISE, 4, 1);

        edu.listen(VfioIrq.INTX, 0, count(0));

        assertThat(heard[0]).isEqualTo(1);
    }

    @Test
    void errorsAndRequestsAreSignalledToWhoListens() {
        var copier = rig.open("copier0");
        copier.listen(VfioIrq.ERR, 0, count(0));
        copier.listen(VfioIrq.REQ, 0, count(1));

        copier.device.errorReported();
        copier.vfio.request();

        assertThat(heard).containsExactly(1, 1, 0, 0);
    }
}
