package io.sluice.vmm.qapi;

/// The classes of errors that QMP knows (`QapiErrorClass`). Scripts may rely on them, not on the texts.
public enum ErrorClass {
    GENERIC_ERROR("GenericError"),
    COMMAND_NOT_FOUND("CommandNotFound"),
    DEVICE_NOT_ACTIVE("DeviceNotActive"),
    DEVICE_NOT_FOUND("DeviceNotFound"),
    KVM_MISSING_CAP("KVMMissingCap");

    private final String text;

    ErrorClass(String text) {
        this.text = text;
    }

    public String text() {
        return text;
    }
}
