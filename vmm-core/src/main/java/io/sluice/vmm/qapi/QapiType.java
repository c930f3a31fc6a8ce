package io.sluice.vmm.qapi;

import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.List;

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

    /// @param open whether members that are not listed are taken
    record Structure(Class<?> javaClass, List<Field> fields, boolean open) implements QapiType {}

    /// @param component where it is in the record
    record Field(String name, boolean optional, String documentation, RecordComponent component) {
        /// Read when asked for: a structure may hold lists of its own kind.
        public QapiType type() {
            return of(component.getGenericType());
        }
    }

    /// The type on the wire of a Java type: String, int, long, double, boolean, their boxes, Object, List, a record, an
    /// enum that is a [QapiEnum], `Map<String, Object>`.
    ///
    /// @throws IllegalStateException if a command was declared with anything else
    static QapiType of(Type type) {
        return QapiTypeReader.read(type);
    }
}
