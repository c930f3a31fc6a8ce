package io.sluice.vmm.machine;

import io.sluice.vmm.loop.Strand;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.function.LongBinaryOperator;

/// Which strands a machine has, so that somebody can ask what waits in them. A strand that nobody uses any more leaves
/// by itself. Any thread.
final class StrandCensus {
    private final Map<Strand, String> strands = new WeakHashMap<>();

    /// @param group `platform` or `device`
    synchronized Strand counted(String group, Strand strand) {
        strands.put(strand, group);
        return strand;
    }

    /// Waits until everything that goes on in a strand now has ended. From a thread that is in no strand and on no
    /// loop.
    void settle() {
        List<Strand> all;
        synchronized (this) {
            all = List.copyOf(strands.keySet());
        }
        all.forEach(strand -> strand.call(() -> {}));
    }

    synchronized long count(String group) {
        return strands.values().stream().filter(group::equals).count();
    }

    /// Tasks that wait in all strands of the group.
    long backlog(String group) {
        return combine(group, Long::sum);
    }

    /// Tasks that wait in the strand with most.
    long longestBacklog(String group) {
        return combine(group, Math::max);
    }

    private synchronized long combine(String group, LongBinaryOperator how) {
        return strands.entrySet().stream()
                .filter(e -> e.getValue().equals(group))
                .mapToLong(e -> e.getKey().backlog())
                .reduce(0, how);
    }
}
