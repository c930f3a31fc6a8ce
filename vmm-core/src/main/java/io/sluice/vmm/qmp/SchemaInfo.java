package io.sluice.vmm.qmp;

import io.sluice.vmm.qapi.Member;
import io.sluice.vmm.qapi.QapiEnum;
import io.sluice.vmm.qapi.Union;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One entry of `query-qmp-schema`. Types but the built-in ones are called by numbers: scripts shall not rely on them.
@Union(tag = "meta-type")
sealed interface SchemaInfo {
    String name();

    @Union.Case("builtin")
    record Builtin(String name, JsonType jsonType) implements SchemaInfo {}

    /// @param values the same, for older clients
    @Union.Case("enum")
    record Enumeration(String name, List<EnumMember> members, List<String> values) implements SchemaInfo {}

    @Union.Case("array")
    record Array(String name, String elementType) implements SchemaInfo {}

    /// @param tag the member that says which variant it is
    /// @param features `x-sluice-open`: members that are not listed are taken too
    @Union.Case("object")
    record Structure(
            String name,
            List<ObjectMember> members,
            @Nullable String tag,
            @Nullable List<Variant> variants,
            @Nullable List<String> features)
            implements SchemaInfo {}

    @Union.Case("command")
    record Command(
            String name,
            String argType,
            String retType,
            boolean allowOob,
            @Nullable List<String> features) implements SchemaInfo {}

    @Union.Case("event")
    record Event(String name, String argType) implements SchemaInfo {}

    enum JsonType implements QapiEnum {
        STRING,
        NUMBER,
        INT,
        BOOLEAN,
        NULL,
        OBJECT,
        ARRAY,
        VALUE
    }

    record EnumMember(String name) {}

    /// @param optional `default` is null for a member that may be left out, and not there for any other
    record ObjectMember(
            String name,
            String type,
            @Member(name = "default") @Nullable Object optional) {}

    record Variant(@Member(name = "case") String value, String type) {}
}
