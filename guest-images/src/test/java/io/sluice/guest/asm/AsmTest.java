package io.sluice.guest.asm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What the assembler makes is what objdump (Debian package binutils) reads out of it.
class AsmTest {
    private record Line(Consumer<Asm> code, String text) {}

    @TempDir
    Path directory;

    private final List<Line> lines = new ArrayList<>();

    private void is(String text, Consumer<Asm> code) {
        lines.add(new Line(code, text));
    }

    private List<String> expected() {
        return lines.stream().map(Line::text).toList();
    }

    /// Intel syntax, one line an instruction, spaces made single, targets without their symbol.
    private List<String> disassembled(int mode) throws Exception {
        var a = new Asm(0);
        switch (mode) {
            case 16 -> a.bits16();
            case 32 -> a.bits32();
            default -> a.bits64();
        }
        lines.forEach(line -> line.code().accept(a));
        var file = Files.write(directory.resolve("code"), a.assemble());
        String machine = mode == 64 ? "i386:x86-64" : mode == 32 ? "i386" : "i8086";
        var process = start("objdump", "-D", "-w", "-b", "binary", "-m", machine, "-M", "intel", file.toString());
        String output = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return output.lines()
                .filter(line -> line.matches("\\s+[0-9a-f]+:\t.*"))
                .map(line -> line.substring(line.lastIndexOf('\t') + 1))
                .map(text ->
                        text.replaceAll("\\s*#.*", "").replaceAll("\\s+", " ").strip())
                .toList();
    }

    private static Process start(String... command) {
        try {
            return new ProcessBuilder(command).redirectErrorStream(true).start();
        } catch (IOException e) {
            throw new AssertionError("objdump is needed: install Debian package binutils", e);
        }
    }

    @Test
    void sixtyFourBitCodeReadsBackAsWritten() throws Exception {
        is("mov rax,rbx", a -> a.mov(Reg.RAX, Reg.RBX));
        is("mov r9,QWORD PTR [r12]", a -> a.mov(Reg.R9, Mem.at(Reg.R12)));
        is("mov QWORD PTR [rbp+0x0],rax", a -> a.mov(Mem.at(Reg.RBP), Reg.RAX));
        is("mov BYTE PTR [rsp+0x8],sil", a -> a.mov(Mem.at(Reg.RSP, 8), Reg.SIL));
        is("mov ah,cl", a -> a.mov(Reg.AH, Reg.CL));
        is("mov r10b,BYTE PTR [rax+rcx*4+0x12345]", a -> a.mov(Reg.R10B, Mem.at(Reg.RAX, Reg.RCX, 4, 0x12345)));
        is("mov ax,WORD PTR [r13+r14*8+0x0]", a -> a.mov(Reg.AX, Mem.at(Reg.R13, Reg.R14, 8, 0)));
        is("mov ecx,DWORD PTR ds:0x1000", a -> a.mov(Reg.ECX, Mem.absolute(0x1000)));
        is("mov edx,DWORD PTR [eax+0x10]", a -> a.mov(Reg.EDX, Mem.at(Reg.EAX, 0x10)));
        is("mov eax,0xfee00000", a -> a.mov(Reg.EAX, 0xFEE0_0000L));
        is("mov rax,0xffffffffffffffff", a -> a.mov(Reg.RAX, -1));
        is("movabs r8,0x123456789abcdef0", a -> a.mov(Reg.R8, 0x1234_5678_9ABC_DEF0L));
        is("mov WORD PTR [rdi+0x2],0x8e00", a -> a.mov(Mem.at(Reg.RDI, 2).bytes2(), 0x8E00));
        is("mov BYTE PTR [rdi],0x5", a -> a.mov(Mem.at(Reg.RDI).bytes1(), 5));
        is("mov cr3,rax", a -> a.mov(Reg.CR3, Reg.RAX));
        is("mov rax,cr8", a -> a.mov(Reg.RAX, Reg.CR8));
        is("mov dr7,rbx", a -> a.mov(Reg.DR7, Reg.RBX));
        is("mov ds,ecx", a -> a.mov(Reg.DS, Reg.ECX));
        is("movzx eax,BYTE PTR [rsi]", a -> a.movzx(Reg.EAX, Mem.at(Reg.RSI).bytes1()));
        is("movsxd rax,ecx", a -> a.movsx(Reg.RAX, Reg.ECX));
        is("movsx r8d,r9w", a -> a.movsx(Reg.R8D, Reg.R9W));
        is("lea r11,[rdx-0x80]", a -> a.lea(Reg.R11, Mem.at(Reg.RDX, -0x80)));
        is("cmovb rax,rdi", a -> a.cmov(Condition.B, Reg.RAX, Reg.RDI));
        is("sete spl", a -> a.set(Condition.E, Reg.SPL));
        is("add rax,0x7f", a -> a.add(Reg.RAX, 0x7F));
        is("sub esp,0x80", a -> a.sub(Reg.ESP, 0x80));
        is("cmp BYTE PTR [rax],0xff", a -> a.cmp(Mem.at(Reg.RAX).bytes1(), -1));
        is("xor r15d,r15d", a -> a.xor(Reg.R15D, Reg.R15D));
        is("adc rbx,QWORD PTR [rdx]", a -> a.adc(Reg.RBX, Mem.at(Reg.RDX)));
        is("test al,0x20", a -> a.test(Reg.AL, 0x20));
        is("inc QWORD PTR [rax]", a -> a.inc(Mem.at(Reg.RAX).bytes8()));
        is("dec r9w", a -> a.dec(Reg.R9W));
        is("not ecx", a -> a.not(Reg.ECX));
        is("neg bl", a -> a.neg(Reg.BL));
        is("div rcx", a -> a.div(Reg.RCX));
        is("idiv DWORD PTR [rsp]", a -> a.idiv(Mem.at(Reg.RSP).bytes4()));
        is("imul rdx,r8", a -> a.imul(Reg.RDX, Reg.R8));
        is("shl rax,0x4", a -> a.shl(Reg.RAX, 4));
        is("sar cl,0x1", a -> a.sar(Reg.CL, 1));
        is("shr eax,cl", a -> a.shrCl(Reg.EAX));
        is("bts QWORD PTR [rax],0x3f", a -> a.bts(Mem.at(Reg.RAX).bytes8(), 63));
        is("bsf rax,rcx", a -> a.bsf(Reg.RAX, Reg.RCX));
        is("bswap r9", a -> a.bswap(Reg.R9));
        is("xchg QWORD PTR [rax],rcx", a -> a.xchg(Mem.at(Reg.RAX), Reg.RCX));
        is("cmpxchg DWORD PTR [rbx],edx", a -> a.cmpxchg(Mem.at(Reg.RBX), Reg.EDX));
        is("push r12", a -> a.push(Reg.R12));
        is("pop rbp", a -> a.pop(Reg.RBP));
        is("push 0x12345", a -> a.push(0x12345));
        is("call rax", a -> a.call(Reg.RAX));
        is("jmp QWORD PTR [rax+0x8]", a -> a.jmp(Mem.at(Reg.RAX, 8)));
        is("in al,dx", a -> a.inDx(Reg.AL));
        is("in eax,0x40", a -> a.in(Reg.EAX, 0x40));
        is("out dx,ax", a -> a.outDx(Reg.AX));
        is("lgdt [rax]", a -> a.lgdt(Mem.at(Reg.RAX)));
        is("lidt [rbx+0x10]", a -> a.lidt(Mem.at(Reg.RBX, 0x10)));
        is("invlpg BYTE PTR [rcx]", a -> a.invlpg(Mem.at(Reg.RCX)));
        is("ltr ax", a -> a.ltr(Reg.AX));
        is("clflush BYTE PTR [rdi]", a -> a.clflush(Mem.at(Reg.RDI)));
        is("enqcmd rax,[rcx]", a -> a.enqcmd(Reg.RAX, Mem.at(Reg.RCX)));
        is("enqcmds r9,[r10+0x40]", a -> a.enqcmds(Reg.R9, Mem.at(Reg.R10, 0x40)));
        is("int 0x80", a -> a.intr(0x80));
        is("iretq", Asm::iret);
        is("retfq", Asm::retf);
        is("rdmsr", a -> a.plain(Plain.RDMSR));
        is("rep stos BYTE PTR es:[rdi],al", a -> a.plain(Plain.REP_STOSB));
        is("ret", Asm::ret);

        assertThat(disassembled(64)).containsExactlyElementsOf(expected());
    }

    @Test
    void thirtyTwoBitCodeReadsBackAsWritten() throws Exception {
        is("mov eax,DWORD PTR ds:0x200000", a -> a.mov(Reg.EAX, Mem.absolute(0x20_0000)));
        is(
                "mov DWORD PTR [edi+ecx*8],0x83",
                a -> a.mov(Mem.at(Reg.EDI, Reg.ECX, 8, 0).bytes4(), 0x83));
        is("mov ax,0x10", a -> a.mov(Reg.AX, 0x10));
        is("mov ss,eax", a -> a.mov(Reg.SS, Reg.EAX));
        is("mov cr0,eax", a -> a.mov(Reg.CR0, Reg.EAX));
        is("push ebp", a -> a.push(Reg.EBP));
        is("pop cx", a -> a.pop(Reg.CX));
        is("inc ecx", a -> a.inc(Reg.ECX));
        is("iret", Asm::iret);

        // objdump prints the one-byte INC; ours is the two-byte form, which reads the same.
        assertThat(disassembled(32)).containsExactlyElementsOf(expected());
    }

    @Test
    void sixteenBitCodeReadsBackAsWritten() throws Exception {
        is("mov ax,0xe41", a -> a.mov(Reg.AX, 0xE41));
        is("mov eax,0x11", a -> a.mov(Reg.EAX, 0x11));
        is("mov cr0,eax", a -> a.mov(Reg.CR0, Reg.EAX));
        is("mov WORD PTR [ebx+0x4],ax", a -> a.mov(Mem.at(Reg.EBX, 4), Reg.AX));
        is("push ax", a -> a.push(Reg.AX));
        is("int 0x10", a -> a.intr(0x10));
        is("addr32 lgdtw ds:0x8000", a -> a.lgdt(Mem.absolute(0x8000)));

        assertThat(disassembled(16)).containsExactlyElementsOf(expected());
    }

    @Test
    void labelsAreFilledInBothDirectionsAndAbsolute() {
        var a = new Asm(0x1000);
        a.label("start");
        a.jmp("end");
        a.jmp("start");
        a.label("end");
        a.dqLabel("end");
        a.lea(Reg.RAX, Mem.label("start"));

        assertThat(a.assemble())
                .containsExactly(
                        0xE9, 5, 0, 0, 0, //
                        0xE9, 0xF6, 0xFF, 0xFF, 0xFF, //
                        0x0A, 0x10, 0, 0, 0, 0, 0, 0, //
                        0x48, 0x8D, 0x05, 0xE7, 0xFF, 0xFF, 0xFF);
        assertThat(a.addressOf("end")).isEqualTo(0x100A);
    }

    @Test
    void aLabelBeforeAnImmediateCountsFromTheInstructionsEnd() {
        var a = new Asm(0);
        a.mov(Mem.label("value").bytes4(), 7);
        a.label("value");

        assertThat(a.assemble()).containsExactly(0xC7, 0x05, 0, 0, 0, 0, 7, 0, 0, 0);
    }

    @Test
    void whatCannotBeEncodedIsRefused() {
        var a = new Asm(0);

        assertThatThrownBy(() -> a.mov(Reg.AH, Reg.SIL)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> a.mov(Mem.at(Reg.RAX), 1)).hasMessageStartingWith("the operand needs a size");
        assertThatThrownBy(() -> a.mov(Mem.at(Reg.RAX), Mem.at(Reg.RBX))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> {
                    a.bits32();
                    a.mov(Reg.R8D, Reg.EAX);
                })
                .hasMessageStartingWith("only 64-bit mode");
    }

    @Test
    void anUnknownLabelIsNamed() {
        var a = new Asm(0);
        a.jmp("nowhere");

        assertThatThrownBy(a::assemble).hasMessage("no such label: nowhere");
    }
}
