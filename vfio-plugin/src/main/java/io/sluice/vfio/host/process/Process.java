package io.sluice.vfio.host.process;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.memory.AddressSpace;
import io.sluice.vmm.trace.Item;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;

/// A process of the simulated host: who it is, its memory, its open files, and the PASIDs that it may use. Any thread;
/// requests to files run on the thread that makes them.
public final class Process {
    private static final int MOST_FILES = 1 << 16;

    private record Descriptor(OpenFile file, boolean closesOnExec) {}

    private final Kernel kernel;
    private final int pid;
    private final User user;
    private final Set<Capability> capabilities;
    private final long memlock;
    private final ProcessPasids pasids = new ProcessPasids();
    private final TreeMap<Integer, Descriptor> files = new TreeMap<>();
    private String name;
    private AddressSpace memory;
    private boolean ended;

    Process(
            Kernel kernel,
            int pid,
            String name,
            User user,
            Set<Capability> capabilities,
            long memlock,
            AddressSpace memory) {
        this.kernel = kernel;
        this.pid = pid;
        this.name = name;
        this.user = user;
        this.capabilities = Set.copyOf(capabilities);
        this.memlock = memlock;
        this.memory = memory;
    }

    public Kernel kernel() {
        return kernel;
    }

    public int pid() {
        return pid;
    }

    public synchronized String name() {
        return name;
    }

    public User user() {
        return user;
    }

    public boolean has(Capability capability) {
        return capabilities.contains(capability);
    }

    /// RLIMIT_MEMLOCK, bytes.
    public long memlockLimit() {
        return memlock;
    }

    /// Its memory; another one after [#exec].
    public synchronized AddressSpace memory() {
        return memory;
    }

    /// The PASIDs that its ENQCMD may carry.
    public ProcessPasids pasids() {
        return pasids;
    }

    // ---- open files

    /// `open`, close-on-exec.
    ///
    /// @throws HostException ENOENT without such a node, EMFILE with too many files, or what the node says
    public int open(String path) {
        var file = kernel.open(path, this);
        try {
            return install(file);
        } catch (HostException e) {
            file.drop();
            throw e;
        }
    }

    /// Gives an open file the lowest free descriptor, close-on-exec. The descriptor takes over the caller's reference.
    ///
    /// @throws HostException EMFILE; then the reference is still the caller's
    public int install(OpenFile file) {
        return install(file, true);
    }

    private synchronized int install(OpenFile file, boolean closesOnExec) {
        kernel.steps().pass("process.descriptor");
        int fd = 0;
        for (int used : files.keySet()) {
            if (used != fd) {
                break;
            }
            fd++;
        }
        if (ended || fd >= MOST_FILES) {
            throw new HostException(Errno.EMFILE, "descriptor " + fd);
        }
        files.put(fd, new Descriptor(file, closesOnExec));
        return fd;
    }

    /// The open file of a descriptor, to which the caller refers as long as the descriptor stands.
    ///
    /// @throws HostException EBADF
    public synchronized OpenFile file(int fd) {
        var descriptor = files.get(fd);
        if (descriptor == null) {
            throw new HostException(Errno.EBADF, "descriptor " + fd);
        }
        return descriptor.file;
    }

    /// The open file of a descriptor, held for the caller, who drops it.
    ///
    /// @throws HostException EBADF
    public synchronized OpenFile hold(int fd) {
        var file = file(fd);
        file.retain();
        return file;
    }

    /// The open file of a descriptor that has to be of one kind, held for the caller, who drops it.
    ///
    /// @throws HostException EBADF without such a descriptor, `wrongKind` if it is another kind of file
    public <F extends OpenFile> F hold(int fd, Class<F> kind, Errno wrongKind) {
        var file = hold(fd);
        if (!kind.isInstance(file)) {
            file.drop();
            throw new HostException(wrongKind, "descriptor " + fd + " is of another kind");
        }
        return kind.cast(file);
    }

    /// All descriptors.
    public synchronized List<Integer> descriptors() {
        return List.copyOf(files.keySet());
    }

    /// `dup`, close-on-exec.
    public synchronized int dup(int fd) {
        return copyTo(this, fd, true);
    }

    /// Clears close-on-exec, so that the next program of this process finds the descriptor.
    public synchronized void keepOnExec(int fd) {
        files.put(fd, new Descriptor(file(fd), false));
    }

    /// Passes an open file on, as SCM_RIGHTS does.
    ///
    /// @return the descriptor that `to` has for it
    public int send(int fd, Process to) {
        return copyTo(to, fd, true);
    }

    private int copyTo(Process to, int fd, boolean closesOnExec) {
        var file = hold(fd);
        try {
            return to.install(file, closesOnExec);
        } catch (HostException e) {
            file.drop();
            throw e;
        }
    }

    /// `close`.
    ///
    /// @throws HostException EBADF
    public void close(int fd) {
        OpenFile file;
        synchronized (this) {
            file = file(fd);
            files.remove(fd);
        }
        file.drop();
    }

    // ---- requests

    /// Makes a request to an open file.
    ///
    /// @throws HostException why it was refused; ENOTTY if the file knows no such request
    @SuppressWarnings("unchecked") // the table binds each request to a handler that answers its type
    public <R> R ioctl(int fd, Request<R> request) {
        var file = hold(fd);
        try {
            var answer = file.requests().dispatch(file, this, request);
            if (kernel.trace().on(Item.HOST)) {
                tell(fd, file, request, answer.toString());
            }
            return (R) answer;
        } catch (HostException e) {
            if (kernel.trace().on(Item.HOST)) {
                tell(fd, file, request, "-1 " + e.errno() + " (" + e.getMessage() + ")");
            }
            throw e;
        } finally {
            file.drop();
        }
    }

    private void tell(int fd, OpenFile file, Request<?> request, String answer) {
        var text = request.toString();
        int arguments = text.indexOf('[');
        kernel.trace()
                .line(
                        Item.HOST,
                        pid + " " + file.requests().kind() + "(" + fd + ") "
                                + file.requests().name(request)
                                + (arguments < 0 ? "" : text.substring(arguments)) + " = " + answer);
    }

    /// `read`.
    public int read(int fd, byte[] target, int offset, int length) {
        var file = hold(fd);
        try {
            return file.read(target, offset, length);
        } finally {
            file.drop();
        }
    }

    /// `write`.
    public int write(int fd, byte[] source, int offset, int length) {
        var file = hold(fd);
        try {
            return file.write(source, offset, length);
        } finally {
            file.drop();
        }
    }

    /// `pread`.
    public int read(int fd, long position, byte[] target, int offset, int length) {
        var file = hold(fd);
        try {
            return file.read(position, target, offset, length);
        } finally {
            file.drop();
        }
    }

    /// `pwrite`.
    public int write(int fd, long position, byte[] source, int offset, int length) {
        var file = hold(fd);
        try {
            return file.write(position, source, offset, length);
        } finally {
            file.drop();
        }
    }

    // ---- life

    /// `fork`: the child has the same open files and a copy of the memory; it has no PASID.
    ///
    /// @throws HostException ENOMEM
    public Process fork() {
        synchronized (this) {
            if (ended) {
                throw new HostException(Errno.EAGAIN, "process " + pid + " has ended");
            }
            kernel.steps().pass("process.fork");
            var child = new Process(kernel, kernel.nextPid(), name, user, capabilities, memlock, memory.fork());
            files.forEach((fd, descriptor) -> {
                descriptor.file.retain();
                child.files.put(fd, descriptor);
            });
            return kernel.add(child);
        }
    }

    /// `exec`: memory and PASIDs of the old program go, and the files that close on exec.
    public void exec(String program) {
        AddressSpace old;
        List<OpenFile> closed;
        synchronized (this) {
            old = memory;
            memory = kernel.newMemory();
            name = program;
            closed = files.values().stream()
                    .filter(Descriptor::closesOnExec)
                    .map(Descriptor::file)
                    .toList();
            files.values().removeIf(Descriptor::closesOnExec);
        }
        pasids.clear();
        old.release();
        closed.forEach(OpenFile::drop);
    }

    /// `exit`: everything that it has goes.
    public void exit() {
        List<OpenFile> closed;
        synchronized (this) {
            if (ended) {
                return;
            }
            ended = true;
            closed = files.values().stream().map(Descriptor::file).toList();
            files.clear();
        }
        pasids.clear();
        memory().release();
        closed.forEach(OpenFile::drop);
        kernel.remove(this);
    }

    public synchronized boolean hasEnded() {
        return ended;
    }

    @Override
    public String toString() {
        return name() + "[" + pid + "]";
    }
}
