package io.sluice.vfio.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.Steps;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/// Fails every inner step of a request: the first, the second, … until it succeeds because it has no more. After each
/// failure everything that can be seen has to be as it was before.
public final class FailureSweep {
    private static final int MOST = 10_000;

    private FailureSweep() {}

    /// @param steps of the host that the request is made to
    /// @param state what can be seen of that host, as something with a text; looks and changes nothing
    /// @param request is made again and again; succeeds once
    /// @return the steps that failed, in their order
    public static List<String> sweep(Steps steps, Supplier<?> state, Runnable request) {
        return sweep(steps, state, request, 1, Set.of()).failed;
    }

    /// What came of a part of a sweep.
    ///
    /// @param failed the steps that failed, in their order
    /// @param next the step to go on with, on a host where the request has not been made; 0 if all have failed
    public record Part(List<String> failed, int next) {}

    /// As [#sweep(Steps, Supplier, Runnable)], from one step on, and until the request succeeds.
    ///
    /// @param borne steps that may fail and the request succeed, since what they are for can be done without
    public static Part sweep(Steps steps, Supplier<?> state, Runnable request, int first, Set<String> borne) {
        var before = state.get().toString();
        var failed = new ArrayList<String>();
        for (int n = first; n < MOST; n++) {
            steps.failNth(n);
            try {
                request.run();
                var passed = steps.disarm();
                if (passed.size() >= n && borne.contains(passed.get(n - 1))) {
                    return new Part(failed, n + 1);
                }
                // What an earlier try brought in for good, such as a page of a process, has no step any more.
                assertThat(passed).as("steps, none of which failed").hasSizeLessThan(n);
                return new Part(failed, 0);
            } catch (HostException refused) {
                var passed = steps.disarm();
                assertThat(passed)
                        .as("refused for another reason: " + refused.getMessage())
                        .hasSizeGreaterThanOrEqualTo(n);
                var step = passed.get(n - 1);
                assertThat(borne).as("steps on the way back").containsAll(passed.subList(n, passed.size()));
                failed.add(step);
                assertThat(state.get().toString())
                        .as("after a failure of step " + n + ", " + step)
                        .isEqualTo(before);
            }
        }
        throw new AssertionError("a request without an end");
    }
}
