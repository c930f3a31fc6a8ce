package io.sluice.vfio;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.testkit.SweepWorld;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// As [RequestSweepConformanceTest], of the calls by which drivers, software devices and the host's own tools change
/// something; every public method of the classes that have them is accounted for.
@Timeout(120)
class CallSweepConformanceTest {
    static List<CallSweeps.Sweep> all() {
        return CallSweeps.ALL;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("all")
    void aCallThatFailsLeavesNothingAndThenSucceeds(CallSweeps.Sweep sweep) {
        var failed = SweepWorld.sweep(sweep.prepared());

        assertThat(failed).containsAll(sweep.steps());
        assertThat(failed.isEmpty())
                .as(failed.toString())
                .isEqualTo(sweep.steps().isEmpty());
    }

    @Test
    void everyPublicMethodIsSweptOrOnlyLooks() {
        var there = new TreeSet<String>();
        for (var type : CallSweeps.CLASSES) {
            Arrays.stream(type.getDeclaredMethods())
                    .filter(method -> Modifier.isPublic(method.getModifiers()) && !method.isSynthetic())
                    .forEach(method -> there.add(type.getSimpleName() + "." + method.getName()));
        }
        var accounted = new TreeSet<>(CallSweeps.READ_ONLY);
        CallSweeps.ALL.forEach(sweep -> accounted.add(sweep.call()));

        assertThat(there).isEqualTo(accounted);
        assertThat(CallSweeps.ALL).noneMatch(sweep -> CallSweeps.READ_ONLY.contains(sweep.call()));
    }
}
