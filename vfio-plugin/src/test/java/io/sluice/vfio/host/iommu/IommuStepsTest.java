package io.sluice.vfio.host.iommu;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.address.Iova;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every request that takes something is made to fail at its first, second, … last step; afterwards all is as it was,
/// and the same request succeeds.
@Timeout(120)
final class IommuStepsTest {
    private static final Object OWNER = "owner";

    private final DmaRig rig = new DmaRig(16);
    private final IommuGroup group = new IommuGroup(1);
    private final IommuDevice one = rig.unit.add(new Bdf(8), List.of(), group, DmaRig.ABLE);
    private final IommuDevice two = rig.unit.add(new Bdf(16), List.of(new Bdf(0x100)), group, DmaRig.ABLE);
    private final PagingDomain parent = rig.unit.newPagingDomain(new DomainOptions(true, true, true));

    @AfterEach
    void close() {
        rig.close();
    }

    /// A request, what it needs before, and the steps that it passes.
    private record Request(String name, int steps, Act before, Act act) {
        @Override
        public String toString() {
            return name;
        }
    }

    @FunctionalInterface
    private interface Act {
        void on(IommuStepsTest test);
    }

    static Stream<Request> requests() {
        Act nothing = test -> {};
        Act claimed = test -> test.group.claim(OWNER);
        return Stream.of(
                new Request(
                        "add",
                        2,
                        nothing,
                        test -> test.rig.unit.add(
                                new Bdf(24), List.of(new Bdf(0x100), new Bdf(0x101)), test.group, DmaRig.ABLE)),
                new Request("claim", 1, nothing, claimed),
                new Request("new domain", 1, nothing, test -> test.rig.unit.newPagingDomain(DomainOptions.PLAIN)),
                new Request(
                        "new first stage",
                        1,
                        nothing,
                        test -> test.rig.unit.newNestedDomain(test.parent, new StageOne(0, 48, 0))),
                new Request("set", 2, claimed, test -> test.group.set(0, test.parent)),
                new Request("set a PASID", 2, claimed, test -> test.group.set(77, test.parent)),
                new Request(
                        "set a first stage",
                        2,
                        claimed,
                        test -> test.group.set(77, test.rig.unit.newNestedDomain(test.parent, new StageOne(0, 48, 0)))),
                new Request("stage a reset", 1, claimed, test -> test.group.stageReset()),
                new Request("map", 5, nothing, test -> test.rig.map(test.parent, 0x7FFF_FFFF_F000L - 0x1000, 0, 3)),
                new Request("ATS", 1, nothing, test -> test.one.enableAts()),
                new Request("page requests", 1, nothing, test -> test.one.onPageRequests(77, requested -> {})));
    }

    @ParameterizedTest
    @MethodSource("requests")
    void whatFailsHalfwayLeavesNothing(Request request) {
        request.before.on(this);
        var before = state();

        int failures = 0;
        for (int step = 1; ; step++) {
            rig.steps.failNth(step);
            var refusal = attempt(request);
            if (refusal.isEmpty()) {
                break;
            }
            rig.steps.disarm();
            failures++;
            assertThat(refusal).containsExactly(Errno.ENOMEM);
            assertThat(state()).isEqualTo(before);
        }

        assertThat(failures).isGreaterThanOrEqualTo(request.steps);
    }

    private List<Errno> attempt(Request request) {
        try {
            request.act.on(this);
            return List.of();
        } catch (HostException refused) {
            return List.of(refused.errno());
        }
    }

    /// Everything that a request could have left behind.
    private List<Object> state() {
        var all = new ArrayList<Object>();
        all.add(String.valueOf(group.owner()));
        all.add(group.domain(0).toString());
        all.add(group.domain(77).toString());
        all.add(group.devices().toString());
        all.add(rig.unit.devices().toString());
        all.add(parent.attachments());
        all.add(parent.tableNodes());
        all.add(parent.pageShift(new Iova(0x7FFF_FFFF_F000L)));
        for (int id : new int[] {8, 16, 24, 0x100, 0x101}) {
            var context = rig.unit.find(id);
            all.add(context == null ? "nobody" : context.domain(0) + " " + context.domain(77));
        }
        all.add(two.dma().reaches(77, 0, false));
        return all;
    }
}
