package io.sluice.vmm.qapi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// Records as types of the wire.
class QapiTest {
    record Open(
            String driver, @Nullable Integer addr, @Others Map<String, Object> others) {}

    record OpenInTheMiddle(String id, @Others Map<String, Object> others, boolean last) {}

    @Union(tag = "type")
    sealed interface Backend {
        @Union.Case("file")
        record File(
                String path,
                @Member(name = "read-only") @Nullable Boolean readOnly) implements Backend {}

        @Union.Case("null")
        record Nothing() implements Backend {}
    }

    record Add(String id, Backend backend) {}

    record Refusing(long size) {
        Refusing {
            if (size < 0) {
                throw new QmpException("'size' must not be negative");
            }
        }
    }

    record Tree(String name, List<Tree> children) {}

    record Wrong(Optional<String> text) {}

    @Test
    void anOpenObjectKeepsWhatIsNotListed() {
        var open = QapiDecoder.arguments(Open.class, Map.of("driver", "edu", "id", "e0", "x", 5L));

        assertThat(open).isEqualTo(new Open("edu", null, Map.of("id", "e0", "x", 5L)));
        assertThat(QapiEncoder.structure(open)).isEqualTo(Map.of("driver", "edu", "id", "e0", "x", 5L));
        assertThat(QapiDecoder.arguments(OpenInTheMiddle.class, Map.of("id", "a", "last", true, "b", 1L)))
                .isEqualTo(new OpenInTheMiddle("a", Map.of("b", 1L), true));
    }

    @Test
    void aUnionTakesTheMembersOfItsCaseAndNoOthers() {
        var given = Map.of("id", "a", "backend", Map.of("type", "file", "path", "/x", "read-only", true));
        var add = QapiDecoder.arguments(Add.class, given);

        assertThat(add).isEqualTo(new Add("a", new Backend.File("/x", true)));
        assertThat(QapiEncoder.structure(add)).isEqualTo(given);
        assertThatThrownBy(() -> QapiDecoder.arguments(
                        Add.class, Map.of("id", "a", "backend", Map.of("type", "null", "path", "/x"))))
                .hasMessage("Parameter 'backend.path' is unexpected");
        assertThatThrownBy(() -> QapiDecoder.arguments(Add.class, Map.of("id", "a", "backend", Map.of())))
                .hasMessage("Parameter 'backend.type' is missing");
        assertThatThrownBy(() -> QapiDecoder.arguments(Add.class, Map.of("id", "a", "backend", 5L)))
                .hasMessage("Invalid parameter type for 'backend', expected: object");
    }

    @Test
    void aRecordMayRefuseItsValues() {
        assertThatThrownBy(() -> QapiDecoder.arguments(Refusing.class, Map.of("size", -1L)))
                .isInstanceOf(QmpException.class)
                .hasMessage("'size' must not be negative");
    }

    @Test
    void aTypeMayHoldItself() {
        var tree = new Tree("root", List.of(new Tree("leaf", List.of())));

        assertThat(QapiDecoder.arguments(Tree.class, QapiEncoder.structure(tree)))
                .isEqualTo(tree);
    }

    @Test
    void aTypeWithoutAFormIsFoundWhenTheTableIsMade() {
        var wrong = Command.of(
                "x", Command.Nothing.class, Optional.class, "", (Command.Handler<Command.Nothing, Wrong>) nothing -> {
                    throw new QmpException("never");
                });

        assertThatThrownBy(() -> new CommandTable(List.of(wrong), List.of()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("no type of the wire for class java.util.Optional");
    }

    @Test
    void numbersOf64BitsAreTakenAsTheyAre() {
        record Numbers(long a, @Nullable Integer b, double c, List<Long> d) {}
        var given = Map.of("a", Long.MIN_VALUE, "b", -1L, "c", 2L, "d", List.of(1L << 40));

        assertThat(QapiDecoder.arguments(Numbers.class, given))
                .isEqualTo(new Numbers(Long.MIN_VALUE, -1, 2.0, List.of(1L << 40)));
    }
}
