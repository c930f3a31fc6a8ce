package io.sluice.vmm.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

final class TraceTest {
    private final List<String> log = new ArrayList<>();
    private final List<String> other = new ArrayList<>();
    private final Trace trace = new Trace("test", told -> log.add(told.text()));

    @ParameterizedTest
    @EnumSource(Item.class)
    void anItemIsFoundByItsName(Item item) {
        assertThat(Item.of(item.text())).contains(item);
    }

    @ParameterizedTest
    @EnumSource(Item.class)
    void anItemIsOffUntilItIsSwitchedOn(Item item) {
        trace.line(item, "too early");
        trace.set(item, true);
        trace.line(item, "heard");
        trace.set(item, false);
        trace.line(item, "too late");

        assertThat(log).containsExactly("heard");
    }

    @Test
    void whoAttachesSwitchesItsItemsOnForItselfOnly() {
        var attachment = trace.attach(told -> other.add(told.text()), Set.of(Item.PCI), false);
        trace.line(Item.PCI, "one");
        attachment.close();
        trace.line(Item.PCI, "two");

        assertThat(other).containsExactly("one");
        assertThat(log).isEmpty();
        assertThat(trace.items()).isEmpty();
    }

    @Test
    void whoAttachesToAllHearsWhatOthersHaveSwitchedOn() {
        trace.attachToAll(told -> other.add(told.text()), Set.of(), false);
        trace.set(Item.QMP, true);

        trace.line(Item.QMP, "one");
        trace.line(Item.PCI, "not on");

        assertThat(other).containsExactly("one");
        assertThat(log).containsExactly("one");
    }

    @Test
    void whatIsSwitchedOffIsOffForEverybody() {
        trace.attach(told -> other.add(told.text()), Set.of(Item.PCI), false);

        trace.set(Item.PCI, false);

        assertThat(trace.on(Item.PCI)).isFalse();
        assertThat(trace.items()).isEmpty();
    }

    @Test
    void messagesAreForThoseWhoWantThem() {
        trace.attach(told -> other.add(told.level() + " " + told.text()), Set.of(), true);

        trace.message(Level.WARNING, "careful");

        assertThat(other).containsExactly("WARNING careful");
        assertThat(log).isEmpty();
    }

    @Test
    void aChangeIsTold() {
        var changes = new ArrayList<Set<Item>>();
        var listening = trace.onChange(() -> changes.add(trace.items()));

        trace.set(Item.EXEC, true);
        trace.set(Item.EXEC, false);
        listening.close();
        trace.set(Item.EXEC, true);

        assertThat(changes).containsExactly(Set.of(Item.EXEC), Set.of());
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource(textBlock = """
            0x8000..0x8fff,                   0x8000,             true
            0x8000..0x8fff,                   0x8fff,             true
            0x8000..0x8fff,                   0x9000,             false
            0x8000+0x10,                      0x800f,             true
            0x8000+0x10,                      0x8010,             false
            0x8000-0x10,                      0x7ff1,             true
            0x8000-0x10,                      0x7ff0,             false
            '0..1,0xffffffffffffff00..0xffffffffffffffff', 0xfffffffffffffff0, true
            '0..1,0xffffffffffffff00..0xffffffffffffffff', 0x2,   false
            16+1,                             0x10,               true
            010+1,                            0x8,                true
            """)
    void aFilterReadsRangesAsQemuDoes(String ranges, String address, boolean holds) {
        assertThat(AddressFilter.parse(ranges).holds(Long.parseUnsignedLong(address.substring(2), 16)))
                .isEqualTo(holds);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "5", "0x10..", "..5", "9..8", "x+1", "1+", "1,2", "0x10000000000000000+1", "5-0x10"})
    void aFilterThatIsNoneIsRefused(String ranges) {
        assertThatThrownBy(() -> AddressFilter.parse(ranges)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void theFilterHoldsForAddresses() {
        trace.set(Item.EXEC, true);
        trace.filter(AddressFilter.parse("0x1000+0x1000"));

        assertThat(trace.on(Item.EXEC, 0x1800)).isTrue();
        assertThat(trace.on(Item.EXEC, 0x2000)).isFalse();
    }
}
