package io.sluice.vmm.gdb;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.address.Gva;
import io.sluice.vmm.cpu.state.CpuRegister;
import io.sluice.vmm.cpu.state.DebugPoint;
import io.sluice.vmm.cpu.state.DebugPoint.Access;
import io.sluice.vmm.cpu.state.DebugStop;
import io.sluice.vmm.qapi.RunState;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
final class GdbSessionTest {
    private static final String REGISTERS_AT_STOP = "06:0000000000000000;07:0000000000000000;10:0000000000000000;";
    private static final String STOPPED = "T05thread:1;" + REGISTERS_AT_STOP;

    private final GdbClient gdb = new GdbClient();

    // ---- the line

    @Test
    void packetsAreAcknowledgedUntilTheDebuggerWantsNone() {
        assertThat(gdb.raw("$qC#b4")).isEqualTo("+$QC1#c5");
        assertThat(gdb.raw("$qC#b5")).isEqualTo("-");
        assertThat(gdb.raw("-")).isEqualTo("$QC1#c5");
        assertThat(gdb.raw(GdbClient.framed("QStartNoAckMode"))).isEqualTo("+$OK#9a");
        assertThat(gdb.raw("+$qC#b4")).isEqualTo("$QC1#c5");
        assertThat(gdb.raw("$qC#b5-")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "A", "b", "R00", "t", "vMustReplyEmpty", "vAttach;1", "qOffsets", "QNope", "!", "~"})
    void whatWeDoNotKnowHasTheEmptyAnswer(String packet) {
        assertThat(gdb.raw(GdbClient.framed(packet))).isEqualTo("+$#00");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "m",
                "m1",
                "m1,",
                "m,1",
                "mx,1",
                "m1;1",
                "m10000,1x",
                "m11111111111111111,1",
                "M10000,2:00",
                "M10000,1:0g",
                "M10000,1",
                "X10000,2:a",
                "p",
                "p99",
                "p100000000",
                "P1",
                "P1=00",
                "P1=0000000000000000ff",
                "G00",
                "Hg9",
                "Hx1",
                "Hg",
                "T",
                "T0",
                "T-1",
                "T3",
                "Z",
                "Z0",
                "Z0,",
                "Z0,1",
                "Z5,1,1",
                "Z2,1,0",
                "Z2,ffffffffffffffff,2",
                "Z0,1,1;X1,00",
                "vCont;x",
                "vCont;c:9",
                "vCont;t",
                "vCont",
                "vContc",
                "s1x",
                "cx",
                "C",
                "Cg",
                "C05;",
                "qXfer:features:read:other.xml:0,10",
                "qXfer:features:read:target.xml:0",
                "qXfer:features:read:target.xml:fffff,10",
                "qThreadExtraInfo,7",
                "qRcmd,0",
                "qRcmd,0g",
                "Qqemu.sstep=8",
                "Qqemu.sstep=",
                "Qqemu.PhyMemMode:",
                "P3c=0000000000000000"
            })
    void aRequestThatMakesNoSenseIsRefused(String packet) {
        assertThat(gdb.ask(packet)).isEqualTo("E22");
        assertThat(gdb.port.running).isFalse();
    }

    @Test
    void aPacketThatIsTooLongIsRefused() {
        assertThat(gdb.ask("m".repeat(PacketReader.MOST + 1))).isEqualTo("E07");
    }

    @Test
    void anythingIsAnsweredOrDropped() {
        long seed = new SplittableRandom().nextLong();
        var random = new SplittableRandom(seed);
        var starts = "?gGpPmMXZzcCsSvqQHT";
        var rest = "0123456789abcdef,:;=-Contslr.XferRcmdThreadInfoqemu";

        for (int i = 0; i < 20_000; i++) {
            var packet = new StringBuilder().append(starts.charAt(random.nextInt(starts.length())));
            for (int j = random.nextInt(12); j > 0; j--) {
                packet.append(rest.charAt(random.nextInt(rest.length())));
            }
            var line = gdb.raw(GdbClient.framed(packet.toString()));
            assertThat(line).as("seed %d: %s", seed, packet).startsWith("+");
        }
        gdb.raw("\003");

        assertThat(gdb.ask("qfThreadInfo")).isEqualTo("m1,2");
    }

    // ---- coming and going

    @Test
    void theMachineStopsWhenADebuggerComesAndRunsOnWithoutPointsWhenItGoes() {
        assertThat(gdb.port.running).isFalse();
        gdb.ask("Z0,1000,1");

        assertThat(gdb.ask("D")).isEqualTo("OK");

        assertThat(gdb.closed).isTrue();
        assertThat(gdb.port.running).isTrue();
        assertThat(gdb.port.points).isEmpty();
        assertThat(gdb.ask("g")).isEmpty();
    }

    @Test
    void aLostConnectionFreesTheMachineOnce() {
        gdb.ask("Z0,1000,1");

        gdb.hangUp();
        gdb.hangUp();

        assertThat(gdb.calls()).containsExactly("abandon");
        assertThat(gdb.port.points).isEmpty();
    }

    @Test
    void aSecondDebuggerIsSentAway() {
        var closed = new boolean[1];
        var link = new GdbLink(
                new GdbLink.Channel() {
                    @Override
                    public void write(byte[] bytes) {}

                    @Override
                    public void resume() {}

                    @Override
                    public void pause() {}

                    @Override
                    public void whenWritable(Runnable writable) {}

                    @Override
                    public void close() {
                        closed[0] = true;
                    }
                },
                Runnable::run);

        link.open(gdb.port);

        assertThat(closed[0]).isTrue();
        assertThat(gdb.ask("qC")).isEqualTo("QC1");
    }

    @Test
    void theQuestionWhyItStoppedClearsWhatAnotherSet() {
        gdb.ask("Z0,1000,1");

        assertThat(gdb.ask("?")).isEqualTo(STOPPED);
        assertThat(gdb.port.points).isEmpty();
    }

    @Test
    void theMachineIsEndedOnRequest() {
        assertThat(gdb.raw(GdbClient.framed("k"))).isEqualTo("+");
        assertThat(gdb.ask("vKill;1")).isEqualTo("OK");
        assertThat(gdb.calls()).containsExactly("kill", "kill");
    }

    @Test
    void theEndOfTheMachineIsToldToADebuggerThatWaits() {
        gdb.raw(GdbClient.framed("c"));

        gdb.port.end(70);

        assertThat(GdbClient.payload(gdb.answer())).isEqualTo("W46");
        assertThat(gdb.closed).isTrue();
    }

    // ---- what we are

    @Test
    void theFeaturesAreSaid() {
        assertThat(gdb.ask("qSupported:multiprocess+;swbreak+;hwbreak+;xmlRegisters=i386"))
                .isEqualTo("PacketSize=4000;QStartNoAckMode+;qXfer:features:read+;vContSupported+;swbreak+;hwbreak+");
        assertThat(gdb.ask("vCont?")).isEqualTo("vCont;c;C;s;S;t");
        assertThat(gdb.ask("qAttached")).isEqualTo("1");
        assertThat(gdb.ask("qSymbol::")).isEqualTo("OK");
    }

    @Test
    void theTargetDescriptionComesInPiecesAndNamesEveryRegister() {
        var xml = new StringBuilder();
        String piece;
        do {
            piece = gdb.ask("qXfer:features:read:target.xml:" + Integer.toHexString(xml.length()) + ",1ff");
            xml.append(piece.substring(1));
        } while (piece.startsWith("m"));

        assertThat(piece).startsWith("l");
        assertThat(xml).contains("<architecture>i386:x86-64</architecture>").endsWith("</target>\n");
        assertThat(xml)
                .contains(Arrays.stream(CpuRegister.values())
                        .map(register -> "<reg name=\"" + register.name().toLowerCase(java.util.Locale.ROOT) + "\"")
                        .toList());
    }

    @Test
    void theThreadsAreTheVcpus() {
        assertThat(gdb.ask("qfThreadInfo")).isEqualTo("m1,2");
        assertThat(gdb.ask("qsThreadInfo")).isEqualTo("l");
        assertThat(gdb.ask("T2")).isEqualTo("OK");
        assertThat(GdbClient.text(gdb.ask("qThreadExtraInfo,1"))).isEqualTo("CPU#0 [running]");
        assertThat(GdbClient.text(gdb.ask("qThreadExtraInfo,2"))).isEqualTo("CPU#1 [halted]");
        assertThat(gdb.ask("Hg2")).isEqualTo("OK");
        assertThat(gdb.ask("qC")).isEqualTo("QC2");
        assertThat(gdb.ask("Hg0")).isEqualTo("OK");
        assertThat(gdb.ask("Hc-1")).isEqualTo("OK");
        assertThat(gdb.ask("qC")).isEqualTo("QC2");
    }

    @Test
    void theMonitorAnswersInWords() {
        assertThat(monitor("help")).contains("info registers");
        assertThat(monitor(" Info   registers ")).isEqualTo("registers of 0\n");
        assertThat(monitor("info cpus")).isEqualTo("* CPU#0 [running]\n  CPU#1 [halted]\n");
        assertThat(monitor("system_reset")).contains("reset");
        assertThat(monitor("format c:\033"))
                .isEqualTo("unknown command: 'format c:?'; 'monitor help' lists what there is\n");
        assertThat(gdb.ask("qRcmd," + GdbClient.hex("quit"))).isEqualTo("OK");
        assertThat(gdb.calls()).containsExactly("reset", "kill");
    }

    private String monitor(String command) {
        return GdbClient.text(gdb.ask("qRcmd," + GdbClient.hex(command)));
    }

    // ---- registers

    @Test
    void registersAreReadAndWrittenByNumber() {
        assertThat(gdb.ask("P10=efbeadde00000000")).isEqualTo("OK");
        assertThat(gdb.ask("p10")).isEqualTo("efbeadde00000000");
        assertThat(gdb.ask("P28=000102030405060708090a0b0c0d0e0f")).isEqualTo("OK");
        assertThat(gdb.ask("p28")).isEqualTo("000102030405060708090a0b0c0d0e0f");
        assertThat(gdb.ask("p18")).isEqualTo("00".repeat(10));
    }

    @Test
    void allRegistersComeInOneAndGoInOne() {
        var all = gdb.ask("g");
        assertThat(all)
                .hasSize(2
                        * Arrays.stream(CpuRegister.values())
                                .mapToInt(CpuRegister::bytes)
                                .sum());

        assertThat(gdb.ask("G" + "11".repeat(8) + all.substring(16))).isEqualTo("E22"); // CR0 takes nothing
        assertThat(gdb.ask("g")).isEqualTo("11".repeat(8) + all.substring(16));
    }

    @Test
    void eachThreadHasRegistersOfItsOwn() {
        gdb.ask("Hg2");
        gdb.ask("P0=0200000000000000");
        gdb.ask("Hg1");

        assertThat(gdb.ask("p0")).isEqualTo("0000000000000000");
        gdb.ask("Hg2");
        assertThat(gdb.ask("p0")).isEqualTo("0200000000000000");
    }

    // ---- memory

    @Test
    void memoryIsReadAndWrittenInHexadecimalOrAsItIs() {
        assertThat(gdb.ask("M10010,3:0a0b0c")).isEqualTo("OK");
        assertThat(gdb.ask("m10010,4")).isEqualTo("0a0b0c00");
        assertThat(gdb.ask("X10020,4:#$}*")).isEqualTo("OK");
        assertThat(gdb.ask("m10020,4")).isEqualTo(GdbClient.hex("#$}*"));
        assertThat(gdb.ask("X0,0:")).isEqualTo("OK");
    }

    @Test
    void whatIsNotThereIsAnErrorAndWhatEndsThereComesShort() {
        assertThat(gdb.ask("m0,4")).isEqualTo("E14");
        assertThat(gdb.ask("mffffffffffffffff,ffffffffffffffff")).isEqualTo("E14");
        assertThat(gdb.ask("m13ffe,4")).isEqualTo("0000");
        assertThat(gdb.ask("M13ffe,4:00000000")).isEqualTo("E14");
        assertThat(gdb.ask("m10000,ffffffff").length()).isLessThanOrEqualTo(PacketReader.MOST);
    }

    @Test
    void physicalMemoryIsReadOnRequest() {
        assertThat(gdb.ask("qqemu.PhyMemMode")).isEqualTo("0");
        gdb.ask("M10010,1:77");

        assertThat(gdb.ask("Qqemu.PhyMemMode:1")).isEqualTo("OK");
        assertThat(gdb.ask("qqemu.PhyMemMode")).isEqualTo("1");
        assertThat(gdb.ask("m10,1")).isEqualTo("77");
        assertThat(gdb.ask("m10010,1")).isEqualTo("E14");
        assertThat(gdb.ask("M10,1:78")).isEqualTo("OK");
        assertThat(gdb.ask("Qqemu.PhyMemMode:0")).isEqualTo("OK");
        assertThat(gdb.ask("m10010,1")).isEqualTo("78");
    }

    // ---- points

    @ParameterizedTest
    @CsvSource({"0", "1", "2", "3", "4"})
    void pointsAreSetOnceAndRemovedOnce(int kind) {
        var what = kind + ",ffffffff81000000,4";

        assertThat(gdb.ask("Z" + what)).isEqualTo("OK");
        assertThat(gdb.ask("Z" + what)).isEqualTo("OK");
        assertThat(gdb.port.points).hasSize(1);
        assertThat(gdb.ask("z" + what)).isEqualTo("OK");
        assertThat(gdb.ask("z" + what)).isEqualTo("OK");
        assertThat(gdb.port.points).isEmpty();
    }

    @Test
    void pointsMeanWhatTheySay() {
        gdb.ask("Z0,10,1");
        gdb.ask("Z1,20,1");
        gdb.ask("Z2,30,8");
        gdb.ask("Z3,40,1");
        gdb.ask("Z4,fffffffffffffff8,8");

        assertThat(gdb.port.points)
                .containsExactly(
                        new DebugPoint.Code(new Gva(0x10), false),
                        new DebugPoint.Code(new Gva(0x20), true),
                        new DebugPoint.Data(new Gva(0x30), new Gva(0x37), Access.WRITE),
                        new DebugPoint.Data(new Gva(0x40), new Gva(0x40), Access.READ),
                        new DebugPoint.Data(new Gva(-8), new Gva(-1), Access.ANY));
    }

    @Test
    void thereAreNotEndlesslyManyPoints() {
        for (int i = 0; i < FakePort.MOST_POINTS; i++) {
            gdb.ask("Z0," + Integer.toHexString(i) + ",1");
        }

        assertThat(gdb.ask("Z0,ffff,1")).isEqualTo("E28");
    }

    // ---- running

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            c               | [GO, GO] clock
            C05             | [GO, GO] clock
            s               | [STEP, STAY]
            S05             | [STEP, STAY]
            vCont;c         | [GO, GO] clock
            vCont;C05:1     | [GO, STAY] clock
            vCont;s:1;c     | [STEP, GO] clock
            vCont;s:2       | [STAY, STEP]
            vCont;S05:2;c:-1| [GO, STEP] clock
            vCont;t:1;c     | [STAY, GO] clock
            vCont;s         | [STEP, STEP]
            """)
    void theMachineGoesOnAsItIsAsked(String packet, String motions) {
        assertThat(gdb.raw(GdbClient.framed(packet.strip()))).isEqualTo("+");

        assertThat(gdb.calls()).containsExactly(motions);
    }

    @Test
    void aStepIsOfTheThreadThatWasChosen() {
        gdb.ask("Hc2");
        gdb.raw(GdbClient.framed("s"));

        assertThat(gdb.calls()).containsExactly("[STAY, STEP]");
    }

    @Test
    void anAddressToGoOnAtIsSetFirst() {
        gdb.raw(GdbClient.framed("c1234"));

        gdb.raw("\003");
        assertThat(gdb.ask("p10")).isEqualTo("3412000000000000");
    }

    @Test
    void whatAStepHoldsBackIsChosenByBits() {
        assertThat(gdb.ask("qqemu.sstepbits")).isEqualTo("ENABLE=1,NOIRQ=2,NOTIMER=4");
        assertThat(gdb.ask("qqemu.sstep")).isEqualTo("0x7");

        gdb.ask("Qqemu.sstep=0x5");
        gdb.raw(GdbClient.framed("s"));
        gdb.raw("\003");
        gdb.ask("Qqemu.sstep=1");
        gdb.raw(GdbClient.framed("s"));
        gdb.raw("\003");
        gdb.ask("Qqemu.sstep=0");
        gdb.raw(GdbClient.framed("s"));

        assertThat(gdb.calls())
                .containsExactly(
                        "[STEP_WITH_INTERRUPTS, STAY]", "[STEP_WITH_INTERRUPTS, STAY] clock", "[GO, STAY] clock");
    }

    @Test
    void theInterruptCharacterStopsTheMachineAndIsTold() {
        gdb.raw(GdbClient.framed("c"));

        assertThat(GdbClient.payload(gdb.raw("\003"))).isEqualTo("T02thread:1;" + REGISTERS_AT_STOP);
        assertThat(gdb.raw("\003")).isEmpty();
    }

    @Test
    void aPacketThatComesWhileTheMachineRunsStopsItAndIsAnswered() {
        gdb.raw(GdbClient.framed("c"));

        assertThat(gdb.ask("qC")).isEqualTo("QC1");
        assertThat(gdb.port.running).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"PAUSED,02", "DEBUG,05", "SHUTDOWN,03", "INTERNAL_ERROR,06", "GUEST_PANICKED,06"})
    void aStopThatOthersMadeIsToldWithItsSignal(RunState state, String signal) {
        gdb.raw(GdbClient.framed("c"));

        gdb.port.stop(state, 1, null);

        assertThat(GdbClient.payload(gdb.answer())).isEqualTo("T" + signal + "thread:2;" + REGISTERS_AT_STOP);
        assertThat(gdb.ask("qC")).isEqualTo("QC2");
    }

    @Test
    void aStopThatNobodyWaitsForIsNotTold() {
        gdb.port.stop(RunState.PAUSED, 0, null);

        assertThat(gdb.answer()).isEmpty();
    }

    @Test
    void aMachineThatOnlyAResetHelpsStopsAtOnceAgain() {
        gdb.port.onlyResetHelps = true;

        assertThat(gdb.ask("c")).isEqualTo("T03thread:1;" + REGISTERS_AT_STOP);
    }

    @Test
    void theReasonOfAStopIsNamed() {
        var ranges = new Gva(0x30);
        gdb.ask("qSupported:swbreak+;hwbreak+");

        assertThat(reason(new DebugStop.Stepped())).isEmpty();
        assertThat(reason(new DebugStop.AtCode(new DebugPoint.Code(new Gva(0), false))))
                .isEqualTo("swbreak:;");
        assertThat(reason(new DebugStop.AtCode(new DebugPoint.Code(new Gva(0), true))))
                .isEqualTo("hwbreak:;");
        assertThat(reason(new DebugStop.OnData(new DebugPoint.Data(ranges, ranges, Access.WRITE), ranges)))
                .isEqualTo("watch:30;");
        assertThat(reason(new DebugStop.OnData(new DebugPoint.Data(ranges, ranges, Access.READ), ranges)))
                .isEqualTo("rwatch:30;");
        assertThat(reason(new DebugStop.OnData(new DebugPoint.Data(ranges, ranges, Access.ANY), new Gva(-1))))
                .isEqualTo("awatch:ffffffffffffffff;");
    }

    @Test
    void aBreakpointInASegmentWithABaseIsNotNamed() {
        gdb.ask("qSupported:swbreak+;hwbreak+");

        assertThat(reason(new DebugStop.AtCode(new DebugPoint.Code(new Gva(0x1_0000), false))))
                .isEmpty();
    }

    private String reason(DebugStop stop) {
        gdb.raw(GdbClient.framed("c"));
        gdb.port.stop(RunState.DEBUG, 0, stop);
        var answer = GdbClient.payload(gdb.answer());
        return answer.substring("T05".length(), answer.indexOf("thread:"));
    }
}
