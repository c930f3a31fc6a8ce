package io.sluice.vfio.invariants;

import io.sluice.vfio.host.iommu.BlockingDomain;
import io.sluice.vfio.host.iommu.Domain;
import io.sluice.vfio.invariants.Devices.Group;
import io.sluice.vfio.invariants.Devices.Node;
import io.sluice.vfio.invariants.Files.Proc;
import io.sluice.vfio.invariants.Files.Vm;
import io.sluice.vfio.invariants.Spaces.Ctx;
import io.sluice.vfio.invariants.Spaces.Mem;
import io.sluice.vfio.mdev.MdevDma;
import io.sluice.vmm.address.Pasid;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;

/// Compares the host with the model: who owns what, who is on which table, every byte of memory.
final class Auditor {
    static final int PASIDS = 5;
    static final int GUESTS = 5;
    private final World world;
    private final Model model;
    private final List<Mem> memory;
    private final byte[] seen;

    Auditor(World world, Model model, List<Mem> memory) {
        this.world = world;
        this.model = model;
        this.memory = memory;
        this.seen = new byte[RandomDriver.WINDOW * (int) Model.PAGE];
    }

    static void hold(boolean holds, String invariant, Supplier<String> what) {
        if (!holds) {
            throw new Broken(invariant + ": " + what.get());
        }
    }

    // ---- who has what

    void structure() {
        for (var group : model.groups.values()) {
            var owner = group.owner instanceof Ctx ctx ? ctx.real : group.owner;
            hold(
                    Objects.equals(group.real.owner(), owner),
                    "I4",
                    () -> group.real + " belongs to " + group.real.owner() + ", not " + owner);
            for (int pasid = 0; pasid < PASIDS; pasid++) {
                domain(group, pasid);
            }
        }
        for (var node : model.nodes) {
            if (node.dma != null) {
                instance(node, node.dma);
            }
        }
        machines();
    }

    private void domain(Group group, int pasid) {
        Domain real = group.real.domain(pasid);
        var attachment = group.attachments.get(pasid);
        if (attachment == null) {
            boolean fits = group.owner == null && pasid == 0 ? world.isHome(real) : real == BlockingDomain.INSTANCE;
            hold(fits, "I1, I2", () -> group.real + " is in " + real + " by PASID " + pasid);
            return;
        }
        var hwpt = attachment.hwpt;
        if (hwpt.domain == null) {
            hold(
                    real != BlockingDomain.INSTANCE && !world.isHome(real),
                    "I1, I2",
                    () -> group.real + " is in " + real + " by PASID " + pasid);
            hwpt.domain = real;
        }
        hold(real == hwpt.domain, "I4", () -> group.real + " is in " + real + ", not in " + hwpt.domain);
    }

    private static void instance(Node node, MdevDma dma) {
        for (int pasid = 0; pasid < PASIDS; pasid++) {
            int one = pasid;
            hold(dma.isAllowed(one) == node.has(one), "I3", () -> node.real + " and PASID " + one);
        }
    }

    private void machines() {
        for (var process : model.procs) {
            for (int pasid = 1; pasid < PASIDS; pasid++) {
                authorized(process, pasid);
            }
            for (var machine : process.machines) {
                for (int guest = 0; guest < GUESTS; guest++) {
                    entry(machine, guest);
                }
            }
        }
    }

    private static void authorized(Proc process, int pasid) {
        boolean may = process.real.pasids().isAuthorized(new Pasid(pasid));
        boolean should = process.mayUse(pasid);
        hold(may == should, "I6", () -> process.real + " and PASID " + pasid);
    }

    private static void entry(Vm machine, int guest) {
        int host = machine.real.pasids().find(guest);
        int should = machine.entries.getOrDefault(guest, -1);
        hold(host == should, "I6", () -> "guest PASID " + guest + " is " + host + ", not " + should);
    }

    // ---- every byte

    /// All memory is as the model has it: what was given to devices, and what was not.
    void canaries() {
        for (var mem : memory) {
            int length = mem.bytes().length;
            mem.file().read(0, seen, 0, length);
            int at = Arrays.mismatch(seen, 0, length, mem.bytes(), 0, length);
            hold(
                    at < 0,
                    "S10",
                    () -> "byte 0x" + Integer.toHexString(at) + " of memory " + memory.indexOf(mem) + " is another");
        }
    }

    /// Everything has been closed.
    void nothingIsLeft() {
        canaries();
        hold(
                world.kernel.frames().pinned() == 0,
                "I7",
                () -> world.kernel.frames().pinned() + " bytes are pinned");
        for (int user = 0; user < RandomDriver.USERS; user++) {
            long locked = world.kernel.user(1000 + user).lockedPages();
            hold(locked == 0, "I7", () -> locked + " pages are charged");
        }
        hold(world.kernel.pages().damaged().isEmpty(), "I7", () -> "freed memory was written");
        hold(model.contexts.isEmpty(), "I7", () -> "the model has a context left");
        for (var group : model.groups.values()) {
            hold(group.real.owner() == null && group.owner == null, "I7", () -> group.real + " is owned");
        }
        for (var node : new ArrayList<>(model.nodes)) {
            hold(!node.real.isInUse() && node.opens == 0, "I7", () -> node.real + " is in use");
        }
    }
}
