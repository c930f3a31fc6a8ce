package io.sluice.vfio.host.memory;

import static io.sluice.vfio.host.memory.MemoryRig.PAGE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sluice.vfio.host.HostException;
import org.junit.jupiter.api.Test;

class MemFileTest {
    private final MemoryRig rig = new MemoryRig();
    private final MemFile file = MemFile.create(rig.frames, 4 * PAGE);

    @Test
    void beyondTheEndThereIsNothingToPin() {
        assertThatThrownBy(() -> rig.pin(file.pages(PAGE), 0, 4, false)).hasMessageContaining("Invalid argument");
        file.truncate(PAGE);
        assertThatThrownBy(() -> rig.pin(file.pages(0), 0, 2, false)).isInstanceOf(HostException.class);
        assertThat(rig.frames.pinned()).isZero();
    }

    @Test
    void whatComesBackAfterACutReadsAsZeros() {
        file.write(3 * PAGE, new byte[] {1}, 0, 1);
        file.truncate(PAGE);
        file.truncate(4 * PAGE);

        var read = new byte[] {9};
        file.read(3 * PAGE, read, 0, 1);
        assertThat(read[0]).isZero();
    }

    @Test
    void whatWasCutOffCannotComeBackWhileADeviceHasIt() {
        var runs = rig.pin(file.pages(0), 2, 1, true);
        file.truncate(PAGE);

        assertThatThrownBy(() -> file.truncate(4 * PAGE)).hasMessageContaining("busy");
        rig.unpin(runs);
        file.truncate(4 * PAGE);
        assertThat(file.size()).isEqualTo(4 * PAGE);
    }

    @Test
    void theMemoryStaysAsLongAsItIsPinned() {
        var runs = rig.pin(file.pages(0), 0, 4, true);
        file.release();

        assertThat(rig.at(runs.getFirst())).isZero();
        rig.unpin(runs);

        assertThatThrownBy(() -> rig.frames.memory(runs.getFirst().first())).hasMessageContaining("gone");
    }
}
