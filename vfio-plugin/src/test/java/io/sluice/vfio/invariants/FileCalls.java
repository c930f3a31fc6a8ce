package io.sluice.vfio.invariants;

import io.sluice.vfio.enqcmd.VmFile;
import io.sluice.vfio.enqcmd.VmRequests;
import io.sluice.vfio.host.process.MemFileHandle;
import io.sluice.vfio.host.process.OpenFile;
import io.sluice.vfio.host.process.Process;
import io.sluice.vfio.invariants.Files.Doc;
import io.sluice.vfio.invariants.Files.MemDoc;
import io.sluice.vfio.invariants.Files.Proc;
import io.sluice.vfio.invariants.Files.Vm;
import io.sluice.vfio.invariants.Spaces.Ctx;
import io.sluice.vfio.iommufd.Iommufd;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Processes, their files, and their machines.
final class FileCalls {
    static final int MOST_FILES = 24;
    private static final long LIMIT = 1L << 30;

    private final Calls calls;
    private final Model model;

    FileCalls(Calls calls) {
        this.calls = calls;
        this.model = calls.model;
    }

    // ---- processes

    /// A VM's process, with an iommufd and a machine.
    void start() {
        int user = calls.random.nextInt(RandomDriver.USERS);
        var process = new Proc(calls.world.kernel.start("vm", 1000 + user, Set.of(), LIMIT));
        model.procs.add(process);
        openContext(process);
        openMemory(process);
        openMachine(process);
    }

    void fork(Proc process) {
        var made = new @Nullable Process[1];
        calls.call(Action.FORK, process.real, Verdict.YES, () -> {
            made[0] = process.real.fork();
            return 0;
        });
        if (made[0] == null) {
            return;
        }
        var child = new Proc(made[0]);
        process.files.forEach((fd, doc) -> {
            doc.refs++;
            child.files.put(fd, doc);
        });
        child.kept.addAll(process.kept);
        child.places.putAll(process.places);
        model.procs.add(child);
    }

    void exec(Proc process) {
        calls.quietly(Action.EXEC, process.real, () -> process.real.exec("other"));
        process.revokeAll();
        process.places.clear();
        for (int fd : List.copyOf(process.files.keySet())) {
            if (!process.kept.contains(fd)) {
                forget(process, fd);
            }
        }
    }

    void exit(Proc process) {
        calls.quietly(Action.EXIT, process.real, process.real::exit);
        model.procs.remove(process);
        process.revokeAll();
        for (int fd : List.copyOf(process.files.keySet())) {
            forget(process, fd);
        }
    }

    private void forget(Proc process, int fd) {
        var doc = process.files.remove(fd);
        process.kept.remove(fd);
        if (doc != null) {
            model.drop(doc);
        }
    }

    // ---- files

    void openContext(Proc process) {
        if (calls.call(Action.OPEN_IOMMUFD, process.real, Verdict.YES, () -> process.real.open("/dev/iommu"))) {
            int fd = (int) calls.answer;
            var ctx = new Ctx((Iommufd) process.real.file(fd));
            model.contexts.add(ctx);
            process.files.put(fd, ctx);
        }
    }

    void openMemory(Proc process) {
        var mem = calls.memory.get(calls.random.nextInt(calls.memory.size()));
        var file = new MemFileHandle(mem.file());
        install(Action.OPEN_MEMORY, process, file, new MemDoc(mem));
    }

    void openMachine(Proc process) {
        var file = new VmFile(process.real);
        var machine = new Vm(process, file);
        if (install(Action.CREATE_VM, process, file, machine)) {
            process.machines.add(machine);
        }
    }

    private boolean install(Action action, Proc process, OpenFile file, Doc doc) {
        boolean done = calls.call(action, process.real, Verdict.YES, () -> process.real.install(file));
        if (done) {
            process.files.put((int) calls.answer, doc);
        } else {
            file.drop();
        }
        return done;
    }

    void close(Proc process) {
        var at = calls.aim(process, Doc.class, doc -> true);
        if (at != null) {
            calls.quietly(Action.CLOSE, process.real + " " + at.fd(), () -> process.real.close(at.fd()));
            forget(process, at.fd());
        }
    }

    /// Everything is closed, in any order.
    void closeAll() {
        var all = new ArrayList<>(model.procs);
        Collections.shuffle(all, calls.random);
        for (var process : all) {
            while (!process.files.isEmpty() && !calls.odds(8)) {
                close(process);
            }
            exit(process);
        }
    }

    void copy(Proc process) {
        var at = calls.aim(process, Doc.class, doc -> true);
        var to = calls.any(model.procs);
        if (at == null || to == null || to.files.size() >= MOST_FILES) {
            return;
        }
        boolean same = to == process;
        var what = process.real + " " + at.fd() + " to " + to.real;
        if (calls.call(
                same ? Action.DUP : Action.SEND,
                what,
                Verdict.YES,
                () -> same ? process.real.dup(at.fd()) : process.real.send(at.fd(), to.real))) {
            at.doc().refs++;
            to.files.put((int) calls.answer, at.doc());
        }
    }

    void keep(Proc process) {
        var at = calls.aim(process, Doc.class, doc -> true);
        if (at != null) {
            calls.quietly(Action.KEEP, process.real + " " + at.fd(), () -> process.real.keepOnExec(at.fd()));
            process.kept.add(at.fd());
        }
    }

    // ---- machines

    void mapPasid() {
        var process = calls.aim(model.procs, each -> !each.grants.isEmpty());
        var at = process == null ? null : calls.aim(process, Vm.class, machine -> machine.owner == process);
        if (process == null || at == null) {
            return;
        }
        int guest = calls.random.nextInt(Auditor.GUESTS);
        var granted = calls.odds(4) ? null : calls.any(process.grants.keySet());
        int host = granted == null ? 1 + calls.random.nextInt(Auditor.PASIDS - 1) : granted;
        var verdict = Judge.mapPasid(process, at.doc(), guest, host);
        if (calls.ask(Action.MAP_PASID, process, at.fd(), new VmRequests.MapPasid(guest, host), verdict)) {
            at.doc().entries.put(guest, host);
        }
    }

    void unmapPasid() {
        var process = calls.aim(model.procs, each -> each.machines.stream().anyMatch(vm -> !vm.entries.isEmpty()));
        var at = process == null
                ? null
                : calls.aim(process, Vm.class, machine -> machine.owner == process && !machine.entries.isEmpty());
        if (process == null || at == null) {
            return;
        }
        var mapped = calls.odds(4) ? null : calls.any(at.doc().entries.keySet());
        int guest = mapped == null ? calls.random.nextInt(Auditor.GUESTS) : mapped;
        var verdict = Judge.unmapPasid(process, at.doc(), guest);
        if (calls.ask(Action.UNMAP_PASID, process, at.fd(), new VmRequests.UnmapPasid(guest), verdict)) {
            at.doc().entries.remove(guest);
        }
    }
}
