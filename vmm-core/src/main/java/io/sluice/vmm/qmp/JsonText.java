package io.sluice.vmm.qmp;

import io.vertx.core.json.JsonObject;

/// JSON in options of the command line, in the dialect of the control socket.
public final class JsonText {
    private JsonText() {}

    /// @throws IllegalArgumentException if that is no object; its message says why
    public static JsonObject object(String text) {
        return switch (JsonStream.whole(text)) {
            case Input.Garbage garbage -> throw new IllegalArgumentException(garbage.error());
            case Input.Value value -> object(value);
        };
    }

    private static JsonObject object(Input.Value value) {
        if (value.value() instanceof JsonObject object) {
            return object;
        }
        throw new IllegalArgumentException("JSON parse error, expecting an object");
    }
}
