package io.sluice.vmm.memory;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// An anonymous memory file (memfd_create(2)). The file, not the process, is what a mapping refers to.
public final class MemoryFile implements AutoCloseable {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle MEMFD_CREATE = LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("memfd_create"),
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
    private static final MethodHandle CLOSE = LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("close"),
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    private static final MethodHandle MADVISE = LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("madvise"),
            FunctionDescriptor.of(
                    ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));
    private static final int MFD_CLOEXEC = 1;
    /// The range reads as zeros, and its pages are free (madvise(2)).
    private static final int MADV_REMOVE = 9;

    private final FileChannel channel;

    private MemoryFile(FileChannel channel) {
        this.channel = channel;
    }

    /// A zeroed file of `bytes` bytes.
    public static MemoryFile create(String name, long bytes) {
        int fd = memfd(name);
        try {
            // A channel of our own on the same file, so that closing it is all that is left to do.
            var channel =
                    FileChannel.open(Path.of("/proc/self/fd/" + fd), StandardOpenOption.READ, StandardOpenOption.WRITE);
            channel.truncate(0);
            if (bytes > 0) {
                channel.write(java.nio.ByteBuffer.allocate(1), bytes - 1);
            }
            return new MemoryFile(channel);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot make a memory file of " + bytes + " bytes", e);
        } finally {
            closeFd(fd);
        }
    }

    MemorySegment map(Arena arena, long bytes) {
        try {
            return channel.map(FileChannel.MapMode.READ_WRITE, 0, bytes, arena);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot map " + bytes + " bytes of guest memory", e);
        }
    }

    /// Makes a hole of all that is mapped; `false` if the host cannot.
    static boolean discard(MemorySegment mapped) {
        try {
            return (int) MADVISE.invokeExact(mapped, mapped.byteSize(), MADV_REMOVE) == 0;
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int memfd(String name) {
        try (var arena = Arena.ofConfined()) {
            int fd = (int) MEMFD_CREATE.invokeExact(arena.allocateFrom(name), MFD_CLOEXEC);
            if (fd < 0) {
                throw new IllegalStateException("memfd_create failed");
            }
            return fd;
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    @SuppressWarnings("unused")
    private static void closeFd(int fd) {
        try {
            int ignored = (int) CLOSE.invokeExact(fd);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }
}
