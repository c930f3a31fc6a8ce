package io.sluice.vmm.device.acpipm;

/// What a snapshot stores of ACPI fixed hardware.
public record AcpiPmState(
        int status, int enable, int control, int gpeStatus, int gpeEnable, long lastCarry, int command, int data) {}
