package io.sluice.vfio;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.sluice.vfio.host.process.OpenFile;
import io.sluice.vfio.host.process.RequestTable;
import io.sluice.vfio.testkit.SweepWorld;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every request that changes something, of every kind of file there is, is failed at its 1st, 2nd, … n-th inner step;
/// nothing is left of it, and then the same request succeeds. That none is missing is found out from the tables
/// themselves.
@Timeout(120)
class RequestSweepConformanceTest {
    static List<RequestSweeps.Sweep> all() {
        return RequestSweeps.ALL;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("all")
    void aRequestThatFailsLeavesNothingAndThenSucceeds(RequestSweeps.Sweep sweep) {
        var failed = SweepWorld.sweep(world -> {
            var asked = sweep.prepared().apply(world);
            assertThat(asked.caller().file(asked.fd()).requests().kind()).isEqualTo(sweep.kind());
            assertThat(asked.request()).isInstanceOf(sweep.request());
            return () -> asked.caller().ioctl(asked.fd(), asked.request());
        });

        assertThat(failed).containsAll(sweep.steps());
        assertThat(failed.isEmpty())
                .as(failed.toString())
                .isEqualTo(sweep.steps().isEmpty());
    }

    // ---- none is missing

    /// The table of each kind of file, found by what extends [OpenFile].
    private static List<RequestTable<?>> tables() throws IllegalAccessException {
        var tables = new ArrayList<RequestTable<?>>();
        for (var file : files()) {
            var fields = Arrays.stream(file.getDeclaredFields())
                    .filter(field -> Modifier.isStatic(field.getModifiers())
                            && field.getType().equals(RequestTable.class))
                    .toList();
            assertThat(fields).as("tables of " + file).hasSize(1);
            fields.getFirst().setAccessible(true);
            tables.add((RequestTable<?>) fields.getFirst().get(null));
        }
        return tables;
    }

    private static List<Class<?>> files() {
        return new ClassFileImporter()
                        .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                        .importPackages("io.sluice.vfio")
                        .stream()
                        .filter(type -> type.isAssignableTo(OpenFile.class)
                                && !type.getModifiers().contains(JavaModifier.ABSTRACT))
                        .<Class<?>>map(JavaClass::reflect)
                        .toList();
    }

    private static Map<String, Set<String>> byKind(List<RequestSweeps.Sweep> sweeps) {
        var all = new LinkedHashMap<String, Set<String>>();
        sweeps.forEach(sweep -> all.computeIfAbsent(sweep.kind(), kind -> new TreeSet<>())
                .add(sweep.request().getName()));
        return all;
    }

    @Test
    void everyRequestOfEveryFileIsSweptOrOnlyLooks() throws IllegalAccessException {
        var swept = byKind(RequestSweeps.ALL);
        var tables = tables();

        assertThat(tables).as("kinds of file that there are").hasSizeGreaterThan(12);
        for (var table : tables) {
            var accounted = new TreeSet<>(swept.getOrDefault(table.kind(), Set.of()));
            RequestSweeps.READ_ONLY
                    .getOrDefault(table.kind(), Set.of())
                    .forEach(type -> assertThat(accounted.add(type.getName()))
                            .as(type + " is swept, and only looks")
                            .isTrue());
            var there = new TreeSet<String>();
            table.types().forEach(type -> there.add(type.getName()));
            assertThat(there).as(table.kind()).isEqualTo(accounted);
        }
    }

    @Test
    void everyKindThatIsSweptIsThere() throws IllegalAccessException {
        var kinds = tables().stream().map(RequestTable::kind).toList();

        assertThat(kinds).doesNotHaveDuplicates();
        assertThat(kinds).containsAll(byKind(RequestSweeps.ALL).keySet());
        assertThat(kinds).containsAll(RequestSweeps.READ_ONLY.keySet());
    }
}
