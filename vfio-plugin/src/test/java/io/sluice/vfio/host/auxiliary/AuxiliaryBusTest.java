package io.sluice.vfio.host.auxiliary;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.Steps;
import io.sluice.vfio.host.iommu.IommuGroup;
import io.sluice.vfio.host.memory.HostFrames;
import io.sluice.vfio.host.models.HostModels;
import io.sluice.vfio.host.pci.HostConfig;
import io.sluice.vfio.host.pci.HostDriver;
import io.sluice.vfio.host.pci.HostFunction;
import io.sluice.vfio.host.pci.HostPci;
import io.sluice.vmm.testkit.DirectLoop;
import io.sluice.vmm.trace.Trace;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class AuxiliaryBusTest {
    private final DirectLoop loop = new DirectLoop();
    private final Steps steps = new Steps();
    private final AuxiliaryBus bus = new AuxiliaryBus(steps);
    private final List<String> told = new ArrayList<>();
    private final HostPci host = new HostPci(
            HostConfig.read("""
                    {"functions": [{"name": "nic", "type": "integrated-endpoint", "device": "edu"}]}"""),
            new HostPci.Ground(
                    new HostFrames(),
                    steps,
                    loop::strand,
                    new HostModels(name -> null),
                    () -> new IommuGroup(0),
                    Trace.none()));
    private final HostFunction nic = host.functions().getFirst();

    @AfterEach
    void close() {
        host.close();
    }

    /// A driver of the whole device that makes a part of it for others.
    private final class Parent implements HostDriver {
        @Override
        public String name() {
            return "edu_core";
        }

        @Override
        public boolean matches(HostFunction function) {
            return true;
        }

        @Override
        public void probe(HostFunction function) {
            bus.add(function, name(), "rdma", "port 1");
        }

        @Override
        public void remove(HostFunction function) {
            told.add("parent gone");
        }
    }

    private final class Part implements AuxiliaryDriver {
        private final String name;
        private final String id;
        private @Nullable HostException refusal;

        Part(String name, String id) {
            this.name = name;
            this.id = id;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public Set<String> ids() {
            return Set.of(id);
        }

        @Override
        public void probe(AuxiliaryDevice part) {
            told.add(name + " has " + part + " by " + part.port());
            var no = refusal;
            if (no != null) {
                throw no;
            }
        }

        @Override
        public void remove(AuxiliaryDevice part) {
            told.add(name + " gives up " + part);
        }
    }

    private void bindParent() {
        host.drivers().register(new Parent(), host.functions());
    }

    @Test
    void aDriverGetsThePartsOfItsNameBeforeOrAfterItComes() {
        bus.register(new Part("early", "edu_core.rdma"));
        bindParent();
        bus.register(new Part("other", "edu_core.eth"));

        assertThat(told).containsExactly("early has edu_core.rdma.0 by port 1");
    }

    @Test
    void namesAreMatchedWithoutTheirNumber() {
        bindParent();
        bus.add(nic, "edu_core", "rdma", "port 2");
        bus.register(new Part("rdma", "edu_core.rdma"));

        assertThat(told).containsExactly("rdma has edu_core.rdma.0 by port 1", "rdma has edu_core.rdma.1 by port 2");
    }

    @Test
    void thePartsGoBeforeTheirParentsDriver() {
        bus.register(new Part("rdma", "edu_core.rdma"));
        bindParent();
        told.clear();
        host.drivers().unbind(nic);

        assertThat(told).containsExactly("rdma gives up edu_core.rdma.0", "parent gone");
        assertThat(bus.parts()).isEmpty();
    }

    @Test
    void thePartsGoWithAParentThatIsUnplugged() {
        bus.register(new Part("rdma", "edu_core.rdma"));
        bindParent();
        told.clear();
        host.unplug(nic);

        assertThat(told).containsExactly("rdma gives up edu_core.rdma.0", "parent gone");
        assertThat(catchThrowableOfType(HostException.class, () -> bus.add(nic, "edu_core", "rdma", "x"))
                        .errno())
                .isEqualTo(Errno.ENODEV);
    }

    @Test
    void aDriverThatLeavesGivesItsPartsUp() {
        var driver = new Part("rdma", "edu_core.rdma");
        bus.register(driver);
        bindParent();
        told.clear();
        bus.unregister(driver);

        assertThat(told).containsExactly("rdma gives up edu_core.rdma.0");
        assertThat(bus.parts().getFirst().driver()).isNull();
    }

    @Test
    void theNextDriverGetsWhatOneRefuses() {
        var unwilling = new Part("unwilling", "edu_core.rdma");
        unwilling.refusal = new HostException(Errno.EIO, "no");
        bus.register(unwilling);
        var willing = new Part("willing", "edu_core.rdma");
        bus.register(willing);
        bindParent();

        assertThat(bus.parts().getFirst().driver()).isSameAs(willing);
    }

    @Test
    void namesThatAreNoneAreRefused() {
        assertThat(catchThrowableOfType(HostException.class, () -> bus.add(nic, "Edu", "rdma", "x"))
                        .errno())
                .isEqualTo(Errno.EINVAL);
        bus.register(new Part("a", "edu_core.rdma"));
        assertThat(catchThrowableOfType(HostException.class, () -> bus.register(new Part("a", "x.y")))
                        .errno())
                .isEqualTo(Errno.EBUSY);
    }

    @Test
    void aPartThatCannotBeAddedLeavesItsParentFree() {
        steps.fail("host.aux.add.part", 1, Errno.ENOMEM);
        bindParent();
        steps.disarm();

        assertThat(nic.driver()).isNull();
        assertThat(bus.parts()).isEmpty();
        host.drivers().bind(nic, "edu_core");
        assertThat(bus.parts()).hasSize(1);
    }
}
