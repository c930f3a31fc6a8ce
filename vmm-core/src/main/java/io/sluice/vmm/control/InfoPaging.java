package io.sluice.vmm.control;

import io.sluice.vmm.machine.CpuView;
import io.sluice.vmm.machine.CpuView.Page;

/// `info tlb` and `info mem`: what the page tables map, page by page and as ranges of like rights.
final class InfoPaging {
    private static final String OFF = "PG disabled";
    private static final String UNFINISHED = "(cut: the page tables are too many)";
    private static final String LETTERS = "XGPDACTUW";
    private static final long[] BITS = {
        Page.NO_EXECUTE,
        Page.GLOBAL,
        Page.LARGE,
        Page.DIRTY,
        Page.ACCESSED,
        Page.CACHE_DISABLED,
        Page.WRITE_THROUGH,
        Page.USER,
        Page.WRITABLE
    };

    private InfoPaging() {}

    static void pages(CpuView cpu, HumanText out) {
        if (!cpu.isPaging()) {
            out.line(OFF);
            return;
        }
        var bits = new char[LETTERS.length()];
        boolean whole = cpu.pages(page -> {
            for (int i = 0; i < bits.length; i++) {
                bits[i] = (page.entry() & BITS[i]) != 0 ? LETTERS.charAt(i) : '-';
            }
            out.print("%016x: %016x %s\n", page.linear(), page.physical(), String.valueOf(bits));
            return !out.isFull();
        });
        finish(whole, out);
    }

    static void ranges(CpuView cpu, HumanText out) {
        if (!cpu.isPaging()) {
            out.line(OFF);
            return;
        }
        var range = new Range(out);
        boolean whole = cpu.pages(range::take);
        range.print();
        finish(whole, out);
    }

    private static void finish(boolean whole, HumanText out) {
        if (!whole && !out.isFull()) {
            out.line(UNFINISHED);
        }
    }

    /// Pages that follow one another and have the same rights.
    private static final class Range {
        private final HumanText out;
        private boolean open;
        private long first;
        private long end;
        private long rights;

        Range(HumanText out) {
            this.out = out;
        }

        boolean take(Page page) {
            if (!open || page.linear() != end || page.rights() != rights) {
                print();
                open = true;
                first = page.linear();
                rights = page.rights();
            }
            end = page.linear() + page.size();
            return !out.isFull();
        }

        void print() {
            if (open) {
                out.print(
                        "%016x-%016x %016x %sr%s\n",
                        first,
                        end,
                        end - first,
                        (rights & Page.USER) != 0 ? "u" : "-",
                        (rights & Page.WRITABLE) != 0 ? "w" : "-");
            }
        }
    }
}
