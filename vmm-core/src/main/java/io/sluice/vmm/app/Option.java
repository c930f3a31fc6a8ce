package io.sluice.vmm.app;

import org.jspecify.annotations.Nullable;

/// The options of the command line: QEMU's names and forms, for what we have. The one table that parsing, refusing and
/// `-help` come from.
enum Option {
    MEMORY("-m", "[size=]MEM[M|G]", "guest memory, mebibytes without a suffix (512M)"),
    SMP("-smp", "[cpus=]N", "number of vCPUs (1)"),
    CPU("-cpu", "MODEL", "CPU model (max); 'help' lists them"),
    MACHINE("-machine", "[type=]NAME[,PROP=VALUE...]", "machine type (q35); 'help' lists types and properties"),
    M("-M", "[type=]NAME[,PROP=VALUE...]", "short for -machine"),
    ACCEL("-accel", "NAME", "how the vCPU runs: tcg or interp, both mean the emulated vCPU"),
    KERNEL("-kernel", "FILE", "kernel: bzImage, PVH or multiboot ELF, or a flat binary"),
    INITRD("-initrd", "FILE", "initial RAM disk; for multiboot: modules, separated by commas"),
    APPEND("-append", "TEXT", "kernel command line; with 'boot' it is added to the image's own"),
    SERIAL("-serial", "TARGET", "next serial port: stdio, mon:stdio, file:PATH, null or none"),
    DEBUGCON("-debugcon", "TARGET", "debug console at port 0xe9: stdio, file:PATH, null or none"),
    DEVICE("-device", "TYPE[,PROP=VALUE...]", "adds a device; 'help' lists types, 'TYPE,help' its properties"),
    DRIVE("-drive", "file=FILE,if=none,id=ID[,...]", "opens a raw image for a device; format=raw, readonly=on|off"),
    OBJECT("-object", "TYPE[,PROP=VALUE...]", "makes an object before the devices; 'help' lists types"),
    FW_CFG("-fw_cfg", "[name=]NAME,file=PATH|string=TEXT", "a file that the guest finds in fw_cfg"),
    QMP("-qmp", "DEV", "control socket: unix:PATH,server=on,wait=off, tcp:HOST:PORT,..., stdio or chardev:ID"),
    QMP_PRETTY("-qmp-pretty", "DEV", "the same, with messages in many lines"),
    CHARDEV("-chardev", "socket|stdio,id=ID[,PROP=VALUE...]", "character device, for -mon"),
    MON("-mon", "[chardev=]ID,mode=control[,pretty=on|off]", "makes a character device a control socket"),
    NAME("-name", "TEXT", "name of the machine, for people"),
    UUID("-uuid", "UUID", "what the guest sees as the system's UUID"),
    RTC("-rtc", "base=utc|localtime|DATE", "what the board's clock shows (utc)"),
    NODEFAULTS("-nodefaults", null, "no serial port unless -serial says so"),
    NO_USER_CONFIG("-no-user-config", null, "accepted; there are no user configuration files"),
    NOGRAPHIC("-nographic", null, "accepted; there is never a display"),
    DISPLAY("-display", "none", "accepted; there is never a display"),
    VNC("-vnc", "none", "accepted; there is never a display"),
    VGA("-vga", "none", "accepted; there is never a display"),
    NET("-net", "none", "accepted; there is no network card by default"),
    NIC("-nic", "none", "accepted; there is no network card by default"),
    PARALLEL("-parallel", "none", "accepted; there is no parallel port"),
    MONITOR("-monitor", "none", "accepted; there is no human monitor"),
    NO_REBOOT("-no-reboot", null, "a guest's reset ends the machine"),
    NO_SHUTDOWN("-no-shutdown", null, "a guest that ends leaves the machine there, stopped"),
    ACTION("-action", "EVENT=ACTION[,...]", "what reboot, shutdown and panic do to the machine"),
    STOPPED("-S", null, "starts stopped; Ctrl-A P or QMP's cont goes on"),
    GDB("-gdb", "TARGET", "waits for gdb at tcp::PORT, tcp:HOST:PORT, unix:PATH, stdio or none"),
    GDB_PORT("-s", null, "short for -gdb tcp::1234"),
    LOG("-d", "ITEM[,ITEM...]", "logs these items; 'help' lists them"),
    LOG_FILE("-D", "FILE", "the log goes to FILE, not to standard error; %d in it is the process"),
    LOG_FILTER("-dfilter", "RANGE[,RANGE...]", "exec, in_asm and cpu only there: FIRST..LAST, FIRST+LEN or LAST-LEN"),
    MESSAGES("-msg", "[timestamp=on|off][,guest-name=on|off]", "what messages of the program begin with"),
    HELP("-help", null, "shows this text"),
    H("-h", null, "short for -help"),
    VERSION("-version", null, "shows the version");

    private final String text;
    private final @Nullable String argument;
    private final String description;

    Option(String text, @Nullable String argument, String description) {
        this.text = text;
        this.argument = argument;
        this.description = description;
    }

    /// With its dash.
    String text() {
        return text;
    }

    /// What follows the option, or null if nothing does.
    @Nullable
    String argument() {
        return argument;
    }

    String description() {
        return description;
    }
}
