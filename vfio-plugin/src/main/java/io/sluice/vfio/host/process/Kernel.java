package io.sluice.vfio.host.process;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.Steps;
import io.sluice.vfio.host.memory.AddressSpace;
import io.sluice.vfio.host.memory.HostFrames;
import io.sluice.vfio.host.memory.HostPages;
import io.sluice.vmm.trace.Trace;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// What all processes of one simulated host share: its memory, its users, the files below `/dev`. Any thread.
public final class Kernel implements AutoCloseable {
    /// Makes an open file of a device node.
    @FunctionalInterface
    public interface Opener {
        /// @throws HostException if it cannot be opened
        OpenFile open(Process caller);
    }

    private static final long MOST_ANONYMOUS = 1L << 30;

    private final Steps steps;
    private volatile Trace trace;
    private final HostFrames frames = new HostFrames();
    private final HostPages pages;
    private final Map<String, Opener> nodes = new ConcurrentHashMap<>();
    private final Map<Integer, User> users = new ConcurrentHashMap<>();
    private final TreeMap<Integer, Process> processes = new TreeMap<>();
    private int lastPid;

    /// @param trace is told each request of each process, as `-d host` shows
    public Kernel(Steps steps, Trace trace) {
        this.steps = steps;
        this.trace = trace;
        this.pages = new HostPages(frames, steps, MOST_ANONYMOUS);
    }

    public Steps steps() {
        return steps;
    }

    public Trace trace() {
        return trace;
    }

    /// Says who is told from now on.
    public void trace(Trace told) {
        trace = told;
    }

    public HostFrames frames() {
        return frames;
    }

    public HostPages pages() {
        return pages;
    }

    /// Starts a process, which has no open file.
    ///
    /// @param memlock RLIMIT_MEMLOCK in bytes
    public Process start(String name, int user, Set<Capability> capabilities, long memlock) {
        return add(new Process(this, nextPid(), name, user(user), capabilities, memlock, newMemory()));
    }

    AddressSpace newMemory() {
        return new AddressSpace(frames, pages);
    }

    synchronized int nextPid() {
        return ++lastPid;
    }

    synchronized Process add(Process process) {
        processes.put(process.pid(), process);
        return process;
    }

    synchronized void remove(Process process) {
        processes.remove(process.pid());
    }

    /// The process of that number that has not ended.
    public synchronized @Nullable Process find(int pid) {
        return processes.get(pid);
    }

    /// All that have not ended.
    public synchronized List<Process> processes() {
        return List.copyOf(processes.values());
    }

    public User user(int id) {
        return users.computeIfAbsent(id, User::new);
    }

    // ---- device nodes

    /// Puts a node below `/dev`.
    public void addNode(String path, Opener opener) {
        if (nodes.putIfAbsent(path, opener) != null) {
            throw new IllegalStateException("two nodes " + path);
        }
    }

    public void removeNode(String path) {
        nodes.remove(path);
    }

    /// The paths of all nodes.
    public List<String> nodes() {
        return nodes.keySet().stream().sorted().toList();
    }

    OpenFile open(String path, Process caller) {
        var opener = nodes.get(path);
        if (opener == null) {
            throw new HostException(Errno.ENOENT, path);
        }
        return opener.open(caller);
    }

    /// Ends every process and gives the memory back.
    @Override
    public void close() {
        processes().forEach(Process::exit);
        pages.close();
    }
}
