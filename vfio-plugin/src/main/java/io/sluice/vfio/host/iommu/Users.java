package io.sluice.vfio.host.iommu;

import java.util.ArrayList;
import java.util.List;

/// The requester ids that go through a domain, one entry for each attachment. Changes are guarded by the domain.
final class Users {
    private final List<DmaContext> all = new ArrayList<>();
    private volatile DmaContext[] distinct = {};

    void add(DmaContext context) {
        all.add(context);
        settle();
    }

    void remove(DmaContext context) {
        all.remove(context);
        settle();
    }

    private void settle() {
        distinct = all.stream().distinct().toArray(DmaContext[]::new);
    }

    int count() {
        return all.size();
    }

    /// Each once. Any thread.
    DmaContext[] distinct() {
        return distinct;
    }

    /// Posts to each what it has to forget of a domain; [#awaitQuiet] then waits until it goes by that.
    void post(int domain, long first, long last) {
        for (var context : distinct) {
            context.invalidations().post(domain, first, last);
        }
    }

    void awaitQuiet() {
        for (var context : distinct) {
            context.awaitQuiet();
        }
    }
}
