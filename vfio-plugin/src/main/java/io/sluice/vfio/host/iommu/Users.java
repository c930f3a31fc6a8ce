package io.sluice.vfio.host.iommu;

import java.util.LinkedHashMap;
import java.util.Map;

/// The requester ids that go through a domain, and by how many of their PASIDs each. Changes are guarded by the domain.
final class Users {
    private final Map<DmaContext, Integer> attachments = new LinkedHashMap<>();
    private int count;
    private volatile DmaContext[] distinct = {};

    void add(DmaContext context) {
        count++;
        if (attachments.merge(context, 1, Integer::sum) == 1) {
            settle();
        }
    }

    void remove(DmaContext context) {
        count--;
        if (attachments.merge(context, -1, Integer::sum) == 0) {
            attachments.remove(context);
            settle();
        }
    }

    private void settle() {
        distinct = attachments.keySet().toArray(DmaContext[]::new);
    }

    /// Attachments, of requester ids and of PASIDs.
    int count() {
        return count;
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
