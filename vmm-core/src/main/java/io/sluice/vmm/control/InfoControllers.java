package io.sluice.vmm.control;

import io.sluice.vmm.machine.MachineView.Controllers;
import io.sluice.vmm.machine.MachineView.Pic;

/// `info pic` and `info irq`: the I/O APIC and the two 8259A.
final class InfoControllers {
    private static final String[] MODES = {"fixed", "lowest", "SMI", "...", "NMI", "INIT", "...", "extINT"};
    private static final int VERSION = 0x20;
    private static final int FIRST_ENTRY = 0x10;
    private static final long REMOTE_IRR = 1 << 14;
    private static final long LEVEL = 1 << 15;
    private static final long LOGICAL = 1 << 11;

    private InfoControllers() {}

    static void state(Controllers seen, HumanText out) {
        out.print("ioapic0: ver=0x%x id=0x%02x sel=0x%02x", VERSION, seen.id(), seen.selected());
        out.line(seen.selected() < FIRST_ENTRY ? "" : " (redir[" + (seen.selected() - FIRST_ENTRY >> 1) + "])");
        int remote = 0;
        int asking = 0;
        for (int pin = 0; pin < seen.entries().size(); pin++) {
            long entry = seen.entries().get(pin);
            pin(out, pin, entry);
            remote |= (entry & REMOTE_IRR) != 0 ? 1 << pin : 0;
            asking |= (entry & LEVEL) != 0 ? seen.lines() & 1 << pin : 0;
        }
        pins(out, "IRR     ", asking);
        pins(out, "Remote IRR", remote);
        pic(out, 1, seen.slave());
        pic(out, 0, seen.master());
    }

    private static void pin(HumanText out, int pin, long entry) {
        out.print(
                "  pin %-2d 0x%016x dest=%x vec=%-3d %s %-5s %-6s %-6s %s\n",
                pin,
                entry,
                entry >>> 56 & ((entry & LOGICAL) != 0 ? 0xFF : 0xF),
                entry & 0xFF,
                (entry & 1 << 13) != 0 ? "active-lo" : "active-hi",
                (entry & LEVEL) != 0 ? "level" : "edge",
                (entry & 1 << 16) != 0 ? "masked" : "",
                MODES[(int) (entry >> 8) & 7],
                (entry & LOGICAL) != 0 ? "logical" : "physical");
    }

    private static void pins(HumanText out, String name, int set) {
        out.print("  %s ", name);
        for (int pin = 0; pin < 32; pin++) {
            if ((set >> pin & 1) != 0) {
                out.print("%d ", pin);
            }
        }
        out.line(set == 0 ? "(none)" : "");
    }

    private static void pic(HumanText out, int number, Pic pic) {
        out.print(
                "pic%d: irr=%02x imr=%02x isr=%02x hprio=%d irq_base=%02x rr_sel=%d elcr=%02x fnm=%d\n",
                number,
                pic.request(),
                pic.mask(),
                pic.service(),
                pic.lowest() + 1 & 7,
                pic.vectorBase(),
                pic.readsService() ? 1 : 0,
                pic.levels(),
                pic.nested() ? 1 : 0);
    }

    static void counts(Controllers seen, HumanText out) {
        counts(out, "ioapic", seen.ioApicRises());
        counts(out, "isa-i8259", seen.picRises());
    }

    private static void counts(HumanText out, String name, long[] rises) {
        out.print("IRQ statistics for %s:\n", name);
        for (int i = 0; i < rises.length; i++) {
            if (rises[i] != 0) {
                out.print("%2d: %d\n", i, rises[i]);
            }
        }
    }
}
