package io.sluice.vmm.machine;

import io.sluice.vmm.testkit.MachineRig;
import io.sluice.vmm.trace.Item;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/// A guest of a few real-mode instructions at 0x7C00, written one after the other.
public final class BootSector {
    private static final int SIGNATURE = 510;

    private final ByteArrayOutputStream code = new ByteArrayOutputStream();

    BootSector bytes(int... bytes) {
        for (int octet : bytes) {
            code.write(octet);
        }
        return this;
    }

    /// These bytes of code.
    BootSector raw(int... code) {
        return bytes(code);
    }

    /// `mov dx, port; mov al, value; out dx, al`.
    public BootSector out(int port, int value) {
        return bytes(0xBA, port & 0xFF, port >> 8, 0xB0, value, 0xEE);
    }

    /// `mov dx, port; mov ax, value; out dx, ax`.
    BootSector out16(int port, int value) {
        return bytes(0xBA, port & 0xFF, port >> 8, 0xB8, value & 0xFF, value >> 8, 0xEF);
    }

    public BootSector print(String text) {
        for (byte octet : text.getBytes(StandardCharsets.US_ASCII)) {
            out(0x3F8, octet);
        }
        return this;
    }

    public BootSector powerOff() {
        return out16(0x604, 5 << 10 | 1 << 13).halt();
    }

    public BootSector reset() {
        return out(0xCF9, 6).halt();
    }

    /// `cli; lidt [limit 0]; int3`.
    BootSector tripleFault() {
        // The descriptor is six zero bytes at 0x500, where nothing was written.
        return bytes(0xFA, 0x0F, 0x01, 0x1E, 0x00, 0x05, 0xCC);
    }

    /// `cli; hlt; jmp $`.
    public BootSector halt() {
        return bytes(0xFA, 0xF4, 0xEB, 0xFE);
    }

    /// `jmp $`.
    public BootSector spin() {
        return bytes(0xEB, 0xFE);
    }

    /// Goes on behind `count` bytes if memory byte 0x600 is not 0, and makes it 1: true from the second start on.
    public BootSector skipUnlessFirst(BootSector first) {
        byte[] once = first.code.toByteArray();
        // cmp byte [0x600], 0; mov byte [0x600], 1 (flags stay); jne over
        bytes(0x80, 0x3E, 0x00, 0x06, 0x00, 0xC6, 0x06, 0x00, 0x06, 0x01, 0x75, once.length);
        code.writeBytes(once);
        return this;
    }

    /// Goes on when a byte has come to COM1.
    public BootSector awaitInput() {
        return bytes(
                0xBA, 0xFD, 0x03, // again: mov dx, 0x3fd
                0xEC, // in al, dx
                0xA8, 0x01, // test al, 1
                0x74, 0xF8); // jz again
    }

    /// Goes on when a byte has come to COM1, and takes it.
    public BootSector takeInput() {
        return awaitInput().bytes(0xBA, 0xF8, 0x03, 0xEC); // mov dx, 0x3f8; in al, dx
    }

    /// Sends back each byte that arrives at COM1, by polling; `q` powers off.
    public BootSector echo() {
        return bytes(
                        0xBA, 0xFD, 0x03, // again: mov dx, 0x3fd
                        0xEC, // in al, dx
                        0xA8, 0x01, // test al, 1
                        0x74, 0xF8, // jz again
                        0xBA, 0xF8, 0x03, // mov dx, 0x3f8
                        0xEC, // in al, dx
                        0x3C, 'q', // cmp al, 'q'
                        0x74, 0x03, // je done
                        0xEE, // out dx, al
                        0xEB, 0xED) // jmp again
                .powerOff();
    }

    /// Serves the button of the slot of 00:01.0: switches a slot on that is off (`u`), and one off that is on (`d`).
    public BootSector slotDriver() {
        return bytes(
                0x66, 0xB8, 0x60, 0x08, 0x00, 0x80, // again: mov eax, 0x80000860, slot control and status
                0xBA, 0xF8, 0x0C, // mov dx, 0xcf8
                0x66, 0xEF, // out dx, eax
                0xBA, 0xFC, 0x0C, // mov dx, 0xcfc
                0x66, 0xED, // in eax, dx
                0x66, 0xA9, 0x00, 0x00, 0x01, 0x00, // test eax, button pressed
                0x74, 0xE8, // jz again
                0x66, 0xA9, 0x00, 0x04, 0x00, 0x00, // test eax, power off
                0x75, 0x10, // jnz on
                0x66, 0xB8, 0xC0, 0x07, 0x1F, 0x01, // mov eax, clear all events, power and indicators off
                0x66, 0xEF, // out dx, eax
                0xBA, 0xF8, 0x03, // mov dx, 0x3f8
                0xB0, 'd', // mov al, 'd'
                0xEE, // out dx, al
                0xEB, 0xD0, // jmp again
                0x66, 0xB8, 0xC0, 0x01, 0x1F, 0x01, // on: mov eax, clear all events, power and indicator on
                0x66, 0xEF, // out dx, eax
                0xBA, 0xF8, 0x03, // mov dx, 0x3f8
                0xB0, 'u', // mov al, 'u'
                0xEE, // out dx, al
                0xEB, 0xC0); // jmp again
    }

    /// Serves the same button by switching the slot on, whatever it was, after a moment of thought: it never lets go of
    /// a
    /// card. Says `r` each time.
    public BootSector slotRefuser() {
        return bytes(
                0x66, 0xB8, 0x60, 0x08, 0x00, 0x80, // again: mov eax, 0x80000860, slot control and status
                0xBA, 0xF8, 0x0C, // mov dx, 0xcf8
                0x66, 0xEF, // out dx, eax
                0xBA, 0xFC, 0x0C, // mov dx, 0xcfc
                0x66, 0xED, // in eax, dx
                0x66, 0xA9, 0x00, 0x00, 0x01, 0x00, // test eax, button pressed
                0x74, 0xE8, // jz again
                0x66, 0xB8, 0xC0, 0x02, 0x1F, 0x01, // mov eax, clear all events, power on, indicator blinking
                0x66, 0xEF, // out dx, eax
                0x66, 0xB8, 0xC0, 0x01, 0x00, 0x00, // mov eax, power and indicator on
                0x66, 0xEF, // out dx, eax
                0xBA, 0xF8, 0x03, // mov dx, 0x3f8
                0xB0, 'r', // mov al, 'r'
                0xEE, // out dx, al
                0xEB, 0xD0); // jmp again
    }

    MachineRig start(Path directory, String... devices) {
        return MachineRig.start(config(directory, false, false, devices));
    }

    /// Lets DS reach 4 GiB, in real mode.
    private BootSector flatData() {
        return bytes(
                0x31, 0xC0, 0x8E, 0xD8, // xor ax, ax; mov ds, ax
                0x66, 0xC7, 0x06, 0x08, 0x07, 0xFF, 0xFF, 0x00, 0x00, // mov dword [0x708], 0x0000ffff
                0x66, 0xC7, 0x06, 0x0C, 0x07, 0x00, 0x92, 0xCF, 0x00, // mov dword [0x70c], 0x00cf9200, flat data
                0xC7, 0x06, 0xF0, 0x06, 0x0F, 0x00, // mov word [0x6f0], 15
                0x66, 0xC7, 0x06, 0xF2, 0x06, 0x00, 0x07, 0x00, 0x00, // mov dword [0x6f2], 0x700
                0x0F, 0x01, 0x16, 0xF0, 0x06, // lgdt [0x6f0]
                0x0F, 0x20, 0xC0, 0x0C, 0x01, 0x0F, 0x22, 0xC0, // mov eax, cr0; or al, 1; mov cr0, eax
                0xBB, 0x08, 0x00, 0x8E, 0xDB, // mov bx, 8; mov ds, bx: its limit stays 4 GiB
                0x24, 0xFE, 0x0F, 0x22, 0xC0); // and al, 0xfe; mov cr0, eax
    }

    /// `mov eax, address; mov dx, 0xcf8; out dx, eax; mov dx, 0xcfc`: a register of a function's configuration.
    private BootSector select(int bus, int device, int register) {
        return bytes(0x66, 0xB8, register, device << 3, bus, 0x80, 0xBA, 0xF8, 0x0C, 0x66, 0xEF, 0xBA, 0xFC, 0x0C);
    }

    /// Turns the memory and the bus mastering of a function on, and has BAR 0 of it in ESI and within reach of DS.
    public BootSector reach(int bus, int device) {
        return flatData()
                .select(bus, device, 0x04)
                .bytes(0xB8, 0x06, 0x00, 0xEF) // mov ax, memory and master; out dx, ax
                .select(bus, device, 0x10)
                .bytes(0x66, 0xED, 0x24, 0xF0, 0x66, 0x89, 0xC6); // in eax, dx; and al, 0xf0; mov esi, eax
    }

    /// Reads the double word at ESI and so many bytes on, and prints it: eight hexadecimal digits and a space.
    public BootSector show(int offset) {
        return bytes(
                        0x67,
                        0x66,
                        0x8B,
                        0x86,
                        offset & 0xFF,
                        offset >> 8,
                        0x00,
                        0x00, // mov eax, [esi + offset]
                        0x66,
                        0x89,
                        0xC3, // mov ebx, eax
                        0xB9,
                        0x08,
                        0x00, // mov cx, 8
                        0x66,
                        0xC1,
                        0xC3,
                        0x04, // next: rol ebx, 4
                        0x88,
                        0xD8,
                        0x24,
                        0x0F, // mov al, bl; and al, 15
                        0x3C,
                        0x0A,
                        0x1C,
                        0x69,
                        0x2F, // cmp al, 10; sbb al, 0x69; das: a digit
                        0xBA,
                        0xF8,
                        0x03,
                        0xEE, // mov dx, 0x3f8; out dx, al
                        0xE2,
                        0xED) // loop next
                .print(" ");
    }

    /// Has the `edu` at 00:04.0, whose BAR is at 3 GiB, write 64 bytes to where there is no memory.
    public BootSector dmaNowhere() {
        return flatData()
                .select(0, 4, 0x04)
                .bytes(
                        0xB8, 0x06, 0x00, 0xEF, // mov ax, memory and master; out dx, ax
                        0x67, 0x66, 0xC7, 0x05, 0x80, 0x00, 0x00, 0xC0, 0x00, 0x00, 0x04, 0x00, // source: its buffer
                        0x67, 0x66, 0xC7, 0x05, 0x88, 0x00, 0x00, 0xC0, 0x00, 0x00, 0x00, 0x0F, // destination
                        0x67, 0x66, 0xC7, 0x05, 0x90, 0x00, 0x00, 0xC0, 0x40, 0x00, 0x00, 0x00, // count
                        0x67, 0x66, 0xC7, 0x05, 0x98, 0x00, 0x00, 0xC0, 0x03, 0x00, 0x00, 0x00); // run, to memory
    }

    /// A machine of 2 MiB that boots this.
    ///
    /// @param devices `TYPE` or `TYPE,KEY=VALUE`
    MachineConfig config(Path directory, boolean resetEnds, boolean startsPaused, String... devices) {
        return config(
                directory, new MachineConfig.Life(startsPaused, resetEnds, false, PanicAction.EXIT_FAILURE), devices);
    }

    public MachineConfig config(Path directory, MachineConfig.Life life, String... devices) {
        try {
            var file = Files.write(directory.resolve("sector.bin"), sector());
            return new MachineConfig(
                    "test",
                    new UUID(1, 2),
                    2 << 20,
                    new MachineConfig.Cpus(1, "max"),
                    new MachineConfig.Boot(file, null, "", true),
                    List.of(new CharTarget.Stdio(false)),
                    new CharTarget.Discard(),
                    List.of(devices).stream().map(BootSector::part).toList(),
                    List.of(),
                    List.of(),
                    new MachineConfig.Rtc(0),
                    life,
                    new MachineConfig.Log(Set.of(Item.CPU_RESET, Item.GUEST_ERRORS), null));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private byte[] sector() {
        if (code.size() > SIGNATURE) {
            throw new IllegalStateException("a boot sector has no room for " + code.size() + " bytes of code");
        }
        var sector = Arrays.copyOf(code.toByteArray(), SIGNATURE + 2);
        sector[SIGNATURE] = 0x55;
        sector[SIGNATURE + 1] = (byte) 0xAA;
        return sector;
    }

    /// A part as the command line says it: `type,name=value,…`.
    static MachineConfig.Part part(String text) {
        var words = text.split(",", -1);
        var properties = new LinkedHashMap<String, String>();
        for (int i = 1; i < words.length; i++) {
            var pair = words[i].split("=", 2);
            properties.put(pair[0], pair[1]);
        }
        return new MachineConfig.Part(words[0], properties);
    }
}
