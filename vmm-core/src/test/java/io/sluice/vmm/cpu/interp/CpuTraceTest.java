package io.sluice.vmm.cpu.interp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.sluice.vmm.testkit.Golden;
import io.sluice.vmm.trace.AddressFilter;
import io.sluice.vmm.trace.Item;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What a vCPU tells of a small guest, item by item.
@Timeout(120)
final class CpuTraceTest {
    private static final String GOLDEN = "vmm-core/src/test/resources/io/sluice/vmm/cpu/interp/trace.";

    /// mov eax,0x42; int 0x20; mov rcx,cr3; mov cr3,rcx; invlpg [rcx]; mov ecx,3; turn: dec ecx; jnz turn;
    /// movabs rbx,0x1122334455667788; mov rax,[0x40000000]; hlt.
    private static final String CODE =
            "B842000000 CD20 0F20D9 0F22D9 0F0139 B903000000 FFC9 75FC" + " 48BB8877665544332211 488B042500000040 F4";

    /// turn: inc rax; jmp turn.
    private static final String ENDLESS = "48FFC0 EBFB";

    @ParameterizedTest
    @EnumSource(
            value = Item.class,
            names = {"CPU", "EXEC", "INT", "IN_ASM", "MMU"})
    void eachItemIsToldAsItsFileSays(Item item) {
        try (var guest = new TracedGuest(CODE)) {
            guest.trace.set(item, true);

            guest.run();

            Golden.check(GOLDEN + item.text() + ".golden.txt", guest.log());
        }
    }

    @Test
    void aRegisterThatIsNotThereIsTold() {
        // mov ecx,0x1234; rdmsr
        try (var guest = new TracedGuest("B934120000 0F32")) {
            guest.trace.set(Item.UNIMP, true);

            guest.run();

            assertThat(guest.log()).isEqualTo("RDMSR 0x00001234: refused\n");
        }
    }

    @Test
    void aValueThatARegisterDoesNotTakeIsTold() {
        // mov ecx,0x277; mov eax,-1; mov edx,eax; wrmsr
        try (var guest = new TracedGuest("B977020000 B8FFFFFFFF 89C2 0F30")) {
            guest.trace.set(Item.UNIMP, true);

            guest.run();

            assertThat(guest.log()).isEqualTo("WRMSR 0x00000277 <- 0xffffffffffffffff: refused\n");
        }
    }

    @Test
    void theFilterLeavesOutOtherAddresses() {
        try (var guest = new TracedGuest(CODE)) {
            guest.trace.filter(AddressFilter.parse("0x5000..0x5fff"));
            guest.trace.set(Item.EXEC, true);
            guest.trace.set(Item.IN_ASM, true);

            guest.run();

            assertThat(guest.log())
                    .contains("0x00005000:", "iretq", "/0000000000005010/")
                    .doesNotContain("8000");
        }
    }

    @Test
    void withEverythingOffNothingIsTold() {
        try (var guest = new TracedGuest(CODE)) {
            guest.run();

            assertThat(guest.log()).isEmpty();
        }
    }

    @Test
    void blocksThatAreKnownAreShownToWhoAsksLater() {
        try (var guest = new TracedGuest(CODE)) {
            guest.run();
            guest.trace.set(Item.IN_ASM, true);

            guest.runAgain();

            assertThat(guest.log()).contains("0x00008000:", "int 0x20");
        }
    }

    @Test
    void aBlockIsShownOnce() {
        try (var guest = new TracedGuest(CODE)) {
            guest.trace.set(Item.IN_ASM, true);
            guest.run();
            guest.clearLog();

            guest.runAgain();

            assertThat(guest.log()).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Item.class,
            names = {"CPU", "EXEC", "IN_ASM"})
    void anItemIsSwitchedWhileTheGuestRuns(Item item) throws InterruptedException {
        try (var guest = new TracedGuest(ENDLESS)) {
            var vcpu = Thread.ofPlatform().start(guest.interpreter::run);

            await().until(() -> guest.interpreter.instructions() > 1_000_000);
            assertThat(guest.log()).isEmpty();
            guest.trace.set(item, true);
            await().until(() -> !guest.log().isEmpty());
            guest.trace.set(item, false);
            long instructions = guest.interpreter.instructions();
            await().until(() -> guest.interpreter.instructions() > instructions + 1_000_000);
            int told = guest.log().length();
            long later = guest.interpreter.instructions();
            await().until(() -> guest.interpreter.instructions() > later + 1_000_000);

            assertThat(guest.log()).hasSize(told);
            guest.interpreter.attend(Attention.STOP);
            vcpu.join();
        }
    }
}
