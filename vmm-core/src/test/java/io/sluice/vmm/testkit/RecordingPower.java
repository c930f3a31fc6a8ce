package io.sluice.vmm.testkit;

import io.sluice.vmm.device.MachinePower;
import java.util.ArrayList;
import java.util.List;

/// A power switch that writes down what was asked of it.
public final class RecordingPower implements MachinePower {
    private final List<String> requests = new ArrayList<>();

    @Override
    public void powerOff() {
        requests.add("power off");
    }

    @Override
    public void reset(String cause) {
        requests.add("reset by " + cause);
    }

    @Override
    public void exit(int status) {
        requests.add("exit " + status);
    }

    public List<String> requests() {
        return requests;
    }
}
