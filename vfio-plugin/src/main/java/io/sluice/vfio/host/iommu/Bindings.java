package io.sluice.vfio.host.iommu;

import java.util.Arrays;

/// The domains of one requester id: one for requests without a PASID, and one for each PASID that has any. Immutable.
final class Bindings {
    static final Bindings BLOCKED = new Bindings(BlockingDomain.INSTANCE, new int[0], new Domain[0]);

    private final Domain plain;
    private final int[] pasids;
    private final Domain[] domains;

    private Bindings(Domain plain, int[] pasids, Domain[] domains) {
        this.plain = plain;
        this.pasids = pasids;
        this.domains = domains;
    }

    /// The domain of a PASID; of requests without one if it is 0.
    Domain of(int pasid) {
        if (pasid == 0) {
            return plain;
        }
        int at = Arrays.binarySearch(pasids, pasid);
        return at < 0 ? BlockingDomain.INSTANCE : domains[at];
    }

    Bindings with(int pasid, Domain domain) {
        if (pasid == 0) {
            return new Bindings(domain, pasids, domains);
        }
        int at = Arrays.binarySearch(pasids, pasid);
        boolean goes = domain.equals(BlockingDomain.INSTANCE);
        if (at >= 0 && !goes) {
            var changed = domains.clone();
            changed[at] = domain;
            return new Bindings(plain, pasids, changed);
        }
        if (at < 0 && goes) {
            return this;
        }
        int place = at >= 0 ? at : -at - 1;
        int size = pasids.length + (goes ? -1 : 1);
        var newPasids = Arrays.copyOf(pasids, size);
        var newDomains = Arrays.copyOf(domains, size);
        if (goes) {
            System.arraycopy(pasids, place + 1, newPasids, place, size - place);
            System.arraycopy(domains, place + 1, newDomains, place, size - place);
        } else {
            System.arraycopy(pasids, place, newPasids, place + 1, size - place - 1);
            System.arraycopy(domains, place, newDomains, place + 1, size - place - 1);
            newPasids[place] = pasid;
            newDomains[place] = domain;
        }
        return new Bindings(plain, newPasids, newDomains);
    }

    int[] pasids() {
        return pasids.clone();
    }
}
