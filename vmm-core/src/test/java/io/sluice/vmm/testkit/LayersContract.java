package io.sluice.vmm.testkit;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.library.GeneralCodingRules;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/// What `docs/layers.txt` and docs/STYLE say of a module's classes. A module's LayersTest extends it.
@TestInstance(TestInstance.Lifecycle.PER_CLASS) // the scan takes seconds
public abstract class LayersContract {
    private static final Pattern EMPTY_NAMES = Pattern.compile(".*(Impl|Manager|Utils?|Helper)");

    private final int fewest;
    private final JavaClasses classes = new ClassFileImporter().importPath(Path.of("target", "classes"));

    /// @param fewest the module has at least that many classes; fewer means that the scan missed them
    protected LayersContract(int fewest) {
        this.fewest = fewest;
    }

    private static Layers layers() throws IOException {
        return Layers.parse(Files.readAllLines(Path.of(System.getProperty("sluice.root", ".."), "docs", "layers.txt")));
    }

    @Test
    void theScanSawTheModule() {
        assertThat(classes).hasSizeGreaterThanOrEqualTo(fewest);
    }

    @Test
    void theLayersAreInOrder() throws IOException {
        assertThat(layers().faults()).isEmpty();
    }

    @Test
    void noRoomUsesWhatItMayNot() throws IOException {
        assertThat(layers().violations(classes)).isEmpty();
    }

    @Test
    void everyPackageIsNullMarked() {
        assertThat(classes.stream().map(type -> type.getPackage()).distinct())
                .allSatisfy(room -> assertThat(room.isAnnotatedWith(NullMarked.class))
                        .as(room.getName())
                        .isTrue());
    }

    @Test
    void onlyTheApplicationTouchesStandardStreams() {
        noClasses()
                .that()
                .resideOutsideOfPackage("io.sluice.vmm.app")
                .should(GeneralCodingRules.ACCESS_STANDARD_STREAMS)
                .check(classes);
    }

    @Test
    void onlyTheApplicationHasAMain() {
        assertThat(classes.stream()
                        .flatMap(type -> type.getMethods().stream())
                        .filter(method -> method.getName().equals("main"))
                        .map(method -> method.getOwner().getName()))
                .allSatisfy(owner -> assertThat(owner).startsWith("io.sluice.vmm.app."));
    }

    @Test
    void noNameIsEmptyOfMeaning() {
        assertThat(classes.stream().map(type -> type.getSimpleName()))
                .noneMatch(name -> EMPTY_NAMES.matcher(name).matches());
    }
}
