package io.sluice.vfio.iommufd;

import static io.sluice.vfio.host.Errno.EINVAL;

import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.process.Nothing;
import io.sluice.vfio.host.process.Process;
import io.sluice.vfio.iommufd.ioas.PageObject;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;

/// Another process takes a context over, as at a live update: what is pinned stays pinned, and only who pays changes.
final class ChangeProcess {
    private ChangeProcess() {}

    static Nothing change(Iommufd context, Process caller, IoasChangeProcess request) {
        synchronized (context.lock) {
            var all = pages(context);
            var payer = context.payer(caller);
            charge(all, payer);
            for (var pages : all) {
                var old = (Payer) pages.account();
                old.handOver(pages.pinnedPages(), payer);
                pages.account(payer);
            }
            return Nothing.DONE;
        }
    }

    /// Charges all to the new one before the old one gets anything back.
    private static void charge(Set<PageObject> all, Payer payer) {
        int done = 0;
        try {
            for (var pages : all) {
                payer.takeOver(pages.pinnedPages(), (Payer) pages.account());
                done++;
            }
        } catch (HostException e) {
            for (var pages : all) {
                if (done-- > 0) {
                    payer.handOver(pages.pinnedPages(), (Payer) pages.account());
                }
            }
            throw e;
        }
    }

    private static Set<PageObject> pages(Iommufd context) {
        Set<PageObject> all = Collections.newSetFromMap(new IdentityHashMap<>());
        context.objects.each(
                Ioas.class,
                ioas -> ioas.space.eachArea(area -> {
                    if (!area.pages().isFileBacked()) {
                        throw new HostException(EINVAL, area + " is memory of a process");
                    }
                    all.add(area.pages());
                }));
        return all;
    }
}
