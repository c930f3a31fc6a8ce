package io.sluice.vfio.vfio;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Modifier;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class ForwardingDeviceTest {
    @Test
    void everyQuestionIsHandedOn() {
        var asked = Arrays.stream(VfioDeviceOps.class.getDeclaredMethods())
                .filter(method -> !Modifier.isStatic(method.getModifiers()) && !method.isSynthetic())
                .map(method -> method.getName() + Arrays.toString(method.getParameterTypes()))
                .toList();

        assertThat(Arrays.stream(ForwardingDevice.class.getDeclaredMethods())
                        .map(method -> method.getName() + Arrays.toString(method.getParameterTypes())))
                .containsAll(asked);
    }
}
