package io.sluice.vmm.qapi;

import java.lang.invoke.MethodHandle;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A type of the wire, as `query-qmp-schema` shows it.
public sealed interface QapiType {
    /// A built-in type: QAPI's name of it, its JSON type, and the range if it is a number.
    enum Builtin implements QapiType {
        STR("str", "string"),
        INT("int", "int"),
        NUMBER("number", "number"),
        BOOL("bool", "boolean"),
        ANY("any", "value");

        private final String text;
        private final String jsonType;

        Builtin(String text, String jsonType) {
            this.text = text;
            this.jsonType = jsonType;
        }

        public String text() {
            return text;
        }

        public String jsonType() {
            return jsonType;
        }
    }

    /// @param constants as they are on the wire
    record Enumeration(Class<?> javaClass, List<String> constants) implements QapiType {}

    record Array(QapiType element) implements QapiType {}

    /// One object with a member that says which of the cases it is.
    ///
    /// @param tag name of that member
    /// @param cases by the value of the tag
    record Choice(Class<?> javaClass, String tag, Map<String, Structure> cases) implements QapiType {
        /// The type of the tag.
        public Enumeration tags() {
            return new Enumeration(javaClass, List.copyOf(cases.keySet()));
        }
    }

    /// @param others the component that takes the members which are not listed, if there is one
    /// @param choice the tag and its value, if this is a case of a union
    /// @param constructor takes the values of all components in their order, in one array
    record Structure(
            Class<?> javaClass,
            List<Field> fields,
            @Nullable Field others,
            @Nullable Tagged choice,
            MethodHandle constructor)
            implements QapiType {
        /// Whether members that are not listed are taken.
        public boolean open() {
            return others != null;
        }
    }

    /// What a case of a union has before its own members.
    record Tagged(String tag, String value) {}

    /// @param component where it is in the record, and `index` its place there
    record Field(
            String name,
            boolean optional,
            String documentation,
            RecordComponent component,
            int index,
            MethodHandle accessor) {
        /// Read when asked for: a structure may hold lists of its own kind.
        public QapiType type() {
            return of(component.getGenericType());
        }

        /// The value in a record; null if the member is left out.
        public @Nullable Object read(Record value) {
            return RecordHandles.read(accessor, value);
        }
    }

    /// The type on the wire of a Java type: String, int, long, double, boolean, their boxes, Object, List, a record, a
    /// sealed interface that is a [Union], an enum that is a [QapiEnum], `Map<String, Object>`.
    ///
    /// @throws IllegalStateException if a command was declared with anything else
    static QapiType of(Type type) {
        return QapiTypeReader.read(type);
    }

    /// The same for a record, quicker.
    static Structure ofRecord(Class<?> type) {
        return QapiTypeReader.RECORDS.get(type);
    }
}
