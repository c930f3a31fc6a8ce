package io.sluice.vfio.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.Steps;
import java.util.ArrayList;
import java.util.List;
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
        var before = state.get().toString();
        var failed = new ArrayList<String>();
        for (int n = 1; n < MOST; n++) {
            steps.failNth(n);
            try {
                request.run();
                // What an earlier try brought in for good, such as a page of a process, has no step any more.
                assertThat(steps.disarm()).as("steps, none of which failed").hasSizeLessThan(n);
                return failed;
            } catch (HostException refused) {
                var passed = steps.disarm();
                assertThat(passed)
                        .as("refused for another reason: " + refused.getMessage())
                        .hasSize(n);
                failed.add(passed.getLast());
                assertThat(state.get().toString())
                        .as("after a failure of step " + n + ", " + passed.getLast())
                        .isEqualTo(before);
            }
        }
        throw new AssertionError("a request without an end");
    }
}
