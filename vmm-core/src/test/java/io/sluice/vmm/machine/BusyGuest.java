package io.sluice.vmm.machine;

/// A guest that does everything that is counted, again and again: it talks to ports and to devices in memory, faults,
/// halts, takes interrupts, drops translations and writes over its own code.
final class BusyGuest {
    private static final int GDT = 0x7C03;
    private static final int INVALID_OPCODE_HANDLER = 0x7C19;
    private static final int INTERRUPT_HANDLER = 0x7C22;

    private BusyGuest() {}

    static BootSector sector() {
        return unreal(data()).bytes(turn());
    }

    /// Tables and handlers come first, where their addresses are easy to see.
    private static BootSector data() {
        return new BootSector()
                .bytes(0xE9, 0x26, 0x00) // jmp 0x7c29
                .bytes(0, 0, 0, 0, 0, 0, 0, 0) // 0x7c03: null descriptor
                .bytes(0xFF, 0xFF, 0, 0, 0, 0x92, 0xCF, 0) // flat data
                .bytes(0x0F, 0x00, GDT & 0xFF, GDT >> 8, 0, 0) // 0x7c13: for lgdt
                // 0x7c19: push bp; mov bp,sp; add word [bp+2],2; pop bp; iret
                .bytes(0x55, 0x89, 0xE5, 0x83, 0x46, 0x02, 0x02, 0x5D, 0xCF)
                // 0x7c22: push ax; mov al,0x20; out 0x20,al; pop ax; iret
                .bytes(0x50, 0xB0, 0x20, 0xE6, 0x20, 0x58, 0xCF);
    }

    private static BootSector unreal(BootSector code) {
        return code.bytes(0xFA, 0x31, 0xC0, 0x8E, 0xD8, 0x8E, 0xD0) // cli; xor ax,ax; mov ds,ax; mov ss,ax
                .bytes(0xBC, 0x00, 0x7C) // mov sp,0x7c00
                .bytes(0xC7, 0x06, 0x18, 0, INVALID_OPCODE_HANDLER & 0xFF, INVALID_OPCODE_HANDLER >> 8)
                .bytes(0xC7, 0x06, 0x1A, 0, 0, 0)
                .bytes(0xC7, 0x06, 0x80, 0, INTERRUPT_HANDLER & 0xFF, INTERRUPT_HANDLER >> 8)
                .bytes(0xC7, 0x06, 0x82, 0, 0, 0)
                .bytes(0x0F, 0x01, 0x16, 0x13, 0x7C) // lgdt [0x7c13]
                .bytes(0x0F, 0x20, 0xC0, 0x0C, 0x01, 0x0F, 0x22, 0xC0) // cr0 |= 1
                .bytes(0xBB, 0x08, 0x00, 0x8E, 0xDB) // mov bx,8; mov ds,bx
                .bytes(0x24, 0xFE, 0x0F, 0x22, 0xC0) // cr0 &= ~1
                .bytes(0x66, 0xBB, 0, 0, 0xC0, 0xFE) // mov ebx,0xfec00000: the I/O APIC
                .bytes(0x66, 0xB9, 0x80, 0, 0xE0, 0xFE) // mov ecx,0xfee00080: the task priority
                // the PIC's vectors from 0x20 on, and only its timer
                .bytes(0xB0, 0x11, 0xE6, 0x20, 0xB0, 0x20, 0xE6, 0x21, 0xB0, 0x04, 0xE6, 0x21)
                .bytes(0xB0, 0x01, 0xE6, 0x21, 0xB0, 0xFE, 0xE6, 0x21);
    }

    private static int[] turn() {
        return new int[] {
            0xFB,
            0xF4,
            0xFA, // sti; hlt; cli
            0x0F,
            0x0B, // ud2
            0x67,
            0x66,
            0x8B,
            0x03,
            0x67,
            0x66,
            0x89,
            0x03, // mov eax,[ebx]; mov [ebx],eax
            0x67,
            0x66,
            0x8B,
            0x01,
            0x67,
            0x66,
            0x89,
            0x01, // mov eax,[ecx]; mov [ecx],eax
            0x0F,
            0x22,
            0xD8, // mov cr3,eax
            0xBA,
            0x34,
            0x12,
            0xEC, // mov dx,0x1234; in al,dx: nobody is there
            0xBA,
            0xF8,
            0x03,
            0xB0,
            '.',
            0xEE, // mov dx,0x3f8; mov al,'.'; out dx,al
            0xE8,
            0x00,
            0x00,
            0x5D, // call on; on: pop bp
            0x3E,
            0xC6,
            0x46,
            0x05,
            0x90, // mov byte [ds:bp+5],0x90: the next instruction
            0x90, // nop
            0xEB,
            0x100 - 46 // jmp back to sti
        };
    }
}
