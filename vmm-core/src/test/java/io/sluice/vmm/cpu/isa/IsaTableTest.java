package io.sluice.vmm.cpu.isa;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.EnumSet;
import org.junit.jupiter.api.Test;

final class IsaTableTest {
    @Test
    void everyOperationHasARow() {
        var used = EnumSet.of(Op.INVALID);

        IsaTable.rows().forEach(row -> used.add(row.op));

        assertThat(used).isEqualTo(EnumSet.allOf(Op.class));
    }

    @Test
    void everyFeatureIsNamedByARow() {
        var used = EnumSet.of(Feature.BASE);

        IsaTable.rows().forEach(row -> used.add(row.feature));

        assertThat(used).isEqualTo(EnumSet.allOf(Feature.class));
    }

    @Test
    void theTableHoldsTheWholeInstructionSet() {
        assertThat(IsaTable.rows()).hasSizeGreaterThan(980);
    }

    @Test
    void rowsAreNumberedByTheirPlace() {
        assertThat(IsaTable.rows()).allMatch(row -> IsaTable.row(row.number) == row);
    }

    @Test
    void aFlagIsNotBothWrittenAndUndefined() {
        assertThat(IsaTable.rows()).allMatch(row -> (row.flagsWritten & row.flagsUndefined) == 0);
    }

    @Test
    void conditionsStandInTheOrderOfTheirEncoding() {
        int[] conditions = Arrays.stream(Op.values())
                .mapToInt(Op::condition)
                .filter(condition -> condition >= 0)
                .toArray();

        assertThat(conditions).hasSize(48);
        assertThat(Op.JO.condition()).isZero();
        assertThat(Op.JNE.condition()).isEqualTo(5);
        assertThat(Op.SETG.condition()).isEqualTo(15);
        assertThat(Op.CMOVB.condition()).isEqualTo(2);
        assertThat(Op.ADD.condition()).isEqualTo(-1);
    }

    @Test
    void aConditionReadsItsFlagsOnly() {
        Row jle = IsaTable.rows().stream()
                .filter(row -> row.op == Op.JLE)
                .findFirst()
                .orElseThrow();

        assertThat(jle.flagsRead).isEqualTo(0x8C0);
    }
}
