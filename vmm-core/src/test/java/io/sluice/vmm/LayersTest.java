package io.sluice.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import io.sluice.vmm.testkit.Layers;
import io.sluice.vmm.testkit.LayersContract;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

final class LayersTest extends LayersContract {
    LayersTest() {
        super(400);
    }

    private static JavaClasses classesOf(String room) {
        return new ClassFileImporter().importPath(Path.of("target", "classes", "io", "sluice", "vmm", room));
    }

    @Test
    void aUseThatIsNotListedIsFound() {
        var layers = Layers.parse(List.of(
                "vmm.bus : vmm.loop vmm.meter vmm.trace", "vmm.loop :", "vmm.meter :", "vmm.trace :", "vmm.memory :"));
        var bus = classesOf("bus");

        assertThat(layers.violations(bus))
                .isNotEmpty()
                .allSatisfy(line -> assertThat(line).startsWith("vmm.bus must not use io.sluice.vmm.memory: "));
    }

    @Test
    void aPackageWithoutARoomIsFound() {
        var layers = Layers.parse(List.of("vmm.loop :"));
        var address = classesOf("address");

        assertThat(layers.violations(address)).containsExactly("io.sluice.vmm.address is no room of docs/layers.txt");
    }

    @Test
    void aRoomThatNamesOneAboveItIsFound() {
        var layers = Layers.parse(List.of("vmm.loop :", "vmm.bus : vmm.loop"));

        assertThat(layers.faults()).containsExactly("vmm.bus names vmm.loop, which is not a room below it");
    }
}
