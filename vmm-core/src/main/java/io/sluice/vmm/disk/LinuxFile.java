package io.sluice.vmm.disk;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/// System calls on files that Java has not. Linux on x86-64. What fails returns the negative errno.
final class LinuxFile {
    static final StructLayout ERRNO_LAYOUT = Linker.Option.captureStateLayout();

    static final int EINTR = 4;
    static final int EIO = 5;
    static final int EAGAIN = 11;
    static final int EACCES = 13;
    static final int EINVAL = 22;
    static final int EOPNOTSUPP = 95;

    static final int O_RDONLY = 0;
    static final int O_RDWR = 2;
    static final int O_CLOEXEC = 0x80000;
    static final int RWF_DSYNC = 2;
    static final int RWF_NOWAIT = 8;
    static final int FALLOC_KEEP_SIZE = 1;
    static final int FALLOC_PUNCH_HOLE = 2;
    static final int FALLOC_ZERO_RANGE = 0x10;
    static final int F_OFD_GETLK = 36;
    static final int F_OFD_SETLK = 37;
    static final short F_RDLCK = 0;
    static final short F_WRLCK = 1;
    static final short F_UNLCK = 2;
    private static final int SEEK_END = 2;
    private static final long FLOCK_BYTES = 32;

    private static final VarHandle ERRNO = ERRNO_LAYOUT.varHandle(MemoryLayout.PathElement.groupElement("errno"));
    private static final Linker LINKER = Linker.nativeLinker();
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

    private static final MethodHandle PREADV2 = handle("preadv2", LONG, INT, ValueLayout.ADDRESS, INT, LONG, INT);
    private static final MethodHandle PWRITEV2 = handle("pwritev2", LONG, INT, ValueLayout.ADDRESS, INT, LONG, INT);
    private static final MethodHandle FDATASYNC = handle("fdatasync", INT, INT);
    private static final MethodHandle FALLOCATE = handle("fallocate", INT, INT, INT, LONG, LONG);
    private static final MethodHandle LSEEK = handle("lseek", LONG, INT, LONG, INT);
    private static final MethodHandle CLOSE = handle("close", INT, INT);
    private static final MethodHandle OPEN = LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("open"),
            FunctionDescriptor.of(INT, ValueLayout.ADDRESS, INT),
            Linker.Option.firstVariadicArg(2),
            Linker.Option.captureCallState("errno"));
    private static final MethodHandle FCNTL = LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("fcntl"),
            FunctionDescriptor.of(INT, INT, INT, ValueLayout.ADDRESS),
            Linker.Option.firstVariadicArg(2),
            Linker.Option.captureCallState("errno"));
    private static final MethodHandle STRERROR = LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("strerror"), FunctionDescriptor.of(ValueLayout.ADDRESS, INT));

    private LinuxFile() {}

    private static MethodHandle handle(String name, MemoryLayout result, MemoryLayout... arguments) {
        return LINKER.downcallHandle(
                LINKER.defaultLookup().findOrThrow(name),
                FunctionDescriptor.of(result, arguments),
                Linker.Option.captureCallState("errno"));
    }

    private static long failure(MemorySegment errno) {
        return -(int) ERRNO.get(errno, 0L);
    }

    static long readv(int fd, IoVector into, long offset, int flags) {
        try {
            long n = (long) PREADV2.invokeExact(into.errno(), fd, into.entries(), into.count(), offset, flags);
            return n >= 0 ? n : failure(into.errno());
        } catch (Throwable e) {
            throw broken(e);
        }
    }

    static long writev(int fd, IoVector from, long offset, int flags) {
        try {
            long n = (long) PWRITEV2.invokeExact(from.errno(), fd, from.entries(), from.count(), offset, flags);
            return n >= 0 ? n : failure(from.errno());
        } catch (Throwable e) {
            throw broken(e);
        }
    }

    static int sync(int fd, IoVector scratch) {
        try {
            return (int) FDATASYNC.invokeExact(scratch.errno(), fd) == 0 ? 0 : (int) failure(scratch.errno());
        } catch (Throwable e) {
            throw broken(e);
        }
    }

    static int allocate(int fd, int mode, long offset, long length, IoVector scratch) {
        try {
            return (int) FALLOCATE.invokeExact(scratch.errno(), fd, mode, offset, length) == 0
                    ? 0
                    : (int) failure(scratch.errno());
        } catch (Throwable e) {
            throw broken(e);
        }
    }

    /// The descriptor.
    static int open(String path, int flags) {
        try (var arena = Arena.ofConfined()) {
            var errno = arena.allocate(ERRNO_LAYOUT);
            int fd = (int) OPEN.invokeExact(errno, arena.allocateFrom(path), flags | O_CLOEXEC);
            return fd >= 0 ? fd : (int) failure(errno);
        } catch (Throwable e) {
            throw broken(e);
        }
    }

    /// The size of a file or a block device.
    static long size(int fd) {
        try (var arena = Arena.ofConfined()) {
            var errno = arena.allocate(ERRNO_LAYOUT);
            long end = (long) LSEEK.invokeExact(errno, fd, 0L, SEEK_END);
            return end >= 0 ? end : failure(errno);
        } catch (Throwable e) {
            throw broken(e);
        }
    }

    /// Sets a lock of this open file on one byte, or asks who else would be in its way.
    ///
    /// @return for F_OFD_GETLK the type of what is in the way, F_UNLCK if nothing is; else 0
    static int lock(int fd, int command, short type, long at) {
        try (var arena = Arena.ofConfined()) {
            var errno = arena.allocate(ERRNO_LAYOUT);
            var flock = arena.allocate(FLOCK_BYTES, 8);
            flock.set(ValueLayout.JAVA_SHORT, 0, type);
            flock.set(LONG, 8, at);
            flock.set(LONG, 16, 1);
            int result = (int) FCNTL.invokeExact(errno, fd, command, flock);
            if (result < 0) {
                return (int) failure(errno);
            }
            return command == F_OFD_GETLK ? flock.get(ValueLayout.JAVA_SHORT, 0) : 0;
        } catch (Throwable e) {
            throw broken(e);
        }
    }

    static void close(int fd) {
        try (var arena = Arena.ofConfined()) {
            int ignored = (int) CLOSE.invokeExact(arena.allocate(ERRNO_LAYOUT), fd);
            assert ignored <= 0;
        } catch (Throwable e) {
            throw broken(e);
        }
    }

    /// The C library's words for an errno, as its user reads them everywhere.
    static String text(int errno) {
        try {
            var text = (MemorySegment) STRERROR.invokeExact(errno);
            return text.reinterpret(256).getString(0);
        } catch (Throwable e) {
            throw broken(e);
        }
    }

    /// A method handle declares [Throwable]; the C library throws nothing.
    private static RuntimeException broken(Throwable e) {
        if (e instanceof Error error) {
            throw error;
        }
        return new IllegalStateException("a call of the C library threw", e);
    }
}
