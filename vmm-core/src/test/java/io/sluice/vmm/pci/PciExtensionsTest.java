package io.sluice.vmm.pci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.bus.BusDevice;
import io.sluice.vmm.irq.IrqLine;
import io.sluice.vmm.testkit.DirectLoop;
import io.sluice.vmm.trace.Trace;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/// The extended capabilities by their registers, and the fabric that virtual functions appear on.
final class PciExtensionsTest {
    private final DirectLoop loop = new DirectLoop();
    private final AddressSpace memory = new AddressSpace("memory", (1L << 46) - 1);
    private final AddressSpace io = new AddressSpace("io", 0xFFFF);
    private final PciFabric fabric = new PciFabric(memory, io, Trace.none());
    private final PciFabric.Wires wires =
            new PciFabric.Wires((address, data) -> {}, DmaTarget.direct(memory), IrqLine.NONE, fault -> {});

    private PciFunction function(FunctionShape shape) {
        var builder = PciFunction.builder("card", loop.strand())
                .ids(0x1234, 0x5678)
                .memoryBar(0, 4096, new Answer(0x11))
                .pciExpress(PciExpress.Type.ENDPOINT, true);
        shape.apply(builder);
        return builder.build();
    }

    private record Answer(int value) implements BusDevice {
        @Override
        public long read(long offset, int size) {
            return value;
        }

        @Override
        public void write(long offset, int size, long value) {}
    }

    // ---- registers

    @Test
    void accessControlOffersWhatItHasAndTakesNoMore() {
        var function = function(builder -> builder.acs(Acs.ISOLATION));
        var acs = Objects.requireNonNull(function.extensions().acs());
        function.configWrite(0x106, 2, 0xFFFF);

        assertThat(function.configRead(0x100, 4)).isEqualTo(0x0001_000D);
        assertThat(function.configRead(0x104, 4)).isEqualTo(0x001D_001D);
        assertThat(acs.enforces(Acs.ISOLATION)).isTrue();
        function.configWrite(0x106, 2, Acs.SOURCE_VALIDATION);
        assertThat(acs.enforces(Acs.SOURCE_VALIDATION)).isTrue();
        assertThat(acs.enforces(Acs.ISOLATION)).isFalse();
        assertThat(acs.enforces(Acs.DIRECT_TRANSLATED)).isTrue();
    }

    @Test
    void translationsAreTurnedOnAndOffByAReset() {
        var function = function(builder -> builder.ats(32));
        var ats = Objects.requireNonNull(function.extensions().ats());
        function.configWrite(0x106, 2, 0x8005);

        assertThat(function.configRead(0x104, 4)).isEqualTo(0x8005_0020);
        assertThat(ats.enabled()).isTrue();
        function.reset();
        assertThat(ats.enabled()).isFalse();
        assertThat(function.configRead(0x106, 2)).isZero();
    }

    @Test
    void aPageRequestInterfaceStopsWhenItIsOff() {
        var function = function(builder -> builder.ats(1).pri(16));
        var pri = Objects.requireNonNull(function.extensions().pri());
        assertThat(function.configRead(0x10E, 2)).isEqualTo(0x8100);
        function.configWrite(0x114, 4, 64);
        function.configWrite(0x10C, 2, Pri.ENABLE);

        assertThat(function.configRead(0x110, 4)).isEqualTo(16);
        assertThat(function.configRead(0x10E, 2)).isEqualTo(0x8000);
        assertThat(pri.allocation()).isEqualTo(16);
        pri.responseFailed();
        assertThat(function.configRead(0x10E, 2)).isEqualTo(0x8001);
        function.configWrite(0x10E, 2, Pri.RESPONSE_FAILURE);
        assertThat(function.configRead(0x10E, 2)).isEqualTo(0x8000);
    }

    @Test
    void resettingAPageRequestInterfaceClearsItsFailures() {
        var function = function(builder -> builder.ats(1).pri(16));
        var pri = Objects.requireNonNull(function.extensions().pri());
        pri.unexpectedResponse();
        function.configWrite(0x10C, 2, Pri.RESET);

        assertThat(function.configRead(0x10C, 4)).isEqualTo(0x8100_0000);
    }

    @Test
    void pasidsComeWithPrefixes() {
        var function = function(builder -> builder.pasid(20, true, false));
        function.configWrite(0x106, 2, 0xFFFF);

        assertThat(function.configRead(0x104, 4)).isEqualTo(0x0003_1402);
        assertThat(function.configRead(0x40 + 0x24, 4) & 1 << 21).isNotZero();
        assertThat(function.extensions().pasid()).isNotNull().matches(PasidCapability::enabled);
    }

    @Test
    void widthsThatCannotBeAreRefused() {
        assertThatThrownBy(() -> function(builder -> builder.pasid(21, false, false)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> function(builder -> builder.ats(0))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new SriovSettings(0, 1, 1, 0, List.of())).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new VfBar(5, Bar.Kind.MEMORY64, true, 4096))
                .isInstanceOf(IllegalArgumentException.class);
    }

    // ---- virtual functions

    private static final int SRIOV = 0x100;

    private final List<PciFunction> virtual = new ArrayList<>();

    private PciFunction physical() {
        var physical = function(builder -> builder.sriov(
                new SriovSettings(3, 8, 1, 0x5679, List.of(new VfBar(0, Bar.Kind.MEMORY32, false, 4096)))));
        for (int vf = 0; vf < 3; vf++) {
            virtual.add(function(builder -> builder.virtualFunction()));
        }
        var sriov = Objects.requireNonNull(physical.extensions().sriov());
        sriov.source(new Sriov.Source() {
            @Override
            public PciFunction function(int vf) {
                return virtual.get(vf);
            }

            @Override
            public PciFabric.Wires wires(int vf) {
                return wires;
            }
        });
        fabric.add(null, 8, physical, wires);
        return physical;
    }

    @Test
    void theLayoutIsThatOfTheSpecification() {
        var physical = physical();

        assertThat(physical.configRead(SRIOV, 4)).isEqualTo(0x0001_0010);
        assertThat(physical.configRead(SRIOV + 0x0C, 4)).isEqualTo(0x0003_0003);
        assertThat(physical.configRead(SRIOV + 0x14, 4)).isEqualTo(0x0001_0008);
        assertThat(physical.configRead(SRIOV + 0x18, 4)).isEqualTo(0x5679_0000);
        assertThat(physical.configRead(SRIOV + 0x1C, 4)).isEqualTo(0x553);
        assertThat(physical.configRead(SRIOV + 0x20, 4)).isEqualTo(1);
        physical.configWrite(SRIOV + 0x24, 4, -1);
        assertThat(physical.configRead(SRIOV + 0x24, 4)).isEqualTo(0xFFFF_F000);
    }

    @Test
    void theyAppearWithTheEnableBitAndGoWithIt() {
        var physical = physical();
        physical.configWrite(SRIOV + 0x24, 4, 0x8000_0000);
        physical.configWrite(SRIOV + 0x10, 2, 2);
        assertThat(fabric.functions()).hasSize(1);
        physical.configWrite(SRIOV + 0x08, 2, Sriov.VF_ENABLE | Sriov.VF_MEMORY);
        loop.run();

        assertThat(fabric.functions()).containsExactly(physical, virtual.get(0), virtual.get(1));
        assertThat(virtual.get(1).address()).hasToString("0000:00:02.1");
        assertThat(memory.read(0x8000_1000L, 1)).isEqualTo(0x11);
        assertThat(memory.read(0x8000_2000L, 1)).isEqualTo(0xFF);
        physical.configWrite(SRIOV + 0x08, 2, 0);
        loop.run();
        assertThat(fabric.functions()).containsExactly(physical);
        assertThat(memory.read(0x8000_0000L, 1)).isEqualTo(0xFF);
    }

    @Test
    void moreThanThereAreIsNotTaken() {
        var physical = physical();
        physical.configWrite(SRIOV + 0x10, 2, 4);

        assertThat(physical.configRead(SRIOV + 0x10, 2)).isZero();
    }

    @Test
    void theyGoWhenThePhysicalFunctionIsResetOrTakenAway() {
        var physical = physical();
        physical.configWrite(SRIOV + 0x10, 2, 3);
        physical.configWrite(SRIOV + 0x08, 2, Sriov.VF_ENABLE);
        loop.run();
        physical.strand().call(physical::reset);
        loop.run();
        assertThat(fabric.functions()).containsExactly(physical);
        physical.configWrite(SRIOV + 0x10, 2, 3);
        physical.configWrite(SRIOV + 0x08, 2, Sriov.VF_ENABLE);
        loop.run();
        assertThat(fabric.functions()).hasSize(4);
        fabric.remove(physical);
        loop.run();

        assertThat(fabric.functions()).isEmpty();
        assertThat(virtual).allMatch(function -> function.address() == null);
    }

    @Test
    void aVirtualFunctionThatIsResetStaysWhereItIs() {
        var physical = physical();
        physical.configWrite(SRIOV + 0x24, 4, 0x8000_0000);
        physical.configWrite(SRIOV + 0x10, 2, 1);
        physical.configWrite(SRIOV + 0x08, 2, Sriov.VF_ENABLE | Sriov.VF_MEMORY);
        virtual.getFirst().configWrite(0x40 + 8, 2, 0x8000);

        assertThat(memory.read(0x8000_0000L, 1)).isEqualTo(0x11);
        assertThat(virtual.getFirst().configRead(0, 4)).isEqualTo(-1);
    }

    // ---- the fabric

    @Test
    void aPlaceThatIsTakenIsRefused() {
        fabric.add(null, 8, function(FunctionShape.PLAIN), wires);

        assertThatThrownBy(() -> fabric.add(null, 8, function(FunctionShape.PLAIN), wires))
                .isInstanceOf(PciException.class);
    }

    @Test
    void aBridgeInResetLetsNothingThroughAndResetsWhatIsBehindIt() {
        var port = new BridgePort("port", loop.strand(), BridgeKind.ROOT_PORT, FunctionShape.PLAIN);
        fabric.add(null, 8, port, wires);
        var card = function(FunctionShape.PLAIN);
        fabric.add(port, 0, card, wires);
        port.function().configWrite(0x18, 4, 0x00_01_01_00);
        port.function().configWrite(0x20, 4, 0x8000_8000);
        port.function().configWrite(4, 2, 6);
        card.configWrite(0x10, 4, 0x8000_0000);
        card.configWrite(4, 2, 2);
        assertThat(memory.read(0x8000_0000L, 1)).isEqualTo(0x11);
        assertThat(port.claims(0x800F_FFFFL)).isTrue();
        assertThat(port.claims(0x8010_0000L)).isFalse();
        port.function().configWrite(0x3E, 2, 0x40);
        loop.run();

        assertThat(port.claims(0x8000_0000L)).isFalse();
        assertThat(card.configRead(4, 2)).isZero();
        assertThat(memory.read(0x8000_0000L, 1)).isEqualTo(0xFF);
    }
}
