; The guests of HumanMonitorTest: each turns one kind of paging on, maps a few pages of every kind, and halts.
; `nasm -f bin -D LEGACY|PAE|LONG|COMPAT`; the .hex files hold what comes out, without the zeros at the end.
bits 16
org 0x7c00
 cli
 xor ax,ax
 mov ds,ax
 mov es,ax
 mov ss,ax
 mov sp,0x7000
 lgdt [gdtr]
 mov eax,cr0
 or al,1
 mov cr0,eax
 jmp 8:p32
bits 32
p32:
 mov ax,16
 mov ds,ax
 mov es,ax
 mov ss,ax
 xor eax,eax
 mov edi,0x10000
 mov ecx,0x10000/4
 rep stosd
%ifdef LEGACY
 mov dword [0x10000],0x11007
 mov dword [0x10004],0x00400083   ; 4M page
 mov dword [0x10008],0x00400187   ; 4M global user
 mov dword [0x10FFC],0x11003
 mov edi,0x11000
 mov eax,7
 mov ecx,16
l1: stosd
 add eax,0x1000
 loop l1
 mov dword [0x11100],0xfec0001b
 mov dword [0x11104],0x5001
 mov eax,0x10
 mov cr4,eax
 mov eax,0x10000
 mov cr3,eax
 mov eax,cr0
 or eax,0x80000000
 mov cr0,eax
 mov ecx,0x1234
 mov al,[0x40000]
 mov byte[0x400123],7
h: hlt
 jmp h
%elifdef PAE
 mov dword [0x10000],0x11001
 mov dword [0x10018],0x12001
 mov dword [0x11000],0x13007
 mov dword [0x11008],0x00200083
 mov dword [0x12008],0x00200187
 mov dword [0x1200c],0x80000000
 mov edi,0x13000
 mov eax,7
 mov ecx,16
l1: stosd
 add edi,4
 add eax,0x1000
 loop l1
 mov dword [0x13200],0xfec0001b
 mov ecx,0xc0000080
 xor edx,edx
 mov eax,0x800
 wrmsr
 mov eax,0x20
 mov cr4,eax
 mov eax,0x10000
 mov cr3,eax
 mov eax,cr0
 or eax,0x80000000
 mov cr0,eax
h: hlt
 jmp h
%else
 mov dword [0x10000],0x11007
 mov dword [0x10ff8],0x11003 ; entry 511
 mov dword [0x10800],0x12003 ; entry 256
 mov dword [0x11000],0x13007
 mov dword [0x11008],0x83    ; 1G page
 mov dword [0x1100c],0x80000000
 mov dword [0x12000],0x13003
 mov dword [0x13000],0x14007
 mov dword [0x13008],0x00200183
 mov edi,0x14000
 mov eax,7
 mov ecx,16
l1: stosd
 add edi,4
 add eax,0x1000
 loop l1
 mov dword [0x14200],0xfec0001b
 mov ecx,0xc0000080
 xor edx,edx
 mov eax,0x900
 wrmsr
 mov eax,0x620
 mov cr4,eax
 mov eax,0x10000
 mov cr3,eax
 mov eax,cr0
 or eax,0x80000000
 mov cr0,eax
%ifdef COMPAT
 movups xmm1,[gdt]
h: hlt
 jmp h
%else
 jmp 0x18:p64
bits 64
p64:
 fninit
 fld1
 fldpi
 movups xmm1,[gdt]
 movups xmm9,[gdt]
 mov r15,0x1122334455667788
 stc
 std
h: hlt
 jmp h
%endif
%endif
gdt: dq 0,0x00cf9b000000ffff,0x00cf93000000ffff,0x00af9b000000ffff
gdtr: dw 31
 dd gdt
times 510-($-$$) db 0
 dw 0xaa55
