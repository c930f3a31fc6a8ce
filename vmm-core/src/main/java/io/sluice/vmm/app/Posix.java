package io.sluice.vmm.app;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// The few calls of the C library that the console needs and Java has not. Linux on x86-64.
final class Posix {
    static final int STDIN = 0;
    static final int STDOUT = 1;

    static final short POLLIN = 1;
    static final short POLLOUT = 4;

    /// Sizes and places in `struct pollfd`: int fd, short events, short revents.
    static final int POLLFD_BYTES = 8;

    static final int POLLFD_EVENTS = 4;
    static final int POLLFD_REVENTS = 6;

    private static final int TCSADRAIN = 1;
    private static final int EFD_CLOEXEC = 0x80000;
    private static final int EFD_NONBLOCK = 0x800;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle ISATTY = handle("isatty", ValueLayout.JAVA_INT);
    private static final MethodHandle TCGETATTR = handle("tcgetattr", ValueLayout.JAVA_INT, ValueLayout.ADDRESS);
    private static final MethodHandle TCSETATTR =
            handle("tcsetattr", ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS);
    private static final MethodHandle POLL =
            handle("poll", ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT);
    private static final MethodHandle EVENTFD = handle("eventfd", ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
    private static final MethodHandle EVENTFD_WRITE =
            handle("eventfd_write", ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG);
    private static final MethodHandle EVENTFD_READ = handle("eventfd_read", ValueLayout.JAVA_INT, ValueLayout.ADDRESS);
    private static final MethodHandle CLOSE = handle("close", ValueLayout.JAVA_INT);

    private Posix() {}

    private static MethodHandle handle(String name, java.lang.foreign.MemoryLayout... arguments) {
        return LINKER.downcallHandle(
                LINKER.defaultLookup().findOrThrow(name), FunctionDescriptor.of(ValueLayout.JAVA_INT, arguments));
    }

    /// Whether `fd` is a terminal.
    static boolean isTerminal(int fd) {
        return call(() -> (int) ISATTY.invokeExact(fd)) == 1;
    }

    /// Reads the terminal's settings; `false` if that fails.
    static boolean getTerminal(int fd, MemorySegment termios) {
        return call(() -> (int) TCGETATTR.invokeExact(fd, termios)) == 0;
    }

    /// Sets the terminal once what was written has gone out; `false` if that fails.
    static boolean setTerminal(int fd, MemorySegment termios) {
        return call(() -> (int) TCSETATTR.invokeExact(fd, TCSADRAIN, termios)) == 0;
    }

    /// Waits for events on `count` descriptors, or `millis` milliseconds, -1 for ever. May return early.
    static int poll(MemorySegment fds, int count, int millis) {
        return call(() -> (int) POLL.invokeExact(fds, (long) count, millis));
    }

    /// A counter that can be polled; never blocks.
    static int newEvent() {
        int fd = call(() -> (int) EVENTFD.invokeExact(0, EFD_CLOEXEC | EFD_NONBLOCK));
        if (fd < 0) {
            throw new IllegalStateException("no file descriptor left for the console");
        }
        return fd;
    }

    static void signal(int event) {
        call(() -> (int) EVENTFD_WRITE.invokeExact(event, 1L));
    }

    /// Takes the count away. `scratch` has 8 bytes.
    static void clear(int event, MemorySegment scratch) {
        call(() -> (int) EVENTFD_READ.invokeExact(event, scratch));
    }

    static void close(int fd) {
        call(() -> (int) CLOSE.invokeExact(fd));
    }

    private interface Call {
        int run() throws Throwable;
    }

    /// A method handle declares [Throwable]; the C library throws nothing.
    private static int call(Call call) {
        try {
            return call.run();
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("a call of the C library threw", e);
        }
    }
}
