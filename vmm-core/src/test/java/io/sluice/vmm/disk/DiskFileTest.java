package io.sluice.vmm.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sluice.vmm.memory.HostBuffer;
import io.sluice.vmm.memory.HostMemory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class DiskFileTest {
    private static final int BYTES = 1 << 20;

    @TempDir
    private Path directory;

    private final IoVector vector = new IoVector();

    private Path image(int fill) throws IOException {
        var path = directory.resolve("disk.img");
        var content = new byte[BYTES];
        Arrays.fill(content, (byte) fill);
        return Files.write(path, content);
    }

    @Test
    void whatThePageCacheHasIsReadAtOnceInPieces() throws IOException {
        Files.write(directory.resolve("d"), new byte[] {1, 2, 3, 4, 5, 6, 7, 8});
        try (var file = DiskFile.open(directory.resolve("d"), true);
                var buffer = HostBuffer.allocate(16)) {
            vector.clear();
            vector.add(buffer.base() + 8, 3);
            vector.add(buffer.base(), 5);

            long read = file.tryRead(vector, 0);

            assertThat(read).isEqualTo(8);
            assertThat(HostMemory.getLong(buffer.base() + 8)).isEqualTo(0x03_0201);
            assertThat(HostMemory.getLong(buffer.base())).isEqualTo(0x08_0706_0504L);
            assertThat(file.size()).isEqualTo(8);
        }
    }

    @Test
    void writesThatHaveToBeDurableAndOthersAreInTheFile() throws IOException {
        var path = image(0);
        try (var file = DiskFile.open(path, false);
                var buffer = HostBuffer.allocate(4096)) {
            HostMemory.fill(buffer.base(), 4096, 0x5A);

            assertThat(file.write(vector, buffer.base(), 4096, 8192, false)).isEqualTo(4096);
            assertThat(file.write(vector, buffer.base(), 512, 0, true)).isEqualTo(512);
            assertThat(file.sync(vector)).isZero();
        }

        var now = Files.readAllBytes(path);
        assertThat(Arrays.copyOfRange(now, 8192, 8192 + 4096)).containsOnly(0x5A);
        assertThat(Arrays.copyOfRange(now, 0, 512)).containsOnly(0x5A);
        assertThat(Arrays.copyOfRange(now, 512, 8192)).containsOnly(0);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void zeroedBlocksReadAsZeroesAndTheFileKeepsItsSize(boolean giveBack) throws IOException {
        var path = image(7);
        try (var file = DiskFile.open(path, false)) {
            assertThat(file.zero(vector, 4096, BYTES - 4096, giveBack)).isZero();
        }

        var now = Files.readAllBytes(path);
        assertThat(now).hasSize(BYTES);
        assertThat(Arrays.copyOfRange(now, 0, 4096)).containsOnly(7);
        assertThat(Arrays.copyOfRange(now, 4096, BYTES)).containsOnly(0);
    }

    @Test
    void theEndOfTheFileIsAnError() throws IOException {
        try (var file = DiskFile.open(image(1), true);
                var buffer = HostBuffer.allocate(1024)) {
            assertThat(file.read(vector, buffer.base(), 1024, BYTES - 512)).isEqualTo(-5);
            assertThat(file.write(vector, buffer.base(), 512, 0, false)).isEqualTo(-9);
        }
    }

    @Test
    void aFileThatIsNotThereIsRefusedInWords() {
        var path = directory.resolve("nothing");

        assertThatThrownBy(() -> DiskFile.open(path, false))
                .isInstanceOf(DiskException.class)
                .hasMessage("Could not open '" + path + "': No such file or directory");
        assertThatThrownBy(() -> DiskFile.open(directory, false))
                .hasMessage("Could not open '" + directory + "': Is a directory");
    }

    // ---- locks

    @Test
    void aWriterIsAlone() throws IOException {
        var path = image(0);
        try (var writer = DiskFile.open(path, false)) {
            assertThatThrownBy(() -> DiskFile.open(path, false))
                    .hasMessageStartingWith("Failed to get \"write\" lock\nIs another process using the image");
            assertThatThrownBy(() -> DiskFile.open(path, true))
                    .hasMessageStartingWith("Failed to get shared \"write\" lock");
            assertThat(writer.isReadOnly()).isFalse();
        }
        DiskFile.open(path, false).close();
    }

    @Test
    void readersGoTogether() throws IOException {
        var path = image(0);
        try (var one = DiskFile.open(path, true);
                var other = DiskFile.open(path, true)) {
            assertThat(one.size()).isEqualTo(other.size());
            assertThatThrownBy(() -> DiskFile.open(path, false)).isInstanceOf(DiskException.class);
        }
    }

    // ---- drives

    @Test
    void aDriveHasOneDeviceAtATime() throws IOException {
        try (var drives = new Drives()) {
            var drive = drives.open("d0", image(0), false);

            assertThat(drive.take()).isTrue();
            assertThat(drive.take()).isFalse();
            drive.release();
            assertThat(drive.take()).isTrue();
            assertThatThrownBy(() -> drives.open("d0", directory.resolve("x"), true))
                    .hasMessage("Duplicate ID 'd0' for drive");
        }
    }

    @Test
    void tasksRunInOrderOnOneThreadAndReleaseWaitsForThem() throws IOException {
        try (var drives = new Drives()) {
            var drive = drives.open("d0", image(0), true);
            var count = new AtomicInteger();
            drive.take();
            drive.submit(scratch -> assertThat(Thread.currentThread().getName()).isEqualTo("disk-d0"));
            for (int i = 0; i < 100; i++) {
                int expected = i;
                drive.submit(scratch -> count.compareAndSet(expected, expected + 1));
            }

            drive.release();

            assertThat(count).hasValue(100);
        }
        assertThat(Thread.getAllStackTraces().keySet())
                .noneMatch(thread -> thread.getName().equals("disk-d0"));
    }
}
