package io.sluice.vmm.cpu.jit;

import io.sluice.vmm.cpu.interp.RegionPlan;
import io.sluice.vmm.cpu.isa.Op;
import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.Deque;

/// Which calls of a region each of its returns may belong to: those from whose target it can be reached.
final class ReturnSites {
    private final RegionPlan plan;
    /// For each part that ends with a return the parts that it may go on with.
    private final BitSet[] sites;

    ReturnSites(RegionPlan plan) {
        this.plan = plan;
        var parts = plan.parts();
        sites = new BitSet[parts.size()];
        for (int i = 0; i < sites.length; i++) {
            sites[i] = new BitSet();
        }
        for (var part : parts) {
            var last = part.steps().getLast();
            if (last.insn().op == Op.CALL) {
                int target = plan.partAt(last.target());
                int site = plan.partAt(last.end());
                if (target >= 0 && site >= 0) {
                    addTo(target, site);
                }
            }
        }
    }

    /// Of the part with this number, which ends with a return.
    BitSet of(int part) {
        return sites[part];
    }

    private void addTo(int target, int site) {
        var seen = new BitSet();
        Deque<Integer> todo = new ArrayDeque<>();
        todo.add(target);
        while (!todo.isEmpty()) {
            int number = todo.remove();
            if (number >= 0 && !seen.get(number)) {
                seen.set(number);
                sites[number].set(site);
                var last = plan.parts().get(number).steps().getLast();
                todo.add(isFollowed(last) ? plan.partAt(last.end()) : -1);
                todo.add(last.insn().op == Op.CALL ? -1 : plan.partAt(last.target()));
            }
        }
    }

    /// Whether what lies behind may be next, or is so once a call has returned.
    static boolean isFollowed(RegionPlan.Step last) {
        return last.insn().op.condition() >= 0
                || last.insn().op == Op.CALL
                || !last.op().endsBlock();
    }
}
