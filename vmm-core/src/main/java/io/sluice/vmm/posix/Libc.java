package io.sluice.vmm.posix;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// The calls themselves. Descriptors are bare numbers; a call that can fail says how.
public final class Libc {
    public static final int STDIN = 0;
    public static final int STDOUT = 1;

    private static final int TCSADRAIN = 1;
    private static final int SOL_SOCKET = 1;
    private static final int SO_ACCEPTCONN = 30;
    private static final int SOCK_NONBLOCK_CLOEXEC = 0x80800;
    private static final int EVENT_NONBLOCK_CLOEXEC = 0x80800;
    private static final int F_GETFD = 1;
    private static final int F_GETFL = 3;
    private static final int F_SETFL = 4;
    private static final int O_NONBLOCK = 0x800;
    private static final int MSG_DONTWAIT_NOSIGNAL = 0x4040;
    private static final int SHUT_RDWR = 2;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
    private static final MethodHandle ISATTY = handle("isatty", INT, INT);
    private static final MethodHandle TCGETATTR = handle("tcgetattr", INT, INT, ValueLayout.ADDRESS);
    private static final MethodHandle TCSETATTR = handle("tcsetattr", INT, INT, INT, ValueLayout.ADDRESS);
    private static final MethodHandle POLL = handle("poll", INT, ValueLayout.ADDRESS, LONG, INT);
    private static final MethodHandle READ = handle("read", LONG, INT, ValueLayout.ADDRESS, LONG);
    private static final MethodHandle WRITE = handle("write", LONG, INT, ValueLayout.ADDRESS, LONG);
    private static final MethodHandle SEND = handle("send", LONG, INT, ValueLayout.ADDRESS, LONG, INT);
    private static final MethodHandle ACCEPT =
            handle("accept4", INT, INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS, INT);
    private static final MethodHandle GETSOCKOPT =
            handle("getsockopt", INT, INT, INT, INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS);
    private static final MethodHandle FCNTL = LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("fcntl"),
            FunctionDescriptor.of(INT, INT, INT, LONG),
            Linker.Option.firstVariadicArg(2));
    private static final MethodHandle EVENTFD = handle("eventfd", INT, INT, INT);
    private static final MethodHandle EVENTFD_WRITE = handle("eventfd_write", INT, INT, LONG);
    private static final MethodHandle EVENTFD_READ = handle("eventfd_read", INT, INT, ValueLayout.ADDRESS);
    private static final MethodHandle SHUTDOWN = handle("shutdown", INT, INT, INT);
    private static final MethodHandle CLOSE = handle("close", INT, INT);

    private Libc() {}

    private static MethodHandle handle(String name, MemoryLayout result, MemoryLayout... arguments) {
        return LINKER.downcallHandle(
                LINKER.defaultLookup().findOrThrow(name), FunctionDescriptor.of(result, arguments));
    }

    /// Whether `fd` is a terminal.
    public static boolean isTerminal(int fd) {
        return call(() -> (int) ISATTY.invokeExact(fd)) == 1;
    }

    /// Reads the terminal's settings; `false` if that fails.
    public static boolean getTerminal(int fd, MemorySegment termios) {
        return call(() -> (int) TCGETATTR.invokeExact(fd, termios)) == 0;
    }

    /// Sets the terminal once what was written has gone out; `false` if that fails.
    public static boolean setTerminal(int fd, MemorySegment termios) {
        return call(() -> (int) TCSETATTR.invokeExact(fd, TCSADRAIN, termios)) == 0;
    }

    /// What a descriptor is.
    public enum Kind {
        LISTENING,
        CONNECTED,
        /// A file, a pipe, a terminal.
        NO_SOCKET,
        CLOSED
    }

    /// @param scratch has 8 bytes
    public static Kind kind(int fd, MemorySegment scratch) {
        if (call(() -> (int) FCNTL.invokeExact(fd, F_GETFD, 0L)) < 0) {
            return Kind.CLOSED;
        }
        scratch.set(INT, 0, 0);
        scratch.set(INT, 4, Integer.BYTES);
        var length = scratch.asSlice(4);
        long result = call(() -> (int) GETSOCKOPT.invokeExact(fd, SOL_SOCKET, SO_ACCEPTCONN, scratch, length));
        if (result < 0) {
            return Kind.NO_SOCKET;
        }
        return scratch.get(INT, 0) == 0 ? Kind.CONNECTED : Kind.LISTENING;
    }

    public static void neverBlock(int fd) {
        long flags = call(() -> (int) FCNTL.invokeExact(fd, F_GETFL, 0L));
        call(() -> (int) FCNTL.invokeExact(fd, F_SETFL, flags | O_NONBLOCK));
    }

    static int poll(MemorySegment fds, int count, int millis) {
        return (int) call(() -> (int) POLL.invokeExact(fds, (long) count, millis));
    }

    public static long read(int fd, MemorySegment to, long bytes) {
        return call(() -> (long) READ.invokeExact(fd, to, bytes));
    }

    public static long write(int fd, MemorySegment from, long bytes) {
        return call(() -> (long) WRITE.invokeExact(fd, from, bytes));
    }

    /// Sends what fits at once.
    public static long send(int fd, MemorySegment from, long bytes) {
        return call(() -> (long) SEND.invokeExact(fd, from, bytes, MSG_DONTWAIT_NOSIGNAL));
    }

    /// A client that waits; negative if none does.
    public static int accept(int fd) {
        return (int)
                call(() -> (int) ACCEPT.invokeExact(fd, MemorySegment.NULL, MemorySegment.NULL, SOCK_NONBLOCK_CLOEXEC));
    }

    /// A counter that can be polled, and never blocks; negative if no descriptor is left.
    public static int newEvent() {
        return (int) call(() -> (int) EVENTFD.invokeExact(0, EVENT_NONBLOCK_CLOEXEC));
    }

    public static void signal(int event) {
        call(() -> (int) EVENTFD_WRITE.invokeExact(event, 1L));
    }

    /// Takes the count away.
    ///
    /// @param scratch has 8 bytes
    public static void clear(int event, MemorySegment scratch) {
        call(() -> (int) EVENTFD_READ.invokeExact(event, scratch));
    }

    public static void shutdown(int fd) {
        call(() -> (int) SHUTDOWN.invokeExact(fd, SHUT_RDWR));
    }

    public static void close(int fd) {
        call(() -> (int) CLOSE.invokeExact(fd));
    }

    private interface Call {
        long run() throws Throwable;
    }

    /// A method handle declares [Throwable]; the C library throws nothing.
    private static long call(Call call) {
        try {
            return call.run();
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("a call of the C library threw", e);
        }
    }
}
